"""The outbox loses nothing, sends nothing twice at a time, and remembers how each attempt ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from threading import Barrier

import pytest
from sqlalchemy import event, text

from nianshen.errors import StorageError
from nianshen.store import Acknowledgement, NewAlert, NewMessage, Store
from notifiers.limits import Pace
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Accepted, Delivered, Permanent, Retry

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
LEASE = NOW + timedelta(minutes=1)


@pytest.fixture
def filled(store: Store) -> Store:
    alert = NewAlert("alert-1", "f" * 32, "opened", "edu", 2025, ["A003"])
    store.enqueue([alert], [NewMessage("msg-1", "ops", b'{"a": "\xe5\xb9\xb4"}', ["alert-1"])], NOW)
    return store


def claim(store: Store, now: datetime = NOW, channel: str = "ops") -> Delivery | None:
    """The message claimed now, for a minute; None if the channel has nothing due."""
    claimed = store.outbox.claim(channel, Wanted(Pace(600), now, now + timedelta(minutes=1)))
    assert not isinstance(claimed, datetime)
    return claimed


def taken(store: Store, now: datetime = NOW) -> Delivery:
    claimed = claim(store, now)
    assert claimed is not None
    return claimed


def test_a_claim_gives_the_bytes_that_were_stored(filled: Store) -> None:
    delivery = taken(filled)

    assert (delivery.message_id, delivery.body, delivery.attempts) == ("msg-1", b'{"a": "\xe5\xb9\xb4"}', 0)
    assert delivery.created == NOW


def test_two_senders_claim_a_message_once(filled: Store) -> None:
    barrier = Barrier(2, timeout=30)

    def together() -> bool:
        barrier.wait()
        return claim(filled) is not None

    with ThreadPoolExecutor(2) as pool:
        claims = [pool.submit(together), pool.submit(together)]

    assert sorted(one.result() for one in claims) == [False, True]


def test_a_sender_that_died_loses_its_lease_and_not_the_message(filled: Store) -> None:
    first = taken(filled)

    assert claim(filled, LEASE - timedelta(seconds=1)) is None
    assert taken(filled, LEASE) == replace(first, claim=2)


def test_a_delivered_message_is_never_claimed_again(filled: Store) -> None:
    delivery = taken(filled)

    filled.outbox.settle(delivery, Delivered("204"), NOW, None)

    assert claim(filled, NOW + timedelta(days=9)) is None
    (alert,) = filled.alerts.list()
    assert (alert.state, alert.attempts, alert.sent) == ("sent", 1, NOW)


def test_what_was_only_accepted_says_so_and_is_not_sent_again(filled: Store) -> None:
    delivery = taken(filled)

    filled.outbox.settle(delivery, Accepted("202"), NOW, None)
    filled.outbox.settle(delivery, Delivered("late"), LEASE, None)

    assert claim(filled, NOW + timedelta(days=9)) is None
    (alert,) = filled.alerts.list()
    assert (alert.state, alert.attempts, alert.sent) == ("accepted", 1, NOW)


def test_a_retry_waits_until_it_is_due(filled: Store) -> None:
    delivery = taken(filled)
    due = NOW + timedelta(minutes=5)

    filled.outbox.settle(delivery, Retry(None, "503"), NOW, due)

    assert claim(filled, due - timedelta(seconds=1)) is None
    again = taken(filled, due)
    assert again.attempts == 1
    assert again.body == delivery.body


def test_a_dead_letter_keeps_its_reason_and_can_be_sent_again(filled: Store) -> None:
    delivery = taken(filled)
    filled.outbox.settle(delivery, Permanent("410 gone"), NOW, None)
    (dead,) = filled.alerts.list()

    outcome = filled.outbox.retry(["alert-1", "nobody"], NOW)

    assert (dead.state, dead.error) == ("dead", "410 gone")
    assert outcome == (1, {"nobody"})
    assert taken(filled).attempts == 0


def test_a_late_failure_does_not_undo_a_delivery(filled: Store) -> None:
    slow = taken(filled)
    second = taken(filled, LEASE)
    filled.outbox.settle(second, Delivered("204"), LEASE, None)

    filled.outbox.settle(slow, Retry(None, "timeout"), LEASE, LEASE)

    assert [one.state for one in filled.alerts.list()] == ["sent"]


def test_a_failure_of_a_claim_that_ran_out_does_not_end_the_claim_after_it(filled: Store) -> None:
    slow = taken(filled)
    second = taken(filled, LEASE)

    filled.outbox.settle(slow, Permanent("404"), LEASE, None)
    filled.outbox.settle(second, Delivered("204"), LEASE, None)

    assert [one.state for one in filled.alerts.list()] == ["sent"]


def test_a_lease_written_by_a_clock_that_was_set_back_holds_nothing(filled: Store) -> None:
    taken(filled, NOW + timedelta(hours=2))

    assert claim(filled) is None
    assert filled.outbox.recover(NOW, NOW + timedelta(minutes=3)) == 1
    assert taken(filled).claim == 2


def test_two_senders_share_one_limit_and_learn_when_it_opens(store: Store) -> None:
    messages = [NewMessage(f"msg-{number}", "ops", b"{}", []) for number in range(3)]
    store.enqueue([], messages, NOW)
    slow = Pace(10)

    first = store.outbox.claim("ops", Wanted(slow, NOW, LEASE))
    other = store.outbox.claim("ops", Wanted(slow, NOW, LEASE))

    assert isinstance(first, Delivery)
    assert isinstance(other, datetime)
    assert NOW + timedelta(seconds=6) < other < NOW + timedelta(seconds=7)
    assert isinstance(store.outbox.claim("ops", Wanted(slow, other + timedelta(milliseconds=1), LEASE)), Delivery)


def test_what_happened_to_a_channel_outlives_the_process_that_saw_it(filled: Store) -> None:
    delivery = taken(filled)

    filled.outbox.settle(delivery, Retry(timedelta(minutes=2), "429", hold=True), NOW, NOW)

    assert filled.outbox.claim("ops", Wanted(Pace(600), NOW, LEASE)) == NOW + timedelta(minutes=2)
    state = filled.channels.states()["ops"]
    assert (state.failures, state.reason) == (1, "429")


def test_channels_do_not_take_each_other_s_messages(filled: Store) -> None:
    assert claim(filled, channel="chat") is None


def test_acknowledging_is_remembered_once_with_who_and_how(filled: Store) -> None:
    before = filled.alerts.acknowledgement("alert-1")
    assert filled.alerts.ack("alert-1", NOW, how="link", who="张三", channel="ops")
    assert filled.alerts.ack("alert-1", LEASE, who="李四")

    assert before is None
    assert filled.alerts.acknowledgement("alert-1") == Acknowledgement(NOW, "link", "张三", "ops")
    assert [one.acked for one in filled.alerts.list()] == [NOW]
    assert not filled.alerts.ack("nobody", NOW)


@pytest.mark.parametrize("change", ["UPDATE alert_log SET who = 'x'", "DELETE FROM alert_log"])
def test_the_log_of_acknowledgements_is_only_added_to(filled: Store, change: str) -> None:
    filled.alerts.ack("alert-1", NOW, who="张三")

    with pytest.raises(StorageError, match="only added to"), filled._database.write() as connection:
        connection.execute(text(change))

    kept = filled.alerts.acknowledgement("alert-1")
    assert kept is not None
    assert kept.who == "张三"


def test_a_message_is_settled_and_the_next_one_claimed_in_one_commit(store: Store) -> None:
    store.enqueue([], [NewMessage(f"msg-{number}", "ops", b"{}", []) for number in range(2)], NOW)
    first = taken(store)
    commits: list[str] = []
    event.listen(store._database.engine, "commit", lambda _: commits.append("commit"))

    second = store.outbox.settle(first, Delivered("204"), NOW, None, wanted=Wanted(Pace(600), NOW, LEASE))

    assert isinstance(second, Delivery)
    assert (second.message_id, second.claim, commits) == ("msg-1", 1, ["commit"])
    assert store.outbox.waiting() == {"sent": 1, "leased": 1}
    assert store.outbox.settle(second, Delivered("204"), NOW, None, wanted=Wanted(Pace(600), NOW, LEASE)) is None


def test_a_failure_that_holds_the_channel_claims_nothing_more(store: Store) -> None:
    store.enqueue([], [NewMessage(f"msg-{number}", "ops", b"{}", []) for number in range(2)], NOW)
    failed = Retry(timedelta(minutes=2), "429", hold=True)

    opens = store.outbox.settle(taken(store), failed, NOW, NOW, wanted=Wanted(Pace(600), NOW, LEASE))

    assert opens == NOW + timedelta(minutes=2)
    assert store.outbox.waiting() == {"pending": 2}


def test_every_attempt_is_counted_by_how_it_ended_and_how_long_it_took(store: Store) -> None:
    store.enqueue([], [NewMessage(f"msg-{number}", "ops", b"{}", []) for number in range(5)], NOW)
    ends = [(Delivered("204"), 0.05), (Delivered("204"), 0.1), (Accepted("202"), 3), (Permanent("404"), 19.5)]

    for outcome, seconds in [*ends, (Retry(None, "timeout"), 400.0)]:
        store.outbox.settle(taken(store), outcome, NOW, NOW + timedelta(days=1), seconds=seconds)

    assert [(one.outcome, one.within, one.count) for one in store.channels.attempts()] == [
        ("accepted", 5.0, 1),
        ("dead", 20.0, 1),
        ("delivered", 0.1, 2),
        ("retry", inf, 1),
    ]
    assert sum(one.seconds for one in store.channels.attempts()) == pytest.approx(422.65)


def test_on_a_crowded_channel_only_what_is_about_the_system_is_sent_at_the_full_hour(store: Store) -> None:
    finding = NewMessage("msg-1", "chat", b"{}", [], scope="chat/channel/")
    system = NewMessage("msg-2", "chat", b"{}", [])

    def at(now: datetime, *, crowded: bool = True) -> Delivery | datetime | None:
        return store.outbox.claim("chat", Wanted(Pace(600, crowded), now, now + timedelta(minutes=1)))

    store.enqueue([], [finding], NOW)
    later = at(NOW)
    assert isinstance(later, datetime)
    assert NOW + timedelta(seconds=8) <= later < NOW + timedelta(seconds=20)
    assert isinstance(at(later), Delivery)

    store.enqueue([], [system], NOW)
    told = at(NOW)
    assert isinstance(told, Delivery)
    assert told.message_id == "msg-2"

    store.enqueue([], [replace(finding, message_id="msg-3")], NOW)
    assert isinstance(at(NOW, crowded=False), Delivery)

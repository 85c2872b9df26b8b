"""What waited unheard goes as one message per group; what was tried once keeps its id and bytes for good."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nianshen.store import NewAlert, NewMessage, Store
from notifiers import digest
from notifiers.event import AlertItem, Event
from notifiers.limits import OPENS_AFTER, Pace
from notifiers.mute import Why
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Delivered, Permanent, Retry
from tests.notifiers.making import item

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
MORNING = NOW + timedelta(hours=12)


def hold(
    store: Store,
    told: Sequence[tuple[str, Event]],
    *,
    run: int = 0,
    scope: str = "ops/channel/",
    due: datetime = MORNING,
    more: Sequence[AlertItem] = (),
) -> str:
    """Enqueue a run's message about the named things; gives its id."""
    at = NOW + timedelta(minutes=run)
    items = [*(item(f"{key}-{run}", event) for key, event in told), *more]
    (message,) = digest.build(items, now=at, scope=scope)
    alerts = [NewAlert(one.alert_id, one.alert_id.split("-")[0], one.event, "edu", 2025, ["A003"]) for one in items]
    row = NewMessage(message.message_id, "ops", message.body, message.alerts, due, scope, message.rest)
    store.enqueue(alerts, [row], at)
    return message.message_id


def claim(store: Store, now: datetime = MORNING) -> Delivery:
    claimed = store.outbox.claim("ops", Wanted(Pace(600), now, now + timedelta(minutes=1)))
    assert isinstance(claimed, Delivery)
    return claimed


def told(delivery: Delivery) -> list[tuple[str, str]]:
    data: dict[str, Any] = json.loads(delivery.body)["data"]
    return [(one["alert_id"], one["event"]) for one in data["alerts"]]


def fate(store: Store) -> dict[str, tuple[str | None, str, str | None]]:
    return {one.id: (one.message_id, one.state, one.error) for one in store.alerts.list()}


def test_a_night_of_runs_is_one_message_of_what_stands_in_the_morning(store: Store) -> None:
    first = hold(store, [("stays", Event.OPENED), ("grows", Event.OPENED), ("goes", Event.OPENED)])
    second = hold(store, [("grows", Event.WORSE), ("goes", Event.RESOLVED)], run=1)

    delivery = claim(store)

    assert told(delivery) == [("grows-1", "worse"), ("stays-0", "opened")]
    assert delivery.message_id not in {first, second}
    assert fate(store) == {
        "stays-0": (delivery.message_id, "pending", None),
        "grows-1": (delivery.message_id, "pending", None),
        "grows-0": (first, "suppressed", str(Why.SUPERSEDED)),
        "goes-0": (first, "suppressed", str(Why.GONE)),
        "goes-1": (second, "suppressed", str(Why.GONE)),
    }


def test_a_night_that_left_nothing_is_silent_and_delays_nobody(store: Store) -> None:
    hold(store, [("goes", Event.OPENED)])
    hold(store, [("goes", Event.RESOLVED)], run=1)
    other = hold(store, [("else", Event.OPENED)], run=2, scope="ops/region/x")

    assert claim(store).message_id == other


def test_what_was_told_before_is_told_to_be_gone(store: Store) -> None:
    hold(store, [("known", Event.WORSE)])
    hold(store, [("known", Event.RESOLVED)], run=1)

    assert told(claim(store)) == [("known-1", "resolved")]


def test_groups_stay_apart_and_what_is_not_due_yet_waits(store: Store) -> None:
    one = hold(store, [("a", Event.OPENED)], scope="ops/region/north")
    hold(store, [("b", Event.OPENED)], run=1, scope="ops/region/south")
    hold(store, [("a", Event.RESOLVED)], run=2, scope="ops/region/north", due=MORNING + timedelta(hours=1))

    deliveries = [claim(store), claim(store)]

    assert one in {delivery.message_id for delivery in deliveries}
    assert sorted(map(told, deliveries)) == [[("a-0", "opened")], [("b-1", "opened")]]


def test_what_was_tried_keeps_its_id_and_bytes_whatever_comes_after_it(store: Store) -> None:
    hold(store, [("a", Event.OPENED)])
    tried = claim(store)
    store.outbox.settle(tried, Retry(None, "503"), MORNING, MORNING + timedelta(minutes=5))
    hold(store, [("a", Event.RESOLVED)], run=1)

    later = MORNING + timedelta(minutes=10)
    both = [claim(store, later), claim(store, later)]

    assert {one.message_id: one.body for one in both}[tried.message_id] == tried.body
    assert sorted(map(told, both)) == [[("a-0", "opened")], [("a-1", "resolved")]]


def test_alerts_that_were_hidden_are_merged_and_counted_too(store: Store) -> None:
    crowd = [item(f"n{number:03}-0", severity="note") for number in range(70)]
    hold(store, [("grave", Event.OPENED)], more=crowd)
    hold(store, [("n069", Event.RESOLVED), ("n068", Event.WORSE)], run=1)

    data = json.loads(claim(store).body)["data"]

    assert len(data["alerts"]) + data["hidden"] == 70
    assert data["counts"]["events"] == {"opened": 69, "worse": 1}
    assert sum(1 for _, state, _ in fate(store).values() if state == "pending") == 70


def test_while_a_channel_is_down_only_what_was_tried_is_tried_and_it_loses_no_tries(store: Store) -> None:
    first = hold(store, [("a", Event.OPENED)], due=NOW)
    now = NOW
    for _ in range(OPENS_AFTER):  # its last wait ends long after the breaker wants to know whether the channel is back
        now += timedelta(hours=2)
        store.outbox.settle(claim(store, now), Retry(None, "refused", hold=True), now, now)
    delivery = claim(store, now := now + timedelta(hours=2))
    resumes = now + timedelta(hours=9)
    store.outbox.settle(delivery, Retry(None, "refused", hold=True), now, resumes)
    hold(store, [("b", Event.OPENED)], run=1, due=now)
    hold(store, [("b", Event.RESOLVED), ("c", Event.OPENED)], run=2, due=now)

    probe = claim(store, now := now + timedelta(hours=2))
    store.outbox.settle(probe, Retry(None, "refused", hold=True), now, resumes)
    back = claim(store, now := now + timedelta(hours=2))
    store.outbox.settle(back, Delivered("204"), now, None)

    assert (probe.message_id, probe.attempts, probe.resumes) == (first, OPENS_AFTER + 1, resumes)
    assert (back.message_id, back.attempts) == (first, OPENS_AFTER + 1)
    assert told(claim(store, now)) == [("c-2", "opened")]


def test_a_channel_whose_tried_messages_are_all_dead_is_probed_with_a_new_one(store: Store) -> None:
    hold(store, [("a", Event.OPENED)], due=NOW)
    store.outbox.settle(claim(store, NOW), Permanent("gone", hold=True), NOW, None)
    hold(store, [("b", Event.OPENED)], run=1, due=NOW)

    assert told(claim(store, NOW + timedelta(hours=2))) == [("b-1", "opened")]


def test_what_a_person_waived_meanwhile_is_taken_out_and_the_rest_goes_on(store: Store) -> None:
    first = hold(store, [("waived", Event.OPENED), ("stays", Event.WORSE)])

    count = store.outbox.withdraw(["waived", "unknown"], Why.DECIDED)
    delivery = claim(store)

    assert count == 1
    assert told(delivery) == [("stays-0", "worse")]
    assert delivery.message_id != first
    assert json.loads(delivery.body)["type"] == "audit.alert.worse"
    assert fate(store) == {
        "stays-0": (delivery.message_id, "pending", None),
        "waived-0": (first, "suppressed", str(Why.DECIDED)),
    }
    assert store.alerts.notices(["waived"]) == {}


def test_a_message_of_which_nothing_is_left_is_not_sent(store: Store) -> None:
    first = hold(store, [("waived", Event.OPENED), ("too", Event.REMINDER)])

    assert store.outbox.withdraw(["waived", "too"], Why.DECIDED) == 2

    assert store.outbox.claim("ops", Wanted(Pace(600), MORNING, MORNING)) is None
    assert {one[:2] for one in fate(store).values()} == {(first, "suppressed")}
    assert store.outbox.withdraw(["waived", "too"], Why.DECIDED) == 0


def test_what_was_tried_once_is_never_withdrawn(store: Store) -> None:
    hold(store, [("tried", Event.OPENED)], due=NOW)
    tried = claim(store, NOW)

    on_its_way = store.outbox.withdraw(["tried"], Why.DECIDED)
    store.outbox.settle(tried, Retry(None, "timeout"), NOW, NOW)
    waiting = store.outbox.withdraw(["tried"], Why.DECIDED)

    assert (on_its_way, waiting) == (0, 0)
    again = claim(store, NOW)
    assert (again.message_id, again.body) == (tried.message_id, tried.body)


def test_that_a_thing_is_mended_is_told_whatever_was_decided(store: Store) -> None:
    hold(store, [("mended", Event.RESOLVED)])

    assert store.outbox.withdraw(["mended"], Why.DECIDED) == 0


def test_hidden_alerts_come_forth_when_those_before_them_are_withdrawn(store: Store) -> None:
    hold(store, [(f"k{number:02}", Event.OPENED) for number in range(63)])

    assert store.outbox.withdraw([f"k{number:02}" for number in range(20)] + ["k62"], Why.DECIDED) == 21
    delivery = claim(store)

    data = json.loads(delivery.body)["data"]
    assert [name for name, _ in told(delivery)] == [f"k{number:02}-0" for number in range(20, 62)]
    assert (data["hidden"], data["counts"]["events"]) == (0, {"opened": 42})


def test_a_withdrawn_message_still_merges_with_the_others_of_its_group(store: Store) -> None:
    hold(store, [("a", Event.OPENED), ("waived", Event.OPENED)])
    hold(store, [("b", Event.OPENED)], run=1)

    store.outbox.withdraw(["waived"], Why.DECIDED)

    assert told(claim(store)) == [("a-0", "opened"), ("b-1", "opened")]

"""The outbox loses nothing, sends nothing twice at a time, and remembers how each attempt ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from nianshen.store import NewAlert, NewMessage, Store
from notifiers.outcome import Delivered, Permanent, Retry

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
LEASE = NOW + timedelta(minutes=1)


@pytest.fixture
def filled(store: Store) -> Store:
    alert = NewAlert("alert-1", "f" * 32, "opened", "edu", 2025, ["A003"])
    store.enqueue([alert], [NewMessage("msg-1", "ops", b'{"a": "\xe5\xb9\xb4"}', ["alert-1"])], NOW)
    return store


def test_a_claim_gives_the_bytes_that_were_stored(filled: Store) -> None:
    (delivery,) = filled.outbox.claim("ops", NOW, LEASE, 20)

    assert (delivery.message_id, delivery.body, delivery.attempts) == ("msg-1", b'{"a": "\xe5\xb9\xb4"}', 0)
    assert delivery.created == NOW


def test_two_senders_claim_a_message_once(filled: Store) -> None:
    barrier = Barrier(2, timeout=30)

    def claim() -> int:
        barrier.wait()
        return len(filled.outbox.claim("ops", NOW, LEASE, 20))

    with ThreadPoolExecutor(2) as pool:
        claims = [pool.submit(claim), pool.submit(claim)]
        counts = sorted(one.result() for one in claims)

    assert counts == [0, 1]


def test_a_sender_that_died_loses_its_lease_and_not_the_message(filled: Store) -> None:
    (first,) = filled.outbox.claim("ops", NOW, LEASE, 20)

    assert filled.outbox.claim("ops", LEASE - timedelta(seconds=1), LEASE, 20) == []
    assert filled.outbox.claim("ops", LEASE, LEASE + timedelta(minutes=1), 20) == [first]


def test_a_delivered_message_is_never_claimed_again(filled: Store) -> None:
    (delivery,) = filled.outbox.claim("ops", NOW, LEASE, 20)

    filled.outbox.settle(delivery, Delivered("204"), NOW, None)

    assert filled.outbox.claim("ops", NOW + timedelta(days=9), NOW + timedelta(days=10), 20) == []
    (alert,) = filled.alerts.list()
    assert (alert.state, alert.attempts, alert.sent) == ("sent", 1, NOW)


def test_a_retry_waits_until_it_is_due(filled: Store) -> None:
    (delivery,) = filled.outbox.claim("ops", NOW, LEASE, 20)
    due = NOW + timedelta(minutes=5)

    filled.outbox.settle(delivery, Retry(None, "503"), NOW, due)

    assert filled.outbox.claim("ops", due - timedelta(seconds=1), LEASE, 20) == []
    (again,) = filled.outbox.claim("ops", due, due + timedelta(minutes=1), 20)
    assert again.attempts == 1
    assert again.body == delivery.body


def test_a_dead_letter_keeps_its_reason_and_can_be_sent_again(filled: Store) -> None:
    (delivery,) = filled.outbox.claim("ops", NOW, LEASE, 20)
    filled.outbox.settle(delivery, Permanent("410 gone"), NOW, None)
    (dead,) = filled.alerts.list()

    outcome = filled.outbox.retry(["alert-1", "nobody"], NOW)

    assert (dead.state, dead.error) == ("dead", "410 gone")
    assert outcome == (1, {"nobody"})
    assert len(filled.outbox.claim("ops", NOW, LEASE, 20)) == 1


def test_a_late_failure_does_not_undo_a_delivery(filled: Store) -> None:
    (slow,) = filled.outbox.claim("ops", NOW, LEASE, 20)
    (second,) = filled.outbox.claim("ops", LEASE, LEASE + timedelta(minutes=1), 20)
    filled.outbox.settle(second, Delivered("204"), LEASE, None)

    filled.outbox.settle(slow, Retry(None, "timeout"), LEASE, LEASE)

    assert [one.state for one in filled.alerts.list()] == ["sent"]


def test_channels_do_not_take_each_other_s_messages(filled: Store) -> None:
    assert filled.outbox.claim("chat", NOW, LEASE, 20) == []


def test_acknowledging_is_remembered_once(filled: Store) -> None:
    assert filled.alerts.ack("alert-1", NOW)
    assert filled.alerts.ack("alert-1", LEASE)

    assert [one.acked for one in filled.alerts.list()] == [NOW]
    assert not filled.alerts.ack("nobody", NOW)

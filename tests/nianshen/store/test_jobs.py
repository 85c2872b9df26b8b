"""The ledger and the lease hold on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nianshen.store import Store

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
TTL = timedelta(seconds=30)


def test_a_slot_is_written_once_and_started_only_under_the_lease_of_the_day(store: Store) -> None:
    first = store.leases.hold("watch", "a", NOW, TTL)
    second = store.leases.hold("watch", "b", NOW + TTL, TTL)
    assert (first, second) == (1, 2)
    recorded = [store.jobs.record("season", NOW, state="due", late=False, due=NOW) for _ in range(2)]

    stale, run = store.jobs.take("watch", 1, NOW), store.jobs.take("watch", 2, NOW)

    assert recorded == [True, False]
    assert stale is None
    assert run is not None
    assert store.jobs.take("watch", 2, NOW) is None
    assert store.jobs.finish(run, "done", NOW, "exit 0")
    assert not store.jobs.finish(run, "failed", NOW, "too late")
    assert [(one.state, one.said) for one in store.jobs.list(5)] == [("done", "exit 0")]


def test_a_holder_keeps_its_lease_and_its_number(store: Store) -> None:
    held = [store.leases.hold("watch", "a", NOW + TTL * part, TTL) for part in range(3)]

    assert held == [1, 1, 1]
    assert store.leases.hold("watch", "b", NOW + TTL * 2, TTL) is None

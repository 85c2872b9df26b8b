"""Every slot runs once, whoever watches, however the clock behaves; what was missed is made good once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest
from apscheduler.triggers.cron import CronTrigger

from nianshen.config.model import Config
from nianshen.errors import StorageError
from nianshen.schedule import AGAIN_AFTER, CATCH_UP, LEASE, LEASE_TTL, MOST_TRIES, Ended, Job, Watcher, jobs_of
from nianshen.store import JobRun, Store, Unit, open_store

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SLOTS = int(os.environ.get("NIANSHEN_SLOTS", "10"))
JOBS = int(os.environ.get("NIANSHEN_JOBS", "4"))


def job(name: str = "hourly", cron: str = "0 * * * *", jitter: int = 0) -> Job:
    return Job(name, "cycle", CronTrigger.from_crontab(cron, timezone=UTC), jitter)


class Time:
    """A wall clock that can be set and a monotonic one that cannot."""

    def __init__(self) -> None:
        self.wall = NOW
        self.passed = 100.0

    def pass_by(self, span: timedelta) -> None:
        self.wall += span
        self.passed += span.total_seconds()

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed


class Hands:
    """What a watcher would start: keeps the slots, ends as told."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, datetime]] = []
        self.end = Ended(True, "exit 0")

    def __call__(self, run: JobRun, _job: Job) -> Ended:
        self.ran.append((run.job, run.slot))
        return self.end


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    yield opened
    opened.close()


def watcher(
    store: Store,
    time: Time,
    hands: Callable[[JobRun, Job], Ended],
    *jobs: Job,
    owner: str = "a",
    failed: Callable[[Unit, JobRun], None] = lambda _unit, _run: None,
) -> Watcher:
    return Watcher(store, jobs or [job()], hands, owner=owner, now=time.now, monotonic=time.monotonic, failed=failed)


def step(one: Watcher) -> None:
    one.beat()
    while one.work():
        pass


def test_a_slot_runs_when_it_comes_and_not_again(store: Store) -> None:
    time, hands = Time(), Hands()
    one = watcher(store, time, hands)
    step(one)

    for _ in range(8):
        time.pass_by(timedelta(minutes=15))
        step(one)

    assert hands.ran == [("hourly", NOW + timedelta(hours=1)), ("hourly", NOW + timedelta(hours=2))]
    assert [(run.state, run.late) for run in store.jobs.list(9)] == [("done", False), ("done", False)]


def test_a_job_seen_for_the_first_time_has_missed_nothing(store: Store) -> None:
    hands = Hands()

    step(watcher(store, Time(), hands))

    assert hands.ran == []


@pytest.mark.parametrize("down", [timedelta(hours=35, minutes=30), timedelta(days=5, minutes=30)])
def test_after_being_down_each_job_is_caught_up_once_and_marked_late(store: Store, down: timedelta) -> None:
    time, hands = Time(), Hands()
    jobs = [job(), job("daily", "30 6 * * *")]
    step(watcher(store, time, hands, *jobs))

    time.pass_by(down)
    step(watcher(store, time, hands, *jobs, owner="b"))

    assert Counter(name for name, _ in hands.ran) == {"hourly": 1, "daily": 1}
    assert all(run.late for run in store.jobs.list(9))


def test_what_was_missed_too_long_ago_is_left(store: Store) -> None:
    time, hands = Time(), Hands()
    yearly = job("freeze", "0 12 5 1 *")
    step(watcher(store, time, hands, yearly))

    time.pass_by(timedelta(hours=13) + CATCH_UP)
    step(watcher(store, time, hands, yearly))

    assert hands.ran == []


def test_a_clock_set_forth_and_back_runs_nothing_twice_and_is_noticed(store: Store) -> None:
    time, hands = Time(), Hands()
    one = watcher(store, time, hands)
    step(one)

    time.wall += timedelta(hours=2)
    forth = one.beat()
    one.work()
    time.wall -= timedelta(hours=2)
    back = one.beat()
    for _ in range(16):
        time.pass_by(timedelta(minutes=15))
        step(one)

    assert (forth, back) == (timedelta(hours=2), timedelta(hours=-2))
    assert max(Counter(hands.ran).values()) == 1
    assert [slot.hour for _, slot in hands.ran] == [2, 1, 3, 4]


def test_a_clock_that_was_a_year_ahead_stops_no_job(store: Store) -> None:
    time, hands = Time(), Hands()
    one = watcher(store, time, hands)
    step(one)
    time.wall += timedelta(days=365)
    step(one)
    time.wall -= timedelta(days=365)

    time.pass_by(timedelta(hours=1))
    step(one)

    assert hands.ran[-1] == ("hourly", NOW + timedelta(hours=1))


def test_one_watcher_leads_until_its_lease_ends(store: Store) -> None:
    time, hands = Time(), Hands()
    first, second = watcher(store, time, hands), watcher(store, time, hands, owner="b")
    first.beat()
    second.beat()
    assert (first.leads, second.leads) == (True, False)

    time.pass_by(LEASE_TTL)
    led = first.leads
    second.beat()

    assert (led, second.leads) == (False, True)


def test_a_lease_of_a_clock_that_was_set_back_keeps_nobody_out(store: Store) -> None:
    time, hands = Time(), Hands()
    ahead = Time()
    ahead.wall += timedelta(hours=2)
    watcher(store, ahead, hands).beat()

    second = watcher(store, time, hands, owner="b")
    second.beat()

    assert second.leads


def test_a_watcher_that_leaves_is_followed_at_once(store: Store) -> None:
    time, hands = Time(), Hands()
    first, second = watcher(store, time, hands), watcher(store, time, hands, owner="b")
    first.beat()
    first.leave()

    second.beat()

    assert (first.leads, second.leads) == (False, True)


def test_what_a_lost_watcher_left_running_runs_again_and_its_own_end_no_longer_counts(store: Store) -> None:
    time, hands = Time(), Hands()
    second = watcher(store, time, hands, owner="b")

    def lost(run: JobRun, _job: Job) -> Ended:
        time.pass_by(LEASE_TTL * 2)
        step(second)
        return Ended(False, "of the one that was lost")

    first = watcher(store, time, lost)
    first.beat()
    time.pass_by(timedelta(hours=1))
    step(first)

    (run,) = store.jobs.list(9)
    assert hands.ran == [("hourly", NOW + timedelta(hours=1))]
    assert (run.state, run.tries, run.said) == ("done", 2, "exit 0")


def test_a_run_that_fails_is_tried_three_times_minutes_apart(store: Store) -> None:
    time, hands = Time(), Hands()
    hands.end = Ended(False, "exit 5", again=True)
    given_up: list[JobRun] = []
    one = watcher(store, time, hands, failed=lambda _unit, run: given_up.append(run))
    one.beat()
    time.pass_by(timedelta(hours=1))

    for _ in range(6):
        step(one)
        time.pass_by(AGAIN_AFTER)

    (run,) = store.jobs.list(9)
    assert (len(hands.ran), run.state, run.said) == (MOST_TRIES, "failed", "exit 5")
    assert [(one.job, one.said, one.tries) for one in given_up] == [("hourly", "exit 5", MOST_TRIES)]


def test_a_run_whose_process_is_lost_three_times_is_given_up_and_told_of(store: Store) -> None:
    time, given_up, started = Time(), list[JobRun](), list[str]()

    def lost(run: JobRun, _job: Job) -> Ended:
        started.append(run.job)
        raise KeyboardInterrupt  # the watcher dies with it

    for number in range(MOST_TRIES + 2):
        one = watcher(store, time, lost, owner=f"w{number}", failed=lambda _unit, run: given_up.append(run))
        one.beat()
        if number == 0:
            time.pass_by(timedelta(hours=1))
            one.beat()
        with suppress(KeyboardInterrupt):
            one.work()
        time.pass_by(2 * LEASE_TTL)

    (run,) = store.jobs.list(9)
    assert (len(started), run.state) == (MOST_TRIES, "failed")
    assert [(one.job, one.said) for one in given_up] == [("hourly", run.said)]


def test_a_failure_that_cannot_be_told_is_not_written_down_before_it_can(store: Store) -> None:
    time, hands = Time(), Hands()
    hands.end = Ended(False, "exit 2")
    tries: list[str] = []

    def tell(_unit: Unit, run: JobRun) -> None:
        tries.append(run.job)
        if len(tries) == 1:
            raise StorageError("锁定", "locked")

    one = watcher(store, time, hands, failed=tell)
    one.beat()
    time.pass_by(timedelta(hours=1))
    one.beat()

    with pytest.raises(StorageError):
        one.work()
    before = [run.state for run in store.jobs.list(9)]
    one.work()

    assert before == ["running"]
    assert [run.state for run in store.jobs.list(9)] == ["failed"]
    assert (len(hands.ran), len(tries)) == (1, 2)


def test_a_run_stopped_with_its_watcher_is_due_at_once_and_used_up_no_try(store: Store) -> None:
    time, hands = Time(), Hands()
    hands.end = Ended(False, "stopped", stopped=True)
    one = watcher(store, time, hands)
    one.beat()
    time.pass_by(timedelta(hours=1))
    one.beat()

    for _ in range(MOST_TRIES + 2):
        assert one.work()

    (run,) = store.jobs.list(9)
    assert (run.state, run.tries) == ("due", 0)


def test_slots_that_pile_up_behind_a_long_run_are_one(store: Store) -> None:
    time, hands = Time(), Hands()
    one = watcher(store, time, hands)
    one.beat()

    for _ in range(3):
        time.pass_by(timedelta(hours=1))
        one.beat()
    while one.work():
        pass

    assert hands.ran == [("hourly", NOW + timedelta(hours=3))]
    assert [run.state for run in store.jobs.list(9)] == ["done", "skipped", "skipped"]


def test_the_jitter_of_a_slot_is_the_same_on_every_machine_and_within_its_bounds() -> None:
    spread = {job(jitter=1800).start(NOW + timedelta(hours=hour)) - timedelta(hours=hour) - NOW for hour in range(50)}

    assert job(jitter=1800).start(NOW) == job(jitter=1800).start(NOW)
    assert len(spread) > 40
    assert timedelta() <= min(spread)
    assert max(spread) < timedelta(minutes=30)


def watch_in_step(url: str, owner: str, together: Barrier) -> list[tuple[str, datetime]]:
    """A process that watches with two others hour by hour, all at the same clock; gives what it ran."""
    time, hands, own = Time(), Hands(), open_store(url)
    jobs = [job(f"job-{number}", f"{number} * * * *") for number in range(JOBS)]
    one = watcher(own, time, hands, *jobs, owner=owner)
    for _ in range(SLOTS + 1):
        together.wait()
        step(one)
        if owner == "a":
            one.leave()  # the lead changes hands in the middle of the work
        step(one)
        together.wait()
        time.pass_by(timedelta(hours=1))
    own.close()
    return hands.ran


@pytest.mark.timeout(200 + JOBS * SLOTS)
def test_three_watching_processes_run_each_slot_of_every_job_once(tmp_path: Path) -> None:
    """The full size: ``NIANSHEN_JOBS=20 NIANSHEN_SLOTS=60``."""
    url = f"sqlite:///{tmp_path / 'n.sqlite3'}"
    open_store(url).close()
    fresh = get_context("spawn")  # what a fork brings along, connections and locks, would be shared
    with fresh.Manager() as shared, ProcessPoolExecutor(3, mp_context=fresh) as pool:
        together = shared.Barrier(3, timeout=100)
        ran = [list(each) for each in pool.map(watch_in_step, [url] * 3, "abc", [together] * 3)]

    times = Counter(slot for each in ran for slot in each)
    print(
        f"{JOBS} jobs of {SLOTS} slots, by process {[len(each) for each in ran]}, at most {max(times.values())} times"
    )
    assert max(times.values()) == 1
    assert len(times) == JOBS * SLOTS


def test_the_shipped_year_watches_every_due_date_hour_by_hour_and_proves_absence_the_next_day() -> None:
    year = datetime(2026, 1, 1, tzinfo=UTC)
    cycles = [one for one in jobs_of(Config()) if one.run == "cycle"]
    slots = sorted(slot for one in cycles for slot in one.next_slots(year, 500) if slot.year == 2026)

    def on(month: int, day: int) -> list[str]:
        return [f"{slot:%H:%M}" for slot in slots if (slot.month, slot.day) == (month, day)]

    assert len(on(1, 10)) == 1
    assert len(on(1, 25)) == 4
    assert len(on(1, 31)) == 25
    assert on(2, 1) == ["00:20", "06:40", "18:40"]
    assert len(on(3, 31)) == 24
    assert on(4, 1) == ["00:20", "06:40", "18:40"]
    assert len([slot for slot in slots if slot.month == 8]) == 5


def test_a_lease_is_of_one_holder_among_many_that_ask_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'n.sqlite3'}"
    stores = [open_store(url) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        epochs = list(pool.map(lambda n: stores[n].leases.hold(LEASE, f"w{n}", NOW, LEASE_TTL), range(4)))

    for one in stores:
        one.close()
    assert sorted(map(str, epochs)) == ["1", "None", "None", "None"]

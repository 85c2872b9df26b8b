"""When jobs run. APScheduler only times; the ledger in the store says what ran, and a lease who runs it.

A watcher writes every slot down as it comes, or late if it was down (only the last one missed). Whoever holds the lease
runs what is due, one at a time. Two watchers on one store therefore run every slot once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from nianshen.calendar import zone
from nianshen.config import Config
from nianshen.store import JobRun, Store, Unit

LEASE: Final = "watch"
LEASE_TTL: Final = timedelta(seconds=30)
CATCH_UP: Final = timedelta(hours=36)
LATE_AFTER: Final = timedelta(minutes=5)
AGAIN_AFTER: Final = timedelta(minutes=5)
MOST_TRIES: Final = 3
JUMP: Final = timedelta(seconds=5)
"""A wall clock that moves this much against the monotonic one was set, not slow."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to run at the times of ``trigger``, each start put off by up to ``jitter`` seconds."""

    id: str
    run: str
    trigger: CronTrigger
    jitter: int = 0

    def last_slot(self, after: datetime, until: datetime) -> datetime | None:
        """The last time in (``after``, ``until``], in UTC; None if there is none."""
        found, moment = None, self.trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
        while moment is not None and moment <= until:
            found, moment = moment, self.trigger.get_next_fire_time(moment, moment)
        return found.astimezone(UTC) if found else None

    def next_slots(self, after: datetime, count: int) -> list[datetime]:
        """The next times after ``after``, in the zone of the trigger."""
        slots: list[datetime] = []
        moment = self.trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
        while moment is not None and len(slots) < count:
            slots.append(moment)
            moment = self.trigger.get_next_fire_time(moment, moment)
        return slots

    def start(self, slot: datetime) -> datetime:
        """When a slot starts: the same on every machine, and spread so that not all offices call at one second."""
        if not self.jitter:
            return slot
        drawn = int.from_bytes(hashlib.sha256(f"{self.id}\x1f{slot.isoformat()}".encode()).digest()[:8])
        return slot + timedelta(seconds=drawn % self.jitter)


def jobs_of(config: Config) -> list[Job]:
    """The jobs of the configuration; cron times are those of the site's zone."""
    local = zone(config.site.timezone)
    return [Job(one.id, one.run, CronTrigger.from_crontab(one.cron, timezone=local), one.jitter) for one in config.jobs]


def timer(jobs: Iterable[Job], due: Callable[[Job], None]) -> BackgroundScheduler:
    """A timer, not yet started, that calls ``due`` at every time of every job."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs:
        scheduler.add_job(due, job.trigger, args=[job], id=job.id)
    return scheduler


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; ``said`` is for the person who looks at the ledger.

    ``again`` asks for another try, ``stopped`` says that it was ended with the watcher: that was no try at all.
    """

    ok: bool
    said: str
    again: bool = False
    stopped: bool = False


class Watcher:
    """One of any number of watchers over a store. ``beat`` regularly, ``work`` as often as there is time.

    ``now`` gives aware instants, ``monotonic`` seconds. ``failed`` hears of a run that is tried no more, in the
    transaction that writes it down. Raises StorageError.
    """

    def __init__(
        self,
        store: Store,
        jobs: Sequence[Job],
        work: Callable[[JobRun, Job], Ended],
        *,
        owner: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        failed: Callable[[Unit, JobRun], None] = lambda _unit, _run: None,
    ) -> None:
        self._store = store
        self._jobs: Mapping[str, Job] = {job.id: job for job in jobs}
        self._run = work
        self._owner = owner
        self._now = now
        self._monotonic = monotonic
        self._failed = failed
        self._before = (now(), monotonic())
        self._epoch: int | None = None
        self._held_until = 0.0
        self._unwritten: tuple[JobRun, str, str] | None = None

    @property
    def leads(self) -> bool:
        """Whether this watcher runs the jobs: its lease was renewed lately, by the clock nobody can set."""
        return self._epoch is not None and self._monotonic() < self._held_until

    def beat(self) -> timedelta | None:
        """Renew the lease and write down what is due; how far the wall clock jumped since, if it did."""
        now, asked = self._now(), self._monotonic()
        epoch = self._store.leases.hold(LEASE, self._owner, now, LEASE_TTL)
        if epoch is not None and epoch != self._epoch:
            with self._store.transaction() as unit:
                for run in unit.jobs.recover(epoch, now, MOST_TRIES):
                    self._failed(unit, run)
        self._epoch, self._held_until = epoch, asked + LEASE_TTL.total_seconds()
        self.note(self._jobs.values())
        return self._jump(now, asked)

    def note(self, jobs: Iterable[Job]) -> None:
        """Write down the last slot that came since the one written last. A job seen for the first time missed none."""
        now = self._now()
        last = self._store.jobs.last(now)
        for job in jobs:
            if job.id not in last:
                self._store.jobs.record(job.id, now, state="known", late=False, due=now)
                continue
            slot = job.last_slot(max(last[job.id], now - CATCH_UP), now)
            if slot is not None:
                late = now - slot > LATE_AFTER
                self._store.jobs.record(job.id, slot, state="due", late=late, due=now if late else job.start(slot))

    def work(self) -> bool:
        """Run what is due longest. False if there is nothing, or somebody else leads."""
        self._write_down()  # what could not be written when it ended
        epoch = self._epoch
        if epoch is None or not self.leads:
            return False
        run = self._store.jobs.take(LEASE, epoch, self._now())
        if run is None:
            return False
        job = self._jobs.get(run.job)
        if job is None:
            ended = Ended(False, "配置中已无此任务 / the configuration has no such job any more")
        else:
            ended = self._run(run, job)
        again = ended.stopped or (ended.again and run.tries < MOST_TRIES)
        pause = timedelta() if ended.stopped else AGAIN_AFTER
        state = "done" if ended.ok else "due" if again else "failed"
        run = replace(run, tries=run.tries - ended.stopped, due=self._now() + pause if again else run.due)
        self._unwritten = (run, state, ended.said)
        self._write_down()
        return True

    def leave(self) -> None:
        """Let go of the lease, so that another watcher need not wait for its end."""
        self._epoch = None
        self._store.leases.release(LEASE, self._owner, self._now())

    def _write_down(self) -> None:
        if self._unwritten is not None:
            run, state, said = self._unwritten
            with self._store.transaction() as unit:
                if unit.jobs.finish(run, state, self._now(), said) and state == "failed":
                    self._failed(unit, replace(run, said=said))
            self._unwritten = None

    def _jump(self, now: datetime, at: float) -> timedelta | None:
        was, then = self._before
        self._before = (now, at)
        drift = now - was - timedelta(seconds=at - then)
        return drift if abs(drift) > JUMP else None

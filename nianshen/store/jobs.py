"""The ledger of slots: every time at which a job was to run stands in it once, with what became of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, func, select, update

from nianshen.store import tables
from nianshen.store.database import Access, insert_once

_RUN = tables.job_run
_LEASE = tables.lease


@dataclass(frozen=True, slots=True)
class JobRun:
    """One slot of a job, all instants in UTC.

    ``state``: ``known`` (only marks from where on slots count), ``due``, ``running``, ``done``, ``failed``, or
    ``skipped`` because a later slot of the job came before it could start. ``late``: recorded well after its time.
    ``epoch`` is the lease under which it was started, ``tries`` how often.
    """

    job: str
    slot: datetime
    state: str
    late: bool
    due: datetime
    epoch: int | None
    tries: int
    started_at: datetime | None
    finished_at: datetime | None
    said: str | None


class Jobs:
    def __init__(self, access: Access) -> None:
        self._access = access

    def last(self, now: datetime) -> dict[str, datetime]:
        """The latest slot of every job up to ``now``: a clock that was ahead may have written later ones."""
        query = select(_RUN.c.job, func.max(_RUN.c.slot).label("slot")).where(_RUN.c.slot <= now).group_by(_RUN.c.job)
        with self._access.read() as connection:
            return {row.job: row.slot for row in connection.execute(query)}

    def record(self, job: str, slot: datetime, *, state: str, late: bool, due: datetime) -> bool:
        """Write a slot down; False if somebody has. Of several that wait only the latest is run."""
        row = {"job": job, "slot": slot, "state": state, "late": late, "due": due, "tries": 0}
        with self._access.write() as connection:
            if not insert_once(connection, _RUN, row):
                return False
            earlier = (_RUN.c.job == job) & (_RUN.c.slot < slot) & (_RUN.c.state == "due")
            connection.execute(update(_RUN).where(earlier).values(state="skipped"))
        return True

    def take(self, lease: str, epoch: int, now: datetime) -> JobRun | None:
        """Start the slot that is due longest, if the lease is still of this epoch."""
        query = select(_RUN).where(_RUN.c.state == "due", _RUN.c.due <= now).order_by(_RUN.c.due, _RUN.c.job).limit(1)
        with self._access.write() as connection:
            ours = select(_LEASE.c.epoch).where(_LEASE.c.name == lease).with_for_update()
            if connection.execute(ours).scalar_one_or_none() != epoch:
                return None
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                return None
            started = {"state": "running", "epoch": epoch, "tries": row["tries"] + 1, "started_at": now}
            connection.execute(update(_RUN).where(_this(row["job"], row["slot"])).values(started))
        return _run({**row, **started})

    def finish(self, run: JobRun, state: str, now: datetime, said: str) -> bool:
        """Write down how a run ended: ``done``, ``failed``, or ``due`` once more at ``run.due``.

        False if it is no longer ours: another watcher took over.
        """
        ours = _this(run.job, run.slot) & (_RUN.c.state == "running") & (_RUN.c.epoch == run.epoch)
        ended = {"state": state, "finished_at": now, "said": said, "due": run.due, "tries": run.tries}
        with self._access.write() as connection:
            return connection.execute(update(_RUN).where(ours).values(ended)).rowcount == 1

    def recover(self, epoch: int, now: datetime, most_tries: int) -> list[JobRun]:
        """What a watcher of an earlier epoch left running is due again; those that failed after so many tries."""
        lost = (_RUN.c.state == "running") & (_RUN.c.epoch < epoch)
        said = "进程中断 / its process was lost"
        failed = {"state": "failed", "finished_at": now, "said": said}
        with self._access.write() as connection:
            query = select(_RUN).where(lost, _RUN.c.tries >= most_tries).with_for_update()
            gone = [_run({**row, **failed}) for row in connection.execute(query).mappings()]
            for run in gone:
                connection.execute(update(_RUN).where(_this(run.job, run.slot)).values(failed))
            connection.execute(update(_RUN).where(lost).values(state="due", due=now, said=said))
        return gone

    def counts(self) -> dict[tuple[str, str], int]:
        """Slots by job and state."""
        query = select(_RUN.c.job, _RUN.c.state, func.count().label("n")).where(_RUN.c.state != "known")
        with self._access.read() as connection:
            rows = connection.execute(query.group_by(_RUN.c.job, _RUN.c.state))
            return {(row.job, row.state): row.n for row in rows}

    def last_done(self) -> dict[str, datetime]:
        """When each job last ended well."""
        query = select(_RUN.c.job, func.max(_RUN.c.finished_at).label("at")).where(_RUN.c.state == "done")
        with self._access.read() as connection:
            return {row.job: row.at for row in connection.execute(query.group_by(_RUN.c.job))}

    def list(self, limit: int, job: str | None = None) -> list[JobRun]:
        """The latest slots, newest first; of one job if it is named."""
        query = select(_RUN).where(_RUN.c.state != "known").order_by(_RUN.c.slot.desc(), _RUN.c.job).limit(limit)
        if job is not None:
            query = query.where(_RUN.c.job == job)
        with self._access.read() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it stands: who holds it, until when, and the how-manieth holder that is."""

    owner: str
    until: datetime
    epoch: int


class Leases:
    """One holder at a time; every change of hands counts the epoch up, so that a stale holder can be told."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def hold(self, name: str, owner: str, now: datetime, ttl: timedelta) -> int | None:
        """Take the lease or keep it; its epoch, or None while somebody else holds it.

        A lease that ends later than any could was written by a clock that has been set back since.
        """
        mine = _LEASE.c.name == name
        with self._access.write() as connection:
            if insert_once(connection, _LEASE, {"name": name, "owner": owner, "until": now + ttl, "epoch": 1}):
                return 1
            held = Held(
                *connection.execute(
                    select(_LEASE.c.owner, _LEASE.c.until, _LEASE.c.epoch).where(mine).with_for_update()
                ).one()
            )
            if held.owner != owner and now < held.until <= now + 2 * ttl:
                return None
            epoch = held.epoch + (held.owner != owner)
            connection.execute(update(_LEASE).where(mine).values(owner=owner, until=now + ttl, epoch=epoch))
        return epoch

    def release(self, name: str, owner: str, now: datetime) -> None:
        """Let go, so that the next one need not wait."""
        with self._access.write() as connection:
            ours = (_LEASE.c.name == name) & (_LEASE.c.owner == owner)
            connection.execute(update(_LEASE).where(ours).values(until=now))

    def get(self, name: str) -> Held | None:
        query = select(_LEASE.c.owner, _LEASE.c.until, _LEASE.c.epoch).where(_LEASE.c.name == name)
        with self._access.read() as connection:
            row = connection.execute(query).one_or_none()
        return Held(*row) if row else None


def _this(job: str, slot: datetime) -> Any:
    return (_RUN.c.job == job) & (_RUN.c.slot == slot)


def _run(row: RowMapping | dict[str, Any]) -> JobRun:
    return JobRun(**{field.name: row[field.name] for field in fields(JobRun)})

"""Runs: when the store was asked to look, and by which clock it judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from nianshen.store import tables
from nianshen.store.database import Access


@dataclass(frozen=True, slots=True)
class RunRow:
    id: str
    year: int
    judged_at: datetime
    started_at: datetime
    finished_at: datetime | None
    state: str
    last_hash: str | None = None


class Runs:
    def __init__(self, access: Access) -> None:
        self._access = access

    def begin(self, run_id: str, year: int, now: datetime) -> None:
        """A run that judges by ``now`` has begun."""
        row = {"id": run_id, "year": year, "judged_at": now, "started_at": now, "state": "running"}
        with self._access.write() as connection:
            connection.execute(insert(tables.run), row)

    def finish(self, run_id: str, state: str, now: datetime, last_hash: str | None = None) -> None:
        """The run ended as ``state`` (finished, partial, failed, interrupted; a later one calls it killed).

        ``last_hash`` is that of the evidence's manifest: a tail that is cut off later misses it.
        """
        ended = {"state": state, "finished_at": now, "last_hash": last_hash}
        with self._access.write() as connection:
            connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(ended))

    def close_killed(self, now: datetime) -> list[str]:
        """End the runs that never came to say how they ended, as ``killed``; their ids. Only if none is under way.

        Whatever they brought was to be stored together at their end, so nothing of them counts.
        """
        ended = update(tables.run).where(tables.run.c.state == "running").values(state="killed", finished_at=now)
        with self._access.write() as connection:
            return sorted(connection.execute(ended.returning(tables.run.c.id)).scalars())

    def get(self, run_id: str) -> RunRow | None:
        with self._access.read() as connection:
            row = connection.execute(select(tables.run).where(tables.run.c.id == run_id)).mappings().one_or_none()
        return RunRow(**row) if row else None

    def last(self, year: int | None = None) -> RunRow | None:
        """The latest run, of the given year if one is given."""
        query = select(tables.run).order_by(tables.run.c.started_at.desc()).limit(1)
        if year is not None:
            query = query.where(tables.run.c.year == year)
        with self._access.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return RunRow(**row) if row else None

"""Readings of a portal's lists, and the proof of absence they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, insert, or_, select

from nianshen.store import tables
from nianshen.store.database import Access


@dataclass(frozen=True, slots=True)
class PortalReading:
    run_id: str
    portal: str
    read_at: datetime
    outcome: str
    reason: str | None
    complete: bool
    pages_expected: int | None
    pages_seen: int
    items: int
    detail: str


_COLUMNS = [tables.portal_reading.c[name] for name in PortalReading.__slots__]


class Portals:
    def __init__(self, access: Access) -> None:
        self._access = access

    def record(
        self,
        run_id: str,
        portal_id: str,
        now: datetime,
        outcome: str,
        reason: str | None,
        complete: bool,
        pages_expected: int | None,
        pages_seen: int,
        items: int,
        detail: str,
        absent: Sequence[tuple[str, int]] = (),
    ) -> None:
        """One reading of a portal; ``absent`` are the (organisation, year) whose report its list did not show."""
        row = {
            "run_id": run_id,
            "portal": portal_id,
            "read_at": now,
            "outcome": outcome,
            "reason": reason,
            "complete": complete,
            "pages_expected": pages_expected,
            "pages_seen": pages_seen,
            "items": items,
            "detail": detail,
        }
        with self._access.write() as connection:
            added = insert(tables.portal_reading).values(row).returning(tables.portal_reading.c.id)
            reading_id = connection.execute(added).scalar_one()
            if absent:
                rows = [
                    {"portal_reading_id": reading_id, "organisation": organisation, "year": year}
                    for organisation, year in dict.fromkeys(absent)
                ]
                connection.execute(insert(tables.absence), rows)

    def absences(self, organisation: str, year: int) -> list[datetime]:
        """Times of complete readings without the report since it was last found, oldest first."""
        seen, gone, found = tables.portal_reading, tables.absence, tables.report
        query = (
            select(seen.c.read_at)
            .join(gone, gone.c.portal_reading_id == seen.c.id)
            .outerjoin(found, and_(found.c.organisation == gone.c.organisation, found.c.year == gone.c.year))
            .where(gone.c.organisation == organisation, gone.c.year == year, seen.c.complete.is_(True))
            .where(or_(found.c.last_seen.is_(None), seen.c.read_at > found.c.last_seen))
            .order_by(seen.c.read_at)
        )
        with self._access.read() as connection:
            return list(connection.execute(query).scalars())

    def absent_before(self, organisation: str, year: int, first_seen: datetime) -> datetime | None:
        """The last complete reading without the report before it was first seen, None if there was none."""
        seen, gone = tables.portal_reading, tables.absence
        query = (
            select(func.max(seen.c.read_at))
            .join(gone, gone.c.portal_reading_id == seen.c.id)
            .where(gone.c.organisation == organisation, gone.c.year == year, seen.c.complete.is_(True))
            .where(seen.c.read_at < first_seen)
        )
        with self._access.read() as connection:
            moment: datetime | None = connection.execute(query).scalar_one()
        return moment

    def last(self, portal_id: str, year: int | None = None) -> PortalReading | None:
        """The latest reading of the portal, of a run for ``year`` if one is given."""
        seen = tables.portal_reading
        query = select(*_COLUMNS).where(seen.c.portal == portal_id)
        if year is not None:
            query = query.join(tables.run, tables.run.c.id == seen.c.run_id).where(tables.run.c.year == year)
        query = query.order_by(seen.c.read_at.desc(), seen.c.id.desc()).limit(1)
        with self._access.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return PortalReading(**row) if row else None

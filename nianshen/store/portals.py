"""Readings of a portal's lists, and the proof of absence they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, update

from nianshen.store import tables
from nianshen.store.database import Access


@dataclass(frozen=True, slots=True)
class PortalReading:
    """One reading. ``state``, ``since`` and ``told`` are its health, ``shape`` what its list looked like.

    Those are None in readings of older versions; ``accepted_by`` took a doubtful list for the new normal.
    """

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
    state: str | None
    since: datetime | None
    told: Mapping[str, str] | None
    shape: Mapping[str, Any] | None
    accepted_by: str | None


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
        *,
        state: str | None = None,
        since: datetime | None = None,
        told: Mapping[str, str] | None = None,
        shape: Mapping[str, Any] | None = None,
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
            "state": state,
            "since": since,
            "told": dict(told) if told is not None else None,
            "shape": dict(shape) if shape is not None else None,
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
        return self._latest(_readings(portal_id, year))

    def last_whole(self, portal_id: str) -> PortalReading | None:
        """The latest reading of the portal that was whole."""
        return self._latest(_readings(portal_id, None).where(tables.portal_reading.c.complete.is_(True)))

    def last_good(self, portal_id: str, year: int | None = None) -> PortalReading | None:
        """The latest reading that says what a list looks like as a whole: read whole, or accepted by a person."""
        seen = tables.portal_reading
        good = or_(seen.c.complete.is_(True), seen.c.accepted_by.is_not(None))
        return self._latest(_readings(portal_id, year).where(good, seen.c.shape.is_not(None)))

    def accept(self, reading: PortalReading, by: str) -> None:
        """Let later readings be compared with this one; it proves no more than it did."""
        seen = tables.portal_reading
        this = (seen.c.run_id == reading.run_id) & (seen.c.portal == reading.portal)
        with self._access.write() as connection:
            connection.execute(update(seen).where(this).values(accepted_by=by))

    def _latest(self, query: Select[Any]) -> PortalReading | None:
        seen = tables.portal_reading
        with self._access.read() as connection:
            row = connection.execute(query.order_by(seen.c.read_at.desc(), seen.c.id.desc()).limit(1)).mappings()
            found = row.one_or_none()
        return PortalReading(**found) if found else None


def _readings(portal_id: str, year: int | None) -> Select[Any]:
    """The readings of a portal, of runs for ``year`` if one is given."""
    seen = tables.portal_reading
    query = select(*_COLUMNS).where(seen.c.portal == portal_id)
    if year is not None:
        query = query.join(tables.run, tables.run.c.id == seen.c.run_id).where(tables.run.c.year == year)
    return query

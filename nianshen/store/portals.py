"""Readings of a portal's lists, and the proof of absence they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, insert, or_, select, update

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


@dataclass(frozen=True, slots=True)
class Lists:
    """Where a report is looked for: an absence from other lists proves nothing about these."""

    portal: str
    start_urls: tuple[str, ...]


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
        """One reading of a portal; ``absent`` are the (organisation, year) whose report it proves not to be listed.

        A reading that is not complete may prove it too: a report that could not be fetched leaves no doubt on others.
        """
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

    def absences(self, organisation: str, year: int, lists: Lists) -> list[datetime]:
        """Times of readings that show these lists whole without the report, since it was last found, oldest first."""
        seen, found = tables.portal_reading, tables.report
        query = (
            _absent(organisation, year, lists)
            .outerjoin(found, and_(found.c.organisation == organisation, found.c.year == year))
            .where(or_(found.c.last_seen.is_(None), seen.c.read_at > found.c.last_seen))
        )
        return self._times(query, lists)

    def absent_before(self, organisation: str, year: int, lists: Lists, first_seen: datetime) -> datetime | None:
        """The last such reading before the report was first seen, None without one."""
        before = _absent(organisation, year, lists).where(tables.portal_reading.c.read_at < first_seen)
        return next(reversed(self._times(before, lists)), None)

    def last(self, portal_id: str, year: int | None = None) -> PortalReading | None:
        """The latest reading of the portal, of a run for ``year`` if one is given."""
        return self._latest(_readings(portal_id, year))

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

    def _times(self, query: Select[Any], lists: Lists) -> list[datetime]:
        """Those of the same start addresses; a reading of a version that kept none counts."""
        with self._access.read() as connection:
            return [at for at, urls in connection.execute(query) if urls is None or tuple(urls) == lists.start_urls]

    def _latest(self, query: Select[Any]) -> PortalReading | None:
        seen = tables.portal_reading
        with self._access.read() as connection:
            row = connection.execute(query.order_by(seen.c.read_at.desc(), seen.c.id.desc()).limit(1)).mappings()
            found = row.one_or_none()
        return PortalReading(**found) if found else None


def _absent(organisation: str, year: int, lists: Lists) -> Select[Any]:
    """Time and start addresses of the readings of a portal that do not show the report, oldest first."""
    seen, gone = tables.portal_reading, tables.absence
    return (
        select(seen.c.read_at, seen.c.shape["start_urls"])
        .join(gone, gone.c.portal_reading_id == seen.c.id)
        .where(gone.c.organisation == organisation, gone.c.year == year, seen.c.portal == lists.portal)
        .order_by(seen.c.read_at)
    )


def _readings(portal_id: str, year: int | None) -> Select[Any]:
    """The readings of a portal, of runs for ``year`` if one is given."""
    seen = tables.portal_reading
    query = select(*_COLUMNS).where(seen.c.portal == portal_id)
    if year is not None:
        query = query.join(tables.run, tables.run.c.id == seen.c.run_id).where(tables.run.c.year == year)
    return query

"""Reports that were found: where, since when, with which declared date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from nianshen.store import tables
from nianshen.store.database import Access


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A found report. ``url`` is its page, or the file that is the report; ``last_seen`` when a list last showed it.

    ``facts`` tell how it was published, as ``nianshen.auditing`` writes and reads them.
    """

    organisation: str
    year: int
    url: str
    portal: str
    sha256: str
    declared: date | None
    captured_at: datetime
    first_seen: datetime
    last_seen: datetime
    facts: Mapping[str, Any] | None = None


class Reports:
    def __init__(self, access: Access) -> None:
        self._access = access

    def observe(
        self,
        organisation: str,
        year: int,
        url: str,
        portal: str,
        sha256: str,
        declared: date | None,
        captured_at: datetime,
        seen_at: datetime,
        facts: Mapping[str, Any] | None = None,
    ) -> ReportRow:
        """The report was seen at ``seen_at``. What it was first seen at stays; the rest is as it is now."""
        now_as = {
            "url": url,
            "portal": portal,
            "sha256": sha256,
            "declared": declared,
            "captured_at": captured_at,
            "facts": dict(facts or {}),
        }
        key = {"organisation": organisation, "year": year}
        with self._access.write() as connection:
            known = _get(connection, organisation, year)
            if known is None:
                row = {**key, **now_as, "first_seen": seen_at, "last_seen": seen_at}
                connection.execute(insert(tables.report), row)
            else:
                seen = {
                    "first_seen": min(known.first_seen, seen_at),
                    "last_seen": max(known.last_seen, seen_at),
                }
                connection.execute(update(tables.report).where(_is(organisation, year)).values(now_as | seen))
            stored = _get(connection, organisation, year)
        assert stored is not None  # noqa: S101 - written in this very transaction
        return stored

    def get(self, organisation: str, year: int) -> ReportRow | None:
        with self._access.read() as connection:
            return _get(connection, organisation, year)

    def of_year(self, year: int) -> dict[str, ReportRow]:
        """Every found report of the year, by organisation."""
        with self._access.read() as connection:
            rows = connection.execute(select(tables.report).where(tables.report.c.year == year)).mappings()
            return {row["organisation"]: ReportRow(**row) for row in rows}


def _is(organisation: str, year: int) -> ColumnElement[bool]:
    return and_(tables.report.c.organisation == organisation, tables.report.c.year == year)


def _get(connection: Connection, organisation: str, year: int) -> ReportRow | None:
    row = connection.execute(select(tables.report).where(_is(organisation, year))).mappings().one_or_none()
    return ReportRow(**row) if row else None

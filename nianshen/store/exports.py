"""Findings on their way out: with their evidence, one after the other, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select

from nianshen.store import tables
from nianshen.store.database import Access
from nianshen.store.findings import FindingRow

AT_ONCE = 500
_OWN = tuple(field.name for field in fields(FindingRow))


@dataclass(frozen=True, slots=True)
class Exported:
    """A finding with the bytes it was found in; None where it was found without a report."""

    row: FindingRow
    sha256: str | None
    captured_at: datetime | None
    url: str | None


class Exports:
    def __init__(self, access: Access) -> None:
        self._access = access

    def of_year(self, year: int) -> Iterator[Exported]:
        """Every finding of the year by organisation, rule and subject, fetched as it is taken.

        One view of the store stays open meanwhile: nothing that is written during it appears.
        """
        finding, reading = tables.finding, tables.reading
        query = (
            select(finding, reading.c.sha256, reading.c.captured_at, reading.c.url)
            .select_from(finding.outerjoin(reading, finding.c.reading_id == reading.c.id))
            .where(finding.c.year == year)
            .order_by(finding.c.organisation, finding.c.rule, finding.c.subject)
            .execution_options(yield_per=AT_ONCE)
        )
        with self._access.read() as connection:
            for row in connection.execute(query).mappings():
                own = FindingRow(**{name: row[name] for name in _OWN})
                yield Exported(own, row["sha256"], row["captured_at"], row["url"])

"""What rests on which evidence, and where its chain stood when a run ended."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, union

from nianshen.store import tables
from nianshen.store.database import Access


class Evidence:
    """Evidence is named by the sha256 of its bytes."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def anchors(self) -> dict[str, str]:
        """The last hash of the manifest at the end of every run, with the run."""
        run = tables.run
        query = select(run.c.last_hash, run.c.id).where(run.c.last_hash.is_not(None)).order_by(run.c.started_at)
        with self._access.read() as connection:
            return {row.last_hash: row.id for row in connection.execute(query)}

    def wanted(self) -> Iterator[tuple[str, str, int]]:
        """Every sha256 that a report or a reading names, with its organisation and year."""
        with self._access.read() as connection:
            for row in connection.execute(_USES):
                yield row.sha256, row.organisation, row.year

    def of(self, organisation: str, year: int) -> list[str]:
        """What the report of one organisation and year was read from, every version of it."""
        uses = _USES.subquery()
        query = select(uses.c.sha256).where(uses.c.organisation == organisation, uses.c.year == year).distinct()
        with self._access.read() as connection:
            return sorted(connection.execute(query).scalars())

    def kept(self, first_year: int) -> set[str]:
        """What reports, readings and findings of ``first_year`` and later years rest on."""
        uses, finding, reading = _USES.subquery(), tables.finding, tables.reading
        resting = (
            select(reading.c.sha256)
            .join(finding, finding.c.reading_id == reading.c.id)
            .where(finding.c.year >= first_year)
        )
        query = union(select(uses.c.sha256).where(uses.c.year >= first_year), resting)
        with self._access.read() as connection:
            return set(connection.execute(query).scalars())

    def resting(self, sha256: str) -> list[str]:
        """Fingerprints of the findings made of a reading of these bytes."""
        finding, reading = tables.finding, tables.reading
        query = (
            select(finding.c.fingerprint)
            .join(reading, finding.c.reading_id == reading.c.id)
            .where(reading.c.sha256 == sha256)
            .order_by(finding.c.rule, finding.c.fingerprint)
        )
        with self._access.read() as connection:
            return list(connection.execute(query).scalars())

    def absent(self, organisation: str, year: int) -> set[tuple[str, str]]:
        """Run and portal of every reading that proves the report not to be listed: its lists are the proof."""
        seen, gone = tables.portal_reading, tables.absence
        query = (
            select(seen.c.run_id, seen.c.portal)
            .join(gone, gone.c.portal_reading_id == seen.c.id)
            .where(gone.c.organisation == organisation, gone.c.year == year)
        )
        with self._access.read() as connection:
            return {(row.run_id, row.portal) for row in connection.execute(query)}


_USES = union(
    select(tables.reading.c.sha256, tables.reading.c.organisation, tables.reading.c.year),
    select(tables.report.c.sha256, tables.report.c.organisation, tables.report.c.year),
)

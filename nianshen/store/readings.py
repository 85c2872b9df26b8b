"""Readings: what one version of one report says, as one JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from nianshen.store import tables
from nianshen.store.database import Access


class Readings:
    def __init__(self, access: Access) -> None:
        self._access = access

    def save(
        self,
        organisation: str,
        year: int,
        sha256: str,
        captured_at: datetime,
        extractor: str,
        document: Mapping[str, Any],
        url: str = "",
        signature: bytes | None = None,
    ) -> int:
        """Keeps the document of these bytes by this extractor and returns its id; the report must have been observed.

        The same bytes read again by the same extractor keep their id.
        """
        table = tables.reading
        same = and_(
            table.c.organisation == organisation,
            table.c.year == year,
            table.c.sha256 == sha256,
            table.c.extractor == extractor,
        )
        values = {"captured_at": captured_at, "document": dict(document), "url": url, "signature": signature}
        key = {"organisation": organisation, "year": year, "sha256": sha256, "extractor": extractor}
        with self._access.write() as connection:
            known: int | None = connection.execute(select(table.c.id).where(same)).scalar_one_or_none()
            if known is not None:
                connection.execute(update(table).where(table.c.id == known).values(values))
                return known
            added: int = connection.execute(insert(table).values(key | values).returning(table.c.id)).scalar_one()
            return added

    def latest(self, organisation: str, year: int) -> dict[str, Any] | None:
        """The row captured last (id, sha256, url, captured_at, extractor, document), None if never read."""
        table = tables.reading
        query = (
            select(table)
            .where(table.c.organisation == organisation, table.c.year == year)
            .order_by(table.c.captured_at.desc(), table.c.id.desc())
            .limit(1)
        )
        with self._access.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return dict(row) if row else None

    def of_bytes(self, organisation: str, year: int, sha256: str) -> dict[str, dict[str, Any]]:
        """What each version of the extractor read out of these bytes."""
        table = tables.reading
        query = select(table.c.extractor, table.c.document).where(
            table.c.organisation == organisation, table.c.year == year, table.c.sha256 == sha256
        )
        with self._access.read() as connection:
            return {row.extractor: row.document for row in connection.execute(query)}

    def first(self, organisation: str, year: int, extractor: str) -> dict[str, Any] | None:
        """The row saved first among those of one extractor: only they can be compared cell by cell."""
        table = tables.reading
        query = (
            select(table)
            .where(table.c.organisation == organisation, table.c.year == year, table.c.extractor == extractor)
            .order_by(table.c.id)
            .limit(1)
        )
        with self._access.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return dict(row) if row else None

    def of_year(self, year: int) -> Iterator[dict[str, Any]]:
        """The latest row of every organisation in the year, one at a time."""
        table = tables.reading
        newest = func.row_number().over(
            partition_by=table.c.organisation, order_by=(table.c.captured_at.desc(), table.c.id.desc())
        )
        ranked = select(table, newest.label("place")).where(table.c.year == year).subquery()
        query = select(ranked).where(ranked.c.place == 1).order_by(ranked.c.organisation)
        with self._access.read() as connection:
            for row in connection.execute(query).mappings():
                yield dict(row)

    def signatures(self) -> Iterator[tuple[int, str, int, bytes]]:
        """Id, organisation, year and signature of the latest row of every report that has one."""
        table = tables.reading
        newest = func.max(table.c.id).label("id")
        last = select(newest).group_by(table.c.organisation, table.c.year).subquery()
        query = (
            select(table.c.id, table.c.organisation, table.c.year, table.c.signature)
            .join(last, last.c.id == table.c.id)
            .where(table.c.signature.is_not(None))
        )
        with self._access.read() as connection:
            for row in connection.execute(query):
                yield row.id, row.organisation, row.year, row.signature

    def keys(self, year: int | None = None) -> list[tuple[str, int]]:
        """Organisation and year of every report that was read, of one year or of all."""
        table = tables.reading
        query = select(table.c.organisation, table.c.year).distinct().order_by(table.c.year, table.c.organisation)
        if year is not None:
            query = query.where(table.c.year == year)
        with self._access.read() as connection:
            return [(row.organisation, row.year) for row in connection.execute(query)]

    def get(self, reading_id: int) -> dict[str, Any] | None:
        with self._access.read() as connection:
            query = select(tables.reading).where(tables.reading.c.id == reading_id)
            row = connection.execute(query).mappings().one_or_none()
        return dict(row) if row else None

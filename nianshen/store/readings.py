"""Readings: what one version of one report says, as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select, update

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
        values = {"captured_at": captured_at, "document": dict(document), "url": url}
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

    def get(self, reading_id: int) -> dict[str, Any] | None:
        with self._access.read() as connection:
            query = select(tables.reading).where(tables.reading.c.id == reading_id)
            row = connection.execute(query).mappings().one_or_none()
        return dict(row) if row else None

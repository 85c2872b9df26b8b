"""A report as one JSON document and back, without loss: what the store keeps and a re-audit starts from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from audit.report import Cell, Dates, How, Locator, Report, RowMatch, Section, State, Table, Trouble

SCHEMA = "nianshen.report/1"


class ReportFormatError(ValueError):
    """The document is not one that ``report_to_json`` wrote."""


def report_to_json(report: Report) -> dict[str, Any]:
    """Plain JSON types only; keys are only ever added.

    A Decimal becomes ``{"decimal": "52.15"}``, so that no digit is lost.
    """
    return {
        "schema": SCHEMA,
        "agency": report.agency,
        "year": report.year,
        "title": report.title,
        "form": report.form,
        "dates": {name: _day(getattr(report.dates, name)) for name in Dates.__dataclass_fields__},
        "sections": {key: _section(section) for key, section in report.sections.items()},
        "tables": {name: _table(table) for name, table in report.tables.items()},
        "preamble": report.preamble,
        "attachments": [list(pair) for pair in report.attachments],
        "pictures": report.pictures,
        "troubles": [_trouble(trouble) for trouble in report.troubles],
        "sources": dict(report.sources),
        "second": [_cell(cell) for cell in report.second.values()],
        "media": report.media,
        "meta": dict(report.meta),
        "breadcrumb": list(report.breadcrumb),
    }


def report_from_json(data: dict[str, Any]) -> Report:
    """The report again. Raises ReportFormatError for another schema."""
    if data.get("schema") != SCHEMA:
        raise ReportFormatError(f"expected schema {SCHEMA}, got {data.get('schema')!r}")
    return Report(
        agency=data["agency"],
        year=data["year"],
        title=data["title"],
        form=data["form"],
        dates=Dates(**{name: date.fromisoformat(day) if day else None for name, day in data["dates"].items()}),
        sections={key: Section(**section) for key, section in data["sections"].items()},
        tables={name: _table_back(table) for name, table in data["tables"].items()},
        preamble=data["preamble"],
        attachments=tuple((text, address) for text, address in data["attachments"]),
        pictures=data["pictures"],
        troubles=tuple(_trouble_back(trouble) for trouble in data["troubles"]),
        sources=dict(data["sources"]),
        second={cell.id: cell for cell in map(_cell_back, data.get("second", ()))},
        media=data.get("media", ""),
        meta=dict(data.get("meta", {})),
        breadcrumb=tuple(data.get("breadcrumb", ())),
    )


def known_numbers(data: dict[str, Any]) -> dict[str, int | Decimal]:
    """The numbers of a stored report by cell id, those that were read only: ``Cell.known`` without the report."""
    return {
        cell["id"]: Decimal(value["decimal"]) if isinstance(value := cell["value"], dict) else value
        for table in data["tables"].values()
        for cell in table["cells"]
        if cell["state"] == State.VALUE and cell["how"] == How.READ
    }


def _section(section: Section) -> dict[str, Any]:
    return {name: getattr(section, name) for name in Section.__dataclass_fields__}


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "shape": table.shape,
        "cells": [_cell(cell) for cell in table.cells.values()],
        "troubles": [_trouble(trouble) for trouble in table.troubles],
        "missing": list(table.missing),
        "extra": list(table.extra),
        "confidence": table.confidence,
        "reasons": list(table.reasons),
        "matches": [_match(match) for match in table.matches],
    }


def _table_back(data: dict[str, Any]) -> Table:
    cells = (_cell_back(cell) for cell in data["cells"])
    return Table(
        name=data["name"],
        shape=data["shape"],
        cells={cell.id: cell for cell in cells},
        troubles=tuple(_trouble_back(trouble) for trouble in data["troubles"]),
        missing=tuple(data["missing"]),
        extra=tuple(data["extra"]),
        confidence=data["confidence"],
        reasons=tuple(data.get("reasons", ())),
        matches=tuple(_match_back(match) for match in data.get("matches", ())),
    )


def _match(match: RowMatch) -> dict[str, Any]:
    at = match.at.as_json() if match.at is not None else None
    return {"row": match.row, "printed": match.printed, "likeness": match.likeness, "why": list(match.why), "at": at}


def _match_back(data: dict[str, Any]) -> RowMatch:
    return RowMatch(data["row"], data["printed"], data["likeness"], tuple(data["why"]), _locator_back(data["at"]))


def _cell(cell: Cell) -> dict[str, Any]:
    value = {"decimal": str(cell.value)} if isinstance(cell.value, Decimal) else cell.value
    return {
        "id": cell.id,
        "state": cell.state.value,
        "value": value,
        "raw": cell.raw,
        "how": cell.how.value,
        "at": cell.at.as_json() if cell.at is not None else None,
        "unit": cell.unit,
    }


_STATES = {state.value: state for state in State}
_HOWS = {how.value: how for how in How}


def _cell_back(data: dict[str, Any]) -> Cell:
    """The part of a re-audit that is done two hundred times a report: by position and by look-up."""
    value = data["value"]
    return Cell(
        data["id"],
        _STATES[data["state"]],
        Decimal(value["decimal"]) if isinstance(value, dict) else value,
        data["raw"],
        _HOWS[data["how"]],
        _locator_back(data["at"]),
        data["unit"],
    )


def _trouble(trouble: Trouble) -> dict[str, Any]:
    at = trouble.at.as_json() if trouble.at is not None else None
    return {"kind": trouble.kind, "where": trouble.where, "detail": trouble.detail, "at": at}


def _trouble_back(data: dict[str, Any]) -> Trouble:
    return Trouble(data["kind"], data["where"], data["detail"], _locator_back(data["at"]))


def _locator_back(data: dict[str, Any] | None) -> Locator | None:
    if data is None:
        return None
    of = data.get
    if (box := of("box")) is not None:
        return Locator(of("table"), of("row"), of("cell"), of("page"), tuple(box))
    return _place(of("table"), of("row"), of("cell"), of("page"))


@lru_cache(maxsize=8192)
def _place(table: int | None, row: int | None, cell: int | None, page: int | None) -> Locator:
    """A place without a box is the same in many reports, for their tables are alike."""
    return Locator(table, row, cell, page)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None

"""Documents out of the store: the findings of a year by organisation, each with its state and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from audit.report import Report
from audit.serialise import report_from_json
from nianshen.export.document import Document, Line, finding_of
from nianshen.store import Unit
from nianshen.store.exports import Exported


@dataclass(frozen=True, slots=True)
class Organ:
    """An organisation of the configuration: its name, its status and the address of its report as they stand."""

    name: str
    status: str = ""
    url: str | None = None


def of_store(unit: Unit, year: int, organs: Mapping[str, Organ]) -> Iterator[Document]:
    """One document per organisation that has findings in the year, resolved ones too; nothing is held in memory."""
    for organisation, group in groupby(unit.exports.of_year(year), key=lambda one: one.row.organisation):
        lines = tuple(map(_line, group))
        organ = organs.get(organisation, Organ(organisation))
        url = organ.url or next((line.url for line in lines if line.url), None)
        yield Document(
            source=url or organisation,
            outcome=organ.status,
            lines=lines,
            organisation=organisation,
            agency=organ.name,
            year=year,
            sha256=next((line.sha256 for line in lines if line.sha256), None),
        )


def with_reports(unit: Unit, year: int, organs: Mapping[str, Organ]) -> Iterator[Document]:
    """The same with the report as last read where something is open, and with the organisations that have nothing."""
    seen = set()
    for document in of_store(unit, year, organs):
        seen.add(document.organisation)
        is_open = any(line.state == "open" for line in document.lines)
        yield replace(document, report=_report(unit, document.organisation, year)) if is_open else document
    for organisation, organ in organs.items():
        if organisation not in seen:
            yield Document(organ.url or organisation, organ.status, (), organisation, organ.name, year)


def _report(unit: Unit, organisation: str | None, year: int) -> Report | None:
    row = unit.readings.latest(organisation, year) if organisation else None
    return report_from_json(row["document"]) if row and row["document"] else None


def _line(one: Exported) -> Line:
    row = one.row
    return Line(
        finding=finding_of(row.document),
        state=row.standing,
        reason=row.decision_reason,
        sha256=one.sha256,
        captured_at=one.captured_at,
        url=one.url,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        resolved_at=row.resolved_at,
    )

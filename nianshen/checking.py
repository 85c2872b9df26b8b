"""``check``: one file to one document of CONTRACT section 3. No configuration, no database, no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from audit.context import Context
from audit.engine import Judgement, judge, outcome_of
from audit.reading import NotAReport, UnreadableDocument, detect, read
from audit.report import Report
from audit.rules.registry import OFF_BY_DEFAULT
from nianshen.calendar import Calendar
from nianshen.converting import readable
from nianshen.explaining import explain_json

SCHEMA = "nianshen.check/1"
MOST_BYTES = 50 * 2**20


@dataclass(frozen=True, slots=True)
class Request:
    """What the user told beside the file; None means: take what the document says. ``today`` tells what is due."""

    year: int | None = None
    agency: str | None = None
    published: date | None = None
    kind: str | None = None
    previous: Report | None = None
    today: date | None = None
    select: Collection[str] = ()
    ignore: Collection[str] = ()
    allow_private: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """One checked document: what was read, what was judged, or why neither."""

    source: str
    sha256: str | None
    media: str | None
    report: Report | None = None
    judgement: Judgement | None = None
    outcome: str = "unreadable"
    error: Mapping[str, Any] | None = None

    def as_json(self, *, explain: bool = False) -> dict[str, Any]:
        """A document of the schema ``nianshen.check/1``; ``explain`` adds to the report how it was read."""
        judged = self.judgement
        return {
            "source": self.source,
            "sha256": self.sha256,
            "media": self.media,
            "outcome": self.outcome,
            "report": _report_json(self.report, explain=explain) if self.report else None,
            "findings": [finding.as_json() for finding in judged.findings] if judged else [],
            "not_judged": [rule.as_json() for rule in judged.not_judged] if judged else [],
            "error": dict(self.error) if self.error else None,
        }


def check(
    data: bytes, source: str, request: Request, *, url: str | None = None, headers: Mapping[str, str] | None = None
) -> Checked:
    """Read and judge one file. Never raises for what the file holds: that is the document's outcome and error."""
    sha256 = hashlib.sha256(data).hexdigest()
    if len(data) > MOST_BYTES:
        return unreadable(
            source,
            "too_large",
            "文件超过 50 MB，不像一份年度报告",
            "the file is over 50 MB, unlike a yearly report",
            sha256,
        )
    media = detect(data)
    try:
        report = read(readable(data), url=url, headers=headers)
    except UnreadableDocument as error:
        return unreadable(source, error.reason, error.message["zh"], error.message["en"], sha256, media)
    except NotAReport as error:
        found = unreadable(source, "not_a_report", error.message["zh"], error.message["en"], sha256, media)
        return replace(found, outcome="not_a_report")
    report = replace(report, year=request.year or report.year, agency=request.agency or report.agency)
    ignore = (*request.ignore, *(() if request.select else OFF_BY_DEFAULT))
    judgement = judge(report, _context(report, request), select=request.select, ignore=ignore)
    return Checked(source, sha256, media, report, judgement, outcome_of(report, judgement))


def unreadable(
    source: str, code: str, zh: str, en: str, sha256: str | None = None, media: str | None = None
) -> Checked:
    """A document that could not be read, with the reason in both languages."""
    return Checked(source, sha256, media, error={"code": code, "message": {"zh": zh, "en": en}})


def _context(report: Report, request: Request) -> Context:
    due = Calendar().due(request.kind, report.year) if request.kind and report.year else None
    return Context(
        organisation=report.agency or "",
        name=report.agency,
        kind=request.kind,
        year=report.year,
        due=due.date if due else None,
        due_basis=due.basis if due else "",
        rest_day_until=due.rest_day_until if due else None,
        published=request.published,
        previous=request.previous,
        today=request.today,
    )


def _report_json(report: Report, *, explain: bool) -> dict[str, Any]:
    dates = report.dates
    names = ("declared", "signed", "url", "last_modified")
    return {
        "agency": report.agency,
        "year": report.year,
        "title": report.title,
        "form": report.form,
        "dates": {name: day.isoformat() if (day := getattr(dates, name)) else None for name in names},
        "sections": {
            key: {"present": section.present, "heading": section.heading, "characters": section.characters}
            for key, section in report.sections.items()
        },
        "tables": {
            name: {"shape": table.shape, "confidence": table.confidence} for name, table in report.tables.items()
        },
        "cells": {key: cell.as_json() for key, cell in report.cells.items()},
        **({"explain": explain_json(report)} if explain else {}),
    }

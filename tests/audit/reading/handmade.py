"""Pages put together by hand: a report whose tables, headings or frame a test lays out in its own way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from audit.form import TABLES
from audit.reading import read
from audit.report import Report, State
from nianshen.demo import narrative
from nianshen.demo.layout import Box, Rows, official_tables
from nianshen.demo.narrative import Publication
from nianshen.demo.pages import HEADINGS, spans
from tests.generator import publication

REPORT = publication(random.Random(11), "2021", activity=400)
OLD_REPORT = publication(random.Random(12), "2019", activity=400)


def rows(name: str, report: Publication = REPORT) -> Rows:
    """A table of the report as the annex prints it."""
    return official_tables(report.form, report.printed)[name]


def table(lines: Iterable[Sequence[Box]]) -> str:
    return "<table>" + "".join(f"<tr>{''.join(map(_cell, line))}</tr>" for line in lines) + "</table>"


def _cell(box: Box) -> str:
    return f"<td{spans(box)}>{escape(box.text)}</td>"


def copied(lines: Rows) -> list[list[Box]]:
    """Without merged cells: their text stands in every cell, as a spreadsheet writes it."""
    taken: dict[tuple[int, int], Box] = {}
    for y, line in enumerate(lines):
        x = 0
        for box in line:
            while (y, x) in taken:
                x += 1
            for down in range(box.rowspan):
                taken.update({(y + down, x + right): Box(box.text) for right in range(box.colspan)})
    width = 1 + max(x for _, x in taken)
    return [[taken[y, x] for x in range(width)] for y in range(len(lines))]


def page(
    report: Publication = REPORT,
    *,
    tables: Mapping[str, str] | None = None,
    headings: Sequence[str] = HEADINGS,
    title: str | None = None,
    top: str = "",
    tail: str = "",
) -> bytes:
    """A plain page. ``tables`` by name replace those of the annex.

    ``top`` stands under the title, ``tail`` at the end.
    """
    own = {name: table(rows(name, report)) for name in TABLES} | dict(tables or {})
    parts = [
        _paragraphs(narrative.overview(report)),
        *(own[name] for name in TABLES),
        _paragraphs(narrative.problems(report)),
        _paragraphs(narrative.other_matters(report)),
    ]
    body = "".join(f"<p>{heading}</p>{part}" for heading, part in zip(headings, parts, strict=True))
    name = report.title if title is None else title
    preamble = _paragraphs(narrative.preamble(report))
    return f"<html><head><title>{name}</title></head><body><h1>{name}</h1>{top}{preamble}{body}{tail}</body>".encode()


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def differences(found: Report, report: Publication = REPORT) -> tuple[list[str], list[str]]:
    """Cells that claim another number than was printed, and cells that were not read."""
    unread = {State.UNREADABLE, State.ABSENT}
    cells = {key: found.cell(key) for key in report.figures}
    wrong = [
        key
        for key, cell in cells.items()
        if cell.state not in unread and (cell.value if cell.state is State.VALUE else None) != report.figures[key]
    ]
    return wrong, [key for key, cell in cells.items() if cell.state in unread]


def whole(data: bytes, report: Publication = REPORT) -> bool:
    """Whether every cell of the page was read, and read right."""
    return differences(read(data), report) == ([], [])

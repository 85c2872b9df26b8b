"""Invented documents of the size that real ones have: pages pasted out of a word processor, and their PDF."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from nianshen.demo import narrative, pages
from nianshen.demo.layout import Box, Rows, official_tables
from nianshen.demo.narrative import Publication
from tests import generator
from tests.audit.reading.pdf_writer import Sheet, write_pdf

_RUN = re.compile(r"(<span)[^>]*>([^<]+)</span>")
_LEFT, _WIDTH, _HEIGHT, _LINE = 40.0, 515.0, 1190.0, 16.0


def word_page(seed: int) -> bytes:
    """A report of about 113 KiB with 3,000 elements, 279 of them cells, the rest paragraphs and runs of characters."""
    html = generator.page(_report(seed), "word")
    return _RUN.sub(_runs, html).encode()


def report_pdf(seed: int) -> bytes:
    """The same report as a PDF: paragraphs, headings and three ruled tables with merged cells."""
    report = _report(seed)
    tables = official_tables(report.form, report.printed)
    printer = _Printer()
    printer.say(report.title)
    for text in narrative.preamble(report):
        printer.say(text)
    contents: Sequence[Sequence[str] | Rows] = (
        narrative.overview(report),
        *tables.values(),
        narrative.problems(report),
        narrative.other_matters(report),
    )
    for heading, content in zip(pages.HEADINGS, contents, strict=True):
        printer.say(heading)
        for item in content:
            if isinstance(item, str):
                printer.say(item)
        if content and not isinstance(content[0], str):
            printer.draw(content)  # type: ignore[arg-type]
    return write_pdf(*printer.sheets)


def _report(seed: int) -> Publication:
    return generator.publication(random.Random(seed), "2021", activity=400)


def _runs(match: re.Match[str]) -> str:
    """Every two characters in a run of their own, as the word processor marks them after a few edits."""
    text = match[2].replace("&nbsp;", "\xa0")
    runs = (text[start : start + 2] for start in range(0, len(text), 2))
    return "".join(f'<font face="仿宋"><span lang="EN-US">{run}</span></font>' for run in runs)


class _Printer:
    """Puts lines and tables one under the other, on a new tall page where the next does not fit."""

    def __init__(self) -> None:
        self.sheets = [Sheet(height=_HEIGHT)]
        self._y = 60.0

    def say(self, text: str) -> None:
        for start in range(0, len(text), 40):
            self._make_room(_LINE)
            self.sheets[-1].text(_LEFT, self._y, text[start : start + 40])
            self._y += _LINE

    def draw(self, rows: Rows) -> None:
        """A table with merged cells, every row as high as its text needs."""
        widths = _widths(sum(box.colspan for box in rows[0]))
        edges = [_LEFT + sum(widths[:column]) for column in range(len(widths) + 1)]
        placed = [
            (box, row, column, _lines(box.text, edges, column, box.colspan)) for box, row, column in _places(rows)
        ]
        tops = [0.0]
        for number in range(len(rows)):
            lines = [len(text) for box, row, _, text in placed if row == number and box.rowspan == 1]
            tops.append(tops[-1] + 14 * max(lines) + 6)
        self._make_room(tops[-1])
        for box, row, column, text in placed:
            right, bottom = edges[column + box.colspan], self._y + tops[row + box.rowspan]
            self.sheets[-1].cell(edges[column], self._y + tops[row], right, bottom, "\n".join(text))
        self._y += tops[-1]

    def _make_room(self, height: float) -> None:
        if self._y + height > _HEIGHT - 40:
            self.sheets.append(Sheet(height=_HEIGHT))
            self._y = 60.0


def _places(rows: Rows) -> Iterator[tuple[Box, int, int]]:
    """Every box with the row and the column it begins in."""
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(rows):
        column = 0
        for box in row:
            while (number, column) in taken:
                column += 1
            taken |= {(number + y, column + x) for y in range(box.rowspan) for x in range(box.colspan)}
            yield box, number, column


def _widths(columns: int) -> list[float]:
    """Wide columns for the labels of table 3, even ones elsewhere."""
    return [70.0, 90.0, 145.0, *[30.0] * 7] if columns == 10 else [_WIDTH / columns] * columns


def _lines(text: str, edges: Sequence[float], column: int, colspan: int) -> list[str]:
    letters = max(1, int((edges[column + colspan] - edges[column] - 6) / 10))
    return [text[start : start + letters] for start in range(0, len(text), letters)] or [""]

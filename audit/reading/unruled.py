"""Tables without ruled lines: rows of numbers that stand in columns, found by where they are printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.reading.document import Grid, RawCell
from audit.reading.glyphs import Line, line_of
from audit.report import Locator

_VALUE = re.compile(r"[-+−]?\d[\d,，]*(?:\.\d+)?|[-—/／]|无")
_LEAST_ROWS = 3
_LEAST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """A printed line cut at its wide gaps: words on the left, values on the right."""

    line: Line
    labels: tuple[Line, ...]
    values: tuple[Line, ...]

    @property
    def is_data(self) -> bool:
        return len(self.values) >= _LEAST_COLUMNS


def unruled_tables(lines: Sequence[Line], page: int, first_table: int = 0) -> tuple[list[Grid], list[Line]]:
    """Grids of the runs of number rows that share their columns, and the lines that belong to none.

    A label over several lines goes to the nearest row of numbers; a value goes to the column under which it is printed.
    """
    rows = [_cut(line) for line in lines]
    grids: list[Grid] = []
    rest: list[Line] = []
    start = 0
    while start < len(rows):
        end = _run_end(rows, start)
        run = rows[start:end]
        if sum(row.is_data for row in run) >= _LEAST_ROWS:
            grids.append(_grid(run, page, first_table + len(grids)))
        else:
            end = start + 1
            rest.append(rows[start].line)
        start = end
    return grids, rest


def _cut(line: Line) -> _Row:
    groups = [[line.glyphs[0]]]
    for before, glyph in zip(line.glyphs, line.glyphs[1:], strict=False):
        if glyph.x0 - before.x1 > 0.9 * max(before.size, glyph.size):
            groups.append([])
        groups[-1].append(glyph)
    parts = [line_of(group) for group in groups]
    first = len(parts)
    while first and _VALUE.fullmatch(parts[first - 1].text):
        first -= 1
    return _Row(line, tuple(parts[:first]), tuple(parts[first:]))


def _run_end(rows: Sequence[_Row], start: int) -> int:
    """The end of the rows of numbers that begin at ``start``; label lines between them (two at most) belong to it."""
    if not rows[start].is_data:
        return start + 1
    end, place = start + 1, start + 1
    while place < len(rows) and place - end < 3:
        if rows[place].is_data:
            if not _same_columns(rows[start], rows[place]):
                break
            end = place + 1
        place += 1
    return end


def _same_columns(one: _Row, other: _Row) -> bool:
    """Most values of the shorter row stand under values of the longer one."""
    short, long = sorted((one.values, other.values), key=len)
    hits = sum(any(abs(_centre(a) - _centre(b)) < max(a.size, b.size) for b in long) for a in short)
    return hits >= 0.7 * len(short)


def _grid(run: Sequence[_Row], page: int, table: int) -> Grid:
    data = [row for row in run if row.is_data]
    centres = [_centre(value) for value in max((row.values for row in data), key=len)]
    words: list[list[str]] = [[] for _ in data]
    for row in run:
        nearest = min(range(len(data)), key=lambda index: abs(data[index].line.middle - row.line.middle))
        text = " ".join(part.text for part in row.labels + (() if row.is_data else row.values))
        if text:
            words[nearest].append(text)
    rows = []
    for number, (row, label) in enumerate(zip(data, words, strict=True)):
        texts = ["\n".join(label), *_placed(row.values, centres)]
        rows.append(
            tuple(RawCell(text, at=Locator(table, number, i, page, row.line.box)) for i, text in enumerate(texts))
        )
    box = run[0].line.x0, run[0].line.top, run[-1].line.x1, run[-1].line.bottom
    return Grid(tuple(rows), Locator(table=table, page=page, box=tuple(round(edge, 1) for edge in box)))  # type: ignore[arg-type]


def _placed(values: Sequence[Line], centres: Sequence[float]) -> list[str]:
    texts = [""] * len(centres)
    for value in values:
        column = min(range(len(centres)), key=lambda index: abs(centres[index] - _centre(value)))
        texts[column] = f"{texts[column]} {value.text}".strip()
    return texts


def _centre(line: Line) -> float:
    return (line.x0 + line.x1) / 2

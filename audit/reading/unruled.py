"""Tables without ruled lines: rows of numbers that stand in columns, found by where they are printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.reading.document import Grid, RawCell
from audit.reading.glyphs import Box, Line, line_of
from audit.report import Locator

_VALUE = re.compile(r"[-+−]?[\d\ufffd][\d,，\ufffd]*(?:\.\d+)?|[-—/／]|无")
_GROUP = re.compile("[（(][一二三四五六七八九十]+[）)]")
_UNREADABLE = "\ufffd"
_ITEM = re.compile(r"第二十条第")
_LEAST_ROWS = 3
_LEAST_COLUMNS = 3
# The only table of the form with a single row of figures has fifteen of them.
_SINGLE_ROW = 15
_MOST_LABEL_LINES = 6
_WIDE_ROW = 6
"""Figures behind a label that make a line a row of a table, though it stands alone: a page break left it so."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A printed line cut at its wide gaps: words on the left, values on the right."""

    line: Line
    labels: tuple[Line, ...]
    values: tuple[Line, ...]

    @property
    def is_data(self) -> bool:
        return len(self.values) >= _LEAST_COLUMNS

    @property
    def is_wide(self) -> bool:
        return len(self.values) >= (_WIDE_ROW if self.labels else _SINGLE_ROW)

    @property
    def is_listed(self) -> bool:
        return len(self.labels) == 1 and bool(self.values)

    @property
    def is_header(self) -> bool:
        return not self.values and (len(self.labels) > 1 or bool(_ITEM.match(self.line.text)))


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
        if sum(row.is_data for row in run) >= _LEAST_ROWS or run[0].is_wide:
            grids.append(_grid(run, page, first_table + len(grids)))
        elif (end := _listing_end(rows, start)) > start:
            grids.append(_listing(rows[start:end], page, first_table + len(grids)))
        else:
            end = start + 1
            rest.append(rows[start].line)
        start = end
    return grids, rest


def _cut(line: Line) -> _Row:
    groups = [[line.glyphs[0]]]
    for before, glyph in zip(line.glyphs, line.glyphs[1:], strict=False):
        # A figure may stand close behind a long label or a figure; the digits of an ordinal stand before the words.
        is_figure = glyph.text.isdecimal() or bool(_VALUE.fullmatch(glyph.text) and _VALUE.fullmatch(before.text))
        wide = 0.3 if is_figure else 0.9
        if glyph.x0 - before.x1 > wide * max(before.size, glyph.size):
            groups.append([])
        groups[-1].append(glyph)
    parts = [line_of(group) for group in groups]
    first = len(parts)
    while first and _VALUE.fullmatch(parts[first - 1].text):
        first -= 1
    return _Row(line, tuple(parts[:first]), tuple(parts[first:]))


def _run_end(rows: Sequence[_Row], start: int) -> int:
    """The end of the rows of numbers that begin at ``start``; label lines between them belong to it.

    Two at most, more between wide rows: a narrow column breaks a label into many lines.
    """
    if not rows[start].is_data:
        return start + 1
    end, place = start + 1, start + 1
    most = _MOST_LABEL_LINES if rows[start].is_wide else 2
    while place < len(rows) and place - end <= most and _is_beside(rows[place], rows[start]):
        if rows[place].is_data:
            if not _same_columns(rows[start], rows[place]):
                break
            end = place + 1
        place += 1
    return end


def _is_beside(row: _Row, data: _Row) -> bool:
    """Figures, or words that stand to the left of them; a header or a paragraph stands above or below them."""
    return bool(row.values) or row.line.x1 < data.values[0].x1 or not data.is_wide


def _listing_end(rows: Sequence[_Row], start: int) -> int:
    """The end of a listing that begins at ``start`` (the first table of the form): headers over labels with values.

    Two labels with values are needed and a header or item line among them; ``start`` itself if there is no listing.
    """
    end = start
    while end < len(rows) and (rows[end].is_listed or rows[end].is_header):
        if rows[end].is_wide or _run_end(rows, end) - end >= _LEAST_ROWS:
            break
        end += 1
    listed = sum(row.is_listed for row in rows[start:end])
    return end if 2 <= listed < end - start else start


def _listing(run: Sequence[_Row], page: int, table: int) -> Grid:
    """The parts of each line as its cells: in which column a value is missing cannot be told, so none is placed."""
    rows = []
    for number, row in enumerate(run):
        parts = row.labels + row.values
        cells = [RawCell(part.text, at=Locator(table, number, i, page, part.box)) for i, part in enumerate(parts)]
        rows.append(tuple(cells))
    return Grid(tuple(rows), Locator(table=table, page=page, box=_around([row.line for row in run])))


def _same_columns(one: _Row, other: _Row) -> bool:
    """Most values of the shorter row stand under values of the longer one."""
    short, long = sorted((one.values, other.values), key=len)
    hits = sum(any(abs(_centre(a) - _centre(b)) < max(a.size, b.size) for b in long) for a in short)
    return hits >= 0.7 * len(short)


def _grid(run: Sequence[_Row], page: int, table: int) -> Grid:
    """Rows of figures under their columns; a line without any is part of the label of the row nearest to it."""
    centres = [_centre(value) for value in max((row.values for row in run if row.is_data), key=len)]
    placed = [_placed(row, centres) for row in run]
    data = [(row, cells) for row, cells in zip(run, placed, strict=True) if any(cells[1:])]
    words: list[list[str]] = [[] for _ in data]
    for row, cells in zip(run, placed, strict=True):
        nearest = min(range(len(data)), key=lambda index: abs(data[index][0].line.middle - row.line.middle))
        if cells[0]:
            words[nearest].append(cells[0])
    rows = []
    for number, ((row, cells), label) in enumerate(zip(data, words, strict=True)):
        # The label of a group is printed beside its items, so that it may come between the lines of one.
        label.sort(key=lambda text: not _GROUP.match(text))
        texts = ["\n".join(label), *cells[1:]][0 if any(words) else 1 :]
        rows.append(
            tuple(RawCell(text, at=Locator(table, number, i, page, row.line.box)) for i, text in enumerate(texts))
        )
    return Grid(tuple(rows), Locator(table=table, page=page, box=_around([row.line for row in run])))


def _around(lines: Sequence[Line]) -> Box:
    x0, x1 = min(line.x0 for line in lines), max(line.x1 for line in lines)
    return round(x0, 1), round(lines[0].top, 1), round(x1, 1), round(lines[-1].bottom, 1)


def _placed(row: _Row, centres: Sequence[float]) -> list[str]:
    """The words before the first column, then what is printed under each column, be it a figure or not.

    Where the words run into the first column, what stands there cannot be told from them; nor can two figures under
    one column, be they two or one with a gap in it.
    """
    texts = [""] * (len(centres) + 1)
    reach = min((b - a for a, b in pairwise(centres)), default=0.0) / 2
    for part in row.labels + row.values:
        column = 0
        if part in row.values or part.x0 > centres[0] - reach:
            column = 1 + min(range(len(centres)), key=lambda index: abs(centres[index] - _centre(part)))
        two = texts[column] and part in row.values
        texts[column] = _UNREADABLE if two else f"{texts[column]} {part.text}".strip()
        if not column and part.x1 > centres[0] - part.size / 2:
            texts[1] = _UNREADABLE
    return texts


def _centre(line: Line) -> float:
    return (line.x0 + line.x1) / 2

"""Tables without ruled lines: rows of numbers that stand in columns, found by where they are printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from audit.reading.document import Grid, RawCell
from audit.reading.glyphs import Box, Line, line_of
from audit.report import Locator

_VALUE = re.compile(r"[-+−]?[\d\ufffd][\d,，\ufffd]*(?:\.\d+)?|[-—/／]|无")
_GROUP = re.compile("[（(][一二三四五六七八九十]+[）)]")
_UNREADABLE = "\ufffd"
_ITEM = re.compile(r"第二十条第")
_NUMBERED = re.compile(r"(?:^|\s)\d{1,2}[.．、]\D")
_BESIDE, _APART = 0.3, 0.25
"""Of the distance of two columns: how far a figure may stand from its own, and how much nearer than to the next."""
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


@dataclass(frozen=True, slots=True)
class _Column:
    """Where the figures of a column begin, have their middle and end, in points: one of the three is shared by all."""

    left: float
    centre: float
    right: float

    def distance(self, part: Line) -> float:
        """How far from this column a figure is printed, whichever way the column is aligned."""
        return min(abs(part.x0 - self.left), abs(_centre(part) - self.centre), abs(part.x1 - self.right))


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
    """Rows of figures under their columns; a line without any is part of the label of the row nearest to it.

    A numbered line beside a row that has its own number is a row left blank. Where a row without one comes by two, it
    cannot be told whose figures these are.
    """
    columns = _columns(run)
    placed = [(row, _placed(row, columns)) for row in run]
    figured = [(row, cells) for row, cells in placed if any(cells[1:])]

    def nearest(row: _Row) -> tuple[_Row, list[str]]:
        return min(figured, key=lambda other: abs(other[0].line.middle - row.line.middle))

    blank = [
        (row, cells)
        for row, cells in placed
        if not any(cells[1:]) and _NUMBERED.search(cells[0]) and _NUMBERED.search(nearest(row)[1][0])
    ]
    words: dict[float, list[str]] = {}
    for row, cells in placed:
        own = row if any(cells[1:]) or (row, cells) in blank else nearest(row)[0]
        if cells[0]:
            words.setdefault(own.line.middle, []).append(cells[0])
    data = sorted(figured + blank, key=lambda one: one[0].line.middle)
    rows = []
    for number, (row, cells) in enumerate(data):
        label = words.get(row.line.middle, [])
        if sum(len(_NUMBERED.findall(text)) for text in label) > 1:
            cells[1:] = [_UNREADABLE] * len(columns)
        # The label of a group is printed beside its items, so that it may come between the lines of one.
        label.sort(key=lambda text: not _GROUP.match(text))
        texts = ["\n".join(label), *cells[1:]][0 if words else 1 :]
        rows.append(
            tuple(RawCell(text, at=Locator(table, number, i, page, row.line.box)) for i, text in enumerate(texts))
        )
    return Grid(tuple(rows), Locator(table=table, page=page, box=_around([row.line for row in run])))


def _around(lines: Sequence[Line]) -> Box:
    x0, x1 = min(line.x0 for line in lines), max(line.x1 for line in lines)
    return round(x0, 1), round(lines[0].top, 1), round(x1, 1), round(lines[-1].bottom, 1)


def _columns(run: Sequence[_Row]) -> list[_Column]:
    """Where the columns stand, as the rows with a figure in each of them say together."""
    most = max(len(row.values) for row in run if row.is_data)
    full = [row.values for row in run if len(row.values) == most]
    return [
        _Column(*(median(edge(values[n]) for values in full) for edge in (_left, _centre, _right))) for n in range(most)
    ]


def _placed(row: _Row, columns: Sequence[_Column]) -> list[str]:
    """The words before the first column, then what is printed under each column, be it a figure or not.

    Where the words run into the first column, what stands there cannot be told from them. A row with a figure for every
    column has them in order; in any other, a figure between two columns leaves both unread, and two figures under one
    column leave it and those beside it unread, be they two or one with a gap in it.
    """
    reach = min((b.centre - a.centre for a, b in pairwise(columns)), default=0.0)
    words = [part for part in row.labels if part.x0 <= columns[0].centre - reach / 2]
    figures = [part for part in row.labels + row.values if part not in words]
    texts = [" ".join(part.text for part in words), *[""] * len(columns)]
    lost: set[int] = set()
    if len(figures) == len(columns):
        texts[1:] = [part.text for part in figures]
    else:
        for part in figures:
            near, next_best, *_ = sorted(range(len(columns)), key=lambda n: columns[n].distance(part))
            off, other = (columns[n].distance(part) for n in (near, next_best))
            if part in row.values and (off > _BESIDE * reach or other - off < _APART * reach):
                lost |= {near, next_best}
            if texts[1 + near]:
                lost |= {near - 1, near, near + 1} if part in row.values else set()
            texts[1 + near] = f"{texts[1 + near]} {part.text}".strip()
    if any(part.x1 > columns[0].centre - part.size / 2 for part in words):
        lost.add(0)
    return texts[:1] + [_UNREADABLE if n in lost else text for n, text in enumerate(texts[1:])]


def _left(part: Line) -> float:
    return part.x0


def _right(part: Line) -> float:
    return part.x1


def _centre(line: Line) -> float:
    return (line.x0 + line.x1) / 2

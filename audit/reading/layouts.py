"""Tables laid out in another way than the annex prints them, turned into its way. Figures are moved, never counted.

Each turn is taken only where the labels leave no other way; a grid that fits none is returned as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from rapidfuzz.distance import Indel

from audit.form import IDS, load
from audit.reading.document import Grid, RawCell
from audit.reading.number import label, normalise, read_cell
from audit.report import State

Line = tuple[RawCell, ...]

DISPUTE_GROUPS = {
    "行政复议": "review",
    "未经复议直接起诉": "direct_suit",
    "未经复议直接提起诉讼": "direct_suit",
    "复议后起诉": "suit_after_review",
    "经复议后起诉": "suit_after_review",
    "复议后提起诉讼": "suit_after_review",
}
"""Labels of the three groups of table 4 and the rows of the form they name."""

_MOST_WIDTH = 64
_RESULTS = 5
_APART = re.compile(r"(?P<name>[^\d\s:：()（）]{2,5})[\s:：]*[(（]?(?P<figure>[\d,]+)[)）]?\s*件?")


def usual(grid: Grid) -> Grid:
    """The grid in the layout of the annex: one label a row, one label a column, one figure a cell."""
    apart = _figures_apart(_with_totals(grid))
    for turn in (_upright_disputes, _turned):
        if lines := turn(apart.rows):
            return replace(apart, rows=tuple(lines))
    return apart


def expanded(lines: Sequence[Line]) -> list[list[RawCell]] | None:
    """The lines with every span filled by its cell (HTML table model); None unless they make a rectangle."""
    taken: dict[tuple[int, int], RawCell] = {}
    for y, line in enumerate(lines):
        x = 0
        for cell in line:
            while (y, x) in taken:
                x += 1
            for down in range(min(cell.rowspan, len(lines) - y)):
                for right in range(min(cell.colspan, _MOST_WIDTH)):
                    if (y + down, x + right) in taken:
                        return None  # spans that overlap say nothing about places
                    taken[y + down, x + right] = cell
    width = 1 + max((x for _, x in taken), default=-1)
    if len(taken) != width * len(lines):
        return None
    return [[taken[y, x] for x in range(width)] for y in range(len(lines))]


@cache
def dispute_results() -> dict[str, str]:
    """Labels of the five results of table 4 and their column ids."""
    columns = load("2021").tables["disputes"].columns
    return {label(name): column.id for column in columns for name in (column.label, *column.aliases)}


@lru_cache(maxsize=1024)
def result_of(word: str) -> str | None:
    """The column of table 4 a label names, one wrong character in four forgiven."""
    names = dispute_results()
    if word in names:
        return names[word]
    alike = {names[name] for name in names if len(name) >= 4 and Indel.normalized_similarity(word, name) >= 0.75}
    return alike.pop() if len(alike) == 1 else None


def _with_totals(grid: Grid) -> Grid:
    """合计 beside the other four results, wherever they stand, is their 总计; one over all groups is not."""
    words = Counter(label(cell.text) for line in grid.rows for cell in line)
    if not words["合计"] or words["合计"] != words["结果维持"] or words["总计"]:
        return grid
    return replace(
        grid,
        rows=tuple(
            tuple(replace(cell, text="总计") if label(cell.text) == "合计" else cell for cell in line)
            for line in grid.rows
        ),
    )


def _figures_apart(grid: Grid) -> Grid:
    """Cells such as 结果维持 0, label and figure in one: a row of labels and a row of figures."""
    lines: list[Line] = []
    for line in grid.rows:
        parts = [_result_and_figure(cell) for cell in line]
        if sum(part is not None for part in parts) < _RESULTS:
            lines.append(line)
            continue
        pairs = list(zip(line, parts, strict=True))
        lines.append(tuple(part[0] if part else replace(cell, text="") for cell, part in pairs))
        lines.append(tuple(part[1] if part else cell for cell, part in pairs))
    return replace(grid, rows=tuple(lines)) if len(lines) != len(grid.rows) else grid


def _result_and_figure(cell: RawCell) -> tuple[RawCell, RawCell] | None:
    match = _APART.fullmatch(" ".join(normalise(cell.text).split()))
    if not match or label(match["name"]) not in dispute_results():
        return None
    return replace(cell, text=match["name"]), replace(cell, text=match["figure"])


# --- table 4 upright: a line for each result -------------------------------------------------------------------------


def _upright_disputes(lines: Sequence[Line]) -> list[Line] | None:
    """One line for each result, the figure behind it: as one row a group under a header of results."""
    found: list[tuple[str | None, str, RawCell, RawCell]] = []
    group: RawCell | None = None
    for line in lines:
        cells = [cell for cell in line if cell.text.strip()]
        named = next((cell for cell in cells if label(cell.text) in DISPUTE_GROUPS), None)
        group = named or group
        if len(cells) >= 2 and (result := _result(cells[-2], group)):
            result_group, column = result
            if len(line) > 4 or read_cell(cells[-1].text).state is not State.VALUE:
                return None
            found.append((result_group, column, cells[-2], cells[-1]))
        elif any(_result(cell, group) for cell in cells) and len(cells) == len(line):
            return None  # a result without its figure, or a header across
    return _as_rows(found)


def _result(cell: RawCell, group: RawCell | None) -> tuple[str | None, str] | None:
    """The group and the column a label such as 结果维持 or 行政复议—结果维持 names."""
    text, results = label(cell.text), dispute_results()
    if text in results:
        return (DISPUTE_GROUPS[label(group.text)] if group else None), results[text]
    for name, target in DISPUTE_GROUPS.items():
        if text.startswith(name) and text[len(name) :] in results:
            return target, results[text[len(name) :]]
    return None


def _as_rows(found: Sequence[tuple[str | None, str, RawCell, RawCell]]) -> list[Line] | None:
    """A header of results and one row for each group; None unless every group has each of its results once."""
    size, groups = _RESULTS, [row.id for row in load("2021").tables["disputes"].rows]
    if not found or len(found) % size:
        return None
    blocks = [found[n : n + size] for n in range(0, len(found), size)]
    if any(len({column for _, column, _, _ in block}) != size for block in blocks):
        return None
    owners = [{owner for owner, *_ in block} for block in blocks]
    if any(len(owner) != 1 for owner in owners) or len({column for _, column, _, _ in blocks[0]}) != size:
        return None
    named = [next(iter(owner)) for owner in owners]
    if named == [None] * len(groups):
        named = list(groups)  # fifteen results in the order of the form, as a row of fifteen figures is
    if None in named or len(set(named)) != len(named):
        return None
    printed = {target: name for name, target in reversed(DISPUTE_GROUPS.items())}
    results = {column: name for name, column in reversed(dispute_results().items())}
    lines: list[Line] = []
    for target, block in zip(named, blocks, strict=True):
        empty, owner = _as(block[0][2], ""), _as(block[0][2], printed[str(target)])
        lines.append((empty, *(_as(name, results[column]) for _, column, name, _ in block)))
        lines.append((owner, *(_as(figure, figure.text) for *_, figure in block)))
    return lines


def _as(cell: RawCell, text: str) -> RawCell:
    return replace(cell, text=text, colspan=1, rowspan=1)


# --- rows and columns exchanged --------------------------------------------------------------------------------------


def _turned(lines: Sequence[Line]) -> list[Line] | None:
    """Rows of the form printed as columns: turned over, if the grid is a whole rectangle and no figure is merged."""
    if not _looks_turned(lines):
        return None
    grid = expanded(lines)
    if grid is None or any(
        (cell.colspan > 1 or cell.rowspan > 1) and read_cell(cell.text).state is not State.TEXT and cell.text.strip()
        for line in lines
        for cell in line
    ):
        return None
    return [tuple(_once(column)) for column in zip(*grid, strict=True)]


def _once(cells: Sequence[RawCell]) -> Iterator[RawCell]:
    """Cells without the copies a span left."""
    for n, cell in enumerate(cells):
        if n and cell is cells[n - 1] and (cell.colspan > 1 or cell.rowspan > 1):
            continue
        yield replace(cell, colspan=1, rowspan=1)


def _looks_turned(lines: Sequence[Line]) -> bool:
    """Whether the names of the columns stand below each other and those of the rows side by side."""
    down = [{label(cell.text) for cell in line[:3]} for line in lines]
    across = [{label(cell.text) for cell in line} for line in lines[:4]]
    wide = max((len(words & set(_request_rows())) for words in across), default=0)
    if wide >= 10:
        return sum(bool(words & _request_columns()) for words in down) >= 5
    groups = max((len({DISPUTE_GROUPS[w] for w in words if w in DISPUTE_GROUPS}) for words in across), default=0)
    return groups == 3 and sum(bool(words & set(dispute_results())) for words in down) == _RESULTS


@cache
def _request_rows() -> frozenset[str]:
    return frozenset(
        label(name) for form in IDS for row in load(form).tables["requests"].rows for name in (row.label, *row.aliases)
    )


@cache
def _request_columns() -> frozenset[str]:
    return frozenset(label(column.label) for column in load("2021").tables["requests"].columns)

"""Tables 3 and 4 by crossings: in the grid as declared, a cell is what its column's header and its row's label say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from rapidfuzz.distance import Indel

from audit.form import FormTable, Label
from audit.reading.document import Grid, RawCell
from audit.reading.grid import GridRow, expand
from audit.reading.number import label, read_cell
from audit.report import State

ALIKE = 0.85
AHEAD = 0.1
"""Likeness (0-1) from which a misprinted label is taken, and the lead it needs over the next best."""

Placed = dict[str, RawCell]
Header = Mapping[int, tuple[str, ...]]
"""The ids a header says over each column of the grid, from top to bottom."""


def requests_at_crossings(grids: Sequence[Grid], form: FormTable) -> Placed:
    """The cells of table 3 by id, in the rows that come out whole under a whole header that names every column once."""
    column_of, row_of = spellings(form.columns), spellings(form.rows)
    found: list[tuple[str, RawCell]] = []
    for header, row in _under_headers(grids, column_of, least=2):
        columns = {place: said[-1] for place, said in header.items()}
        words = _words(row.cells[: min(columns)])
        row_id = _nearest(words[-1], row_of) if words else None
        values = [(f"requests/{row_id}/{name}", row.cells[place]) for place, name in columns.items()]
        if row_id and sorted(columns.values()) == sorted(column.id for column in form.columns):
            found += _if_own(values, {*row_of, *column_of})
    return _once(found)


def disputes_at_crossings(grids: Sequence[Grid], form: FormTable) -> Placed:
    """The cells of table 4 by id: the header or the row says the group, the header the result."""
    result_of, group_of = spellings(form.columns), spellings(form.rows)
    groups = set(group_of.values())
    found: list[tuple[str, RawCell]] = []
    for header, row in _under_headers(grids, {**result_of, **group_of}, least=1):
        own = [group_of[word] for word in _words(row.cells) if word in group_of]
        values = []
        for place, said in header.items():
            group = own or [name for name in said if name in groups]
            result = [name for name in said if name not in groups]
            if group and result:
                values.append((f"disputes/{group[-1]}/{result[-1]}", row.cells[place]))
        found += _if_own(values, {*result_of, *group_of})
    return _once(found)


def spellings(names: Sequence[Label]) -> dict[str, str]:
    """Every accepted label of the rows or columns of a form, with the id it stands for."""
    return {label(text): name.id for name in names for text in (name.label, *name.aliases)}


def _under_headers(grids: Sequence[Grid], names: Mapping[str, str], *, least: int) -> Iterator[tuple[Header, GridRow]]:
    """Every whole row with the header above it, if that is whole and as wide; it holds for later pieces as well.

    A header row names ``least`` columns or more and holds no figure.
    """
    block: list[GridRow] = []
    open_ = False
    for row in (row for grid in grids for row in expand(grid.rows)):
        said = {names[word] for word in _words(row.cells) if word in names}
        if len(said) >= least and not _has_figure(row.cells):
            block = [*block, row] if open_ else [row]
            open_ = True
            continue
        open_ = False
        if row.whole and block and all(one.whole and len(one.cells) == len(row.cells) for one in block):
            yield _header(block, names), row


def _header(block: Sequence[GridRow], names: Mapping[str, str]) -> Header:
    stacks = {
        place: tuple(names[word] for row in block for word in [_word(row.cells[place])] if word in names)
        for place in range(len(block[0].cells))
    }
    return {place: stack for place, stack in stacks.items() if stack}


def _if_own(values: list[tuple[str, RawCell | None]], labels: Collection[str]) -> list[tuple[str, RawCell]]:
    """The crossings of a row if every one is a cell of its own and none holds a label, else none of them."""
    found = [(key, cell) for key, cell in values if cell and cell.colspan == 1 == cell.rowspan]
    return found if len(found) == len(values) and not any(_word(cell) in labels for _, cell in found) else []


def _once(found: Collection[tuple[str, RawCell]]) -> Placed:
    """What was found at one place only: of two rows with the same label neither is taken."""
    keys = [key for key, _ in found]
    return {key: cell for key, cell in found if keys.count(key) == 1}


def _nearest(word: str, names: Mapping[str, str]) -> str | None:
    """The id of a label, misprints allowed for if one label is clearly the nearest."""
    if word in names:
        return names[word]
    alike: dict[str, float] = {}
    for name, key in names.items():
        alike[key] = max(alike.get(key, 0.0), Indel.normalized_similarity(word, name))
    first, second = sorted(alike, key=lambda key: -alike[key])[:2]
    return first if alike[first] >= ALIKE and alike[first] - alike[second] >= AHEAD else None


def _words(cells: Sequence[RawCell | None]) -> list[str]:
    """The labels of the cells of words, each once."""
    return [word for word in (_word(cell) for cell in dict.fromkeys(cells)) if word]


def _word(cell: RawCell | None) -> str:
    return label(cell.text) if cell and read_cell(cell.text).state is State.TEXT else ""


def _has_figure(cells: Sequence[RawCell | None]) -> bool:
    return any(cell and read_cell(cell.text).state is State.VALUE for cell in cells)

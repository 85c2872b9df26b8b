"""Table 4, reviews and lawsuits: fifteen figures in one row, or the groups stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.form import FormTable, load
from audit.reading.document import RawCell
from audit.reading.number import label
from audit.reading.rows import DISPUTES_CELLS, Row, assemble, cell_of, choose, has_figure, trim, unread
from audit.report import Cell, State, Table, Trouble

_GROUPS = {
    "行政复议": "review",
    "未经复议直接起诉": "direct_suit",
    "复议后起诉": "suit_after_review",
    "经复议后起诉": "suit_after_review",
}


@dataclass(slots=True)
class _Header:
    """The header rows above the figures: the groups they name, in order, and the five columns of each."""

    groups: list[str]
    leaves: list[str]


@dataclass(frozen=True, slots=True)
class _Group:
    """One of the three groups as found: its five cells (None where they cannot be told apart), in the printed order."""

    row: Row
    values: tuple[RawCell, ...] | None
    order: tuple[str, ...]
    header: _Header


def read_disputes(rows: Sequence[Row]) -> Table | None:
    """Table 4: fifteen figures in one row, or the groups stacked, with or without a label before the figures."""
    form = load("2021").tables["disputes"]
    names = {label(column.label): column.id for column in form.columns}
    copies: list[dict[str, _Group]] = [{}]
    header: _Header | None = None
    spent = False
    for row in rows:
        words = row.words
        groups = list(dict.fromkeys(_GROUPS[word] for word in words if word in _GROUPS))
        leaves = [names[word] for word in words if word in names]
        figures = sum(reading.fills and reading.state is not State.BLANK for reading in row.readings)
        if header is None and row.section == "disputes" and len(row.cells) == DISPUTES_CELLS and not words:
            header = _Header([], [])  # fifteen figures in their own section need no header
        if header and (figures >= 4 or _is_left_empty(row, header)) and len(words) <= 2 and not leaves:
            for target, group in _disputes_row(row, groups, header, form):
                known = copies[-1].get(target)
                if known and known.header is not header:
                    copies.append({})
                again = known is not None and known.header is header
                copies[-1][target] = _same_row_twice(known, group) if known and again else group
            spent = True
        elif groups or len(set(leaves)) >= 3:
            if spent or header is None:
                header, spent = _Header([], []), False
            header.groups += [name for name in groups if name not in header.groups]
            header.leaves += leaves
    tables = [(_disputes_of(copy, form), [group.row for group in copy.values()]) for copy in copies if copy]
    return choose("disputes", tables) if tables else None


def _disputes_row(row: Row, named: list[str], header: _Header, form: FormTable) -> list[tuple[str, _Group]]:
    """The groups one row of figures fills, as its own labels or the header above it say."""
    order = tuple(column.id for column in form.columns)
    start = next(i for i, reading in enumerate(row.readings) if reading.fills)
    if named:
        start = max(i for i, cell in enumerate(row.cells) if label(cell.text) in _GROUPS) + 1
    targets = named or header.groups
    tail = list(row.cells[start:])
    if not targets and len(tail) == 15:
        targets = [group.id for group in form.rows]
    if len(tail) > 5 * len(targets):
        tail = trim(tail, 5 * len(targets)) or tail
    printed = _leaf_order(header.leaves, len(targets), order)
    fits = len(tail) == 5 * len(targets) and printed is not None
    if not fits and any(word not in _GROUPS for word in row.words):
        return []  # a row with a label of its own: another table's
    return [
        (
            target,
            _Group(
                row,
                tuple(tail[5 * n : 5 * n + 5]) if fits else None,
                printed[n] if printed else order,
                header,
            ),
        )
        for n, target in enumerate(targets)
    ]


def _is_left_empty(row: Row, header: _Header) -> bool:
    """Fifteen blanks under a whole header."""
    return (
        len(row.cells) == DISPUTES_CELLS
        and len(header.groups) == 3
        and len(header.leaves) >= DISPUTES_CELLS
        and not row.words
    )


def _same_row_twice(known: _Group, other: _Group) -> _Group:
    """Two rows of figures under one header: a row without figures yields, two that differ leave the group unread."""
    if not has_figure(other.row):
        return known
    if not has_figure(known.row):
        return other
    texts = [[cell.text for cell in group.values or ()] for group in (known, other)]
    return known if texts[0] == texts[1] else _Group(known.row, None, known.order, known.header)


def _leaf_order(leaves: list[str], groups: int, order: tuple[str, ...]) -> list[tuple[str, ...]] | None:
    """The printed order of each group's five columns; the form's where the header is incomplete but agrees with it."""
    blocks = [tuple(leaves[i : i + 5]) for i in range(0, len(leaves), 5)]
    if all(set(block) == set(order) for block in blocks) and blocks:
        if len(blocks) >= groups:
            return blocks[-groups:] if groups else blocks
        if len(set(blocks)) == 1:
            return [blocks[0]] * groups
        return None
    regular = [name for i, name in enumerate(leaves) if name == order[i % 5]]
    return [order] * groups if len(regular) == len(leaves) else None


def _disputes_of(groups: dict[str, _Group], form: FormTable) -> Table:
    cells: dict[str, Cell] = {}
    troubles: list[Trouble] = []
    for target, group in groups.items():
        if group.values is None:
            troubles.append(Trouble("short_row", f"disputes/{target}", group.row.text(), group.row.cells[0].at))
        for n, column in enumerate(group.order):
            cell_id = f"disputes/{target}/{column}"
            cells[cell_id] = cell_of(cell_id, group.values[n]) if group.values else unread(cell_id, group.row)
    return assemble(form, "2021", cells, troubles)

"""Table 4, reviews and lawsuits: fifteen figures in one row, or the groups stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.form import FormTable, load
from audit.reading.document import RawCell
from audit.reading.header import FOREIGN, stacks
from audit.reading.layouts import DISPUTE_GROUPS, result_of
from audit.reading.number import Reading, label
from audit.reading.rows import DISPUTES_CELLS, Row, assemble, cell_of, choose, has_figure, matched, trim, unread
from audit.report import Cell, Table, Trouble


@dataclass(slots=True)
class _Header:
    """The header rows above the figures: the groups they name, in order, and the five columns of each."""

    groups: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)

    def printed(self) -> list[tuple[str | None, str]]:
        """Group and column (or FOREIGN) above each place, from the first column named; [] if the spans say nothing."""
        if len({row.grid for row in self.lines}) != 1:
            return []
        found: list[tuple[str | None, str]] = []
        for stack in stacks([row.cells for row in self.lines]):
            groups = [DISPUTE_GROUPS[text] for text in stack if text in DISPUTE_GROUPS]
            last = stack[-1] if stack else ""
            column = result_of(last) or (FOREIGN if last and last not in _SPANNING else "")
            if found or (column and column != FOREIGN):
                found.append((groups[-1] if groups else None, column))
        if {group for group, _ in found} == {None, *_SUITS} and sum(group is None for group, _ in found) == 5:
            found = [(group or "review", column) for group, column in found]  # the word above the rest was lost
        named = [place for place in found if place[1] != FOREIGN]
        return found if len(set(named)) == len(named) and all(column for _, column in named) else []

    def contradicts_the_form(self) -> bool:
        """Suits before reviews, which the order of the words alone does not tell apart."""
        words = [word for row in self.lines for word in row.words if word in {"行政复议", "行政诉讼"}]
        return words[:1] == ["行政诉讼"] and "行政复议" in words


_SPANNING = frozenset([*DISPUTE_GROUPS, "行政诉讼"])
_SUITS = ("direct_suit", "suit_after_review")


@dataclass(frozen=True, slots=True)
class _Group:
    """One of the three groups as found: its cells by column, None where they cannot be told apart."""

    row: Row
    start: int
    values: Mapping[str, RawCell] | None
    header: _Header
    by: str


def read_disputes(rows: Sequence[Row]) -> Table | None:
    """Table 4: fifteen figures in one row, or the groups stacked, with or without a label before the figures."""
    form = load("2021").tables["disputes"]
    copies: list[dict[str, _Group]] = [{}]
    header: _Header | None = None
    spent = False
    for row in rows:
        words = row.words
        groups = list(dict.fromkeys(DISPUTE_GROUPS[word] for word in words if word in DISPUTE_GROUPS))
        leaves = [column for word in words if (column := result_of(word))]
        figures = sum(reading.fills and bool(cell.text.strip()) for cell, reading in _pairs(row))
        if header is None and row.section == "disputes" and len(row.cells) == DISPUTES_CELLS and not words:
            header = _Header()  # fifteen figures in their own section need no header
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
                header, spent = _Header(), False
            header.groups += [name for name in groups if name not in header.groups]
            header.leaves += leaves
            header.lines.append(row)
    tables = [(_disputes_of(copy, form), [group.row for group in copy.values()]) for copy in copies if copy]
    return choose("disputes", tables) if tables else None


def _pairs(row: Row) -> list[tuple[RawCell, Reading]]:
    return list(zip(row.cells, row.readings, strict=True))


def _disputes_row(row: Row, named: list[str], header: _Header, form: FormTable) -> list[tuple[str, _Group]]:
    """The groups one row of figures fills, as its own labels or the header above it say."""
    order = tuple(column.id for column in form.columns)
    start = next(i for i, reading in enumerate(row.readings) if reading.fills)
    if named:
        start = max(i for i, cell in enumerate(row.cells) if label(cell.text) in DISPUTE_GROUPS) + 1
    targets = named or header.groups
    tail = list(row.cells[start:])
    every = [group.id for group in form.rows]
    cut_short = not named and not header.leaves and targets == every[: len(targets)]
    if len(tail) == DISPUTES_CELLS and (cut_short or not targets):
        targets = every
    places = header.printed()
    by_place = {group for group, column in places if column != FOREIGN}
    if not named and by_place == set(every):
        targets = every
    values: dict[str, dict[str, RawCell]] = {target: {} for target in targets}
    by = "header"
    if places and len(tail) == len(places) and (by_place == set(targets) or (by_place == {None} and len(targets) == 1)):
        for (group, column), cell in zip(places, tail, strict=True):
            if column != FOREIGN:
                values[group or targets[0]][column] = cell
    elif not any(column == FOREIGN for _, column in places) and not header.contradicts_the_form():
        if len(tail) > 5 * len(targets):
            tail = trim(tail, 5 * len(targets)) or tail
        printed = _leaf_order(header.leaves, len(targets), order)
        if len(tail) == 5 * len(targets) and printed:
            for n, target in enumerate(targets):
                values[target] = dict(zip(printed[n], tail[5 * n : 5 * n + 5], strict=True))
            by = "count"
    if not any(values.values()) and any(word not in DISPUTE_GROUPS for word in row.words):
        return []  # a row with a label of its own: another table's
    return [(target, _Group(row, start, values[target] or None, header, by)) for target in targets]


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
    texts = [{column: cell.text for column, cell in (group.values or {}).items()} for group in (known, other)]
    return known if texts[0] == texts[1] else _Group(known.row, known.start, None, known.header, known.by)


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
    doubts: dict[str, None] = {}
    matches = []
    for target, group in groups.items():
        why = ("label" if any(word in DISPUTE_GROUPS for word in group.row.words) else "header", group.by)
        bare = not group.header.groups and "header" in why[:1]
        matches.append(matched(target, group.row, group.start, 1.0, *dict.fromkeys(("order",) if bare else why)))
        if not group.header.leaves:
            doubts["header_missing"] = None
        elif group.by == "count":
            doubts["columns_by_count"] = None
        if any(column == FOREIGN for _, column in group.header.printed()):
            doubts["foreign_columns"] = None
        if group.values is None:
            troubles.append(Trouble("short_row", f"disputes/{target}", group.row.text(), group.row.cells[0].at))
        for column in form.columns_of[target]:
            cell_id = f"disputes/{target}/{column}"
            if group.values is None:
                cells[cell_id] = unread(cell_id, group.row)
            elif column in group.values:
                cells[cell_id] = cell_of(cell_id, group.values[column])
    return assemble(form, "2021", cells, troubles, matches, doubts)

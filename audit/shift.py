"""Do broken sums of table 3 hold once figures move by one column: a row or the table, filled in beside its place.

Asked only where no single cell explains them. The sums of the other rows and of the columns are the proof: a row
moved by chance does not repair them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.finding import Kind
from audit.form import load
from audit.localise import Number, Sum, Values, judged
from audit.report import Cell, State, Table

_FEWEST_ROWS = 3
"""So many broken rows tell a table that was shifted from two rows that were."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Figures beside their place: ``rows`` (all of the table, or one), and whether they must move left to be right.

    ``repaired`` are the numbers that let every sum hold, by cell.
    """

    rows: tuple[str, ...]
    to_left: bool
    repaired: Mapping[str, Number]


def find(table: Table, known: Values, sums: Sequence[Sum]) -> Shift | None:
    """The one move by a column that repairs every broken sum and breaks none; None if there is none, or several."""
    broken = {one.equation.id for one in sums if one.kind is Kind.FAIL}
    if len(broken) < 2 or table.shape is None:
        return None
    unsettled = {
        one.equation.id.split("/", 1)[1] for one in sums if one.kind is not Kind.PASS and one.equation.rule == "A001"
    }
    ways = [shift for row in unsettled for shift in _row_shifts(table, known, row)]
    if len(unsettled) >= _FEWEST_ROWS:
        ways += _table_shifts(table, known)
    found = [shift for shift in ways if _repairs(table, known, broken, shift)]
    return found[0] if len(found) == 1 else None


def _repairs(table: Table, known: Values, broken: set[str], shift: Shift) -> bool:
    after = judged(table, {**known, **shift.repaired})
    return all(one.kind is Kind.PASS if one.equation.id in broken else one.kind is not Kind.FAIL for one in after)


def _row_shifts(table: Table, known: Values, row: str) -> Iterator[Shift]:
    """One row moved left or right. What was pushed out at the end is what the row's own sum asks for."""
    cells = _cells(table, row)
    values = [known.get(cell) for cell in cells]
    tail = [value for value in values[1:] if value is not None]
    if len(tail) == len(values) - 1 and _moved(tail) and _is_filling(table.cells[cells[0]], sum(tail)):
        yield Shift((row,), to_left=True, repaired=dict(zip(cells, [*tail, sum(tail)], strict=True)))
    head = [value for value in values[:-1] if value is not None]
    if len(head) == len(values) - 1 and _moved(head):
        first = head[-1] - sum(head[:-1])
        if first >= 0 and _is_filling(table.cells[cells[-1]], first):
            yield Shift((row,), to_left=False, repaired=dict(zip(cells, [first, *head], strict=True)))


def _table_shifts(table: Table, known: Values) -> Iterator[Shift]:
    """All rows turned by one column: the total stands before the others, or the first of them behind the total."""
    rows = tuple(row.id for row in load(table.shape or "").tables[table.name].rows)
    for to_left in (True, False):
        repaired: dict[str, Number] = {}
        for row in rows:
            cells = _cells(table, row)
            values = [value for cell in cells if (value := known.get(cell)) is not None]
            if len(values) < len(cells):
                return
            turned = values[1:] + values[:1] if to_left else values[-1:] + values[:-1]
            repaired.update(zip(cells, turned, strict=True))
        yield Shift(rows, to_left, repaired)


def _cells(table: Table, row: str) -> list[str]:
    return [f"{table.name}/{row}/{column}" for column in load(table.shape or "").tables[table.name].columns_of[row]]


def _moved(values: Sequence[Number]) -> bool:
    """Two figures at least: a single one in the wrong column is a wrong cell or two, not a shifted row."""
    return sum(value != 0 for value in values) > 1


def _is_filling(cell: Cell, pushed_out: Number) -> bool:
    """Whether a cell at the end holds no figure of its own: nothing, 0, or the one that was pushed out."""
    return cell.state in (State.BLANK, State.DASH) or cell.known in (0, pushed_out)

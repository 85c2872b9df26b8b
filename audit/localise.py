"""Three-valued sums, and which single cell explains the broken ones.

A cell that was read is a point; one that was not is ``[0, ∞)``, for counts cannot be negative. A sum fails only
if no value of its unread cells could satisfy it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from audit.finding import Kind
from audit.form import Equation, equations
from audit.report import Report, Table

Number = int | Decimal
Values = Mapping[str, Number | None]
_Picker = Callable[[Values], tuple[Any, ...]]

GRAVEST_FIRST = ("A003", "A002", "A001", "A004")


class Range(NamedTuple):
    """All values a number may have; ``high`` None is unbounded."""

    low: Number
    high: Number | None

    @property
    def point(self) -> Number | None:
        return self.low if self.low == self.high else None


class Sum(NamedTuple):
    """One judged equation: its verdict and the ranges of its two sides."""

    equation: Equation
    kind: Kind
    left: Range
    right: Range


@dataclass(frozen=True, slots=True)
class Explanation:
    """Broken sums with one root cause. ``cell`` and ``repaired`` only if one cell alone explains them all."""

    broken: tuple[Sum, ...]
    cell: str | None = None
    repaired: Number | None = None

    @property
    def gravest(self) -> Sum:
        """The balance before the subtotal before the row; among equals the first in the form."""
        return min(self.broken, key=lambda one: GRAVEST_FIRST.index(one.equation.rule))


def judged_sums(report: Report, table: str) -> tuple[Sum, ...]:
    """Every sum of a table in the shape it was found in; none if the table was not found."""
    found = report.tables.get(table)
    if found is None or found.shape is None:
        return ()
    return judged(found, {cell_id: cell.known for cell_id, cell in found.cells.items()})


def judged(table: Table, known: Values) -> tuple[Sum, ...]:
    """Every sum of a table that was found, with these numbers in its cells; None or no entry: not read."""
    return tuple(_judge(known, *planned) for planned in _plan(table.shape or "", table.name))


def explain(report: Report, sums: Sequence[Sum]) -> tuple[Explanation, ...]:
    """The broken sums by root cause: one explanation with its cell, or one for each group sharing cells."""
    broken = tuple(one for one in sums if one.kind is Kind.FAIL)
    if not broken:
        return ()
    suspects = tuple(_suspects(report, sums, broken))
    if len(suspects) == 1:
        cell, repair = suspects[0]
        if repair.point is not None:
            return (Explanation(broken, cell, repair.point),)
    return tuple(Explanation(group) for group in _groups(broken))


def formula(report: Report, one: Sum) -> str:
    """The sum with its numbers, ``12 + 1 ≠ 11 + 1``; ``?`` is an unread cell, long sums leave zeros out."""
    return f"{_side(report, one.equation.left)} ≠ {_side(report, one.equation.right)}"


def written(side: Range) -> Number | str:
    """A side of a sum as a value: the number, or ``≥ n`` where cells were not read."""
    return side.low if side.point is not None else f"≥ {side.low}"


@cache
def _plan(shape: str, table: str) -> tuple[tuple[Equation, _Picker, _Picker], ...]:
    """The equations of a table, each with what takes the numbers of its two sides out of those of the table."""
    return tuple((one, _picker(one.left), _picker(one.right)) for one in equations(shape, table))


def _picker(cells: Sequence[str]) -> _Picker:
    if len(cells) > 1:
        return itemgetter(*cells)
    (cell,) = cells
    return lambda known: (known[cell],)


def _judge(known: Values, equation: Equation, of_left: _Picker, of_right: _Picker) -> Sum:
    """Nearly every sum is one of numbers that were all read: that is tried first, for an archive is large."""
    try:
        left, right = sum(of_left(known)), sum(of_right(known))
    except (KeyError, TypeError):
        return _judge_ranges(known, equation)
    return Sum(equation, Kind.PASS if left == right else Kind.FAIL, Range(left, left), Range(right, right))


def _judge_ranges(known: Values, equation: Equation) -> Sum:
    left, right = _range(known, equation.left), _range(known, equation.right)
    apart = (left.high is not None and left.high < right.low) or (right.high is not None and right.high < left.low)
    if apart:
        kind = Kind.FAIL
    elif left.point is not None and right.point is not None:
        kind = Kind.PASS
    else:
        kind = Kind.OPEN
    return Sum(equation, kind, left, right)


def _range(known: Values, cells: Iterable[str]) -> Range:
    values = [known.get(cell) for cell in cells]
    low = sum(value for value in values if value is not None)
    return Range(low, None if None in values else low)


def _suspects(report: Report, sums: Sequence[Sum], broken: Sequence[Sum]) -> Iterator[tuple[str, Range]]:
    """Cells of every broken sum whose change alone lets all their sums hold, with the values that do."""
    shared = set(broken[0].equation.cells).intersection(*(one.equation.cells for one in broken[1:]))
    known = {cell: report.cell(cell).known for one in sums for cell in one.equation.cells}
    for cell in broken[0].equation.cells:
        if cell in shared and known[cell] is not None:
            touching = [one.equation for one in sums if cell in one.equation.cells]
            if repair := _repair(known, cell, touching):
                yield cell, repair


def _repair(known: Values, cell: str, touching: Sequence[Equation]) -> Range | None:
    low: Number = 0
    high: Number | None = None
    for equation in touching:
        own, other = equation.left, equation.right
        if cell in other:
            own, other = other, own
        rest = _range(known, [one for one in own if one != cell])
        target = _range(known, other)
        if rest.high is not None:
            low = max(low, target.low - rest.high)
        if target.high is not None:
            most = target.high - rest.low
            high = most if high is None else min(high, most)
    return None if high is not None and high < low else Range(low, high)


def _groups(broken: Sequence[Sum]) -> list[tuple[Sum, ...]]:
    groups: list[list[Sum]] = []
    for one in broken:
        cells = set(one.equation.cells)
        touched = [group for group in groups if any(cells & set(other.equation.cells) for other in group)]
        groups = [group for group in groups if group not in touched]
        groups.append([*(other for group in touched for other in group), one])
    return [tuple(group) for group in groups]


def _side(report: Report, cells: Sequence[str]) -> str:
    known = [report.cell(cell).known for cell in cells]
    if len(known) > 7:
        known = [value for value in known if value != 0] or [0]
    return " + ".join("?" if value is None else str(value) for value in known)

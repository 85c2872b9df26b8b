"""The bars of ``tests.audit.bars`` over fewer reports, and that they would notice an equation gone wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from audit import localise
from audit.finding import Kind
from audit.form import IDS, Equation, equations, load
from audit.report import Report
from tests.audit import bars
from tests.audit.reports import number, report, with_cells

REPORTS = 40
EQUATIONS = [
    pytest.param(form, equation, id=f"{form}-{equation.id}")
    for form in IDS
    for table in ("requests", "disputes")
    for equation in equations(form, table)
]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_bar_is_met(seed: int) -> None:
    assert [str(bar) for bar in bars.bars(REPORTS, seed) if not bar.met] == []


def test_a_bar_over_nothing_is_missed() -> None:
    assert not bars.valid_reports(0, 1).met


@pytest.mark.parametrize(("form", "equation"), EQUATIONS)
def test_an_equation_with_a_term_dropped_turned_or_put_elsewhere_is_noticed(
    form: str, equation: Equation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mutant in _mutants(form, equation):
        _judge_by(monkeypatch, equation, mutant)

        assert _noticed(form, equation), mutant


@pytest.mark.parametrize(("form", "equation"), EQUATIONS)
@pytest.mark.parametrize("sign", [1, -1])
def test_an_equation_made_an_inequality_is_noticed(
    form: str, equation: Equation, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``=`` turned into ``≥`` or ``≤``: an error in one direction would pass."""
    right = localise._judge

    def lenient(known: localise.Values, one: Equation, *pickers: localise._Picker) -> localise.Sum:
        judged = right(known, one, *pickers)
        holds = one.id == equation.id and sign * (judged.left.low - judged.right.low) >= 0
        return judged._replace(kind=Kind.PASS) if holds else judged

    monkeypatch.setattr(localise, "_judge", lenient)

    assert _noticed(form, equation)


def _mutants(form: str, equation: Equation) -> Iterator[Equation]:
    """Every term dropped, turned to the other side, or read from the next column or row."""
    cells = load(form).tables[equation.table].cells
    for left, right, turned in (
        (equation.left, equation.right, False),
        (equation.right, equation.left, True),
    ):
        for place, term in enumerate(left):
            rest = (*left[:place], *left[place + 1 :])
            other = cells[(cells.index(term) + 1) % len(cells)]
            for own, across in (((*rest, other), right), (rest, (*right, term)), (rest, right)):
                if own and across:
                    yield replace(equation, left=across if turned else own, right=own if turned else across)


def _judge_by(monkeypatch: pytest.MonkeyPatch, equation: Equation, mutant: Equation) -> None:
    def changed(shape: str, table: str) -> tuple[tuple[Equation, localise._Picker, localise._Picker], ...]:
        own = [mutant if one == equation else one for one in equations(shape, table)]
        return tuple((one, localise._picker(one.left), localise._picker(one.right)) for one in own)

    monkeypatch.setattr(localise, "_plan", changed)


@cache
def _valid(form: str) -> tuple[Report, ...]:
    """So many that no cell is 0 in all of them: a term that is 0 may stand on either side."""
    return tuple(report(seed, form) for seed in range(30))


def _noticed(form: str, equation: Equation) -> bool:
    """Whether a right report is accused now, or a wrong cell of the equation no longer breaks it."""
    for valid in _valid(form):
        if any(one.kind is Kind.FAIL for one in localise.judged_sums(valid, equation.table)):
            return True
    for cell in equation.cells:
        for error in (1, -1):
            wrong = with_cells(valid, {cell: number(valid, cell) + error})
            broken = [one.equation.id for one in localise.judged_sums(wrong, equation.table) if one.kind is Kind.FAIL]
            if equation.id not in broken:
                return True
    return False

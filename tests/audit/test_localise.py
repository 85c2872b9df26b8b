"""Properties of the sums: valid tables are left alone, one wrong cell is named, lost cells accuse nobody."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.context import Context
from audit.engine import judge
from audit.finding import Finding, Kind
from audit.form import load
from audit.localise import explain, formula, judged_sums
from audit.report import How, Report, State
from tests.audit.reports import number, report, with_cells

SEEDS = st.integers(min_value=0, max_value=10**9)
FORMS = st.sampled_from(("2019", "2021"))


def sums_of(subject: Report) -> tuple[Finding, ...]:
    return judge(subject, Context(), select=("A",)).findings


@settings(max_examples=100, deadline=None)
@given(SEEDS, FORMS)
def test_a_valid_report_has_no_finding(seed: int, form: str) -> None:
    assert judge(report(seed, form), Context()).findings == ()


@settings(max_examples=150, deadline=None)
@given(SEEDS, FORMS, st.data())
def test_one_wrong_cell_of_table_three_is_named_with_its_true_value(seed: int, form: str, data: st.DataObject) -> None:
    valid = report(seed, form)
    cell = data.draw(st.sampled_from(load(form).tables["requests"].cells))
    printed = data.draw(st.integers(0, 10**6).filter(lambda value: value != number(valid, cell)))

    (finding,) = sums_of(with_cells(valid, {cell: printed}))

    assert finding.cell == finding.subject == cell
    assert (finding.expected, finding.actual) == (number(valid, cell), printed)
    assert finding.rule in ("A001", "A002", "A003")


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.data())
def test_a_wrong_cell_of_table_four_names_the_row(seed: int, data: st.DataObject) -> None:
    valid = report(seed)
    cell = data.draw(st.sampled_from(load("2021").tables["disputes"].cells))

    (finding,) = sums_of(with_cells(valid, {cell: number(valid, cell) + 3}))

    assert (finding.rule, finding.cell) == ("A004", None)
    assert finding.subject == cell.rsplit("/", 1)[0]


def test_thousands_of_single_errors_are_all_found_and_named() -> None:
    rng = random.Random(7)
    for seed in range(30):
        valid = report(seed, rng.choice(("2019", "2021")))
        cells = load(str(valid.form)).tables["requests"].cells
        for cell in rng.sample(cells, 60):
            damaged = with_cells(valid, {cell: number(valid, cell) + rng.choice((1, 2, 9, 90))})
            (cause,) = explain(damaged, judged_sums(damaged, "requests"))
            assert (cause.cell, cause.repaired) == (cell, number(valid, cell))


@pytest.mark.parametrize("state", [State.UNREADABLE, State.BLANK, State.DASH])
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_lost_cells_never_accuse(state: State, share: float) -> None:
    rng = random.Random(11)
    for seed in range(150):
        valid = report(seed)
        lost = {cell: state for cell in valid.cells if rng.random() < share}
        assert sums_of(with_cells(valid, lost)) == ()


def test_a_single_error_beside_lost_cells_is_never_pinned_on_a_right_cell() -> None:
    rng = random.Random(5)
    for seed in range(300):
        valid = report(seed)
        cells = load("2021").tables["requests"].cells
        wrong = rng.choice(cells)
        lost = {cell: State.UNREADABLE for cell in cells if rng.random() < 0.02 and cell != wrong}
        for finding in sums_of(with_cells(valid, {**lost, wrong: number(valid, wrong) + 7})):
            assert finding.cell in (wrong, None)
            assert finding.cell is None or finding.expected == number(valid, wrong)


def test_two_wrong_cells_are_found_without_naming_one() -> None:
    rng = random.Random(3)
    for seed in range(200):
        valid = report(seed)
        first, second = rng.sample(load("2021").tables["requests"].cells, 2)
        damaged = with_cells(valid, {first: number(valid, first) + 3, second: number(valid, second) + 8})
        findings = sums_of(damaged)
        assert findings
        assert all(finding.cell is None for finding in findings)


def test_an_inferred_number_never_supports_an_accusation() -> None:
    valid = report()
    damaged = with_cells(valid, {"requests/granted/total": 10**6}, How.INFERRED)

    assert sums_of(damaged) == ()


def test_parts_beyond_the_total_fail_even_with_a_lost_cell() -> None:
    valid = report(2)
    row = "requests/carried_in"
    damaged = with_cells(
        valid, {f"{row}/research": State.UNREADABLE, f"{row}/natural_person": number(valid, f"{row}/total") + 5}
    )

    broken = [one for one in judged_sums(damaged, "requests") if one.kind is Kind.FAIL]

    assert "A001/carried_in" in [one.equation.id for one in broken]
    assert "?" in formula(damaged, broken[0])


def test_a_repair_below_zero_is_no_repair() -> None:
    """Only a negative count could balance this column, so no cell is named."""
    zeros = with_cells(report(), dict.fromkeys(load("2021").tables["requests"].cells, 0))
    cells = {"requests/granted/total": State.UNREADABLE, "requests/concluded/business": State.UNREADABLE}
    damaged = with_cells(
        zeros, {**cells, "requests/carried_in/total": State.UNREADABLE, "requests/granted/business": 1}
    )

    assert all(finding.cell is None or int(str(finding.expected)) >= 0 for finding in sums_of(damaged))


def test_the_formula_carries_the_numbers_of_the_gravest_sum() -> None:
    zeros = with_cells(report(), dict.fromkeys(load("2021").tables["requests"].cells, 0))
    right = with_cells(
        zeros,
        {
            f"requests/{row}/{column}": value
            for row, value in (
                ("received", 12),
                ("carried_in", 1),
                ("granted", 12),
                ("concluded", 12),
                ("carried_forward", 1),
            )
            for column in ("natural_person", "total")
        },
    )

    (finding,) = sums_of(with_cells(right, {"requests/concluded/natural_person": 11}))

    assert finding.rule == "A003"
    assert finding.formula == "12 + 1 ≠ 11 + 1"
    assert finding.sums == ("A001/concluded", "A002/natural_person", "A003/natural_person")
    assert finding.message["zh"].startswith("表三『（七）总计／自然人』疑似有误：印为 11，按勾稽关系应为 12")


def test_an_ignored_rule_does_not_accuse_but_still_helps_to_find_the_cell() -> None:
    valid = report()
    cell = "requests/concluded/business"
    damaged = with_cells(valid, {cell: number(valid, cell) + 1})

    (finding,) = judge(damaged, Context(), select=("A",), ignore=("A003",)).findings

    assert (finding.rule, finding.cell) == ("A002", cell)
    assert finding.sums == ("A001/concluded", "A002/business")


def test_a_row_that_any_of_its_cells_could_repair_names_none() -> None:
    """With the results unread only the row speaks, and it cannot tell which of its cells is wrong."""
    valid = report(6)
    columns = [column.id for column in load("2021").tables["requests"].columns]
    lost = {f"requests/concluded/{column}": State.UNREADABLE for column in columns}
    granted = "requests/granted/business"

    (finding,) = sums_of(with_cells(valid, {**lost, granted: number(valid, granted) + 1}))

    assert (finding.rule, finding.subject, finding.cell) == ("A001", "requests/granted", None)
    assert finding.sums == ("A001/granted",)
    assert finding.expected == number(valid, "requests/granted/total") + 1
    assert finding.actual == number(valid, "requests/granted/total")


def test_errors_that_share_no_sum_are_told_apart() -> None:
    """Each of two rows is broken, all columns are unread: two causes, two findings."""
    valid = report(8)
    columns = [column.id for column in load("2021").tables["requests"].columns]
    lost = {f"requests/concluded/{column}": State.BLANK for column in columns}
    first, second = "requests/granted/total", "requests/rejected.repeated/total"
    damaged = with_cells(valid, {**lost, first: number(valid, first) + 1, second: number(valid, second) + 1})

    assert [finding.subject for finding in sums_of(damaged)] == ["requests/granted", "requests/rejected.repeated"]

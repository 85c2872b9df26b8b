"""One cause, one finding: shifted rows, impossible figures, blanks, and figures of any size."""

from __future__ import annotations

from decimal import Decimal

import pytest

from audit.engine import judge
from audit.finding import Finding, Kind
from audit.form import load
from audit.report import Report, State
from audit.rules.example import valid
from tests.audit.reports import number, report, with_cells, with_table
from tests.audit.rules.cases import DUE, GOOD

COLUMNS = [column.id for column in load("2021").tables["requests"].columns]
ROWS = [row.id for row in load("2021").tables["requests"].rows]
Printed = int | Decimal | State


def told(subject: Report, *select: str, ignore: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    return judge(subject, DUE, select=select or ("A", "N"), ignore=ignore).findings


def row(base: Report, name: str) -> list[int]:
    return [number(base, f"requests/{name}/{column}") for column in COLUMNS]


def printed(base: Report, name: str, values: list[Printed]) -> Report:
    cells = {f"requests/{name}/{column}": value for column, value in zip(COLUMNS, values, strict=True)}
    return with_cells(base, cells)


@pytest.mark.parametrize("name", [name for name in ROWS if sum(value != 0 for value in row(GOOD, name)) > 3])
@pytest.mark.parametrize("to_left", [True, False])
def test_a_row_beside_its_columns_is_one_finding_that_names_the_row(name: str, to_left: bool) -> None:
    values = row(GOOD, name)
    shifted: list[Printed] = [0, *values[:-1]] if to_left else [*values[1:], 0]

    (finding,) = told(printed(GOOD, name, shifted))

    assert (finding.rule, finding.subject, finding.cell) == ("A006", f"requests/{name}", None)
    assert finding.expected == "、".join(map(str, values))
    assert f"向{'左' if to_left else '右'}移一列" in finding.message["zh"]
    assert len(finding.sums) >= 2


def test_a_table_whose_total_stands_first_is_one_finding() -> None:
    turned = GOOD
    for name in ROWS:
        values = row(GOOD, name)
        turned = printed(turned, name, [values[-1], *values[:-1]])

    (finding,) = told(turned)

    assert (finding.rule, finding.subject) == ("A006", "requests")


def test_without_its_rule_a_shifted_row_is_told_by_the_sums_it_breaks() -> None:
    values = row(GOOD, "granted")
    shifted = printed(GOOD, "granted", [0, *values[:-1]])

    findings = told(shifted, ignore=("A006",))

    assert {finding.rule for finding in findings} <= {"A001", "A002", "A003"}
    assert findings


def test_a_shifted_row_beside_another_error_is_told_by_its_sums() -> None:
    values = row(GOOD, "granted")
    shifted = printed(GOOD, "granted", [0, *values[:-1]])
    wrong = with_cells(shifted, {"requests/received/total": number(GOOD, "requests/received/total") + 7})

    assert "A006" not in {finding.rule for finding in told(wrong)}
    assert told(wrong)


@pytest.mark.parametrize("value", [-3, Decimal("4.5")])
def test_an_impossible_figure_that_breaks_sums_is_one_finding(value: Printed) -> None:
    cell = "requests/granted/business"

    (finding,) = told(with_cells(GOOD, {cell: value}))

    assert (finding.cell, finding.expected, finding.actual) == (cell, number(GOOD, cell), value)


@pytest.mark.parametrize("value", [-3, Decimal("4.5")])
def test_an_impossible_figure_of_table_four_is_told_with_its_row(value: Printed) -> None:
    (finding,) = told(with_cells(GOOD, {"disputes/review/corrected": value}))

    assert (finding.rule, finding.subject) == ("A004", "disputes/review")
    assert finding.hint is not None
    assert "结果纠正" in finding.hint["zh"]


def test_an_impossible_figure_speaks_for_itself_where_the_sums_are_switched_off() -> None:
    (finding,) = told(with_cells(GOOD, {"requests/granted/business": -3}), "N")

    assert finding.rule == "N003"


def test_a_negative_figure_in_sums_that_hold_is_told_as_negative() -> None:
    cells = {f"requests/{name}/business": -1 for name in ("received", "concluded", "granted")}
    base = with_cells(GOOD, dict.fromkeys((f"requests/{name}/{c}" for name in ROWS for c in COLUMNS), 0))
    totals = {cell.replace("/business", "/total"): -1 for cell in cells}

    findings = told(with_cells(base, {**cells, **totals}))

    assert {finding.rule for finding in findings} == {"N003"}
    assert len(findings) == 6


@pytest.mark.parametrize("factor", [10**18, 10**30])
def test_figures_of_any_size_are_added_exactly(factor: int) -> None:
    cells = {cell: number(GOOD, cell) * factor for cell in load("2021").tables["requests"].cells}
    huge = with_cells(GOOD, cells)
    off = with_cells(huge, {"requests/granted/total": number(GOOD, "requests/granted/total") * factor + 1})

    assert told(huge, "A") == ()
    assert [finding.cell for finding in told(off, "A")] == ["requests/granted/total"]
    assert {finding.subject for finding in told(huge, "N006")} >= {"requests/received/total"}


@pytest.mark.parametrize(("cell", "holds"), [("requests/granted/research", True), ("requests/granted/business", False)])
def test_an_open_sum_over_blanks_says_whether_zeros_would_do(cell: str, holds: bool) -> None:
    outcomes = judge(with_cells(valid(), {cell: State.BLANK}), DUE, select=("A001",)).outcomes

    (doubt,) = [outcome for _, outcome in outcomes if outcome.kind is Kind.OPEN]

    assert doubt.hint is not None
    assert ("不成立" in doubt.hint["zh"]) is not holds


def test_an_unread_cell_is_not_taken_for_a_blank() -> None:
    torn = with_cells(valid(), {"requests/granted/research": State.UNREADABLE})

    assert all(outcome.hint is None for _, outcome in judge(torn, DUE, select=("A",)).outcomes)


def test_a_table_in_the_other_form_keeps_its_own_sums() -> None:
    old = report(7, "2019").tables["requests"]
    mixed = with_table(GOOD, "requests", shape=old.shape, cells=old.cells)
    wrong = with_cells(mixed, {"requests/other/total": number(mixed, "requests/other/total") + 1})

    assert told(mixed) == ()
    assert [finding.cell for finding in told(wrong)] == ["requests/other/total"]

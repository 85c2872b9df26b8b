"""Carry-over from last year: the total weighs more than one kind of applicant, and only last year's report counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.engine import judge
from audit.finding import Kind, Severity
from audit.report import How, State
from tests.audit.reports import number, report, with_cells, with_table
from tests.audit.rules.cases import GOOD, LAST_YEAR, NEXT, carried

CARRY = ("Y001", "Y002")
IN_FORCE = "disclosure/normative_documents/in_force"


def test_a_wrong_total_is_one_error_and_silences_the_columns() -> None:
    (finding,) = judge(GOOD, carried(total=2), select=CARRY).findings

    assert (finding.rule, finding.severity) == ("Y001", Severity.ERROR)


def test_recoded_applicants_with_an_equal_total_are_notes() -> None:
    findings = judge(GOOD, carried(business=1, research=-1), select=CARRY).findings

    assert {finding.severity for finding in findings} == {Severity.NOTE}
    assert [finding.subject for finding in findings] == [
        "requests/carried_in/business",
        "requests/carried_in/research",
    ]


def test_a_report_of_another_year_is_not_last_years() -> None:
    older = replace(NEXT, previous=replace(LAST_YEAR, year=2021))

    judgement = judge(GOOD, older, select=("Y",))

    assert [one.rule for one in judgement.not_judged] == ["Y001", "Y002", "Y003", "Y004"]


@pytest.mark.parametrize(("carried", "rules"), [(0, []), (2, ["Y001"])])
def test_carry_over_is_compared_across_the_change_of_form(carried: int, rules: list[str]) -> None:
    first_of_2021 = report(4, year=2021)
    columns = [cell.rsplit("/", 1)[1] for cell in first_of_2021.cells if cell.startswith("requests/carried_in/")]
    last_of_2019 = with_cells(
        report(6, "2019", year=2020),
        {
            f"requests/carried_forward/{column}": number(first_of_2021, f"requests/carried_in/{column}")
            + (carried if column in ("total", "business") else 0)
            for column in columns
        },
    )

    findings = judge(first_of_2021, replace(NEXT, year=2021, previous=last_of_2019), select=("Y",)).findings

    assert [one.rule for one in findings] == rules


@pytest.mark.parametrize("name", ["示例市教育体育局", "示例县教育局"])
def test_a_renamed_organ_is_left_to_a_person(name: str) -> None:
    previous = replace(NEXT, previous=replace(carried(total=2).previous or LAST_YEAR, agency=name))

    (finding,) = judge(GOOD, previous, select=CARRY).findings

    assert finding.kind is Kind.OPEN
    assert name in finding.message["zh"]


def test_a_short_and_a_full_name_are_one_organ() -> None:
    context = replace(NEXT, previous=replace(carried(total=2).previous or LAST_YEAR, agency="市教育局"))

    (finding,) = judge(GOOD, context, select=CARRY).findings

    assert finding.kind is Kind.FAIL


@pytest.mark.parametrize(("step", "word"), [(1, "多 1"), (-2, "少 2"), (0, "")])
def test_in_force_follows_from_last_year(step: int, word: str) -> None:
    row = "disclosure/normative_documents"
    expected = 50 + number(GOOD, f"{row}/issued") - number(GOOD, f"{row}/repealed")
    now = with_cells(GOOD, {IN_FORCE: expected + step, "disclosure/regulations/in_force": State.BLANK})
    before = replace(NEXT, previous=with_cells(LAST_YEAR, {IN_FORCE: 50}))

    findings = judge(now, before, select=("Y003",)).findings

    assert [(one.severity, one.subject, word in one.message["zh"]) for one in findings] == (
        [(Severity.WARNING, IN_FORCE, True)] if step else []
    )


def test_in_force_is_never_compared_across_forms() -> None:
    before = replace(NEXT, previous=report(6, "2019", year=2023))

    judgement = judge(GOOD, before, select=("Y003",))

    assert [outcome.kind for _, outcome in judgement.outcomes] == [Kind.NOT_APPLICABLE]


def test_a_copied_table_is_named_once_however_many_cells_agree() -> None:
    before = replace(NEXT, previous=with_table(LAST_YEAR, "disputes", cells=GOOD.tables["disputes"].cells))

    findings = judge(GOOD, before, select=("Y004",)).findings

    assert [(one.rule, one.subject, one.severity) for one in findings] == [("Y004", "disputes", Severity.WARNING)]


@pytest.mark.parametrize("figure", [0, 2])
def test_small_tables_agree_by_chance(figure: int) -> None:
    small = with_cells(GOOD, dict.fromkeys(GOOD.tables["disputes"].cells, figure))
    before = replace(NEXT, previous=replace(small, year=2023))

    assert [one.subject for one in judge(small, before, select=("Y004",)).findings if one.subject == "disputes"] == []


def test_an_inferred_cell_supports_no_word_on_copying() -> None:
    guessed = with_cells(GOOD, {"disputes/review/other": number(GOOD, "disputes/review/other")}, how=How.INFERRED)
    before = replace(NEXT, previous=with_table(LAST_YEAR, "disputes", cells=GOOD.tables["disputes"].cells))

    judgement = judge(guessed, before, select=("Y004",))

    assert judgement.findings == ()
    assert any(outcome.kind is Kind.OPEN and outcome.subject == "disputes" for _, outcome in judgement.outcomes)

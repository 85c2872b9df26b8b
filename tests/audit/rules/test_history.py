"""Carry-over from last year: the total weighs more than one kind of applicant, and only last year's report counts."""

from __future__ import annotations

from dataclasses import replace

from audit.engine import judge
from audit.finding import Severity
from tests.audit.rules.cases import FIRING, GOOD, LAST_YEAR, NEXT


def test_a_wrong_total_is_one_error_and_silences_the_columns() -> None:
    (finding,) = judge(GOOD, FIRING["Y001"].context, select=("Y",)).findings

    assert (finding.rule, finding.severity) == ("Y001", Severity.ERROR)


def test_recoded_applicants_with_an_equal_total_are_notes() -> None:
    findings = judge(GOOD, FIRING["Y002"].context, select=("Y",)).findings

    assert {finding.severity for finding in findings} == {Severity.NOTE}
    assert [finding.subject for finding in findings] == [
        "requests/carried_in/business",
        "requests/carried_in/research",
    ]


def test_a_report_of_another_year_is_not_last_years() -> None:
    older = replace(NEXT, previous=replace(LAST_YEAR, year=2021))

    judgement = judge(GOOD, older, select=("Y",))

    assert [one.rule for one in judgement.not_judged] == ["Y001", "Y002"]

"""Fees, outliers and stocks: beside whom a figure is unusual, and when there is nothing to compare."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from audit.context import Context
from audit.engine import judge
from audit.finding import Kind, Severity
from audit.report import Report
from audit.rules.example import valid
from tests.audit.reports import report, with_cells
from tests.audit.rules.cases import DUE

FEE = "disclosure/administrative_fees/amount"
LICENCES = "disclosure/licences/decisions"
REPORT = valid()


def last_year(**cells: int | Decimal) -> Context:
    values = {{"fee": FEE, "licences": LICENCES}[name]: value for name, value in cells.items()}
    return replace(DUE, previous=with_cells(replace(REPORT, year=2023), values))


def told(rule: str, subject: Report, context: Context) -> list[str]:
    return [one.subject for one in judge(subject, context, select=(rule,)).findings if one.kind is Kind.FAIL]


@pytest.mark.parametrize(
    ("now", "before", "subjects"),
    [
        (Decimal("521500"), Decimal("52.15"), [FEE]),
        (Decimal("0.0052"), Decimal("52.15"), [FEE]),
        (Decimal("521"), Decimal("52.15"), []),
        (0, Decimal("52.15"), []),
        (Decimal("52.15"), 0, []),
    ],
)
def test_fees_a_thousand_times_apart_are_told(now: Decimal, before: Decimal, subjects: list[str]) -> None:
    assert told("N005", with_cells(REPORT, {FEE: now}), last_year(fee=before)) == subjects


def test_fees_beyond_nearly_all_of_a_thousand_peers_are_told() -> None:
    peers = replace(DUE, peers={FEE: tuple(range(1000))})

    assert told("N005", with_cells(REPORT, {FEE: 400_000}), peers) == [FEE]
    assert told("N005", with_cells(REPORT, {FEE: 500}), peers) == []


def test_a_last_year_in_the_other_form_is_no_comparison() -> None:
    older = replace(DUE, year=2021, previous=report(3, "2019", year=2020))
    subject = with_cells(replace(REPORT, year=2021), {FEE: 521_500, LICENCES: 9_000})

    judgement = judge(subject, older, select=("N005",))

    assert judgement.findings == ()
    assert [one.rule for one in judgement.not_judged] == ["N005"]


def test_a_report_of_two_years_ago_is_no_comparison() -> None:
    stale = replace(DUE, previous=with_cells(replace(REPORT, year=2022), {LICENCES: 1}))

    assert told("N006", with_cells(REPORT, {LICENCES: 90_000}), stale) == []


def test_a_leap_among_peers_of_that_size_is_none() -> None:
    peers = {LICENCES: tuple(range(5_000, 95_000, 1_000))}

    assert told("N006", with_cells(REPORT, {LICENCES: 60_000}), replace(last_year(licences=20), peers=peers)) == []


def test_what_no_organ_can_have_is_a_warning_without_any_comparison() -> None:
    (finding,) = judge(with_cells(REPORT, {LICENCES: 10**18}), DUE, select=("N006",)).findings

    assert (finding.subject, finding.severity) == (LICENCES, Severity.WARNING)


def test_stocks_of_2019_are_bounded_by_their_own_columns() -> None:
    old, context = valid("2019"), replace(DUE, year=2019)
    row = "disclosure/normative_documents"

    assert told("A005", old, context) == []
    assert told("A005", with_cells(old, {f"{row}/disclosed_total": 2}), context) == [row]

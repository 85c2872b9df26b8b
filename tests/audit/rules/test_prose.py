"""Whole reports in the prose of every level: silent where all figures agree, never where one of them is wrong."""

from __future__ import annotations

import pytest

from audit.engine import judge
from audit.finding import Kind
from tests.audit.rules.prose import Prose, prose

REPORTS = tuple(prose())
SEEDS = (1, 2, 3)


def _name(one: Prose) -> str:
    return f"{one.agency}{one.year}"


@pytest.mark.parametrize("told", REPORTS, ids=_name)
def test_a_report_whose_figures_agree_is_found_fault_with_by_no_rule(told: Prose) -> None:
    for seed in SEEDS:
        findings = judge(told.told(seed), told.context(), ignore=("N006",)).findings

        assert [f"{one.rule} {one.message['zh']}" for one in findings] == []


@pytest.mark.parametrize("told", [one for one in REPORTS if one.firm()], ids=_name)
def test_every_figure_that_can_be_of_no_other_cell_is_named_when_it_is_one_too_high(told: Prose) -> None:
    for wrong in told.firm():
        findings = judge(told.told(SEEDS[0], wrong), told.context(), select=("T",)).findings

        assert any(one.kind is Kind.FAIL for one in findings), wrong


def test_reports_of_every_kind_and_both_forms_are_told() -> None:
    assert {one.kind for one in REPORTS} == {"government", "department", "township", "zone"}
    assert min(one.year for one in REPORTS) == 2019
    assert sum(len(one.sections) for one in REPORTS) >= 40

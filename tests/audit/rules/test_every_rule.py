"""Every rule: fires, stays silent, says when it cannot judge, and is documented in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.catalogue import page
from audit.context import Context
from audit.engine import CRASHED, catalogue, judge
from audit.finding import Finding, Kind
from audit.rules import wording
from audit.rules.registry import registered
from tests.audit.rules.cases import FIRING, GOOD, SILENT, UNDECIDED, Case

RULES = sorted(FIRING)


def findings_of(rule_id: str, case: Case) -> tuple[Finding, ...]:
    judgement = judge(case.report, case.context, select=(rule_id,))
    assert all(rule != CRASHED for rule, _ in judgement.outcomes)
    return judgement.findings


@pytest.mark.parametrize("rule_id", sorted(registered()))
def test_a_rule_has_cases_here_or_examples_on_its_page(rule_id: str) -> None:
    assert rule_id in FIRING or page(rule_id).examples


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_has_a_silent_case_titles_messages_and_a_docstring(rule_id: str) -> None:
    spec = catalogue()[rule_id]

    assert rule_id in SILENT
    assert spec.doc
    assert spec.basis
    assert set(spec.title) == {"zh", "en"}
    assert wording.names(rule_id)


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_fires_where_it_must(rule_id: str) -> None:
    case = FIRING[rule_id]

    finding = next(one for one in findings_of(rule_id, case) if one.subject == case.subject)

    assert finding.rule == rule_id
    assert finding.kind is (Kind.OPEN if rule_id in ("S011", "F015") else Kind.FAIL)


@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_is_silent_on_a_good_report(rule_id: str) -> None:
    assert findings_of(rule_id, SILENT[rule_id]) == ()


@pytest.mark.parametrize("rule_id", sorted(UNDECIDED))
def test_a_rule_accuses_nobody_where_it_cannot_judge(rule_id: str) -> None:
    case = UNDECIDED[rule_id]

    judgement = judge(case.report, case.context, select=(rule_id,))

    assert all(finding.kind is Kind.OPEN for finding in judgement.findings)
    assert any(outcome.kind is Kind.OPEN and outcome.subject == case.subject for _, outcome in judgement.outcomes)


@pytest.mark.parametrize("rule_id", RULES)
def test_messages_are_sentences_that_suspect_and_never_condemn(rule_id: str) -> None:
    for case in (FIRING[rule_id], UNDECIDED.get(rule_id, FIRING[rule_id])):
        for finding in findings_of(rule_id, case):
            assert len(finding.message["zh"]) > 10
            assert len(finding.message["en"]) > 20
            assert "违法" not in finding.message["zh"]
            assert "{" not in finding.message["zh"] + finding.message["en"]
            if finding.kind is Kind.FAIL:
                assert "疑似" in finding.message["zh"]


def test_every_rule_that_lacks_its_context_says_so_in_both_languages() -> None:
    nameless = replace(GOOD, year=None)

    missing = {one.rule: one.reason for one in judge(nameless, Context()).not_judged}

    assert set(missing) >= {"F001", "F002", "F015", "S005", "C004", "Y001", "Y002"}
    assert all(set(reason) == {"zh", "en"} for reason in missing.values())

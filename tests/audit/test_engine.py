"""The engine: crashes, choices, severities, identity, the verdict on a whole report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from audit import engine
from audit.engine import catalogue, judge, outcome_of, ruleset
from audit.finding import Kind, Outcome, Severity
from audit.report import How, Report, State
from audit.rules import registry
from audit.rules.registry import RuleError, registered, rule
from tests.audit.reports import number, with_cells, with_text
from tests.audit.rules.cases import DUE, GOOD, TORN

CELL = "requests/concluded/natural_person"
WRONG = with_cells(GOOD, {CELL: number(GOOD, CELL) + 1})
REWORDED = replace(
    GOOD, sections={**GOOD.sections, "problems": replace(GOOD.sections["problems"], heading="五、存在问题及改进情况")}
)


def test_a_crashing_rule_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(report: Report) -> Iterator[Outcome]:
        raise ZeroDivisionError(report.title)
        yield

    broken = replace(registered()["C001"], judge=crash, takes=("report",))
    monkeypatch.setitem(registry._RULES, "C001", broken)

    judgement = judge(WRONG, DUE)

    assert [(one.rule, one.kind, one.subject) for one in judgement.findings] == [
        ("A003", Kind.FAIL, CELL),
        ("A000", Kind.OPEN, "C001"),
    ]
    assert "ZeroDivisionError" in judgement.findings[1].message["zh"]


def test_rules_are_chosen_by_id_or_beginning() -> None:
    ran = {rule_id for rule_id, _ in judge(GOOD, DUE, select=("A", "C001"), ignore=("A004",)).outcomes}

    assert ran == {"A001", "A002", "A003", "A005", "A006", "C001"}


def test_configuration_overrides_a_severity() -> None:
    (finding,) = judge(WRONG, DUE, severity={"A003": "note"}).findings

    assert finding.severity is Severity.NOTE


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(ValueError, match="grave"):
        judge(GOOD, DUE, severity={"A003": "grave"})


def test_the_same_wrong_cell_keeps_its_identity_when_other_sums_break() -> None:
    """With the balance unreadable the gravest broken sum is another rule, but it is the same finding."""
    (before,) = judge(WRONG, DUE, select=("A",)).findings
    lost = with_cells(WRONG, {"requests/carried_in/natural_person": State.UNREADABLE})

    (after,) = judge(lost, DUE, select=("A",)).findings

    assert (before.rule, after.rule) == ("A003", "A002")
    assert before.fingerprint == after.fingerprint


def test_identity_knows_organisation_year_and_subject_but_not_values() -> None:
    def identity(report: Report, **context: object) -> str:
        return judge(report, replace(DUE, **context), select=("A",)).findings[0].fingerprint  # type: ignore[arg-type]

    other_value = with_cells(GOOD, {CELL: number(GOOD, CELL) + 5})

    assert identity(WRONG) == identity(other_value)
    assert len({identity(WRONG), identity(WRONG, organisation="fin"), identity(WRONG, year=2023)}) == 3


def test_the_graver_finding_comes_first_and_open_ones_last() -> None:
    subject = with_text(with_cells(TORN, {"disputes/review/total": 999}), "other_matters", "无。")

    assert [one.rule for one in judge(subject, DUE, select=("A", "C004", "S")).findings] == ["A004", "C004", "S011"]


@pytest.mark.parametrize(
    ("subject", "outcome"),
    [
        (GOOD, "clean"),
        (REWORDED, "clean"),
        (WRONG, "findings"),
        (TORN, "review"),
        (with_cells(GOOD, {CELL: number(GOOD, CELL)}, How.INFERRED), "review"),
        (with_cells(GOOD, {"disclosure/licences/decisions": State.UNREADABLE}), "review"),
    ],
)
def test_a_report_is_clean_only_if_fully_read_and_nothing_fails(subject: Report, outcome: str) -> None:
    assert outcome_of(subject, judge(subject, DUE)) == outcome


def test_the_ruleset_changes_with_a_rule_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ruleset()
    monkeypatch.setitem(registry._RULES, "C001", replace(registered()["C001"], version=99))
    ruleset.cache_clear()
    after = ruleset()
    ruleset.cache_clear()

    assert before != after


def test_the_catalogue_orders_and_documents_every_rule() -> None:
    assert set(catalogue()) == {*registered(), engine.CRASHED}
    assert catalogue()["A003"].order < catalogue()["A001"].order < catalogue()["C001"].order


@pytest.mark.parametrize("fault", ["twice", "no docstring", "nobody supplies"])
def test_a_rule_declared_wrongly_is_refused_at_once(fault: str) -> None:
    def judge_nothing(report: Report) -> Iterator[Outcome]:
        """Nothing."""
        yield from ()

    def no_text(report: Report) -> Iterator[Outcome]:
        yield from ()

    def asks_too_much(weather: str) -> Iterator[Outcome]:
        """Something else."""
        yield from ()

    declared: dict[str, tuple[str, Callable[..., Iterator[Outcome]]]] = {
        "twice": ("A001", judge_nothing),
        "no docstring": ("Z001", no_text),
        "nobody supplies": ("Z001", asks_too_much),
    }
    rule_id, function = declared[fault]

    with pytest.raises(RuleError):
        rule(rule_id, letter="I", basis="-")(function)

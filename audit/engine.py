"""Run the rules over a report: outcomes, the findings kept of them, and what lacked context to be judged."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from audit.context import Context
from audit.figures import Figures
from audit.finding import Finding, Kind, NotJudged, Outcome, Severity, fingerprint
from audit.form import IDS, TABLES, expected_form, load
from audit.report import How, Report, State
from audit.rules import (
    arithmetic,
    content,
    crosscheck,
    history,
    layout,
    narrative,
    originality,
    plausible,
    publication,
    structure,
    values,
    wording,
)
from audit.rules.registry import Rule, lookup, registered

FAMILIES = (
    publication,
    structure,
    layout,
    values,
    arithmetic,
    plausible,
    history,
    crosscheck,
    narrative,
    content,
    originality,
)
CRASHED = "A000"
LAST = 9
"""Where an outcome that belongs to no rule stands in a digest: behind all letters."""


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule as the catalogue shows it. ``order`` ranks it in a digest, 0 first."""

    id: str
    severity: Severity
    title: Mapping[str, str]
    basis: str
    doc: str
    order: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that was said of one report; ``outcomes`` are (rule id, verdict), passes included."""

    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    outcomes: tuple[tuple[str, Outcome], ...]
    ruleset: str


def judge(
    report: Report | None,
    context: Context,
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    severity: Mapping[str, str] | None = None,
) -> Judgement:
    """Judge a report; with None only the rules that need none run (F001).

    ``select`` and ``ignore`` are rule ids or their beginnings (``A``, ``A003``). ``severity`` overrides a rule's
    own; an outcome that is graded by degree is never made graver by it. An open outcome becomes a finding only
    if it has something to say to a person. Raises ValueError for an unknown severity.
    """
    levels = {rule_id: Severity(level) for rule_id, level in (severity or {}).items()}
    active = tuple(rule for rule in registered().values() if _wanted(rule.id, select, ignore))
    outcomes = tuple(_run(active, report, context))
    findings: dict[str, Finding] = {}
    not_judged: dict[str, NotJudged] = {}
    for rule_id, outcome in outcomes:
        if outcome.context_missing:
            not_judged.setdefault(rule_id, _not_judged(rule_id))
        elif outcome.kind is Kind.FAIL or (outcome.kind is Kind.OPEN and outcome.message):
            finding = _finding(rule_id, outcome, report, context, levels)
            findings.setdefault(finding.fingerprint, finding)
    ranked = sorted(findings.values(), key=_gravest_first)
    return Judgement(tuple(ranked), tuple(not_judged.values()), outcomes, ruleset())


@cache
def catalogue() -> Mapping[str, RuleSpec]:
    """Every rule by id, the crash of a rule (A000) included."""
    specs = {CRASHED: RuleSpec(CRASHED, Severity.NOTE, wording.title(CRASHED), "", "A rule crashed; no accusation.", 4)}
    for rule in registered().values():
        specs[rule.id] = RuleSpec(rule.id, rule.severity, wording.title(rule.id), rule.basis, rule.doc, rule.order)
    return specs


def outcome_of(report: Report, judgement: Judgement) -> str:
    """``findings``, ``review`` or ``clean`` (CONTRACT 3). A report that was not fully read is never clean."""
    fails = [finding for finding in judgement.findings if finding.kind is Kind.FAIL]
    if any(finding.severity is not Severity.NOTE for finding in fails):
        return "findings"
    undecided = any(outcome.kind is Kind.OPEN and not outcome.context_missing for _, outcome in judgement.outcomes)
    return "review" if undecided or not _fully_read(report) else "clean"


@cache
def ruleset() -> str:
    """sha256 over the ids and versions of the rules and the bytes of the forms."""
    digest = hashlib.sha256()
    for rule in registered().values():
        digest.update(f"{rule.id}@{rule.version}\n".encode())
    for form_id in IDS:
        digest.update((files("audit.form") / f"{form_id}.toml").read_bytes())
    return digest.hexdigest()


def family_of(rule_id: str) -> str:
    """What stands for the rule in a fingerprint.

    The sums of table 3 share the family ``A``: a wrong cell may break other sums next time and stays one finding.
    """
    rule = lookup(rule_id)
    return rule.family if rule else rule_id


def _run(active: Collection[Rule], report: Report | None, context: Context) -> Iterator[tuple[str, Outcome]]:
    figures = Figures(report) if report else None
    facts: dict[str, Any] = {
        "report": report,
        "context": context,
        "active": frozenset(rule.id for rule in active),
        "figures": figures,
        "sums": figures.sums if figures else None,
    }
    for rule in active:
        if report is None and rule.needs_report:
            continue
        try:
            outcomes = tuple(rule.outcomes(facts))
        except Exception as error:  # noqa: BLE001 - one broken rule must not silence the others
            args = {"rule": rule.id, "error": type(error).__name__}
            yield CRASHED, Outcome(Kind.OPEN, rule.id, args=args, message="message", confirmed=False)
        else:
            yield from ((rule.id, outcome) for outcome in outcomes)


@cache
def _not_judged(rule_id: str) -> NotJudged:
    return NotJudged(rule_id, wording.message(rule_id, "not_judged", {}))


def _wanted(rule_id: str, select: Collection[str], ignore: Collection[str]) -> bool:
    chosen = not select or rule_id.startswith(tuple(select))
    return chosen and not (ignore and rule_id.startswith(tuple(ignore)))


def _finding(
    rule_id: str,
    outcome: Outcome,
    report: Report | None,
    context: Context,
    levels: Mapping[str, Severity],
) -> Finding:
    organisation = context.organisation or (report.agency if report else None) or ""
    return Finding(
        rule=rule_id,
        severity=_severity(rule_id, outcome, levels),
        kind=outcome.kind,
        subject=outcome.subject,
        message=wording.message(rule_id, outcome.message, outcome.args),
        title=wording.title(rule_id),
        fingerprint=fingerprint(family_of(rule_id), organisation, context.year_of(report), outcome.subject),
        cells=outcome.cells,
        cell=outcome.cell,
        expected=outcome.expected,
        actual=outcome.actual,
        formula=outcome.formula,
        sums=outcome.sums,
        hint=outcome.hint,
        confirmed=outcome.confirmed and outcome.kind is Kind.FAIL,
        second=outcome.second,
    )


def _severity(rule_id: str, outcome: Outcome, levels: Mapping[str, Severity]) -> Severity:
    rule = lookup(rule_id)
    own = outcome.severity or (rule.severity if rule else Severity.NOTE)
    override = levels.get(rule_id)
    if override is None:
        return own
    return override if outcome.severity is None or override.rank < own.rank else own


def _gravest_first(finding: Finding) -> tuple[bool, int, int, str, str]:
    rule = lookup(finding.rule)
    order = rule.order if rule else LAST
    return (finding.kind is Kind.OPEN, -finding.severity.rank, order, finding.rule, finding.subject)


def _fully_read(report: Report) -> bool:
    """Every cell of the form was seen: a number, a blank, a dash or words, and not inferred."""
    usual = expected_form(report.year) if report.year is not None else "2021"
    for name in TABLES:
        table = report.tables.get(name)
        shape = table.shape if table and table.shape else usual
        if shape not in IDS:
            shape = "2021"
        for cell_id in load(shape).tables[name].cells:
            cell = report.cell(cell_id)
            if cell.how is How.INFERRED or cell.state in (State.UNREADABLE, State.ABSENT):
                return False
    return True

"""A finding opens at once, resolves on proof, and says nothing while it only cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

from audit.engine import Judgement, judge
from audit.finding import Finding
from audit.lifecycle import Event, Known, compare, judged_in
from audit.report import Report, State
from tests.audit.reports import number, with_cells, with_text
from tests.audit.rules.cases import DUE, GOOD

CELL = "requests/concluded/natural_person"
WRONG = with_cells(GOOD, {CELL: number(GOOD, CELL) + 1})
WORSE = with_cells(GOOD, {CELL: number(GOOD, CELL) + 2})


def stored(findings: Sequence[Finding], state: str = "open") -> tuple[Known, ...]:
    return tuple(
        Known(one.fingerprint, one.rule, one.subject, state, one.state_hash, one.kind.value) for one in findings
    )


def said(report: Report) -> Judgement:
    return judge(report, DUE)


def events(previous: Sequence[Known], report: Report) -> list[Event]:
    judgement = said(report)
    return [change.event for change in compare(previous, judgement.findings, judged_in(judgement))]


def test_a_new_finding_opens() -> None:
    assert events((), WRONG) == [Event.OPENED]


def test_the_same_finding_again_is_unchanged() -> None:
    assert events(stored(said(WRONG).findings), WRONG) == [Event.UNCHANGED]


def test_other_figures_are_told() -> None:
    assert events(stored(said(WRONG).findings), WORSE) == [Event.WORSE]


def test_a_corrected_cell_resolves() -> None:
    assert events(stored(said(WRONG).findings), GOOD) == [Event.RESOLVED]


def test_a_cell_that_is_unread_today_is_not_fixed_today() -> None:
    unread = with_cells(GOOD, {CELL: State.UNREADABLE})

    changes = events(stored(said(WRONG).findings), unread)

    assert Event.RESOLVED not in changes
    assert Event.UNCHANGED in changes


def test_a_resolved_finding_that_returns_is_reopened() -> None:
    assert events(stored(said(WRONG).findings, "resolved"), WRONG) == [Event.REOPENED]


def test_a_resolved_finding_that_stays_away_is_not_mentioned() -> None:
    assert events(stored(said(WRONG).findings, "resolved"), GOOD) == []


def test_a_rule_that_did_not_run_resolves_nothing() -> None:
    previous = stored(said(WRONG).findings)
    judgement = judge(GOOD, DUE, ignore=("A",))

    (change,) = compare(previous, judgement.findings, judged_in(judgement))

    assert change.event is Event.UNCHANGED


def test_a_filled_cell_resolves_while_another_blank_stays() -> None:
    first, second = "disclosure/licences/decisions", "requests/granted/other"
    both = said(with_cells(GOOD, {first: State.BLANK, second: State.BLANK}))

    changes = events(stored(both.findings), with_cells(GOOD, {second: State.BLANK}))

    assert sorted(changes) == [Event.RESOLVED, Event.UNCHANGED]


def test_a_sentence_that_was_added_resolves_a_content_finding() -> None:
    assert events(stored(said(with_text(GOOD, "other_matters", "无。")).findings), GOOD) == [Event.RESOLVED]

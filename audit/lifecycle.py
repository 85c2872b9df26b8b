"""What changed since last time. A finding opens on its first reading and resolves only on proof."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from audit.change import Change, Event, Known
from audit.engine import Judgement, family_of
from audit.finding import Finding, Kind, Outcome

__all__ = ["Change", "Event", "Known", "compare", "judged_in"]


def compare(
    previous: Sequence[Known],
    current: Sequence[Finding],
    judged: Callable[[str, str], bool],
) -> tuple[Change, ...]:
    """The changes from the stored findings of one report to those found now.

    A finding that is gone is resolved only if ``judged(rule, subject)``: unread today is not fixed today.
    """
    known = {one.fingerprint: one for one in previous}
    now: dict[str, Finding] = {}
    for finding in current:
        now.setdefault(finding.fingerprint, finding)
    found = tuple(
        Change(_event(known.get(fingerprint), finding), fingerprint, finding) for fingerprint, finding in now.items()
    )
    return (*found, *_gone(previous, now.keys(), judged))


def judged_in(judgement: Judgement) -> Callable[[str, str], bool]:
    """The usual ``judged``: the rules spoke of the subject this time and left nothing of it undecided."""

    def judged(rule: str, subject: str) -> bool:
        family = family_of(rule)
        said = [
            (rule_id, outcome)
            for rule_id, outcome in judgement.outcomes
            if family_of(rule_id) == family and _concerns(outcome, subject)
        ]
        # Another rule of the family that is content proves nothing for one that did not run.
        spoke = any(rule_id == rule for rule_id, _ in said)
        return spoke and not any(_undecided(outcome, subject) for _, outcome in said)

    return judged


def _event(known: Known | None, finding: Finding) -> Event:
    if known is None:
        return Event.OPENED
    if known.state == "resolved":
        return Event.REOPENED
    if known.kind == Kind.OPEN and finding.kind is Kind.FAIL:
        return Event.OPENED  # it was on the work list so far; nobody was told
    # A fail that can no longer be read is neither fixed nor worse.
    same = known.state_hash == finding.state_hash or finding.kind is Kind.OPEN
    return Event.UNCHANGED if same else Event.WORSE


def _gone(previous: Sequence[Known], now: Collection[str], judged: Callable[[str, str], bool]) -> Iterator[Change]:
    for one in previous:
        if one.fingerprint not in now and one.state == "open":
            event = Event.RESOLVED if judged(one.rule, one.subject) else Event.UNCHANGED
            yield Change(event, one.fingerprint, None)


def _concerns(outcome: Outcome, subject: str) -> bool:
    """The outcome is about the subject, a cell of it, or the whole it belongs to."""
    if subject in outcome.cells or outcome.subject in (subject, subject.split("/", 1)[0], "report"):
        return True
    return any(_within(cell, subject) for cell in outcome.cells if outcome.subject != subject)


def _undecided(outcome: Outcome, subject: str) -> bool:
    """An open outcome leaves open the cells it names, or all it is about if it names none."""
    if outcome.kind is not Kind.OPEN:
        return False
    return not outcome.cells or any(_within(cell, subject) for cell in outcome.cells)


def _within(cell: str, subject: str) -> bool:
    """Whether a cell lies in a table, a row (``table/row``) or a column (``table/*/column``)."""
    parts, wanted = cell.split("/"), subject.split("/")
    return all(want in ("*", part) for part, want in zip(parts, wanted, strict=False))

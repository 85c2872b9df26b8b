"""How a rule is declared: ``@rule("A003", severity="error", ...)`` on a generator of outcomes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.finding import Outcome, Severity

OFF_BY_DEFAULT = ("C006",)
"""Rules so much a matter of taste that they run only for those who ask: the value of ``ignore`` where none is given."""

Judge = Callable[..., Iterator[Outcome]]

_ORDER = "CHMLI"
_SEVERITY_OF = {
    "C": Severity.ERROR,
    "H": Severity.ERROR,
    "M": Severity.WARNING,
    "L": Severity.NOTE,
    "I": Severity.NOTE,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule. ``letter`` is its rank in the catalogue (C, H, M, L, I) and orders a digest.

    ``family`` stands for the id in fingerprints where several rules may name the same root cause. ``takes`` are
    the facts the generator asks for: ``report``, ``context``, ``active`` (the ids that run this time), ``figures``
    (the report's ``Figures``), ``sums`` (the judged sums of a table by its name).
    """

    id: str
    letter: str
    severity: Severity
    basis: str
    doc: str
    version: int
    family: str
    takes: tuple[str, ...]
    needs_report: bool
    judge: Judge

    @property
    def order(self) -> int:
        """0 for the gravest letter, 4 for the slightest."""
        return _ORDER.index(self.letter)

    def outcomes(self, facts: Mapping[str, Any]) -> Iterator[Outcome]:
        """Run the rule on the facts it takes."""
        return self.judge(**{name: facts[name] for name in self.takes})


_RULES: dict[str, Rule] = {}
_FACTS = {"report", "context", "active", "figures", "sums"}


class RuleError(Exception):
    """A rule is declared wrongly; raised at import, never while judging."""


def rule(
    rule_id: str,
    *,
    letter: str,
    basis: str,
    version: int = 1,
    family: str | None = None,
    needs_report: bool = True,
) -> Callable[[Judge], Judge]:
    """Register a generator of outcomes; its docstring is the text of the rule.

    Raises RuleError for an id used twice, a missing docstring or a parameter no one can supply.
    """

    def register(judge: Judge) -> Judge:
        takes = tuple(inspect.signature(judge).parameters)
        if rule_id in _RULES:
            raise RuleError(f"{rule_id} is declared twice")
        if not (judge.__doc__ or "").strip():
            raise RuleError(f"{rule_id} has no docstring")
        if unknown := set(takes) - _FACTS:
            raise RuleError(f"{rule_id} asks for {', '.join(sorted(unknown))}, which nobody supplies")
        _RULES[rule_id] = Rule(
            id=rule_id,
            letter=letter,
            severity=_SEVERITY_OF[letter],
            basis=basis,
            doc=inspect.cleandoc(judge.__doc__ or ""),
            version=version,
            family=family or rule_id,
            takes=takes,
            needs_report=needs_report,
            judge=judge,
        )
        return judge

    return register


def registered() -> Mapping[str, Rule]:
    """Every rule declared so far, by id in catalogue order."""
    return dict(sorted(_RULES.items()))


def lookup(rule_id: str) -> Rule | None:
    """The rule of this id; None for A000 and for one that this version does not have."""
    return _RULES.get(rule_id)

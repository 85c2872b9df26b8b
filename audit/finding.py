"""What a rule says of a report: outcomes, and the findings kept of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any


class Severity(StrEnum):
    """``ERROR`` is certain and statutory or arithmetical, ``WARNING`` probably wrong, ``NOTE`` worth a look."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """3 for error, 1 for note: greater is graver."""
        return {"error": 3, "warning": 2, "note": 1}[self.value]


class Kind(StrEnum):
    """The verdict of one rule on one subject. ``OPEN`` could not be decided and is never an accusation."""

    FAIL = "fail"
    OPEN = "open"
    PASS = "pass"  # noqa: S105 - a verdict
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule's verdict on one subject (``table/row/column``, ``table/row``, a table, a section, or ``report``).

    ``context_missing`` marks an open outcome that only lacks context (no address, no last year): see ``not_judged``.
    ``args`` fill the message templates; ``severity`` overrides the rule's own where the catalogue grades by degree.
    ``second``: whether a second reading ``agrees``, ``differs`` or was ``impossible``; None where none was made.
    """

    kind: Kind
    subject: str
    args: Mapping[str, Any] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    cell: str | None = None
    expected: int | Decimal | str | None = None
    actual: int | Decimal | str | None = None
    formula: str | None = None
    sums: tuple[str, ...] = ()
    severity: Severity | None = None
    message: str = ""
    hint: Mapping[str, str] | None = None
    confirmed: bool = True
    context_missing: bool = False
    second: str | None = None


@cache
def passed(subject: str, cells: tuple[str, ...] = ()) -> Outcome:
    """The verdict that all is well. It is the same object each time: an archive has millions of them."""
    return Outcome(Kind.PASS, subject, cells=cells)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fail, or an open verdict a person must look at. Fields are those of CONTRACT section 3."""

    rule: str
    severity: Severity
    kind: Kind
    subject: str
    message: Mapping[str, str]
    title: Mapping[str, str]
    fingerprint: str
    cells: tuple[str, ...] = ()
    cell: str | None = None
    expected: int | Decimal | str | None = None
    actual: int | Decimal | str | None = None
    formula: str | None = None
    sums: tuple[str, ...] = ()
    hint: Mapping[str, str] | None = None
    confirmed: bool = True
    second: str | None = None

    @property
    def state_hash(self) -> str:
        """Changes when the compared values or the kind change: the same wrong, with other figures."""
        parts = (self.kind.value, str(self.expected), str(self.actual), self.formula or "", *self.sums)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        def number(value: int | Decimal | str | None) -> int | float | str | None:
            return float(value) if isinstance(value, Decimal) else value

        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "kind": self.kind.value,
            "subject": self.subject,
            "cell": self.cell,
            "cells": list(self.cells),
            "expected": number(self.expected),
            "actual": number(self.actual),
            "formula": self.formula,
            "sums": list(self.sums),
            "title": dict(self.title),
            "message": dict(self.message),
            "hint": dict(self.hint) if self.hint else None,
            "confirmed": self.confirmed,
            "second_reading": self.second,
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule that lacked its context, with the reason in both languages."""

    rule: str
    reason: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"rule": self.rule, "reason": dict(self.reason)}


def fingerprint(rule: str, organisation: str, year: int | None, subject: str) -> str:
    """Identity of a finding: what it is about, never where it stood, its values or its wording."""
    return hashlib.sha256("\x1f".join((rule, organisation, str(year or ""), subject)).encode()).hexdigest()[:32]

"""One report with all that was found in it: what every format is made of, out of a check or out of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.finding import Finding, Kind, NotJudged, Severity
from audit.report import Report
from nianshen.checking import Checked

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. ``state`` is open, dismissed, waived or resolved, ``reason`` what a person said about it.

    ``sha256``, ``captured_at`` and ``url`` are the evidence: the bytes it was found in, when and where they stood.
    """

    finding: Finding
    state: str = OPEN
    reason: str | None = None
    sha256: str | None = None
    captured_at: datetime | None = None
    url: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A report with its lines. ``outcome`` is that of CONTRACT section 3, or the organisation's status of section 6.

    ``organisation`` is its id in the configuration, ``error`` why there is no report (code, message by language).
    """

    source: str
    outcome: str
    lines: tuple[Line, ...] = ()
    organisation: str | None = None
    agency: str | None = None
    year: int | None = None
    sha256: str | None = None
    report: Report | None = None
    not_judged: tuple[NotJudged, ...] = ()
    error: Mapping[str, Any] | None = None

    def counts(self) -> Mapping[str, int]:
        """How many open lines there are of each severity, of undecided ones (``open``), and how many are ``waived``."""
        counted = Counter(_class(line) for line in self.lines)
        return {name: counted[name] for name in (*Severity, Kind.OPEN, "waived")}


def of_checks(results: Iterable[Checked]) -> Iterator[Document]:
    """Documents out of ``check``, one at a time."""
    for checked in results:
        report, judged = checked.report, checked.judgement
        findings = judged.findings if judged else ()
        yield Document(
            source=checked.source,
            outcome=checked.outcome,
            lines=tuple(Line(finding, sha256=checked.sha256) for finding in findings),
            agency=report.agency if report else None,
            year=report.year if report else None,
            sha256=checked.sha256,
            report=report,
            not_judged=judged.not_judged if judged else (),
            error=checked.error,
        )


def finding_of(document: Mapping[str, Any]) -> Finding:
    """The finding again that ``Finding.as_json`` wrote."""
    return Finding(
        rule=document["rule"],
        severity=Severity(document["severity"]),
        kind=Kind(document["kind"]),
        subject=document["subject"],
        message=document["message"],
        title=document["title"],
        fingerprint=document["fingerprint"],
        cells=tuple(document["cells"]),
        cell=document["cell"],
        expected=document["expected"],
        actual=document["actual"],
        formula=document["formula"],
        sums=tuple(document["sums"]),
        hint=document["hint"],
        confirmed=document["confirmed"],
    )


def _class(line: Line) -> str:
    if line.state != OPEN:
        return line.state
    return Kind.OPEN if line.finding.kind is Kind.OPEN else line.finding.severity

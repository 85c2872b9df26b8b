"""The status of every organisation, derived from what is stored and never stored itself (CONTRACT section 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from audit.finding import Kind, Severity
from nianshen.store.findings import AuditRow, FindingRow
from nianshen.store.portals import PortalReading
from nianshen.store.reports import ReportRow

SCHEMA = "nianshen.status/1"
PUBLICATION = frozenset({"F001", "F002", "F003", "F004"})


class Status(StrEnum):
    """In the order in which the first match wins."""

    MISSING = "missing"
    ERROR = "error"
    LATE = "late"
    UNKNOWN = "unknown"
    MINOR = "minor"
    PENDING = "pending"
    WAIVED = "waived"
    OK = "ok"

    @property
    def label(self) -> str:
        """The status in Chinese."""
        return _LABELS[self]


_LABELS = {
    Status.MISSING: "未发现",
    Status.ERROR: "有错误",
    Status.LATE: "逾期",
    Status.UNKNOWN: "未能核查",
    Status.MINOR: "有提示",
    Status.PENDING: "未到期",
    Status.WAIVED: "已豁免",
    Status.OK: "正常",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one organisation in one year; ``due_passed`` as of now, ``reading`` of that year's runs.

    ``legal_due`` is the day from which days late are counted; ``due`` may be an earlier one of a local notice.
    ``not_listed``: that reading leaves no doubt that the report is not on the list.
    """

    due: date | None
    legal_due: date | None
    due_passed: bool
    report: ReportRow | None
    findings: Sequence[FindingRow]
    audit: AuditRow | None
    reading: PortalReading | None
    absence_proven: bool
    not_listed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, with its reason where it is unknown, the days late where it is late, and the open findings counted."""

    status: Status
    reason: str | None
    days_late: int | None
    counts: Mapping[str, int]


def derive(facts: Facts) -> Verdict:
    """The first status of CONTRACT section 6 that holds."""
    active = [one for one in facts.findings if one.standing == "open"]
    fails = [one for one in active if one.kind == Kind.FAIL]
    waived = [one for one in facts.findings if one.standing == "waived"]
    late = any(one.rule == "F002" and one.severity != Severity.NOTE for one in fails)
    reason = _unknown(facts)
    return Verdict(
        status=_status(facts, active, fails, waived, late, reason),
        reason=reason,
        days_late=_days_late(facts) if late else None,
        counts=_counted(active, fails),
    )


def absence_proven(readings: Sequence[datetime], *, runs: int, gap: timedelta) -> bool:
    """Whether complete readings without the report (after the due date, oldest first) prove that it is not there.

    At least ``runs`` of them, each ``gap`` or more after the one that counted before.
    """
    counted: list[datetime] = []
    for moment in sorted(readings):
        if not counted or moment - counted[-1] >= gap:
            counted.append(moment)
    return len(counted) >= runs


def as_json(entry: Any, facts: Facts, verdict: Verdict) -> dict[str, Any]:
    """One organisation as ``nianshen status`` prints it; ``entry`` has its id and name."""
    report = facts.report
    return {
        "id": entry.id,
        "name": entry.name,
        "status": verdict.status.value,
        "due": facts.due.isoformat() if facts.due else None,
        "declared": report.declared.isoformat() if report and report.declared else None,
        "first_seen": report.first_seen.isoformat(timespec="seconds") if report else None,
        "days_late": verdict.days_late,
        "findings": dict(verdict.counts),
        "url": report.url if report else None,
        "reason": verdict.reason if verdict.status is Status.UNKNOWN else None,
    }


def document(
    year: int, organisations: Sequence[Mapping[str, Any]], given_up: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The whole answer; an organisation counts as checked unless its status is unknown."""
    checked = sum(one["status"] != Status.UNKNOWN for one in organisations)
    coverage = {"checked": checked, "total": len(organisations)}
    return {
        "schema": SCHEMA,
        "year": year,
        "coverage": coverage,
        "organisations": list(organisations),
        "given_up_channels": list(given_up),
    }


def _status(
    facts: Facts,
    active: Sequence[FindingRow],
    fails: Sequence[FindingRow],
    waived: Sequence[FindingRow],
    late: bool,
    reason: str | None,
) -> Status:
    absence_waived = any(one.rule == "F001" for one in waived)
    none_found = facts.report is None and not absence_waived
    wrong = any(one.severity == Severity.ERROR and one.rule not in PUBLICATION for one in fails)
    candidates = (
        (Status.MISSING, none_found and facts.due_passed and facts.absence_proven),
        (Status.ERROR, wrong),
        (Status.LATE, late),
        (Status.UNKNOWN, reason is not None and not absence_waived),
        (Status.MINOR, bool(active)),
        (Status.PENDING, none_found),
        (Status.WAIVED, bool(waived)),
    )
    return next((status for status, holds in candidates if holds), Status.OK)


def _unknown(facts: Facts) -> str | None:
    """Why nothing can be said, or None. Before the due date a list read whole without the report is no riddle."""
    if facts.report is not None:
        unread = facts.audit is None or facts.audit.unread or facts.audit.outcome in {"unreadable", "not_a_report"}
        return "report_unreadable" if unread else None
    if facts.due_passed and facts.absence_proven:
        return None
    if facts.reading is None:
        return "not_crawled"
    if not facts.not_listed and (facts.reading.reason is not None or not facts.reading.complete):
        return facts.reading.reason or "list_incomplete"
    return "absence_unproven" if facts.due_passed else None


def _days_late(facts: Facts) -> int | None:
    if facts.report is None or facts.report.declared is None or facts.legal_due is None:
        return None
    days = (facts.report.declared - facts.legal_due).days
    return days if days > 0 else None


def _counted(active: Sequence[FindingRow], fails: Sequence[FindingRow]) -> dict[str, int]:
    by_severity = Counter(one.severity for one in fails)
    return {**{level.value: by_severity[level.value] for level in Severity}, "open": len(active) - len(fails)}

"""The first status that holds wins, and nothing unproven accuses anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from nianshen.status import Facts, Status, absence_proven, derive
from nianshen.store import FindingRow, PortalReading, ReportRow
from nianshen.store.findings import AuditRow

NOW = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
GAP = timedelta(hours=6)
REPORT = ReportRow("edu", 2025, "https://e.cn/1", "p", "a" * 64, date(2026, 1, 20), NOW, NOW, NOW)
READ = PortalReading("run-1", "p", NOW, "found", None, True, 1, 1, 9, "", "healthy", NOW, {}, None, None)
FOUND = Facts(
    date(2026, 1, 31), date(2026, 1, 31), True, REPORT, (), AuditRow("edu", "clean", ()), READ, absence_proven=False
)
NONE = replace(FOUND, report=None, audit=None)


def row(
    rule: str = "A003",
    severity: str = "error",
    kind: str = "fail",
    state: str = "open",
    decision: str | None = None,
) -> FindingRow:
    return FindingRow(
        fingerprint="f" * 32,
        organisation="edu",
        year=2025,
        rule=rule,
        subject="report",
        severity=severity,
        kind=kind,
        state=state,
        decision=decision,
        decision_reason=None,
        decided_at=None,
        state_hash="h",
        confirmed=True,
        document={},
        reading_id=None,
        first_seen=NOW,
        last_seen=NOW,
        resolved_at=None,
    )


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((), Status.OK),
        ((row(),), Status.ERROR),
        ((row(state="resolved"),), Status.OK),
        ((row(decision="waived"),), Status.WAIVED),
        ((row(decision="dismissed"),), Status.OK),
        ((row(kind="open"),), Status.MINOR),
        ((row(severity="warning"),), Status.MINOR),
        ((row("F002"),), Status.LATE),
        ((row("F002", severity="note"),), Status.MINOR),
        ((row("F002"), row()), Status.ERROR),
    ],
)
def test_a_found_report_stands_as_its_findings_do(findings: tuple[FindingRow, ...], expected: Status) -> None:
    assert derive(replace(FOUND, findings=findings)).status is expected


@pytest.mark.parametrize(
    ("facts", "expected", "reason"),
    [
        (replace(NONE, absence_proven=True), Status.MISSING, None),
        (NONE, Status.UNKNOWN, "absence_unproven"),
        (replace(NONE, reading=None), Status.UNKNOWN, "not_crawled"),
        (replace(NONE, reading=replace(READ, reason="blocked", complete=False)), Status.UNKNOWN, "blocked"),
        (replace(NONE, due_passed=False), Status.PENDING, None),
        (replace(NONE, due_passed=False, reading=None), Status.UNKNOWN, "not_crawled"),
        (replace(NONE, due_passed=False, absence_proven=True), Status.PENDING, None),
        (replace(NONE, absence_proven=True, findings=(row("F001", decision="waived"),)), Status.WAIVED, None),
        (replace(FOUND, audit=AuditRow("edu", "review", ("requests",))), Status.UNKNOWN, "report_unreadable"),
        (replace(FOUND, audit=AuditRow("edu", "unreadable", ())), Status.UNKNOWN, "report_unreadable"),
    ],
)
def test_what_could_not_be_checked_is_unknown_with_its_reason(
    facts: Facts, expected: Status, reason: str | None
) -> None:
    verdict = derive(facts)

    assert (verdict.status, verdict.reason) == (expected, reason)


def test_findings_are_counted_once() -> None:
    findings = (row(), row(severity="note"), row(kind="open"), row(state="resolved"), row(decision="waived"))

    assert derive(replace(FOUND, findings=findings)).counts == {"error": 1, "warning": 0, "note": 1, "open": 1}


def test_days_late_count_from_the_due_date_to_the_declared_one() -> None:
    late = replace(FOUND, report=replace(REPORT, declared=date(2026, 2, 3)), findings=(row("F002"),))

    assert derive(late).days_late == 3
    assert derive(replace(late, findings=())).days_late is None


@pytest.mark.parametrize(
    ("hours", "proven"), [([], False), ([0], False), ([0, 5], False), ([0, 6], True), ([0, 3, 6], True)]
)
def test_two_readings_six_hours_apart_prove_absence(hours: list[int], proven: bool) -> None:
    readings = [NOW + timedelta(hours=one) for one in hours]

    assert absence_proven(readings, runs=2, gap=GAP) is proven

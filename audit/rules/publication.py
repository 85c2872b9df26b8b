"""Was it published, and in time (F001, F002, F015). 条例 Art. 49; due days last to 24:00 local time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone

from audit.context import Context
from audit.finding import Kind, Outcome, Severity
from audit.report import Report
from audit.rules.registry import rule

# Asia/Shanghai has had no other offset since 1991; a fixed one needs no time zone data on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_BASIS = "政府信息公开条例（2019）第四十九条"
_NO_DUE = Outcome(Kind.OPEN, "report", context_missing=True)


@rule("F001", letter="C", basis=_BASIS, needs_report=False)
def published_at_all(report: Report | None, context: Context) -> Iterator[Outcome]:
    """After the due day the report stands on the list. Absence must be proven by complete readings."""
    if context.due is None or (report is None and context.today is None):
        yield _NO_DUE
    elif report is not None:
        yield Outcome(Kind.PASS, "report")
    elif context.today is not None and context.today <= _last_day(context.due, context):
        yield Outcome(Kind.NOT_APPLICABLE, "report")
    elif context.absence is None or not context.absence.proven:
        yield Outcome(Kind.OPEN, "report")
    else:
        yield Outcome(
            Kind.FAIL,
            "report",
            args={
                "due": context.due.isoformat(),
                "basis": context.due_basis or _BASIS,
                "readings": len(context.absence.readings),
                "name": context.name or context.organisation,
                "year": context.year,
            },
            expected=f"≤ {context.due}",
            severity=Severity.NOTE if context.historic else None,
            message="historic" if context.historic else "",
            confirmed=not context.historic,
        )


@rule("F002", letter="H", basis=_BASIS)
def published_in_time(report: Report, context: Context) -> Iterator[Outcome]:
    """The declared date is not after the due day. Confirmed only if our captures bracket the publication."""
    if context.due is None:
        yield _NO_DUE
        return
    declared = context.published or report.dates.declared
    proven = _proven_late(context, context.due)
    seen = context.first_seen.astimezone(SHANGHAI).date() if context.first_seen else None
    if declared is None and proven and seen:
        yield _late(context, context.due, seen, message="seen", confirmed=True)
    elif declared is None:
        in_time = seen is not None and seen <= context.due
        yield Outcome(Kind.PASS if in_time else Kind.OPEN, "report")
    elif declared <= context.due:
        yield Outcome(Kind.PASS, "report")
    elif context.historic:
        yield _late(context, context.due, declared, message="historic", confirmed=False, severity=Severity.NOTE)
    elif declared <= _last_day(context.due, context):
        yield _late(context, context.due, declared, message="rest_day", confirmed=False, severity=Severity.NOTE)
    else:
        yield _late(context, context.due, declared, message="" if proven else "unconfirmed", confirmed=proven)


@rule("F015", letter="I", basis=_BASIS)
def publication_date_found(report: Report, context: Context) -> Iterator[Outcome]:
    """A date of publication can be found once a verdict on punctuality is due."""
    if context.due is None or context.today is None:
        yield _NO_DUE
    elif context.published or report.dates.declared:
        yield Outcome(Kind.PASS, "report")
    elif context.historic or context.today <= context.due or _dated_by_captures(context, context.due):
        yield Outcome(Kind.NOT_APPLICABLE, "report")
    else:
        yield Outcome(Kind.OPEN, "report", args={"due": context.due.isoformat()}, message="message")


def _late(
    context: Context,
    due: date,
    published: date,
    *,
    message: str,
    confirmed: bool,
    severity: Severity | None = None,
) -> Outcome:
    days = (published - due).days
    return Outcome(
        Kind.FAIL,
        "report",
        args={
            "due": due.isoformat(),
            "published": published.isoformat(),
            "days": days,
            "basis": context.due_basis or _BASIS,
            "until": context.rest_day_until.isoformat() if context.rest_day_until else "",
        },
        expected=f"≤ {due}",
        actual=published.isoformat(),
        formula=f"{published} − {due} = {days} d",
        message=message,
        confirmed=confirmed,
        severity=severity,
    )


def _last_day(due: date, context: Context) -> date:
    return max(due, context.rest_day_until) if context.rest_day_until else due


def _proven_late(context: Context, due: date) -> bool:
    """The list was read whole without the report after the last day had ended; the report was seen later."""
    if context.absent_before is None or context.first_seen is None or context.historic:
        return False
    end = datetime.combine(_last_day(due, context) + timedelta(days=1), time(), SHANGHAI)
    return end <= context.absent_before < context.first_seen


def _dated_by_captures(context: Context, due: date) -> bool:
    seen = context.first_seen.astimezone(SHANGHAI).date() if context.first_seen else None
    return _proven_late(context, due) or (seen is not None and seen <= due)

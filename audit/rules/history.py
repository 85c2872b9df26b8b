"""Does the report continue last year's (Y001, Y002)."""

from __future__ import annotations

from collections.abc import Iterator

from audit.context import Context
from audit.finding import Kind, Outcome
from audit.form import load
from audit.report import Report
from audit.rules import names
from audit.rules.registry import rule

_BASIS = "格式惯例：上年结转等于上年报告的结转下年度"


@rule("Y001", letter="H", basis=_BASIS)
def carry_over_total(report: Report, context: Context) -> Iterator[Outcome]:
    """The total carried in equals the total last year's report carried forward."""
    previous = _last_year(report, context)
    yield (
        Outcome(Kind.OPEN, "report", context_missing=True) if previous is None else _compare(report, previous, "total")
    )


@rule("Y002", letter="L", basis=_BASIS)
def carry_over_columns(report: Report, context: Context) -> Iterator[Outcome]:
    """With equal totals, each kind of applicant carried in equals last year's carried forward."""
    previous = _last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
    elif _compare(report, previous, "total").kind is Kind.FAIL:
        yield Outcome(Kind.NOT_APPLICABLE, "requests/carried_in")
    else:
        for column in load("2021").tables["requests"].columns[:-1]:
            yield _compare(report, previous, column.id)


def _last_year(report: Report, context: Context) -> Report | None:
    """Last year's report, if it is really last year's."""
    previous, year = context.previous, context.year_of(report)
    if previous is None or year is None or previous.year not in (None, year - 1):
        return None
    return previous


def _compare(report: Report, previous: Report, column: str) -> Outcome:
    subject = f"requests/carried_in/{column}"
    now = report.cell(subject).known
    then = previous.cell(f"requests/carried_forward/{column}").known
    if now is None or then is None:
        return Outcome(Kind.OPEN, subject, cells=(subject,))
    if now == then:
        return Outcome(Kind.PASS, subject, cells=(subject,))
    return Outcome(
        Kind.FAIL,
        subject,
        args={"name": names.subject("2021", subject), "now": now, "then": then},
        cells=(subject,),
        cell=subject,
        expected=then,
        actual=now,
        formula=f"{now} ≠ {then}",
    )

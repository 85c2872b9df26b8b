"""Does the report continue last year's (Y001-Y004)."""

from __future__ import annotations

from collections.abc import Iterator

from audit.context import Context
from audit.finding import Kind, Outcome
from audit.form import TABLES, load
from audit.report import Cell, How, Report, State
from audit.rules import names
from audit.rules.registry import rule

_CARRY = "格式惯例：上年结转等于上年报告的结转下年度"
_FEWEST_COPIED = 8
"""So many non-zero cells must agree before a table is called copied (domain 2.2)."""
_SMALLEST_TELLING = 3
"""With no figure as high as this, two years of a small organ may agree by chance."""


@rule("Y001", letter="H", basis=_CARRY, version=2)
def carry_over_total(report: Report, context: Context) -> Iterator[Outcome]:
    """The total carried in equals the total last year's report carried forward."""
    previous = last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
    else:
        yield _compare(report, previous, "total", renamed=of_another_organ(report, previous, context))


@rule("Y002", letter="L", basis=_CARRY, version=2)
def carry_over_columns(report: Report, context: Context) -> Iterator[Outcome]:
    """With equal totals, each kind of applicant carried in equals last year's carried forward."""
    previous = last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
    elif _compare(report, previous, "total").formula:
        yield Outcome(Kind.NOT_APPLICABLE, "requests/carried_in")
    else:
        renamed = of_another_organ(report, previous, context)
        for column in load("2021").tables["requests"].columns[:-1]:
            yield _compare(report, previous, column.id, renamed=renamed)


@rule("Y003", letter="M", basis="格式惯例：现行有效件数等于上年现行有效加本年制发减本年废止")
def in_force_rolls_forward(report: Report, context: Context) -> Iterator[Outcome]:
    """In force equals last year's in force plus issued less repealed; asked only where both years use the 2021 form."""
    previous = last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
    elif not _same_shape(report, previous, "disclosure", "2021"):
        yield Outcome(Kind.NOT_APPLICABLE, "disclosure")
    else:
        for row in ("regulations", "normative_documents"):
            yield _roll_forward(report, previous, f"disclosure/{row}", of_another_organ(report, previous, context))


@rule("Y004", letter="M", basis="格式惯例：表格应填报本年度数据")
def table_copied(report: Report, context: Context) -> Iterator[Outcome]:
    """No table repeats last year's cell by cell; tables that are nearly all zero are left alone."""
    previous = last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    for name in TABLES:
        shape = report.tables[name].shape if name in report.tables else None
        if not shape or not _same_shape(report, previous, name, shape):
            yield Outcome(Kind.NOT_APPLICABLE, name)
        else:
            yield _copied(report, previous, name)


def last_year(report: Report, context: Context) -> Report | None:
    """Last year's report, if it is really last year's."""
    previous, year = context.previous, context.year_of(report)
    if previous is None or year is None or previous.year not in (None, year - 1):
        return None
    return previous


def of_another_organ(report: Report, previous: Report, context: Context) -> bool:
    """The two reports bear different names: the organ was renamed or merged, or the wrong file was given."""
    then = previous.agency
    own = [name for name in (report.agency, context.name, *context.aliases) if name]
    return bool(then and own) and not any(then.endswith(name) or name.endswith(then) for name in own if then)


def _compare(report: Report, previous: Report, column: str, *, renamed: bool = False) -> Outcome:
    subject = f"requests/carried_in/{column}"
    now = report.cell(subject).known
    then = previous.cell(f"requests/carried_forward/{column}").known
    if now is None or then is None:
        return Outcome(Kind.OPEN, subject, cells=(subject,))
    if now == then:
        return Outcome(Kind.PASS, subject, cells=(subject,))
    return Outcome(
        Kind.OPEN if renamed else Kind.FAIL,
        subject,
        args={
            "name": names.subject("2021", subject),
            "now": now,
            "then": then,
            "organ": previous.agency or "",
        },
        cells=(subject,),
        cell=subject,
        expected=then,
        actual=now,
        formula=f"{now} ≠ {then}",
        message="renamed" if renamed else "",
    )


def _roll_forward(report: Report, previous: Report, row: str, renamed: bool) -> Outcome:
    subject = f"{row}/in_force"
    cells = (subject, f"{row}/issued", f"{row}/repealed")
    now = report.cell(subject).known
    issued, repealed = report.cell(f"{row}/issued").known, report.cell(f"{row}/repealed").known
    then = previous.cell(subject).known
    if now is None or issued is None or repealed is None or then is None:
        return Outcome(Kind.OPEN, subject, cells=cells)
    expected = then + issued - repealed
    if now == expected:
        return Outcome(Kind.PASS, subject, cells=cells)
    if renamed:
        return Outcome(Kind.OPEN, subject, cells=cells)
    return Outcome(
        Kind.FAIL,
        subject,
        args={
            "name": names.subject("2021", subject),
            "now": now,
            "expected": expected,
            "then": then,
            "issued": issued,
            "repealed": repealed,
            "delta": max(now - expected, expected - now),
        },
        cells=cells,
        cell=subject,
        expected=expected,
        actual=now,
        formula=f"{then} + {issued} - {repealed} = {expected} ≠ {now}",
        message="more" if now > expected else "less",
    )


def _copied(report: Report, previous: Report, name: str) -> Outcome:
    pairs = [(cell, previous.cell(cell_id)) for cell_id, cell in report.tables[name].cells.items()]
    seen = [(now, then) for now, then in pairs if _seen(now) and _seen(then)]
    same = [now for now, then in seen if now.state is State.VALUE and now.value and now.value == then.value]
    if any((now.state, now.value) != (then.state, then.value) for now, then in seen) or len(same) < _FEWEST_COPIED:
        return Outcome(Kind.PASS, name)
    if len(seen) < len(pairs):
        return Outcome(Kind.OPEN, name)
    if all(cell.value is not None and -_SMALLEST_TELLING < cell.value < _SMALLEST_TELLING for cell in same):
        return Outcome(Kind.PASS, name)
    return Outcome(
        Kind.FAIL,
        name,
        args={"table": names.table(name), "count": len(same)},
        cells=tuple(cell.id for cell in same),
        actual=len(same),
    )


def _seen(cell: Cell) -> bool:
    return cell.how is How.READ and cell.state not in (State.UNREADABLE, State.ABSENT)


def _same_shape(report: Report, previous: Report, name: str, shape: str) -> bool:
    return all(one.tables[name].shape == shape if name in one.tables else False for one in (report, previous))

"""Was it published, in time, in its place, and left as it was (F001-F007, F009-F015). 条例 Art. 24, 49.

Due days last to 24:00 local time. F008, copies that differ, stands with the other comparisons in ``crosscheck``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone

from audit import prose
from audit.context import Context
from audit.finding import Kind, Outcome, Severity
from audit.localise import judged_sums
from audit.publisher import Publisher, publisher
from audit.report import Report
from audit.rules import doubt, names
from audit.rules.registry import rule

# Asia/Shanghai has had no other offset since 1991; a fixed one needs no time zone data on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_BASIS = "政府信息公开条例（2019）第四十九条"
_LACKING = Outcome(Kind.OPEN, "report", context_missing=True)
_PASS = Outcome(Kind.PASS, "report")
_IDLE = Outcome(Kind.NOT_APPLICABLE, "report")


@rule("F001", letter="C", basis=_BASIS, needs_report=False)
def published_at_all(report: Report | None, context: Context) -> Iterator[Outcome]:
    """After the due day the report stands on the list. Absence must be proven by complete readings."""
    if context.due is None or (report is None and context.today is None):
        yield _LACKING
        return
    due = context.local_due or context.due
    if report is not None or context.first_seen:  # seen once and gone is another matter: F006
        yield _PASS
    elif context.today is not None and context.today <= _last_day(due, context):
        yield _IDLE
    elif context.absence is None or not context.absence.proven:
        yield Outcome(Kind.OPEN, "report")
    else:
        only_local = context.today is not None and context.today <= _last_day(context.due, context)
        yield Outcome(
            Kind.FAIL,
            "report",
            args={
                "due": due.isoformat(),
                "basis": context.local_basis if context.local_due else context.due_basis or _BASIS,
                "readings": len(context.absence.readings),
                "name": context.name or context.organisation,
                "year": context.year,
            },
            expected=f"≤ {due}",
            severity=Severity.NOTE if context.historic else Severity.WARNING if only_local else None,
            message="historic" if context.historic else "",
            confirmed=not context.historic,
        )


@rule("F002", letter="H", basis=_BASIS)
def published_in_time(report: Report, context: Context) -> Iterator[Outcome]:
    """The declared date is not after the due day. Confirmed only if our captures bracket the publication."""
    if context.due is None:
        yield _LACKING
        return
    declared = _declared(report, context)
    proven = _proven_late(context, context.due)
    seen = _day(context.first_seen)
    if declared is None and proven and seen:
        yield _late(context, context.due, seen, message="seen", confirmed=True)
    elif declared is None:
        in_time = seen is not None and seen <= context.due
        yield Outcome(Kind.PASS if in_time else Kind.OPEN, "report")
    elif declared <= context.due:
        yield _PASS
    elif context.historic:
        yield _late(context, context.due, declared, message="historic", confirmed=False, severity=Severity.NOTE)
    elif declared <= _last_day(context.due, context):
        yield _late(context, context.due, declared, message="rest_day", confirmed=False, severity=Severity.NOTE)
    else:
        yield _late(context, context.due, declared, message="" if proven else "unconfirmed", confirmed=proven)


@rule("F003", letter="M", basis="地方通知规定的时限")
def published_by_the_local_day(report: Report, context: Context) -> Iterator[Outcome]:
    """Published by the earlier day of a local notice. After the legal day F002 speaks instead."""
    declared = _declared(report, context)
    if context.local_due is None or context.due is None or context.historic:
        yield _IDLE
    elif declared is None:
        yield Outcome(Kind.OPEN, "report")
    elif declared <= _last_day(context.local_due, context):
        yield _PASS
    elif declared > context.due:
        yield _IDLE
    else:
        yield _late(context, context.local_due, declared, basis=context.local_basis, confirmed=False)


@rule("F004", letter="H", basis=_BASIS)
def not_dated_back(report: Report, context: Context) -> Iterator[Outcome]:
    """The report was there on the day it declares: no complete reading of the list after that day lacks it."""
    declared = _declared(report, context)
    if context.first_seen is None:
        yield _LACKING
    elif declared is None or context.historic or context.absent_before is None:
        yield _IDLE
    else:
        absent, shown = context.absent_before, _end(declared)
        args = {
            "declared": declared.isoformat(),
            "absent": _minute(absent),
            "seen": _minute(context.first_seen),
        }
        # A list may show a page some hours after it was published: caches, nightly builds.
        if absent < shown:
            yield _PASS
        elif absent < shown + timedelta(days=1):
            yield Outcome(Kind.OPEN, "report", args=args, message="doubt")
        else:
            yield Outcome(Kind.FAIL, "report", args=args, expected=f"> {_day(absent)}", actual=declared.isoformat())


@rule("F005", letter="M", basis="格式惯例：更正须注明", version=2)
def unchanged_since_publication(report: Report, context: Context) -> Iterator[Outcome]:
    """The figures and the text are those of the first capture; a change that is announced is a note.

    A figure of a sum that was broken, or is now, is left out: the finding of that sum tells of it.
    """
    if context.first_seen is None:
        yield _LACKING
        return
    if not context.versions:
        yield _PASS
        return
    first = context.versions[0]
    cells = tuple(_changed_cells(first.report, report))
    sections = _rewritten(first.report, report)
    if not cells and not sections:
        yield _PASS
        return
    announced = any(_CORRECTION.search(text) for text in _texts(report))
    shape = report.tables["requests"].shape
    shown = [f"{names.subject(shape, cell)['zh']} {_printed(first.report, report, cell)}" for cell in cells[:5]]
    yield Outcome(
        Kind.FAIL,
        "report",
        args={
            "captured": _minute(first.captured_at),
            "count": len(cells),
            "cells": "、".join(shown) or "—",
            "sections": {language: _passages(sections, language) for language in ("zh", "en")},
        },
        cells=cells,
        actual="; ".join(
            [f"{cell} {_printed(first.report, report, cell)}" for cell in cells]
            + ([f"text {prose.digest(report)}"] if sections else [])
        ),
        severity=None if cells and not announced else Severity.NOTE,
        message=("announced" if announced else "") if cells else "text_announced" if announced else "text",
    )


@rule("F006", letter="H", basis="政府信息公开条例（2019）第二十四条、第四十九条", needs_report=False)
def still_published(report: Report | None, context: Context) -> Iterator[Outcome]:
    """A report that was published stays. Withdrawn is proven by three looks over 72 hours."""
    if report is not None:
        yield _PASS
    elif context.first_seen is None:
        yield _IDLE
    elif not context.gone:
        yield Outcome(Kind.OPEN, "report")
    else:
        gone = sorted(context.gone)
        proven = len(gone) >= 3 and gone[-1] - gone[0] >= timedelta(hours=72)
        args = {"seen": _minute(context.first_seen), "looks": len(gone), "last": _minute(gone[-1])}
        if proven:
            yield Outcome(Kind.FAIL, "report", args=args)
        else:
            yield Outcome(Kind.OPEN, "report", args=args, message="doubt")


@rule("F007", letter="M", basis="国办公开办函〔2019〕61号：专栏姓专")
def in_its_column(report: Report, context: Context) -> Iterator[Outcome]:
    """The report stands in the column of annual reports, by the list's title and the page's own path."""
    places = [*report.breadcrumb, context.column or ""]
    if any(_COLUMN.search(place) for place in places):
        yield _PASS
    elif not context.column:
        yield _LACKING
    elif not report.breadcrumb:
        yield Outcome(Kind.OPEN, "report")
    else:
        args = {"column": context.column, "path": " > ".join(report.breadcrumb)}
        yield Outcome(Kind.FAIL, "report", args=args, actual=context.column)


@rule("F009", letter="M", basis="格式惯例：以网页发布", needs_report=False)
def on_a_page(context: Context) -> Iterator[Outcome]:
    """The page itself shows the report; a file or a picture alone cannot be searched or read aloud."""
    match context.published_as:
        case None:
            yield _LACKING
        case "page":
            yield _PASS
        case "image":  # it may be a picture only until its script has run
            yield Outcome(Kind.OPEN, "report", message="image")
        case form:
            yield Outcome(Kind.FAIL, "report", message=form, actual=form, expected="page")


@rule("F010", letter="M", basis="政府信息公开条例（2019）第二十四条")
def attachments_open(context: Context) -> Iterator[Outcome]:
    """Every file offered beside the report can be fetched, is not empty and is what its name says."""
    if context.files is None:
        yield _LACKING
        return
    broken = [file for file in context.files if file.outcome in ("gone", "empty", "damaged")]
    doubtful = any(file.outcome == "unknown" for file in context.files)
    if broken:
        said = "、".join(f"{file.name or file.url}（{_OUTCOMES[file.outcome]}）" for file in broken[:5])
        yield Outcome(Kind.FAIL, "report", args={"files": said, "count": len(broken)}, actual=len(broken), expected=0)
    elif doubtful:
        yield Outcome(Kind.OPEN, "report")
    else:
        yield _PASS


@rule("F011", letter="L", basis="格式惯例：历年年报长期保留")
def series_without_gap(report: Report, context: Context) -> Iterator[Outcome]:
    """Between the first and the last report on the list no year is missing."""
    if context.years_found is None:
        yield _LACKING
        return
    years = context.years_found | ({report.year} if report.year else set())
    gaps = sorted(set(range(min(years, default=0), max(years, default=0))) - years)
    if gaps:
        said = "、".join(map(str, gaps))
        args = {"gaps": said, "first": min(years), "last": max(years)}
        yield Outcome(Kind.FAIL, "report", args=args, actual=said)
    else:
        yield _PASS


@rule("F012", letter="M", basis="格式惯例：标题年度与统计期限一致", version=2)
def title_names_the_period(report: Report) -> Iterator[Outcome]:
    """The year of the title is the year of the period the report says it covers."""
    titled = set(_YEAR.findall(report.title or ""))
    periods = {
        year
        for text in (report.preamble, report.sections["overview"].text if "overview" in report.sections else "")
        for match in _PERIOD.finditer("".join(text.split()))
        # Several years are a plan's, not a report's.
        if match["last"] in (None, year := match["first"])
    }
    if not titled or not periods:
        yield _IDLE
    elif titled & periods:
        yield _PASS
    elif len(titled) > 1 or len(periods) > 1:
        yield Outcome(Kind.OPEN, "report")
    else:
        title, period = titled.pop(), periods.pop()
        args = {"title": title, "period": period}
        yield Outcome(Kind.FAIL, "report", args=args, expected=period, actual=title, formula=f"{title} ≠ {period}")


@rule("F013", letter="M", basis=_BASIS, needs_report=False, version=2)
def published_by_its_organ(report: Report | None, context: Context) -> Iterator[Outcome]:
    """The organ named in the report is the one on the register, under any of its names.

    What stands in the report's place and names another organ is not judged as the report: only this is said of it.
    """
    held = report or context.stranger
    if held is None:
        return  # nothing was read that could name anybody: what was found before stands
    if context.name is None:
        yield _LACKING
        return
    match publisher(held, (context.name, *context.aliases), context.other_names):
        case None:
            yield _IDLE
        case Publisher.OURS:
            yield _PASS
        case Publisher.DOUBTFUL:
            yield Outcome(Kind.OPEN, "report")
        case Publisher.ANOTHER:
            args = {"agency": held.agency, "name": context.name}
            yield Outcome(Kind.FAIL, "report", args=args, expected=context.name, actual=held.agency)


@rule("F014", letter="I", basis="国办发〔2017〕47号")
def tagged_as_the_portal_does(report: Report, context: Context) -> Iterator[Outcome]:
    """A page of a portal that uses the tags of government websites carries ArticleTitle and PubDate.

    A portal that uses none of them is a matter of the website, not of every report on it.
    """
    if context.first_seen is None:
        yield _LACKING
        return
    used = {tag for tag in _TAGS if report.meta.get(tag)}
    lacking = [name for name in ("ArticleTitle", "PubDate") if name.lower() not in used]
    if report.media != "html" or not used:
        yield _IDLE
    elif lacking:
        said = "、".join(lacking)
        yield Outcome(Kind.FAIL, "report", args={"tags": said}, actual=said)
    else:
        yield _PASS


@rule("F015", letter="I", basis=_BASIS)
def publication_date_found(report: Report, context: Context) -> Iterator[Outcome]:
    """A date of publication can be found once a verdict on punctuality is due."""
    if context.due is None or context.today is None:
        yield _LACKING
    elif _declared(report, context):
        yield _PASS
    elif context.historic or context.today <= context.due or _dated_by_captures(context, context.due):
        yield _IDLE
    else:
        yield Outcome(Kind.OPEN, "report", args={"due": context.due.isoformat()}, message="message")


def _late(
    context: Context,
    due: date,
    published: date,
    *,
    confirmed: bool,
    message: str = "",
    basis: str = "",
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
            "basis": basis or context.due_basis or _BASIS,
            "until": context.rest_day_until.isoformat() if context.rest_day_until else "",
        },
        expected=f"≤ {due}",
        actual=published.isoformat(),
        formula=f"{published} − {due} = {days} d",
        message=message,
        confirmed=confirmed,
        severity=severity,
    )


def _declared(report: Report, context: Context) -> date | None:
    return context.published or report.dates.declared


def _last_day(due: date, context: Context) -> date:
    """The last day that counts as in time: ``due``, or the working day after it if it is a rest day."""
    until = context.local_rest_day_until if due == context.local_due else context.rest_day_until
    return max(due, until) if until else due


def _proven_late(context: Context, due: date) -> bool:
    """The list was read whole without the report after the last day had ended; the report was seen later."""
    if context.absent_before is None or context.first_seen is None or context.historic:
        return False
    return _end(_last_day(due, context)) <= context.absent_before < context.first_seen


def _dated_by_captures(context: Context, due: date) -> bool:
    seen = _day(context.first_seen)
    return _proven_late(context, due) or (seen is not None and seen <= due)


def _end(day: date) -> datetime:
    """24:00 of a day."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(SHANGHAI).date() if moment else None


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


_CORRECTION = re.compile(r"更正|勘误|修订说明|更新说明|重新发布|补充说明")
_COLUMN = re.compile(r"年报|年度报告|公开报告|工作报告")
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?=年)")
_PERIOD = re.compile(r"(?<!\d)(?P<first>20[0-4]\d)年1月1日[^。；，,]{0,4}?(?P<last>20[0-4]\d)?年?12月31日")
_OUTCOMES = {"gone": "取不到", "empty": "空文件", "damaged": "文件损坏"}
_TAGS = frozenset(
    {
        "sitename",
        "sitedomain",
        "siteidcode",
        "columnname",
        "columntype",
        "columndescription",
        "columnkeywords",
        "contentsource",
        "articletitle",
        "pubdate",
    }
)


def _changed_cells(before: Report, now: Report) -> Iterator[str]:
    """Cells that were read both times, with another number, but for those of sums that are broken in either."""
    broken = {
        cell_id
        for report in (before, now)
        for table in ("requests", "disputes")
        for one in judged_sums(report, table)
        if one.kind is Kind.FAIL
        for cell_id in one.equation.cells
    }
    for cell_id, cell in now.cells.items():
        then = before.cell(cell_id)
        if None not in (cell.known, then.known) and cell.known != then.known and cell_id not in broken:
            yield cell_id


def _printed(before: Report, now: Report, cell_id: str) -> str:
    return f"{before.cell(cell_id).known} → {now.cell(cell_id).known}"


def _rewritten(before: Report, now: Report) -> dict[str, prose.Passage]:
    """Sections that say something else; what was read in part, or out of a file of another kind, is not compared."""
    comparable = before.media == now.media and not doubt.partial(before) and not doubt.partial(now)
    return prose.rewritten(before, now) if comparable else {}


def _passages(sections: Mapping[str, prose.Passage], language: str) -> str:
    said = (
        f"{names.section(key)[language]}（{one.before or '—'} → {one.now or '—'}）" for key, one in sections.items()
    )
    return "；".join(said) or "—"


def _texts(report: Report) -> Iterator[str]:
    yield report.title or ""
    yield report.preamble
    for section in report.sections.values():
        yield section.text

"""For every rule a report on which it fires, one on which it is silent and, where it can be, one it cannot judge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from audit.context import Context
from audit.form import load
from audit.report import Report, State, Trouble
from tests.audit.reports import number, report, with_cells, with_table, with_text

GOOD = report(4)
DUE = Context(
    organisation="edu",
    name="示例市教育局",
    year=2024,
    due=date(2025, 1, 31),
    due_basis="条例第四十九条",
    today=date(2025, 2, 10),
)
LAST_YEAR = with_cells(
    replace(report(9), year=2023),
    {
        f"requests/carried_forward/{column.id}": number(GOOD, f"requests/carried_in/{column.id}")
        for column in load("2021").tables["requests"].columns
    },
)
NEXT = replace(DUE, previous=LAST_YEAR)
SHORT_ROW = Trouble("short_row", "requests/granted", "0 | 0 | 0", None)


@dataclass(frozen=True, slots=True)
class Case:
    """A report with its context; ``subject`` is what the rule speaks of."""

    report: Report | None
    context: Context = DUE
    subject: str = "report"


def _off(cell: str) -> Report:
    return with_cells(GOOD, {cell: number(GOOD, cell) + 1})


def _carried(**forward: int) -> Context:
    values = {
        f"requests/carried_forward/{column}": number(GOOD, f"requests/carried_in/{column}") + delta
        for column, delta in forward.items()
    }
    return replace(NEXT, previous=with_cells(LAST_YEAR, values))


def _without(section: str) -> Report:
    gone = replace(GOOD.sections[section], present=False, text="", tables=0)
    return replace(GOOD, sections={**GOOD.sections, section: gone})


_NO_TABLE_4 = replace(
    with_table(GOOD, "disputes", shape=None, cells={}),
    sections={
        **GOOD.sections,
        "disputes": replace(GOOD.sections["disputes"], tables=0, text="本年度没有政府信息公开行政复议、行政诉讼。"),
    },
)
_NO_SECTION_4 = replace(_without("disputes"), tables=_NO_TABLE_4.tables)
_EMPTY_5 = with_text(GOOD, "problems", "略。")
_NO_ROW = with_table(
    GOOD,
    "requests",
    missing=("granted",),
    cells={key: cell for key, cell in GOOD.tables["requests"].cells.items() if "/granted/" not in key},
)
TORN = with_table(with_cells(GOOD, {"requests/granted/total": State.UNREADABLE}), "requests", troubles=(SHORT_ROW,))
_LOSSY = (Trouble("lossy_text", "document", "gb18030: 5 characters lost"),)

FIRING = {
    "A001": Case(_off("requests/granted/business"), subject="requests/granted/business"),
    "A002": Case(_off("requests/granted/business"), subject="requests/granted/business"),
    "A003": Case(_off("requests/received/business"), subject="requests/received/business"),
    "A004": Case(_off("disputes/review/total"), subject="disputes/review"),
    "S001": Case(_NO_SECTION_4, subject="disputes"),
    "S004": Case(_EMPTY_5, subject="problems"),
    "S005": Case(replace(report(4, "2019"), year=2024)),
    "S008": Case(_NO_TABLE_4, subject="disputes"),
    "S009": Case(_NO_ROW, subject="requests"),
    "S011": Case(TORN, subject="requests"),
    "N001": Case(
        with_cells(GOOD, {"disclosure/licences/decisions": State.BLANK}), subject="disclosure/licences/decisions"
    ),
    "N002": Case(
        with_cells(GOOD, {"disclosure/licences/decisions": State.TEXT}), subject="disclosure/licences/decisions"
    ),
    "N003": Case(with_cells(GOOD, {"disclosure/licences/decisions": -2}), subject="disclosure/licences/decisions"),
    "N004": Case(
        with_cells(GOOD, {"disclosure/licences/decisions": Decimal("1.5")}), subject="disclosure/licences/decisions"
    ),
    "Y001": Case(GOOD, _carried(total=2), "requests/carried_in/total"),
    "Y002": Case(GOOD, _carried(business=1, research=-1), "requests/carried_in/business"),
    "C001": Case(with_text(GOOD, "overview", "全年通过网站主动公开政府信息 320 条，审核严格。"), subject="overview"),
    "C004": Case(with_text(GOOD, "other_matters", "无。"), subject="other_matters"),
    "C005": Case(with_text(GOOD, "problems", "本年度工作总体平稳，各项任务顺利完成。"), subject="problems"),
}

SILENT = {
    **{rule_id: Case(GOOD) for rule_id in FIRING},
    "Y001": Case(GOOD, NEXT),
    "Y002": Case(GOOD, NEXT),
    "N003": Case(with_cells(report(4, "2019"), {"disclosure/licences/items_change": -4}), replace(DUE, year=2019)),
    "N004": Case(with_cells(GOOD, {"disclosure/administrative_fees/amount": Decimal("52.15")})),
    "S004": Case(with_text(GOOD, "other_matters", "无。")),
}

UNDECIDED = {
    "A001": Case(TORN, subject="requests/granted"),
    "A002": Case(TORN, subject="requests/*/total"),
    "A003": Case(with_cells(GOOD, {"requests/received/total": State.BLANK}), subject="requests/*/total"),
    "A004": Case(with_cells(GOOD, {"disputes/review/other": State.UNREADABLE}), subject="disputes/review"),
    "S001": Case(replace(_NO_SECTION_4, pictures=1), subject="disputes"),
    "S004": Case(replace(_EMPTY_5, pictures=1), subject="problems"),
    "S005": Case(replace(GOOD, form=None)),
    "S008": Case(replace(_NO_TABLE_4, attachments=(("附件", "/files/report.pdf"),)), subject="disputes"),
    "S009": Case(with_table(_NO_ROW, "requests", troubles=(SHORT_ROW,)), subject="requests"),
    "N001": Case(TORN, subject="requests"),
    "N002": Case(TORN, subject="requests"),
    "N003": Case(TORN, subject="requests"),
    "N004": Case(TORN, subject="requests"),
    "Y001": Case(with_cells(GOOD, {"requests/carried_in/total": State.BLANK}), NEXT, "requests/carried_in/total"),
    "Y002": Case(with_cells(GOOD, {"requests/carried_in/other": State.BLANK}), NEXT, "requests/carried_in/other"),
    "C001": Case(
        replace(with_text(GOOD, "overview", "本年度工作总体平稳，任务顺利完成。"), troubles=_LOSSY), subject="overview"
    ),
    "C004": Case(replace(with_text(GOOD, "other_matters", "无。"), troubles=_LOSSY), subject="other_matters"),
    "C005": Case(
        replace(with_text(GOOD, "problems", "本年度工作总体平稳，各项任务顺利完成。"), troubles=_LOSSY),
        subject="problems",
    ),
}

"""Findings as flat rows: the columns that CSV and XLSX share, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from audit.finding import Kind, Severity
from audit.report import State
from nianshen.cli.output import csv_safe, safe
from nianshen.export.document import Document, Line

Value = str | int | float | None

COLUMNS = {
    "source": "文件或网址",
    "organisation": "单位编号",
    "agency": "机关",
    "year": "年度",
    "outcome": "结果",
    "rule": "规则",
    "title": "规则名称",
    "severity": "级别",
    "kind": "结论",
    "state": "状态",
    "reason": "状态说明",
    "subject": "对象",
    "cell": "单元格",
    "actual": "印为",
    "expected": "应为",
    "formula": "算式",
    "sums": "涉及勾稽",
    "message": "说明",
    "message_en": "English",
    "hint": "线索",
    "confirmed": "已证实",
    "first_seen": "首次发现",
    "last_seen": "最近发现",
    "resolved_at": "解决时间",
    "fingerprint": "指纹",
    "sha256": "证据",
    "captured_at": "抓取时间",
    "url": "网址",
}
"""Column id to Chinese heading."""

HEADINGS = tuple(f"{title} {key}" for key, title in COLUMNS.items())
SEVERITIES = {Severity.ERROR: "错误 error", Severity.WARNING: "警告 warning", Severity.NOTE: "提示 note"}
KINDS = {Kind.FAIL: "疑似问题 fail", Kind.OPEN: "待核对 open"}
STATES = {
    "open": "未解决 open",
    "dismissed": "已排除 dismissed",
    "waived": "已豁免 waived",
    "resolved": "已解决 resolved",
}
STATUSES = {
    "missing": "未发现 missing",
    "error": "有错误 error",
    "late": "逾期 late",
    "unknown": "未能核查 unknown",
    "minor": "有提示 minor",
    "pending": "未到期 pending",
    "waived": "已豁免 waived",
    "ok": "正常 ok",
}
OUTCOMES = {
    "": "",
    "clean": "通过 clean",
    "findings": "有问题 findings",
    "review": "需人工核对 review",
    "unreadable": "无法读取 unreadable",
    "not_a_report": "不是年度报告 not_a_report",
    **STATUSES,
}


def rows(documents: Iterable[Document]) -> Iterator[dict[str, Value]]:
    """One row a finding by column id, and one for a document that was not read: it must not look like a good one."""
    for document in documents:
        for line in document.lines:
            yield {**_whose(document), **_found(line)}
        if document.error:
            message = document.error["message"]
            yield {**_whose(document), "message": message["zh"], "message_en": message["en"]}


def inert(value: Value) -> Value:
    """The value for a spreadsheet: numbers as they are, text on one line and never a formula (OWASP)."""
    if not isinstance(value, str):
        return value
    text = str(csv_safe(value))
    return text if text.isprintable() else safe(text)  # most text is; looking at every character takes time


def unread(document: Document) -> int:
    """How many cells of the report were not read."""
    cells = document.report.cells.values() if document.report else ()
    return sum(cell.state in (State.UNREADABLE, State.ABSENT) for cell in cells)


def _whose(document: Document) -> dict[str, Value]:
    return {
        "source": document.source,
        "organisation": document.organisation,
        "agency": document.agency,
        "year": document.year,
        "outcome": OUTCOMES.get(document.outcome, document.outcome),
        "sha256": document.sha256,
    }


def _found(line: Line) -> dict[str, Value]:
    finding = line.finding
    return {
        "rule": finding.rule,
        "title": finding.title["zh"],
        "severity": SEVERITIES[finding.severity],
        "kind": KINDS.get(finding.kind, finding.kind.value),
        "state": STATES[line.state],
        "reason": line.reason,
        "subject": finding.subject,
        "cell": finding.cell or " ".join(finding.cells),
        "actual": _number(finding.actual),
        "expected": _number(finding.expected),
        "formula": finding.formula,
        "sums": " ".join(finding.sums),
        "message": finding.message["zh"],
        "message_en": finding.message["en"],
        "hint": finding.hint["zh"] if finding.hint else None,
        "confirmed": "是 yes" if finding.confirmed else "否 no",
        "first_seen": _moment(line.first_seen),
        "last_seen": _moment(line.last_seen),
        "resolved_at": _moment(line.resolved_at),
        "fingerprint": finding.fingerprint,
        "sha256": line.sha256,
        "captured_at": _moment(line.captured_at),
        "url": line.url,
    }


def _number(value: int | Decimal | float | str | None) -> Value:
    """A figure that a spreadsheet holds exactly; a longer one stays text."""
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, int) and abs(value) > 10**15 else value


def _moment(value: datetime | None) -> str | None:
    return value.isoformat(timespec="seconds") if value else None

"""Documents for the tests of the formats: a report with a wrong cell, an unread one and hostile words; a lost file."""

from __future__ import annotations

from dataclasses import replace

from audit.context import Context
from audit.engine import judge, outcome_of
from audit.finding import Finding, Kind, Severity
from audit.report import How, Report, State
from audit.rules.example import valid
from nianshen.checking import Checked, unreadable
from nianshen.export.document import Document, Line, of_checks
from tests.audit.reports import with_cells

HOSTILE = '=cmd|"/c calc"!A1\r\n<script>alert(1)</script>\u202e"</title>'
WRONG = "requests/received/business"
UNREAD = "disclosure/licences/decisions"
INFERRED = "disclosure/penalties/decisions"


def report() -> Report:
    """The valid example with three in a cell where only two hold, one cell unread, one inferred, and a hostile name."""
    damaged = with_cells(with_cells(valid(), {WRONG: 3, UNREAD: State.UNREADABLE}), {INFERRED: 4}, How.INFERRED)
    return replace(damaged, agency=HOSTILE)


def checked(source: str = "folder/report.html") -> Checked:
    """The report as ``check`` gives it."""
    read = report()
    judgement = judge(read, Context(), select=("A003", "Y001"))
    return Checked(source, "a" * 64, "html", read, judgement, outcome_of(read, judgement))


def lost(source: str = "lost.html") -> Checked:
    return unreadable(source, "not_found", "没有这个文件", "no such file")


def documents() -> list[Document]:
    return list(of_checks([checked(), lost()]))


def finding(number: int = 1, kind: Kind = Kind.FAIL) -> Finding:
    return Finding(
        rule="A003",
        severity=Severity.ERROR,
        kind=kind,
        subject=WRONG,
        cell=WRONG,
        cells=(WRONG,),
        message={"zh": f"疑似有误 {number}", "en": f"seems wrong {number}"},
        title={"zh": "勾稽关系", "en": "balance"},
        fingerprint=f"{number:032x}",
        expected=2,
        actual=3,
        formula="3 + 0 ≠ 2 + 0",
    )


def stored(*lines: Line) -> Document:
    return Document("https://e.cn/1", "error", lines, "edu", "示例市教育局", 2024, "a" * 64)

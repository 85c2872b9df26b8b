"""The sums of tables 3 and 4 (A001-A004). A wrong cell is one finding, under the gravest sum it breaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from audit.finding import Kind, Outcome
from audit.localise import Explanation, Sum, explain, formula, written
from audit.report import Report
from audit.rules import names
from audit.rules.registry import rule

Sums = Callable[[str], Sequence[Sum]]
"""The judged sums of a table by its name; worked out once for all rules of a run."""


@rule("A001", letter="H", basis="年报格式 表三：各列之和等于总计", family="A")
def rows_add_up(report: Report, sums: Sums, active: Collection[str]) -> Iterator[Outcome]:
    """The six kinds of applicants add up to the total, in every row of table 3."""
    yield from _requests("A001", report, sums("requests"), active)


@rule("A002", letter="H", basis="年报格式 表三：（七）总计", family="A")
def results_add_up(report: Report, sums: Sums, active: Collection[str]) -> Iterator[Outcome]:
    """The results add up to （七）总计, in every column of table 3."""
    yield from _requests("A002", report, sums("requests"), active)


@rule("A003", letter="C", basis="年报格式 表三：第一项加第二项之和，等于第三项加第四项之和", family="A")
def requests_balance(report: Report, sums: Sums, active: Collection[str]) -> Iterator[Outcome]:
    """Received plus carried in equals concluded plus carried forward, in every column of table 3."""
    yield from _requests("A003", report, sums("requests"), active)


@rule("A004", letter="H", basis="年报格式 表四：各项之和等于总计")
def disputes_add_up(report: Report, sums: Sums) -> Iterator[Outcome]:
    """The four results of a review or lawsuit add up to its total, in every row of table 4."""
    for one in sums("disputes"):
        if one.kind is Kind.FAIL:
            yield _group(report, Explanation((one,)))
        else:
            yield Outcome(one.kind, subject_of(one), cells=one.equation.cells)


def subject_of(one: Sum) -> str:
    """What a sum is about: its row ``requests/granted``, or its column ``requests/*/business``."""
    table, part = one.equation.table, one.equation.id.split("/", 1)[1]
    by_row = one.equation.rule in ("A001", "A004")
    return f"{table}/{part}" if by_row else f"{table}/*/{part}"


def _requests(rule_id: str, report: Report, sums: Sequence[Sum], active: Collection[str]) -> Iterator[Outcome]:
    """Verdicts of one rule. All sums help to find the cell, but only those of active rules accuse."""
    for one in sums:
        if one.equation.rule == rule_id and one.kind is not Kind.FAIL:
            yield Outcome(one.kind, subject_of(one), cells=one.equation.cells)
    for cause in explain(report, sums):
        accused = tuple(one for one in cause.broken if one.equation.rule in active)
        if accused:
            told = Explanation(accused, cause.cell, cause.repaired)
            if told.gravest.equation.rule == rule_id:
                yield _named(report, told) if told.cell else _group(report, told)


def _named(report: Report, cause: Explanation) -> Outcome:
    cell = report.cell(cause.cell or "")
    text = formula(report, cause.gravest)
    name = names.subject(report.tables["requests"].shape, cell.id)
    return Outcome(
        Kind.FAIL,
        cell.id,
        args={
            "name": name,
            "actual": cell.value,
            "expected": cause.repaired,
            "formula": text,
            "count": len(cause.broken),
        },
        cells=(cell.id,),
        cell=cell.id,
        expected=cause.repaired,
        actual=cell.value,
        formula=text,
        sums=tuple(one.equation.id for one in cause.broken),
        message="cell",
        hint={
            "zh": f"若把{name['zh']}由 {cell.value} 改为 {cause.repaired}，相关勾稽关系全部成立",
            "en": f"every sum holds if {name['en']} is changed from {cell.value} to {cause.repaired}",
        },
    )


def _group(report: Report, cause: Explanation) -> Outcome:
    gravest = cause.gravest
    text = formula(report, gravest)
    subject = subject_of(gravest)
    cells = dict.fromkeys(cell for one in cause.broken for cell in one.equation.cells)
    return Outcome(
        Kind.FAIL,
        subject,
        args={
            "name": names.subject(report.tables[gravest.equation.table].shape, subject),
            "formula": text,
            "expected": written(gravest.left),
            "actual": written(gravest.right),
            "count": len(cause.broken),
        },
        cells=tuple(cells),
        expected=written(gravest.left),
        actual=written(gravest.right),
        formula=text,
        sums=tuple(one.equation.id for one in cause.broken),
    )

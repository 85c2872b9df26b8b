"""The sums of tables 3 and 4 (A001-A004). A wrong cell is one finding, under the gravest sum it breaks.

A sum accuses only with cells whose second reading does not differ from the first; else a person must look (open).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from audit.finding import Kind, Outcome
from audit.localise import Explanation, Sum, explain, formula, written
from audit.report import Report
from audit.rules import names, reread
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
            yield from _told(report, Explanation((one,)))
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
        if accused and Explanation(accused).gravest.equation.rule == rule_id:
            yield from _told(report, Explanation(accused, cause.cell, cause.repaired))


def _told(report: Report, cause: Explanation) -> Iterator[Outcome]:
    """The accusation, as far as both readings bear it. A sum whose cells were read differently is left to a person."""
    doubted = tuple(one for one in cause.broken if reread.differing(report, one.equation.cells))
    firm = tuple(one for one in cause.broken if one not in doubted)
    if not doubted:
        yield _named(report, cause) if cause.cell else _group(report, cause)
        return
    if firm:
        yield _group(report, Explanation(firm))
    yield _doubt(report, Explanation(doubted, None if firm else cause.cell))


def _doubt(report: Report, cause: Explanation) -> Outcome:
    shape = report.tables[cause.gravest.equation.table].shape
    differing = reread.differing(report, _cells(cause))
    first, second = report.cell(differing[0]), report.second[differing[0]]
    return Outcome(
        Kind.OPEN,
        cause.cell or subject_of(cause.gravest),
        args={
            "name": names.subject(shape, differing[0]),
            "first": first.raw.strip(),
            "second": second.raw.strip(),
            "formula": formula(report, cause.gravest),
            "count": len(differing),
        },
        cells=differing,
        cell=differing[0],
        formula=formula(report, cause.gravest),
        sums=tuple(one.equation.id for one in cause.broken),
        message="doubt",
        second=reread.DIFFERS,
    )


def _cells(cause: Explanation) -> tuple[str, ...]:
    """The cells of the broken sums, each once."""
    return tuple(dict.fromkeys(cell for one in cause.broken for cell in one.equation.cells))


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
        second=reread.verdict(report, _cells(cause)),
        hint={
            "zh": f"若把{name['zh']}由 {cell.value} 改为 {cause.repaired}，相关勾稽关系全部成立",
            "en": f"every sum holds if {name['en']} is changed from {cell.value} to {cause.repaired}",
        },
    )


def _group(report: Report, cause: Explanation) -> Outcome:
    gravest = cause.gravest
    text = formula(report, gravest)
    subject = subject_of(gravest)
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
        cells=_cells(cause),
        expected=written(gravest.left),
        actual=written(gravest.right),
        formula=text,
        sums=tuple(one.equation.id for one in cause.broken),
        second=reread.verdict(report, _cells(cause)),
    )

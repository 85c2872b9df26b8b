"""The sums of tables 3 and 4 (A001-A004, A006). A wrong cell is one finding, under the gravest sum it breaks.

A sum accuses only with cells whose second reading does not differ from the first; else a person must look (open).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from audit.figures import Figures
from audit.finding import Kind, Outcome, passed
from audit.localise import Explanation, Sum, formula, written
from audit.report import Report, State
from audit.rules import names, reread
from audit.rules.registry import rule
from audit.shift import Shift


@rule("A001", letter="H", basis="年报格式 表三：各列之和等于总计", family="A")
def rows_add_up(report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """The six kinds of applicants add up to the total, in every row of table 3."""
    yield from _requests("A001", report, figures, active)


@rule("A002", letter="H", basis="年报格式 表三：（七）总计", family="A")
def results_add_up(report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """The results add up to （七）总计, in every column of table 3."""
    yield from _requests("A002", report, figures, active)


@rule("A003", letter="C", basis="年报格式 表三：第一项加第二项之和，等于第三项加第四项之和", family="A")
def requests_balance(report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """Received plus carried in equals concluded plus carried forward, in every column of table 3."""
    yield from _requests("A003", report, figures, active)


@rule("A004", letter="H", basis="年报格式 表四：各项之和等于总计")
def disputes_add_up(report: Report, figures: Figures) -> Iterator[Outcome]:
    """The four results of a review or lawsuit add up to its total, in every row of table 4."""
    for one in figures.sums("disputes"):
        if one.kind is Kind.FAIL:
            yield from _told(report, Explanation((one,)))
        else:
            yield _standing(report, one)


@rule("A006", letter="M", basis="由表三勾稽关系推得", family="A")
def columns_in_place(report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """No row of table 3, nor the table, stands one column beside its place. Speaks instead of the sums it explains."""
    shift = _telling_shift(report, figures, active)
    if shift is not None:
        yield _beside(report, figures, shift)
    elif any(one.kind is Kind.OPEN for one in figures.sums("requests")):
        yield Outcome(Kind.OPEN, "requests")
    else:
        yield passed("requests")


def subject_of(one: Sum) -> str:
    """What a sum is about: its row ``requests/granted``, or its column ``requests/*/business``."""
    table, part = one.equation.table, one.equation.id.split("/", 1)[1]
    by_row = one.equation.rule in ("A001", "A004")
    return f"{table}/{part}" if by_row else f"{table}/*/{part}"


def _requests(rule_id: str, report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """Verdicts of one rule. All sums help to find the cell, but only those of active rules accuse."""
    own = f"{rule_id}/"
    for one in figures.sums("requests"):
        if one.kind is not Kind.FAIL and one.equation.id.startswith(own):
            yield _standing(report, one)
    if not figures.causes() or _telling_shift(report, figures, active) is not None:
        return
    for cause in figures.causes():
        accused = tuple(one for one in cause.broken if one.equation.rule in active)
        if accused and Explanation(accused).gravest.equation.rule == rule_id:
            yield from _told(report, Explanation(accused, cause.cell, cause.repaired))


def _standing(report: Report, one: Sum) -> Outcome:
    """The verdict on a sum that is not broken; an open one over blanks says what it would be if they were 0."""
    cells = one.equation.cells
    if one.kind is Kind.PASS:
        return passed(subject_of(one), cells)
    unread = [cell for cell in cells if report.cell(cell).known is None]
    blank = all(report.cell(cell).state in (State.BLANK, State.DASH) for cell in unread)
    hint = _IF_ZERO[one.left.low == one.right.low] if blank else None
    return Outcome(Kind.OPEN, subject_of(one), cells=cells, hint=hint)


_IF_ZERO = {
    True: {"zh": "若空白视为 0，该式成立", "en": "holds if blanks are 0"},
    False: {"zh": "即使空白视为 0，该式也不成立", "en": "does not hold even if blanks are 0"},
}


def _telling_shift(report: Report, figures: Figures, active: Collection[str]) -> Shift | None:
    """The shift that explains the broken sums, unless its rule is off or a second reading doubts the figures."""
    shift = figures.shift() if "A006" in active else None
    return None if shift is None or reread.differing(report, shift.repaired) else shift


def _beside(report: Report, figures: Figures, shift: Shift) -> Outcome:
    broken = tuple(one for one in figures.sums("requests") if one.kind is Kind.FAIL)
    shape = report.tables["requests"].shape
    cells = tuple(shift.repaired)
    one_row = len(shift.rows) == 1
    subject = f"requests/{shift.rows[0]}" if one_row else "requests"
    printed = "、".join(report.cell(cell).raw.strip() or "（空白）" for cell in cells)
    moved = "、".join(str(shift.repaired[cell]) for cell in cells)
    text = formula(report, Explanation(broken).gravest)
    args = {
        "name": names.subject(shape, subject),
        "direction": _LEFT if shift.to_left else _RIGHT,
        "formula": text,
        "count": len(broken),
    }
    return Outcome(
        Kind.FAIL,
        subject,
        args={**args, "printed": printed, "moved": moved} if one_row else args,
        cells=cells,
        expected=moved if one_row else None,
        actual=printed if one_row else None,
        formula=text,
        sums=tuple(one.equation.id for one in broken),
        message="" if one_row else "table",
        second=reread.verdict(report, cells),
    )


_LEFT = {"zh": "左", "en": "left"}
_RIGHT = {"zh": "右", "en": "right"}


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
        hint=_impossible(report, _cells(cause)) if gravest.equation.table == "disputes" else None,
        second=reread.verdict(report, _cells(cause)),
    )


def _impossible(report: Report, cells: Sequence[str]) -> Mapping[str, str] | None:
    """In a broken row of table 4 a count that can be none is named here: N003 and N004 leave it to the sum."""
    shape = report.tables["disputes"].shape
    odd = [cell for cell in cells if (value := report.cell(cell).known) is not None and (value < 0 or value % 1)]
    if not odd:
        return None
    listed = names.listing(shape, odd)
    return {
        "zh": f"先核对{listed['zh']}：印成了负数或者小数",
        "en": f"look first at {listed['en']}: negative or fractional",
    }

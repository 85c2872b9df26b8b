"""Do the sentences say what the tables say (T001-T004).

A figure in a sentence is held against every cell its author may mean. It is a match if one of them agrees, and a
mismatch only if none can: a cell that was not read may hold any number, and what a sentence says of another year,
organ or channel is no claim at all. Where a sum of the table is broken and the sentence supports the repair, the
table is already named by its own rule.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from audit.context import Context
from audit.figures import Figures
from audit.finding import Kind, Outcome
from audit.form import TABLES
from audit.localise import Number, Sum
from audit.narrative.claim import HANDLED, Claim, Listing, read
from audit.narrative.quantity import Quantity, Reading, quantity
from audit.report import Report
from audit.rules import doubt, names, reread
from audit.rules.registry import rule

_SECTIONS = {
    "overview": "",
    "disclosure": "",
    "requests": "依申请公开",
    "disputes": "行政复议、行政诉讼信息公开",
    "other_matters": "",
}
_MOST_OPEN = 2
_LONGEST_QUOTE = 80


@rule("T001", letter="H", basis="格式惯例：总体情况与表三一致", version=2)
def requests_as_told(report: Report, context: Context, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """How many requests the text says were received, carried over and concluded is what table 3 says."""
    claims = [one for one in _claims(report, context) if one.quantity in HANDLED and not one.worded]
    yield from _compared(claims, report, context, figures, active)


@rule("T002", letter="M", basis="格式惯例：总体情况与各表一致", version=2)
def other_figures_as_told(
    report: Report, context: Context, figures: Figures, active: Collection[str]
) -> Iterator[Outcome]:
    """Results, applicants, reviews, lawsuits, documents and decisions are as many in the text as in the tables."""
    claims = [one for one in _claims(report, context) if one.quantity not in HANDLED | {"fee"} and not one.worded]
    yield from _compared(claims, report, context, figures, active)
    for claim in _claims(report, context):
        if claim.quantity.endswith("/all_upheld"):
            yield from _all_upheld(claim, report)


@rule("T003", letter="L", basis="格式惯例：分项之和等于总数", version=2)
def parts_add_up(report: Report, context: Context) -> Iterator[Outcome]:
    """A whole that a sentence divides into all its parts is their sum."""
    for section, listing in _listings(report, context):
        total = sum(listing.parts)
        if total == listing.whole:
            yield Outcome(Kind.PASS, section)
        else:
            formula = f"{' + '.join(map(str, listing.parts))} = {total} ≠ {listing.whole}"
            yield Outcome(
                Kind.FAIL,
                section,
                args={"quote": _cut(listing.quote), "formula": formula, "section": names.section(section)},
                expected=total,
                actual=listing.whole,
                formula=formula,
            )


@rule("T004", letter="M", basis="格式惯例：正文前后一致，并与各表一致", version=2)
def words_and_figures_agree(
    report: Report, context: Context, figures: Figures, active: Collection[str]
) -> Iterator[Outcome]:
    """What the text denies in words (none received, all concluded) is denied by no figure."""
    claims = [one for one in _claims(report, context) if one.worded and not one.quantity.endswith("/all_upheld")]
    for claim in claims:
        key = _IN_WORDS.get(claim.quantity, claim.quantity)
        if key != "fee":
            yield from _denied(claim, key, report, context, figures, active)
    yield from _fees([one for one in _claims(report, context) if one.quantity == "fee"])


_IN_WORDS = {"received.words": "new", "carried_forward.timely": "carried_forward"}


# What the text says


def _claims(report: Report, context: Context) -> Iterator[Claim]:
    for _, claims, _ in _read(report, context):
        yield from claims


def _listings(report: Report, context: Context) -> Iterator[tuple[str, Listing]]:
    for key, _, listings in _read(report, context):
        yield from ((key, one) for one in listings)


def _read(report: Report, context: Context) -> Iterator[tuple[str, tuple[Claim, ...], tuple[Listing, ...]]]:
    year, agency = context.year_of(report), _agency(report, context)
    for key, topic in _SECTIONS.items():
        section = report.sections.get(key)
        if section is not None and section.text and not (key in TABLES and doubt.scraps(section, key)):
            yield key, *read(section.text, year, agency, topic)


def _agency(report: Report, context: Context) -> str:
    return report.agency or context.name or ""


# A figure against its cells


def _compared(
    claims: Sequence[Claim], report: Report, context: Context, figures: Figures, active: Collection[str]
) -> Iterator[Outcome]:
    """One verdict for each quantity the text speaks of; a figure that another sentence has right is only a doubt."""
    judged = [
        (claim, found, *_verdict(claim, found, report)) for claim in claims if (found := _meant(claim.quantity, report))
    ]
    matched = {reading for _, _, verdict, reading in judged if verdict is Kind.PASS}
    yield from (Outcome(Kind.PASS, reading[0], cells=reading) for reading in sorted(matched))
    opened = 0
    for claim, found, verdict, _ in judged:
        if verdict is not Kind.FAIL or not claim.firm or not claim.plain(_agency(report, context)):
            continue
        if _repairs(claim, found, report, figures, active):
            continue
        area = _covers_an_area(report, context)
        of_one = area and (found.exact[0][0].startswith("disclosure/") or bool(_ONE_ORGAN.search(claim.quote)))
        unsure = claim.broad or found.exact[0] in matched or bool(reread.differing(report, found.exact[0]))
        if not (unsure or of_one):
            yield _mismatch(claim, found, report)
        elif opened < _MOST_OPEN and (area or not claim.broad):
            opened += 1
            yield _mismatch(claim, found, report, Kind.OPEN)


_ONE_ORGAN = re.compile(r"[市县区省州](?:人民)?政府(?!信息|门户|网|系统|各|部门)|办公[室厅]|本级")
"""In the report of a whole area, a sentence that names one organ may speak of that organ alone."""


def _verdict(claim: Claim, found: Quantity, report: Report) -> tuple[Kind, Reading]:
    """PASS with the reading that agrees, FAIL if none can, else NOT_APPLICABLE."""
    exact = [_range(report, reading) for reading in found.exact]
    for reading, (low, high) in zip(found.exact, exact, strict=True):
        if low == high == claim.value:
            return Kind.PASS, reading
    possible = exact + [_range(report, reading) for reading in found.also]
    if not exact or any(low <= claim.value and (high is None or claim.value <= high) for low, high in possible):
        return Kind.NOT_APPLICABLE, ()
    return Kind.FAIL, ()


def _range(report: Report, reading: Reading) -> tuple[Number, Number | None]:
    """The least and the greatest value of a sum of cells; a part that was not read is at least 0, without end."""
    low: Number = 0
    high: Number | None = 0
    for signed in reading:
        least, most = _cell_range(report, signed.removeprefix("-"))
        if signed.startswith("-"):
            if most is None:
                return 0, None
            least, most = -most, -least
        low += least
        high = None if high is None or most is None else high + most
    return low, high


def _cell_range(report: Report, cell_id: str) -> tuple[Number, Number | None]:
    """A cell that was read is a point; an unread total of table 3 is at least the sum of what was read beside it."""
    known = report.cell(cell_id).known
    if known is not None:
        return known, known
    table, row, column = cell_id.split("/")
    if table != "requests" or column != "total":
        return 0, None
    beside = [report.cell(f"{table}/{row}/{one}").known for one in _COLUMNS]
    low = sum(value for value in beside if value is not None)
    return low, None if None in beside else low


_COLUMNS = ("natural_person", "business", "research", "nonprofit", "legal_service", "other")


def _meant(key: str, report: Report) -> Quantity | None:
    if key == "fee" or key.endswith("/all_upheld"):
        return None
    shapes = [report.tables[name].shape if name in report.tables else None for name in ("disclosure", "requests")]
    return quantity(key, (shapes[0], shapes[1]))


def _covers_an_area(report: Report, context: Context) -> bool:
    """A government's table may sum up its area or not, and so may its sentences: their difference is worth a look."""
    agency = report.agency or ""
    return context.kind == "government" or (
        agency.endswith(("政府", "管委会", "管理委员会")) and not agency.removesuffix("人民政府").endswith(("镇", "乡"))
    )


def _repairs(claim: Claim, found: Quantity, report: Report, figures: Figures, active: Collection[str]) -> bool:
    """The cell stands in a broken sum that is accused anyway, and with the sentence's figure the sum would hold."""
    cells = {cell for reading in found.exact for cell in reading}
    broken = [
        one
        for table in {cell.split("/")[0] for cell in cells}
        for one in figures.sums(table)
        if one.kind is Kind.FAIL and one.equation.rule in active
    ]
    if not broken:
        return False
    repaired = (_with(report, found, cause.cell, cause.repaired) for cause in figures.causes() if cause.cell)
    return claim.value in repaired or any(_holds_with(one, report, cells, claim.value) for one in broken)


def _with(report: Report, found: Quantity, cell: str, repaired: Number | None) -> Number | None:
    """The plainest reading that holds the repaired cell, with its repair; None if there is none or it is unread."""
    for reading in found.exact:
        if cell in reading and repaired is not None:
            rest = [report.cell(one).known for one in reading if one != cell]
            return None if None in rest else repaired + sum(one for one in rest if one is not None)
    return None


def _holds_with(broken: Sum, report: Report, cells: Collection[str], value: Number) -> bool:
    """Whether a broken sum holds once one of the cells has this value."""
    sides = (broken.equation.left, broken.equation.right)
    for cell in set(cells).intersection(broken.equation.cells):
        known = {one: report.cell(one).known for side in sides for one in side} | {cell: value}
        if None not in known.values():
            left, right = (sum(known[one] or 0 for one in side) for side in sides)
            if left == right:
                return True
    return False


def _mismatch(claim: Claim, found: Quantity, report: Report, kind: Kind = Kind.FAIL) -> Outcome:
    reading = found.exact[0]
    printed = _printed(report, reading)
    formula = f"正文 {claim.value} ≠ 表格 {printed}"
    low, high = _range(report, reading)
    table = reading[0].split("/")[0]
    return Outcome(
        kind,
        reading[0],
        args={"quote": _cut(claim.quote, f"{claim.value}"), "formula": formula, "name": _name(report, table, reading)},
        cells=reading,
        cell=reading[0] if len(reading) == 1 else None,
        expected=claim.value,
        actual=low if low == high else None,
        formula=formula,
        message="open" if kind is Kind.OPEN else "",
        second=reread.verdict(report, reading),
    )


def _printed(report: Report, reading: Reading) -> str:
    """The cells as a sum: ``272 + 3``; the zeros of a group are left out, and what is unread is said."""
    ranges = [_cell_range(report, cell) for cell in reading]
    shown = [str(low) for low, _ in ranges if low] or ["0"]
    total = sum((low for low, _ in ranges), 0)
    text = " + ".join(shown) + (f" = {total}" if len(shown) > 1 else "")
    return (
        text if all(report.cell(cell).known is not None for cell in reading) else f"{text}（总计未填，按已填各列相加）"
    )


def _name(report: Report, table: str, reading: Iterable[str]) -> Mapping[str, str]:
    shape = report.tables[table].shape
    return names.listing(shape, reading, limit=3)


# Words against figures


def _all_upheld(claim: Claim, report: Report) -> Iterator[Outcome]:
    rows = claim.quantity.removesuffix("/all_upheld").split("+")
    others = [f"disputes/{row}/{column}" for row in rows for column in ("corrected", "other", "pending")]
    against = [cell for cell in others if report.cell(cell).known]
    if not against:
        return
    formula = f"均获维持 ≠ 表格 {' + '.join(str(report.cell(cell).known) for cell in against)} 件不是维持"
    yield Outcome(
        Kind.FAIL,
        f"disputes/{rows[0]}/upheld",
        args={"quote": _cut(claim.quote, "维持"), "formula": formula, "name": _name(report, "disputes", against)},
        cells=tuple(against),
        expected=0,
        actual=sum(report.cell(cell).known or 0 for cell in against),
        formula=formula,
    )


def _denied(
    claim: Claim, key: str, report: Report, context: Context, figures: Figures, active: Collection[str]
) -> Iterator[Outcome]:
    found = _meant(key, report)
    if found is None or not found.exact:
        return
    against = [cell for cell in found.exact[0] if report.cell(cell).known]
    subject = (against or found.exact[0])[0]
    if not against:
        if all(report.cell(cell).known == 0 for cell in found.exact[0]):
            yield Outcome(Kind.PASS, subject, cells=found.exact[0])
        return
    timely = claim.quantity == "carried_forward.timely"
    told = (claim.firm or timely) and not claim.broad and claim.plain(_agency(report, context))
    if told and not _repairs(claim, found, report, figures, active):
        formula = f"正文 0 ≠ 表格 {_printed(report, tuple(against))}"
        yield Outcome(
            Kind.OPEN if timely else Kind.FAIL,
            subject,
            args={
                "quote": _cut(claim.quote),
                "formula": formula,
                "name": _name(report, subject.split("/")[0], against),
            },
            cells=tuple(against),
            cell=subject if len(against) == 1 else None,
            expected=0,
            actual=sum(report.cell(cell).known or 0 for cell in against),
            formula=formula,
            message="open" if timely else "",
        )


def _fees(claims: Sequence[Claim]) -> Iterator[Outcome]:
    """None collected in one place, an amount in another, both of the same circle of organs."""
    own = [one for one in claims if not one.broad]
    paid = next((one for one in own if one.value), None)
    none = next((one for one in own if not one.value), None)
    if paid and none:
        formula = f"0 元 ≠ {paid.value} 元"
        yield Outcome(
            Kind.FAIL,
            "other_matters",
            args={"quote": _cut(none.quote), "other": _cut(paid.quote), "formula": formula},
            expected=0,
            actual=paid.value,
            formula=formula,
            message="fee",
        )


def _cut(quote: str, around: str = "") -> str:
    """The sentence, cut to what a message can hold, around the words that count."""
    if len(quote) <= _LONGEST_QUOTE:
        return quote
    start = max(0, min(quote.find(around) - _LONGEST_QUOTE // 2, len(quote) - _LONGEST_QUOTE))
    end = start + _LONGEST_QUOTE
    return ("…" if start else "") + quote[start:end] + ("…" if end < len(quote) else "")

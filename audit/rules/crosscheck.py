"""Do the reports of several organs and the copies of one agree (X001, F008)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from audit.context import Context, Copy, Part, RollUp
from audit.finding import Kind, Outcome
from audit.report import Report
from audit.rules import names
from audit.rules.registry import rule

_ROLLED_UP = re.compile(
    r"requests/|disputes/|disclosure/(?:licences|penalties|compulsory_measures)/decisions|disclosure/administrative_fees/amount"
)
# Led from above (条例 Art. 3): their figures are none of the local government's.
_LED_FROM_ABOVE = re.compile(
    r"海关|税务|气象局|消防救援|邮政管理|烟草专卖|调查[总]?队|海事|金融监[督管]|银保监|证监|中国人民银行|外汇管理|出入境边防|通信管理"
    r"|铁路监管|民航|国家矿山|地震局|供电|储备局"
)
_OWN_LEVEL_ONLY = re.compile(
    r"(?:仅|只)[^。；，]{0,12}(?:本级|本机关|本单位)|本级[^。；，]{0,6}(?:数据|口径|情况)|不(?:含|包括|包含)[^。；，]{0,12}(?:部门|县|区|乡镇|街道)"
)
_MOST_NAMED = 6

Number = int | Decimal


@rule("X001", letter="M", basis="格式惯例：政府年度报告汇总本地区各公开主体的数据")
def roll_up(report: Report, context: Context) -> Iterator[Outcome]:
    """A government's figures are no less than the sum of its organs' own; equal to it where every report is at hand."""
    if context.kind not in (None, "government"):
        yield Outcome(Kind.NOT_APPLICABLE, "report")
        return
    parts = _parts(report, context.roll_up) if context.kind and context.roll_up else ()
    if not parts or context.roll_up is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    whole = context.roll_up.complete and len(parts) == len(context.roll_up.parts)
    own_level = any(_OWN_LEVEL_ONLY.search("".join(text.split())) for text in _texts(report))
    for name in report.tables:
        yield _against_sum(report, parts, name, whole=whole, own_level=own_level)


@rule("F008", letter="M", basis="格式惯例：同一报告在各处应一致")
def copies_agree(report: Report, context: Context) -> Iterator[Outcome]:
    """Every copy of the report (attachment, other portal) has the same figures, compared cell by cell."""
    if not context.copies:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
    for copy in context.copies:
        yield _against_copy(report, copy)


def _parts(report: Report, held: RollUp) -> tuple[Part, ...]:
    """The reports that enter the sum: of the same year, of organs the government leads."""
    return tuple(
        part for part in held.parts if not _LED_FROM_ABOVE.search(part.name) and part.report.year in (None, report.year)
    )


def _against_sum(report: Report, parts: tuple[Part, ...], name: str, *, whole: bool, own_level: bool) -> Outcome:
    """One verdict per table: cells share their parts, so that one forgotten organ breaks many of them."""
    broken: list[tuple[str, Number, Number]] = []
    judged = 0
    for cell_id, cell in report.tables[name].cells.items():
        if not _ROLLED_UP.match(cell_id) or cell.known is None:
            continue
        shape = report.tables[name].shape
        values = [
            part.report.cell(cell_id).known
            if name in part.report.tables and part.report.tables[name].shape == shape
            else None
            for part in parts
        ]
        # A cell that was not read is at least zero: it can only raise the lower bound.
        least: Number = sum(value for value in values if value is not None and value > 0)
        exact = whole and None not in values
        judged += 1
        if cell.known < least or (exact and cell.known != least):
            broken.append((cell_id, cell.known, least))
    if not judged:
        return Outcome(Kind.OPEN, name)
    if not broken:
        return Outcome(Kind.PASS, name)
    worst = max(broken, key=_gap)
    cells = tuple(cell_id for cell_id, _, _ in broken)
    below = worst[1] < worst[2]
    return Outcome(
        Kind.OPEN if own_level else Kind.FAIL,
        name,
        args={
            "table": names.table(name),
            "worst": names.subject(report.tables[name].shape, worst[0]),
            "cells": names.listing(report.tables[name].shape, cells, limit=_MOST_NAMED),
            "count": len(broken),
            "parts": len(parts),
            "sum": worst[2],
            "own": worst[1],
        },
        cells=cells,
        cell=worst[0] if len(broken) == 1 else None,
        expected=worst[2],
        actual=worst[1],
        formula=f"{worst[1]} {'<' if below else '≠'} Σ {worst[2]}",
        message="own_level" if own_level else "below" if below else "unequal",
    )


def _gap(one: tuple[str, Number, Number]) -> Number:
    return max(one[2] - one[1], one[1] - one[2])


def _against_copy(report: Report, copy: Copy) -> Outcome:
    """Only cells read in both count; a copy of another year is another report."""
    subject = f"copy/{copy.label['zh']}"
    theirs = copy.report
    if None not in (report.year, theirs.year) and report.year != theirs.year:
        return Outcome(Kind.NOT_APPLICABLE, subject)
    pairs = [
        (cell_id, mine.known, theirs.cell(cell_id).known)
        for cell_id, mine in report.cells.items()
        if mine.known is not None and theirs.cell(cell_id).known is not None
    ]
    different = [pair for pair in pairs if pair[1] != pair[2]]
    if not pairs:
        return Outcome(Kind.OPEN, subject)
    if not different:
        return Outcome(Kind.PASS, subject)
    first = different[0]
    cells = tuple(cell_id for cell_id, _, _ in different)
    return Outcome(
        Kind.FAIL,
        subject,
        args={
            "copy": copy.label,
            "cells": names.listing(report.form or "2021", cells, limit=_MOST_NAMED),
            "count": len(different),
            "compared": len(pairs),
            "first": names.subject(report.form or "2021", first[0]),
            "mine": first[1],
            "theirs": first[2],
        },
        cells=cells,
        cell=first[0] if len(different) == 1 else None,
        expected=first[2],
        actual=first[1],
        formula="；".join(f"{mine} ≠ {other}" for _, mine, other in different[:_MOST_NAMED]),
    )


def _texts(report: Report) -> Iterator[str]:
    yield report.preamble
    yield from (section.text for section in report.sections.values())

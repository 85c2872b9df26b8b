"""Is each cell a number of the right kind (N001-N004). A blank, a dash or a lost cell is never zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from audit.figures import Figures
from audit.finding import Kind, Outcome, passed
from audit.form import TABLES, FormTable, load
from audit.localise import judged_sums
from audit.report import Cell, How, Report, State, Table
from audit.rules import names, reread
from audit.rules.registry import rule

_Wrong = Callable[[str, int | Decimal], bool]
_UNSEEN = (State.UNREADABLE, State.ABSENT)

_TYPE = "年报格式：单元格填写数字，没有的填 0"


@rule("N001", letter="M", basis=_TYPE)
def cells_filled(report: Report, figures: Figures) -> Iterator[Outcome]:
    """No cell is blank or dashed. A blank column, row or table is one finding with the cells it covers."""
    for table in _found(report):
        odd = figures.odd(table.name)
        blank = [cell.id for cell in odd if cell.how is How.READ and cell.state in (State.BLANK, State.DASH)]
        yield _rest(table, odd)
        for subject, cells in _blank_regions(report, table, blank).items():
            yield Outcome(
                Kind.FAIL,
                subject,
                args=_where(table, subject, cells),
                cells=cells,
                cell=cells[0] if len(cells) == 1 else None,
                actual=len(cells),
                expected=0,
                hint=_blank_as_zero(report, table, blank if subject.endswith("/total") else cells),
                message="region" if len(cells) > 1 else "",
            )


@rule("N002", letter="M", basis=_TYPE)
def cells_numeric(report: Report, figures: Figures) -> Iterator[Outcome]:
    """No cell holds words where the form asks for a number."""
    for table in _found(report):
        odd = figures.odd(table.name)
        texts = {cell.id: cell.raw.strip() for cell in odd if cell.how is How.READ and cell.state is State.TEXT}
        yield _rest(table, odd)
        for subject, cells in _regions(table, list(texts)).items():
            raw = "、".join(f"「{texts[cell][:20]}」" for cell in cells[:5])
            yield Outcome(
                Kind.FAIL,
                subject,
                args={**_where(table, subject, cells), "raw": raw},
                cells=cells,
                cell=cells[0] if len(cells) == 1 else None,
                actual=raw,
            )


@rule("N003", letter="H", basis=_TYPE)
def counts_not_negative(report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """No number is below zero; only 本年增/减 of the 2019 form carries a sign."""
    yield from _each(report, figures, active, lambda column, value: column != "items_change" and value < 0)


@rule("N004", letter="M", basis=_TYPE)
def counts_whole(report: Report, figures: Figures, active: Collection[str]) -> Iterator[Outcome]:
    """Counts are whole numbers; only amounts of money may have decimals."""
    yield from _each(report, figures, active, lambda column, value: column != "amount" and value != int(value))


def _each(report: Report, figures: Figures, active: Collection[str], wrong: _Wrong) -> Iterator[Outcome]:
    for table in _found(report):
        odd = figures.odd(table.name)
        yield _rest(table, odd)
        for cell in odd:
            value = cell.known
            if value is None or not wrong(cell.id.rsplit("/", 1)[1], value) or _told_by_sums(cell.id, figures, active):
                continue
            verdict = reread.verdict(report, (cell.id,))
            doubted = verdict == reread.DIFFERS
            args = {"name": names.subject(table.shape, cell.id), "actual": value}
            yield Outcome(
                Kind.OPEN if doubted else Kind.FAIL,
                cell.id,
                args={**args, "second": report.second[cell.id].raw.strip()} if doubted else args,
                cells=(cell.id,),
                cell=cell.id,
                actual=value,
                message="doubt" if doubted else "",
                second=verdict,
            )


def _told_by_sums(cell: str, figures: Figures, active: Collection[str]) -> bool:
    """Whether a broken sum already names this cell, or the row of table 4 it stands in: one cause is told once.

    The sums say more: what should stand there. Where they hold, or cannot tell which cell is wrong, the cell speaks.
    """
    named = any(
        cause.cell == cell and any(one.equation.rule in active for one in cause.broken) for cause in figures.causes()
    )
    row = any(one.kind is Kind.FAIL and cell in one.equation.cells for one in figures.sums("disputes"))
    return named or (row and "A004" in active)


def _found(report: Report) -> Iterator[Table]:
    return (table for name in TABLES if (table := report.tables.get(name)) and table.shape is not None)


def _rest(table: Table, odd: Sequence[Cell]) -> Outcome:
    """The verdict on all cells that do not fail by themselves: pass, or open for the unread ones it names."""
    cells = load(table.shape or "").tables[table.name].cells
    unread = {cell.id for cell in odd if cell.how is not How.READ or cell.state in _UNSEEN}
    if not unread and len(table.cells) == len(cells):
        return passed(table.name)
    return Outcome(Kind.OPEN, table.name, cells=tuple(c for c in cells if c in unread or c not in table.cells))


def _where(table: Table, subject: str, cells: Sequence[str]) -> dict[str, object]:
    return {
        "name": _named(table, subject),
        "count": len(cells),
        "cells": names.listing(table.shape, cells, limit=4),
    }


def _named(table: Table, subject: str) -> Mapping[str, str]:
    """The subject with its table before it, as columns of the same name stand in several tables."""
    own = names.subject(table.shape, subject)
    if subject == table.name:
        return own
    whole = names.table(table.name)
    return {
        "zh": whole["zh"].split("（")[0] + own["zh"] + ("列" if "/*/" in subject else ""),
        "en": f"{whole['en'].split(' (')[0]}, {own['en']}",
    }


def _blank_regions(report: Report, table: Table, blank: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The regions of blanks. 总计 is a cause of its own only if a blank total cannot mean 0."""
    regions = dict(_regions(table, blank))
    totals, rest = f"{table.name}/*/total", table.name
    if totals in regions and rest in regions and _sums_if_zero(report, table, blank)[1] == 0:
        regions[rest] = tuple(cell for cell in table.cells if cell in {*regions.pop(totals), *regions[rest]})
    return regions


def _regions(table: Table, cells: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Group cells by cause: the table, or a column mostly affected (总计 before others), and the rest together."""
    form = load(table.shape or "").tables[table.name]
    if not cells:
        return {}
    if len(cells) > 1 and len(cells) >= 0.8 * len(form.cells):
        return {table.name: tuple(cells)}
    by_column: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        by_column[cell.rsplit("/", 1)[1]].append(cell)
    whole = {
        f"{table.name}/*/{column}": tuple(part)
        for column, part in by_column.items()
        if len(part) >= max(3, 0.5 * _height(form, column))
    }
    totals = f"{table.name}/*/total"
    if len(whole.keys() - {totals}) > 1:
        whole = {totals: whole[totals]} if totals in whole else {}
    rest = tuple(cell for cell in cells if f"{table.name}/*/{cell.rsplit('/', 1)[1]}" not in whole)
    return {**whole, **({_common(table.name, rest): rest} if rest else {})}


def _height(form: FormTable, column: str) -> int:
    return sum(1 for columns in form.columns_of.values() if column in columns)


def _common(table: str, cells: Collection[str]) -> str:
    rows = {cell.split("/")[1] for cell in cells}
    columns = {cell.split("/")[2] for cell in cells}
    if len(cells) == 1:
        return next(iter(cells))
    if len(rows) == 1:
        return f"{table}/{rows.pop()}"
    return f"{table}/*/{columns.pop()}" if len(columns) == 1 else table


def _blank_as_zero(report: Report, table: Table, blank: Collection[str]) -> Mapping[str, str] | None:
    """What the sums would say if every blank were 0: a help for the reader, never a verdict."""
    sums, broken = _sums_if_zero(report, table, blank)
    if not sums:
        return None
    if not broken:
        return {
            "zh": "若空白视为 0，各项勾稽关系均成立",
            "en": "every sum holds if blanks are 0",
        }
    return {
        "zh": f"即使空白视为 0，{sums} 项勾稽关系中仍有 {broken} 项不成立",
        "en": f"even if blanks are 0, {broken} of {sums} sums do not hold",
    }


def _sums_if_zero(report: Report, table: Table, blank: Collection[str]) -> tuple[int, int]:
    """How many sums the table has, and how many would be broken if these cells were 0."""
    zeros = {
        cell.id: replace(cell, state=State.VALUE, value=0) if cell.id in blank else cell
        for cell in table.cells.values()
    }
    tables = {**report.tables, table.name: replace(table, cells=zeros)}
    sums = judged_sums(replace(report, tables=tables), table.name)
    return len(sums), sum(1 for one in sums if one.kind is Kind.FAIL)

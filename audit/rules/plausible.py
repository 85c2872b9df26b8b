"""Can the figures be true, though no sum is broken (A005, N005, N006). Doubts for a person to look into, no proof."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from statistics import median

from audit.context import Context
from audit.figures import Figures
from audit.finding import Kind, Outcome, Severity, passed
from audit.form import IDS, load
from audit.localise import Number
from audit.report import Report
from audit.rules import names
from audit.rules.registry import rule

_FEE = "disclosure/administrative_fees/amount"
_THOUSAND = 1000
_PEERS_FOR_A_PERMILLE = 1000
_PEERS_FOR_A_SPREAD = 20
_FAR = 5.0
"""Robust standard deviations of the logarithm beyond which a figure stands apart from its peers."""
_LEAP, _LEAP_FROM = 50, 100
"""From one year to the next a figure that passes 100 is fifty times as large, or as small."""
_BEYOND_BELIEF = 10**9
"""No organ has a thousand million of anything that the form counts: there are fewer people to ask."""


@rule("A005", letter="M", basis="由表二各栏含义推得：现行有效件数不少于本年制发件数减本年废止件数")
def stock_plausible(report: Report) -> Iterator[Outcome]:
    """In table 2 a stock is no smaller than what the year alone leaves of it, and no number of items is below zero."""
    table = report.tables.get("disclosure")
    if table is None or table.shape is None:
        yield Outcome(Kind.NOT_APPLICABLE, "disclosure")
        return
    for message, signs in _BOUNDS[table.shape].items():
        for row in _rows_with(table.shape, tuple(signs)):
            yield _bound(report, table.shape, row, signs, message)


@rule("N005", letter="M", basis="格式：单位为万元；幅度为格式惯例")
def fee_in_its_unit(report: Report, context: Context) -> Iterator[Outcome]:
    """The fees are in 万元: not a thousand times last year's or a thousandth of them, nor beyond nearly all peers."""
    cell = report.cell(_FEE)
    fee = cell.known
    table = report.tables.get("disclosure")
    if table is None or table.shape != "2021" or cell.unit not in (None, "万元") or (fee is not None and fee <= 0):
        # The form of 2019 asks for no amount, a cell may name its own unit, and nothing is nothing in any unit.
        yield Outcome(Kind.NOT_APPLICABLE, _FEE, cells=(_FEE,))
        return
    if fee is None:
        yield Outcome(Kind.OPEN, _FEE, cells=(_FEE,))
        return
    before = _last_year(report, context, _FEE)
    peers = _peers(context, _FEE)
    args = {"actual": fee, "before": before, "yuan": f"{fee * 10000:,.0f}"}
    if before and (fee / before >= _THOUSAND or before / fee >= _THOUSAND):
        yield Outcome(Kind.FAIL, _FEE, args=args, cells=(_FEE,), cell=_FEE, actual=fee, formula=f"{before} → {fee}")
    elif len(peers) >= _PEERS_FOR_A_PERMILLE and fee > (high := sorted(peers)[math.ceil(0.999 * len(peers)) - 1]):
        args |= {"high": high, "count": len(peers)}
        yield Outcome(Kind.FAIL, _FEE, args=args, cells=(_FEE,), cell=_FEE, actual=fee, message="peers")
    elif not before and len(peers) < _PEERS_FOR_A_PERMILLE:
        yield Outcome(Kind.OPEN, _FEE, cells=(_FEE,), context_missing=True)
    else:
        yield passed(_FEE, (_FEE,))


@rule("N006", letter="L", basis="统计提示：与同类单位和本单位上年相比")
def figures_usual(report: Report, context: Context, figures: Figures) -> Iterator[Outcome]:
    """No main figure is beyond belief, or stands far apart from peers and from last year at once."""
    compared = False
    for table in report.tables.values():
        if table.shape is None:
            continue
        known = figures.known(table.name)
        for cell_id in _main_cells(table.shape, table.name):
            value = known.get(cell_id)
            if value is None or value < 0:
                continue
            before, peers = _last_year(report, context, cell_id), _peers(context, cell_id)
            compared = compared or before is not None or len(peers) >= _PEERS_FOR_A_SPREAD
            if message := _unusual(value, before, peers):
                yield _doubted(table.shape, cell_id, value, before, peers, message)
    yield passed("report") if compared else Outcome(Kind.OPEN, "report", context_missing=True)


_BOUNDS: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "2021": {"message": {"in_force": 1, "issued": -1, "repealed": 1}},
    "2019": {
        "disclosed": {"disclosed_total": 1, "disclosed": -1},
        "items": {"items_last_year": 1, "items_change": 1},
    },
}
"""What cannot fall below zero in a row that has these columns, by form and by the message that says so."""


@cache
def _rows_with(shape: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    rows = load(shape).tables["disclosure"].columns_of
    return tuple(f"disclosure/{row}" for row, own in rows.items() if set(columns) <= set(own))


def _bound(report: Report, shape: str, row: str, signs: Mapping[str, int], message: str) -> Outcome:
    cells = tuple(f"{row}/{column}" for column in signs)
    values = {column: report.cell(f"{row}/{column}").known for column in signs}
    known = {column: value for column, value in values.items() if value is not None}
    if len(known) < len(values):
        return Outcome(Kind.OPEN, row, cells=cells)
    left = sum(signs[column] * value for column, value in known.items())
    if left >= 0:
        return passed(row, cells)
    first, *rest = known.items()
    formula = f"{first[1]}" + "".join(f" {'+' if signs[column] > 0 else '-'} {value}" for column, value in rest)
    formula += " < 0"
    args = {"name": names.subject(shape, row), "formula": formula, **known}
    return Outcome(Kind.FAIL, row, args=args, cells=cells, actual=left, formula=formula, message=message)


@cache
def _main_cells(shape: str, table: str) -> tuple[str, ...]:
    """Every count of table 2 and the outer totals of tables 3 and 4: what one organ can be compared by."""
    cells = load(shape).tables[table].cells
    if table == "disclosure":
        return tuple(cell for cell in cells if not cell.endswith(("/items_change", "/amount")))
    return tuple(cell for cell in cells if cell.endswith("/total") and (table == "disputes" or _OUTER.search(cell)))


_OUTER = re.compile(r"/(?:received|carried_in|concluded|carried_forward)/")


def _unusual(value: Number, before: Number | None, peers: Sequence[Number]) -> str | None:
    """Why a figure is unusual, as the name of a message; None if it is not."""
    if value >= _BEYOND_BELIEF:
        return "absurd"
    if before is None and not peers:
        return None
    leap = before is not None and _leaps(value, before)
    apart = _stands_apart(value, peers)
    # An organ that is always large is no outlier; one that leaps while it stays among its peers is none either.
    if leap and apart is not False:
        return "history"
    return "peers" if apart and before is None else None


def _doubted(
    shape: str, cell: str, value: Number, before: Number | None, peers: Sequence[Number], message: str
) -> Outcome:
    middle = f"{median(map(float, peers)):g}" if peers else None
    return Outcome(
        Kind.FAIL,
        cell,
        args={"name": names.subject(shape, cell), "actual": value, "before": before, "middle": middle},
        cells=(cell,),
        cell=cell,
        actual=value,
        severity=Severity.WARNING if message == "absurd" else None,
        message=message,
    )


def _leaps(value: Number, before: Number) -> bool:
    high, low = max(value, before), min(value, before)
    return high >= _LEAP_FROM and high >= _LEAP * (low + 1)


def _stands_apart(value: Number, peers: Sequence[Number]) -> bool | None:
    """By the robust z of the logarithm, for counts are skewed. None: too few peers, or all alike."""
    if len(peers) < _PEERS_FOR_A_SPREAD:
        return None
    logs = [_log(peer) for peer in peers]
    middle = median(logs)
    spread = median(abs(log - middle) for log in logs)
    return None if spread == 0 else 0.6745 * (_log(value) - middle) / spread > _FAR


def _log(value: Number) -> float:
    return math.log(max(1, int(value) + 1))


def _peers(context: Context, cell: str) -> Sequence[int | Decimal]:
    return (context.peers or {}).get(cell, ())


def _last_year(report: Report, context: Context, cell: str) -> Number | None:
    """Last year's number in a cell of the same meaning; None if the report is not at hand or of another form."""
    previous, year = context.previous, context.year_of(report)
    if previous is None or year is None or previous.year not in (None, year - 1):
        return None
    table = previous.tables.get(cell.split("/", 1)[0])
    return previous.cell(cell).known if table is not None and table.shape in IDS else None

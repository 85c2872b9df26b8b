"""Reports made for tests: valid ones from a seed, and ways to damage them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from audit.form import TABLES, load
from audit.report import Cell, Dates, How, Report, Section, State, Table

OVERVIEW = (
    "（一）主动公开。全年通过网站主动公开政府信息 320 条，其中政策文件 12 件。"
    "（二）依申请公开。规范受理政府信息公开申请，均按期答复。"
    "（三）政府信息管理。严格执行保密审查制度，清理行政规范性文件 6 件。"
    "（四）平台建设。优化政府网站信息公开专栏，维护政务新媒体账号 2 个。"
    "（五）监督保障。将政务公开纳入年度考核，组织业务培训 2 次，未发生责任追究情形。"
)
PROBLEMS = (
    "存在的问题：一是政策解读形式比较单一，图解、视频较少；二是基层公开队伍业务能力不足，答复文书质量有待提高。"
    "改进情况：一是制定政策解读清单，每季度发布图解不少于 3 期；二是举办依申请公开专题培训 2 期，印发答复文书范本，"
    "由专人复核；三是建立公开台账，每月通报更新情况，对上年提出的检索不便问题已完成栏目改版并上线使用。"
)
OTHER = "依据信息处理费管理办法，本年度收取信息处理费 0 元。没有其他需要报告的事项。"
TEXTS = {"overview": OVERVIEW, "problems": PROBLEMS, "other_matters": OTHER}

OUTER = ("received", "carried_in", "concluded", "carried_forward")


def report(seed: int = 1, form: str = "2021", *, year: int | None = None, **changes: Any) -> Report:
    """A valid report: every identity of the form holds and the text says what it must."""
    rng = random.Random(seed)
    values = {**_disclosure(rng, form), **_requests(rng, form), **_disputes(rng)}
    tables = {name: _table(form, name, values) for name in TABLES}
    return replace(
        Report(
            agency="示例市教育局",
            year=year or (2024 if form == "2021" else 2019),
            title="示例市教育局政府信息公开工作年度报告",
            form=form,
            dates=Dates(declared=date(2025, 1, 20)),
            sections={
                part.key: Section(
                    part.key,
                    present=True,
                    heading=f"{part.number}、{part.heading}",
                    text=TEXTS.get(part.key, ""),
                    tables=int(part.key in TABLES),
                )
                for part in load(form).sections
            },
            tables=tables,
        ),
        **changes,
    )


def with_cells(base: Report, values: Mapping[str, int | Decimal | State], how: How = How.READ) -> Report:
    """The report with other numbers or states in some cells."""
    tables = dict(base.tables)
    for cell_id, value in values.items():
        name = cell_id.split("/", 1)[0]
        if isinstance(value, State):
            cell = Cell(cell_id, value, raw="若干" if value is State.TEXT else "", how=how)
        else:
            cell = Cell(cell_id, State.VALUE, value, str(value), how)
        tables[name] = replace(tables[name], cells={**tables[name].cells, cell_id: cell})
    return replace(base, tables=tables)


def with_text(base: Report, key: str, text: str) -> Report:
    """The report with another text in one section."""
    return replace(base, sections={**base.sections, key: replace(base.sections[key], text=text)})


def with_table(base: Report, name: str, **changes: Any) -> Report:
    """The report with some facts of one table changed."""
    return replace(base, tables={**base.tables, name: replace(base.tables[name], **changes)})


def number(base: Report, cell_id: str) -> int:
    """The integer in a cell of a made report."""
    value = base.cell(cell_id).value
    assert isinstance(value, int)
    return value


def _table(form: str, name: str, values: Mapping[str, int]) -> Table:
    cells = {
        cell_id: Cell(cell_id, State.VALUE, values[cell_id], str(values[cell_id]))
        for cell_id in load(form).tables[name].cells
    }
    return Table(name, form, cells, confidence=1.0)


def _disclosure(rng: random.Random, form: str) -> dict[str, int]:
    values = {cell: rng.randrange(200) for cell in load(form).tables["disclosure"].cells}
    for stock, part in (("in_force", "issued"), ("disclosed_total", "disclosed")):
        for cell in values:
            if cell.endswith(f"/{stock}"):
                values[cell] += values[cell.replace(stock, part)]
    return values


def _requests(rng: random.Random, form: str) -> dict[str, int]:
    shape = load(form).tables["requests"]
    details = [row.id for row in shape.rows if row.id not in OUTER]
    columns = [column.id for column in shape.columns]
    values: dict[str, int] = {}
    for column in columns[:-1]:
        for row in details:
            values[f"requests/{row}/{column}"] = rng.choice((0, 0, 1, 2, 15, rng.randrange(1000)))
        concluded = sum(values[f"requests/{row}/{column}"] for row in details)
        forward = rng.randrange(20)
        carried_in = rng.randint(0, min(20, concluded + forward))
        values[f"requests/concluded/{column}"] = concluded
        values[f"requests/carried_forward/{column}"] = forward
        values[f"requests/carried_in/{column}"] = carried_in
        values[f"requests/received/{column}"] = concluded + forward - carried_in
    for row in (*details, *OUTER):
        values[f"requests/{row}/total"] = sum(values[f"requests/{row}/{column}"] for column in columns[:-1])
    return values


def _disputes(rng: random.Random) -> dict[str, int]:
    values: dict[str, int] = {}
    for row in ("review", "direct_suit", "suit_after_review"):
        parts = [rng.randrange(12) for _ in range(4)]
        for column, part in zip(("upheld", "corrected", "other", "pending"), parts, strict=True):
            values[f"disputes/{row}/{column}"] = part
        values[f"disputes/{row}/total"] = sum(parts)
    return values

"""The official tables as they are printed, merged headers and all, and what is to be marked in each cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import groupby

from audit.finding import Finding, Kind
from audit.form import IDS, FormTable, Label, expected_form, load
from audit.report import Cell, How, Report, State

RESULTS = "三、本年度办理结果"
NOTE = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
ORGANISATIONS = ("business", "other")
"""The first and the last column under 法人或其他组织."""


@dataclass(frozen=True, slots=True)
class Box:
    """A printed box: where it begins (from 0), how many rows and columns it spans, what it says.

    ``cell`` is the id of a cell of figures, empty for a heading; ``over`` tells a heading of columns from one of rows.
    """

    row: int
    column: int
    text: str = ""
    rows: int = 1
    columns: int = 1
    cell: str = ""
    over: bool = False


class Look(StrEnum):
    """What is said of a cell, the weightiest first. Each has a symbol, so that none depends on colour."""

    BROKEN = "broken"
    PART = "part"
    OPEN = "open"
    UNREAD = "unread"
    INFERRED = "inferred"

    @property
    def symbol(self) -> str:
        return _SYMBOLS[self]

    @property
    def label(self) -> Mapping[str, str]:
        zh, en = _LABELS[self]
        return {"zh": zh, "en": en}


_SYMBOLS = {Look.BROKEN: "✖", Look.PART: "△", Look.OPEN: "？", Look.UNREAD: "▒", Look.INFERRED: "≈"}
_LABELS = {
    Look.BROKEN: ("疑似有误", "seems wrong"),
    Look.PART: ("涉及的数字，其中至少一个疑似有误", "takes part in what does not hold"),
    Look.OPEN: ("待人工核对", "for a person to look at"),
    Look.UNREAD: ("未读出，不是 0", "not read, which is not 0"),
    Look.INFERRED: ("推断，不作依据", "inferred, supports nothing"),
}
_UNSEEN = {
    State.BLANK: ("空白", "blank"),
    State.UNREADABLE: ("未读出", "unread"),
    State.ABSENT: ("未找到", "absent"),
}


@cache
def layout(shape: str, table: str) -> tuple[tuple[Box, ...], ...]:
    """The boxes of a table in the form ``2019`` or ``2021``, row by row, each row from the left.

    Source: the annexes of 国办公开办函〔2019〕60号 and 〔2021〕30号, as real reports print them.
    """
    form = load(shape).tables[table]
    boxes = {"disclosure": _disclosure, "requests": _requests, "disputes": _disputes}[table](form)
    last = max(box.row for box in boxes)
    return tuple(
        tuple(sorted((box for box in boxes if box.row == row), key=lambda box: box.column)) for row in range(last + 1)
    )


def shape_of(report: Report, table: str) -> str:
    """The form a table is drawn in: its own, else the report's, else the one of its year."""
    found = report.tables.get(table)
    named = (found.shape if found else None, report.form, expected_form(report.year) if report.year else None)
    return next((shape for shape in named if shape in IDS), IDS[-1])


def looks(report: Report, findings: Iterable[Finding]) -> dict[str, tuple[Look, ...]]:
    """What is to be marked in each cell that is marked at all, the weightiest first."""
    found: dict[str, set[Look]] = {}
    for finding in findings:
        for cell_id, look in touched(finding).items():
            found.setdefault(cell_id, set()).add(look)
    for cell_id, cell in report.cells.items():
        if cell.state in (State.UNREADABLE, State.ABSENT):
            found.setdefault(cell_id, set()).add(Look.UNREAD)
        elif cell.how is How.INFERRED:
            found.setdefault(cell_id, set()).add(Look.INFERRED)
    order = list(Look)
    return {cell_id: tuple(sorted(those, key=order.index)) for cell_id, those in found.items()}


def touched(finding: Finding) -> dict[str, Look]:
    """The cells a finding speaks of. Where it names one, the others are only parts of the arithmetic."""
    if finding.kind is Kind.OPEN:
        return dict.fromkeys((*finding.cells, *_own(finding)), Look.OPEN)
    named = _own(finding)
    return dict.fromkeys(finding.cells, Look.PART) | dict.fromkeys(named, Look.BROKEN)


def shown(cell: Cell, lang: str = "zh") -> str:
    """What stands in a cell: the figure or word as printed, or in words that there is nothing."""
    if cell.state in _UNSEEN:
        zh, en = _UNSEEN[cell.state]
        return en if lang == "en" else zh
    return cell.raw.strip() or str(cell.value)


def _own(finding: Finding) -> tuple[str, ...]:
    if finding.cell:
        return (finding.cell,)
    return (finding.subject,) if finding.subject.count("/") == 2 and "*" not in finding.subject else ()


def _disclosure(form: FormTable) -> list[Box]:
    """Blocks under one another, each with its own columns; a block of fewer columns has wider ones."""
    width = max(len(columns) for columns in form.columns_of.values())
    boxes: list[Box] = []
    row = 0
    for (group, columns), block in groupby(form.rows, key=lambda label: (label.group, form.columns_of[label.id])):
        boxes.append(Box(row, 0, group, columns=width + 1, over=True))
        boxes.append(Box(row + 1, 0, "信息内容", over=True))
        for place, column in enumerate(columns):
            boxes.append(_spread(Box(row + 1, place + 1, form.column(column).label, over=True), columns, width))
        row += 2
        for label in block:
            boxes.append(Box(row, 0, label.label))
            for place, column in enumerate(columns):
                cell = f"{form.name}/{label.id}/{column}"
                boxes.append(_spread(Box(row, place + 1, cell=cell), columns, width))
            row += 1
    return boxes


def _spread(box: Box, columns: tuple[str, ...], width: int) -> Box:
    """The last column of a block takes what the others leave."""
    if box.column < len(columns):
        return box
    return Box(box.row, box.column, box.text, columns=width - len(columns) + 1, cell=box.cell, over=box.over)


def _requests(form: FormTable) -> list[Box]:
    """Three columns of labels and seven of figures under a head of three rows."""
    ids = [column.id for column in form.columns]
    first, last = (ids.index(name) for name in ORGANISATIONS)
    boxes = [
        Box(0, 0, NOTE, rows=3, columns=3, over=True),
        Box(0, 3, "申请人情况", columns=len(ids), over=True),
        Box(1, 3 + first, "法人或其他组织", columns=last - first + 1, over=True),
    ]
    for place, column in enumerate(form.columns):
        inside = first <= place <= last
        boxes.append(Box(2 if inside else 1, 3 + place, column.label, rows=1 if inside else 2, over=True))
    results = [label for label in form.rows if label.group]
    for number, label in enumerate(form.rows):
        row = number + 3
        if results and label is results[0]:
            boxes.append(Box(row, 0, RESULTS, rows=len(results)))
        boxes += _label(form, label, row)
        boxes += [Box(row, 3 + place, cell=f"{form.name}/{label.id}/{column}") for place, column in enumerate(ids)]
    return boxes


def _label(form: FormTable, label: Label, row: int) -> list[Box]:
    if not label.group:
        return [Box(row, 0, label.label, columns=3)]
    if label.group == RESULTS:
        return [Box(row, 1, label.label, columns=2)]
    fellows = [one for one in form.rows if one.group == label.group]
    head = [Box(row, 1, label.group, rows=len(fellows))] if label is fellows[0] else []
    return [*head, Box(row, 2, label.label)]


def _disputes(form: FormTable) -> list[Box]:
    """Reviews and the two kinds of lawsuits beside one another, one row of figures."""
    width = len(form.columns)
    suits = [label for label in form.rows if label.group]
    boxes = [Box(0, width, suits[0].group, columns=width * len(suits), over=True)]
    for place, label in enumerate(form.rows):
        at = place * width
        boxes.append(Box(1 if label.group else 0, at, label.label, columns=width, over=True))
        for offset, column in enumerate(form.columns):
            top = 2 if label.group else 1
            boxes.append(Box(top, at + offset, column.label, rows=3 - top, over=True))
            boxes.append(Box(3, at + offset, cell=f"{form.name}/{label.id}/{column.id}"))
    return boxes

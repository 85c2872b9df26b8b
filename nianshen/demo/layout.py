"""The three official tables as the annex prints them: merged headers and group labels, one box a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from audit import form as forms
from audit.form import Form, Label

NOTE = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"


@dataclass(frozen=True, slots=True)
class Box:
    """A printed cell. ``cell`` is its id if it holds a figure; ``head`` if it belongs to the header."""

    text: str
    colspan: int = 1
    rowspan: int = 1
    cell: str | None = None
    head: bool = False


Rows = tuple[tuple[Box, ...], ...]


def official_tables(form_id: str, printed: Mapping[str, str]) -> dict[str, Rows]:
    """Tables 2, 3 and 4 of a form, filled with ``printed`` texts by cell id. Source: annex of the form."""
    form = forms.load(form_id)
    return {
        "disclosure": _disclosure(form, printed),
        "requests": _requests(form, printed),
        "disputes": _disputes(form, printed),
    }


def _disclosure(form: Form, printed: Mapping[str, str]) -> Rows:
    table = form.tables["disclosure"]
    rows: list[tuple[Box, ...]] = []
    for group, members in groupby(table.rows, key=lambda row: row.group):
        block = list(members)
        columns = table.columns_of[block[0].id]
        widths = [1] * (len(columns) - 1) + [4 - len(columns)]  # four grid columns, the first is the label
        rows.append((Box(group, colspan=4, head=True),))
        labels = [Box(table.column(c).label, colspan=w, head=True) for c, w in zip(columns, widths, strict=True)]
        rows.append((Box("信息内容", head=True), *labels))
        for row in block:
            values = [
                _value(printed, f"disclosure/{row.id}/{c}", colspan=w) for c, w in zip(columns, widths, strict=True)
            ]
            rows.append((Box(row.label), *values))
    return tuple(rows)


def _requests(form: Form, printed: Mapping[str, str]) -> Rows:
    table = form.tables["requests"]
    natural, *organisations, total = table.columns
    header = (
        (Box(NOTE, colspan=3, rowspan=3, head=True), Box("申请人情况", colspan=7, head=True)),
        (
            Box(natural.label, rowspan=2, head=True),
            Box("法人或其他组织", colspan=5, head=True),
            Box(total.label, rowspan=2, head=True),
        ),
        tuple(Box(column.label, head=True) for column in organisations),
    )
    inner = [row for row in table.rows if row.group]
    outer = inner[0].group
    size = {group: len(list(rows)) for group, rows in groupby(inner, key=lambda row: row.group)}
    body = []
    for position, row in enumerate(table.rows):
        labels: list[Box] = []
        if row is inner[0]:
            labels.append(Box(outer, rowspan=len(inner)))
        if not row.group:
            labels.append(Box(row.label, colspan=3))
        elif row.group == outer:
            labels.append(Box(row.label, colspan=2))
        else:
            if table.rows[position - 1].group != row.group:
                labels.append(Box(row.group, rowspan=size[row.group]))
            labels.append(Box(row.label))
        body.append((*labels, *_values(printed, "requests", row, table.columns_of[row.id])))
    return (*header, *body)


def _disputes(form: Form, printed: Mapping[str, str]) -> Rows:
    table = form.tables["disputes"]
    review, direct, after = table.rows
    results = [column.label for column in table.columns]
    return (
        (Box(review.label, colspan=5, head=True), Box(direct.group, colspan=10, head=True)),
        (
            *(Box(label, rowspan=2, head=True) for label in results),
            Box(direct.label, colspan=5, head=True),
            Box(after.label, colspan=5, head=True),
        ),
        tuple(Box(label, head=True) for label in results * 2),
        tuple(box for row in table.rows for box in _values(printed, "disputes", row, table.columns_of[row.id])),
    )


def _values(printed: Mapping[str, str], table: str, row: Label, columns: tuple[str, ...]) -> tuple[Box, ...]:
    return tuple(_value(printed, f"{table}/{row.id}/{column}") for column in columns)


def _value(printed: Mapping[str, str], cell: str, colspan: int = 1) -> Box:
    return Box(printed[cell], colspan=colspan, cell=cell)

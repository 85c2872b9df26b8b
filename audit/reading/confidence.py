"""How far a table's reading can be trusted, and why: the one place where the reader's codes are explained."""

from __future__ import annotations

from audit.report import State, Table

REASONS = {
    "header_missing": ("表头缺失，各列按规定次序认定", "no header; the columns follow the order of the form"),
    "columns_by_count": ("表头不全，部分列按个数认定", "the header is incomplete; columns were told by their count"),
    "foreign_columns": ("表内有规定格式以外的列，已略过", "columns the form does not have were left out"),
    "reordered_columns": ("各列次序与规定格式不同", "the columns stand in another order than the form's"),
    "rows_out_of_order": ("部分行的次序与规定格式不同", "rows stand in another order than the form's"),
    "inexact_label": ("部分行名与规定格式不完全一致", "labels of rows differ from the form's"),
    "rows_missing": ("缺少规定的行", "rows of the form are missing"),
    "unread_cells": ("部分单元格无法读出", "cells could not be read"),
    "inferred_cells": ("部分数字系推断得出", "figures were inferred, not seen whole"),
    "short_row": ("该行数字个数与表头不符", "a row has too few or too many figures"),
    "unmatched_row": ("有数字的一行对不上表内任何一行", "a row of figures fits no row of the form"),
    "columns_unknown": ("表头各列的次序无法确定", "the order of the columns is not certain"),
    "conflicting_copy": ("同一张表出现两次，数字不一致", "two copies of the table differ"),
    "another_year": ("仅找到用于对照的另一年度的表", "only a table of another year, shown for comparison, was found"),
    "hidden_copy": ("仅在隐藏内容中找到该表", "the table was found in hidden content only"),
}
"""Codes of ``Table.reasons``: what lowered the confidence, in Chinese and English."""

WHY = {
    "label": ("行名一致", "its own label"),
    "group": ("行名连同所属分组一致", "its label with the group before it"),
    "alias": ("行名的其他写法", "another spelling of the label"),
    "similar": ("行名相近", "a label nearly the same"),
    "order": ("依据上下行次序", "its place between the rows around it"),
    "moved": ("位置有变，行名完全一致", "another place, but the label to the letter"),
    "header": ("依据表头", "the header above the figures"),
    "count": ("依据数字个数", "the number of figures"),
}
"""Codes of ``RowMatch.why``, in Chinese and English."""

_FRAME = {"header_missing", "columns_by_count", "foreign_columns", "reordered_columns", "rows_out_of_order"}
_FRAME_FACTOR = 0.97


def reasons_for(table: Table) -> tuple[str, ...]:
    """The reasons a table already names, and those its troubles, gaps, labels and cells give, each once."""
    states = {cell.state for cell in table.cells.values()}
    found = [
        *table.reasons,
        *(trouble.kind for trouble in table.troubles if trouble.kind in REASONS),
        *(["rows_missing"] if table.missing else []),
        *(["inexact_label"] if any(match.likeness < 1 for match in table.matches) else []),
        *(["unread_cells"] if State.UNREADABLE in states else []),
        *(["inferred_cells"] if any(cell.how.value == "inferred" for cell in table.cells.values()) else []),
    ]
    return tuple(dict.fromkeys(found))


def confidence(table: Table) -> float:
    """Between 0 and 1: the share of the form's cells that were read, as many as were seen and not inferred;
    times the mean likeness of the labels of its rows; times 0.97 for each reason that lies in the frame of the table
    (a header missing or incomplete, columns or rows beside or out of the form's order).
    """
    seen = [cell for cell in table.cells.values() if cell.state not in {State.ABSENT, State.UNREADABLE}]
    share = sum(cell.how.value == "read" for cell in seen) / max(1, len(table.cells))
    likeness = [match.likeness for match in table.matches]
    alike = sum(likeness) / len(likeness) if likeness else 1.0
    return round(share * alike * _FRAME_FACTOR ** len(_FRAME & set(table.reasons)), 3)

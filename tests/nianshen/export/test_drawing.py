"""The official tables are drawn whole, and every cell that is spoken of is marked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.finding import Kind
from audit.form import IDS, TABLES, load
from nianshen.export.drawing import Look, layout, looks, touched
from tests.nianshen.export import making


@pytest.mark.parametrize("shape", IDS)
@pytest.mark.parametrize("table", TABLES)
def test_boxes_cover_a_rectangle_once_and_hold_every_cell_of_the_form(shape: str, table: str) -> None:
    boxes = [box for row in layout(shape, table) for box in row]

    places = [
        (box.row + down, box.column + along)
        for box in boxes
        for down in range(box.rows)
        for along in range(box.columns)
    ]
    rows, columns = (max(numbers) + 1 for numbers in zip(*places, strict=True))
    assert len(places) == len(set(places)) == rows * columns
    assert sorted(box.cell for box in boxes if box.cell) == sorted(load(shape).tables[table].cells)


def test_a_named_cell_is_broken_and_the_others_of_its_sum_are_parts() -> None:
    named = making.finding()
    row = replace(
        named, cell=None, subject="disputes/review", cells=("disputes/review/upheld", "disputes/review/total")
    )

    assert touched(named) == {making.WRONG: Look.BROKEN}
    assert touched(row) == {"disputes/review/upheld": Look.PART, "disputes/review/total": Look.PART}


def test_an_undecided_finding_marks_no_cell_as_broken() -> None:
    assert set(touched(making.finding(kind=Kind.OPEN)).values()) == {Look.OPEN}


def test_unread_and_inferred_cells_are_marked_without_any_finding() -> None:
    marks = looks(making.report(), [])

    assert marks == {making.UNREAD: (Look.UNREAD,), making.INFERRED: (Look.INFERRED,)}

"""The workbook opens, holds no formula, and shows the form with its broken cells."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from audit.finding import Kind
from nianshen.export import xlsx
from nianshen.export.document import Document, Line
from nianshen.export.table import HEADINGS
from nianshen.export.xlsx import sheet_name, write_xlsx
from tests.nianshen.export import making


def book(documents: list[Document], folder: Path) -> Workbook:
    write_xlsx(documents, folder / "book.xlsx")
    return openpyxl.load_workbook(folder / "book.xlsx")


def test_there_are_a_summary_the_findings_open_items_and_the_drawn_form(tmp_path: Path) -> None:
    found = book(making.documents(), tmp_path)

    assert found.sheetnames[:3] == ["汇总", "问题", "待核对"]
    assert len(found.sheetnames) == 4
    assert [cell.value for cell in found["问题"][1]] == list(HEADINGS)
    assert found["问题"]["F2"].value == "A003"
    assert found["汇总"]["F2"].value == 1
    assert "没有这个文件" in found["汇总"]["L3"].value
    assert {row[4] for row in found["待核对"].iter_rows(min_row=2, values_only=True)} == {"disclosure", "not_judged"}


def test_the_broken_cell_is_marked_and_carries_its_formula(tmp_path: Path) -> None:
    drawn = book(making.documents(), tmp_path).worksheets[3]

    (cell,) = [cell for row in drawn.iter_rows() for cell in row if cell.comment]
    assert cell.value == "✖ 3"
    assert "3 + 0 ≠ 2 + 0" in cell.comment.text
    assert cell.fill.fgColor.rgb == "FFF8CBCB"
    values = [cell.value for row in drawn.iter_rows() for cell in row]
    assert "▒ 未读出" in values
    assert 12 in values
    assert {"rows": 22, "columns": 1} in [span.size for span in drawn.merged_cells.ranges]


def test_no_text_becomes_a_formula_or_a_link(tmp_path: Path) -> None:
    found = book(making.documents(), tmp_path)

    cells = [cell for sheet in found for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(cell.hyperlink is None for cell in cells)
    assert not any(str(cell.value).startswith("=") for cell in cells)


def test_only_so_many_forms_are_drawn_and_the_rest_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_DRAWN", 2)
    reports = [replace(making.documents()[0], source=f"{number}.html") for number in range(5)]

    found = book(reports, tmp_path)

    assert len(found.sheetnames) == 5
    last = [row[0] for row in found["汇总"].iter_rows(values_only=True)][-1]
    assert last.startswith("另有 3 份")


def test_waived_findings_are_listed_but_neither_counted_as_open_nor_drawn(tmp_path: Path) -> None:
    lines = (Line(making.finding(1), state="waived", reason="合并"), Line(making.finding(2, Kind.OPEN)))
    document = replace(making.stored(*lines), report=making.report())

    found = book([document], tmp_path)

    assert [found["汇总"].cell(2, column).value for column in (6, 9, 10)] == [0, 1, 1]
    assert "已豁免 waived" in [cell.value for cell in found["问题"][2]]
    assert not any(str(cell.value).startswith("✖") for row in found.worksheets[3].iter_rows(min_row=3) for cell in row)


@pytest.mark.parametrize("name", ["示例市/教育局[1]:*?", "很长" * 40, "'引号'", "", "History", "\u202e=1+1", "汇总"])
def test_a_sheet_name_is_one_that_workbooks_take(name: str, tmp_path: Path) -> None:
    used = {"汇总", "问题", "待核对"}

    first = sheet_name(name, used)
    second = sheet_name(name.swapcase(), used | {first})

    assert first.casefold() != second.casefold()
    for one in (first, second):
        assert 0 < len(one) <= 31
        assert one not in used
        assert not set(one) & set("[]:*?/\\'")


def test_an_interrupted_workbook_leaves_no_scratch_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def interrupted() -> Iterator[Document]:
        yield from making.documents()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_xlsx(interrupted(), tmp_path / "book.xlsx")

    assert list(tmp_path.iterdir()) == []


@given(words=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5))
@settings(max_examples=12, deadline=None)
@example(words=["\ufffe\uffff", "\ud800=1", "_x0041_", "\x0b", "]]>&amp;"])
def test_any_words_make_a_workbook_that_opens(words: list[str]) -> None:
    documents = [replace(making.documents()[0], agency=word, source=word) for word in words]

    with tempfile.TemporaryDirectory() as folder:
        found = book(documents, Path(folder))

    assert len(found.sheetnames) == 3 + len(words)
    assert {cell.data_type for cell in found["问题"][2]} <= {"s", "n"}

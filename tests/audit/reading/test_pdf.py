"""A PDF becomes the text and the tables that a person sees on its pages."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from audit.reading import pdf
from audit.reading.document import Document, Grid, Text, UnreadableDocument
from audit.reading.pdf import read_pdf
from tests.audit.reading.pdf_writer import Sheet, write_pdf

CASE = Path(__file__).parents[4] / "shared" / "cases" / "huaian_hongze_2023"
WIDTHS = (150, 40, 40, 40)


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Text)]


def grids(document: Document) -> list[list[list[str]]]:
    return [[[cell.text for cell in row] for row in block.rows] for block in document.blocks if isinstance(block, Grid)]


def reason_of(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_pdf(data)
    assert caught.value.message["zh"]
    assert caught.value.message["en"]
    return caught.value.reason


def test_blocks_come_in_reading_order_with_the_table_between_its_paragraphs() -> None:
    sheet = Sheet().text(80, 60, "一、总体情况").text(80, 200, "二、主动公开政府信息情况")
    sheet.table(80, 100, (100, 60), [("规章", "3"), ("行政规范性文件", "12")])

    document = read_pdf(write_pdf(sheet))

    assert [type(block) for block in document.blocks] == [Text, Grid, Text]
    assert grids(document) == [[["规章", "3"], ["行政规范性文件", "12"]]]


def test_lines_of_a_paragraph_are_joined_and_a_heading_stands_alone() -> None:
    sheet = Sheet().text(80, 60, "一、总体情况").text(104, 80, "本报告由示例市教育局编制，统计期限自一月一日起至")
    sheet.text(80, 100, "十二月三十一日止。").text(104, 120, "全年主动公开信息若干条，详见门户网站的专门栏目与")

    found = texts(read_pdf(write_pdf(sheet)))

    assert found == [
        "一、总体情况",
        "本报告由示例市教育局编制，统计期限自一月一日起至十二月三十一日止。",
        "全年主动公开信息若干条，详见门户网站的专门栏目与",
    ]


def test_a_title_over_two_lines_is_one_heading() -> None:
    sheet = Sheet().text(200, 60, "示例市教育局", 22).text(150, 90, "2023年政府信息公开工作年度报告", 22)
    for row in range(6):
        sheet.text(80, 150 + 20 * row, "正文的内容应当比标题的字号小一些才对，这里是正文。")

    first = read_pdf(write_pdf(sheet)).blocks[0]

    assert isinstance(first, Text)
    assert (first.text, first.heading) == ("示例市教育局2023年政府信息公开工作年度报告", True)


def test_page_numbers_and_running_heads_are_no_text() -> None:
    sheets = [
        Sheet().text(80, 30, "示例市教育局年报").text(80, 200, body).text(290, 800, f"- {number} -")
        for number, body in enumerate(("第一段话。", "第二段话。", "第三段话。"), 1)
    ]

    assert texts(read_pdf(write_pdf(*sheets))) == ["示例市教育局年报", "第一段话。", "第二段话。", "第三段话。"]


def test_a_merged_cell_is_one_cell_with_its_spans() -> None:
    sheet = Sheet().cell(80, 100, 120, 160, "办理\n结果").cell(120, 100, 240, 120, "申请人情况")
    sheet.cell(120, 120, 180, 140, "自然人").cell(180, 120, 240, 140, "总计")
    sheet.cell(120, 140, 180, 160, "1").cell(180, 140, 240, 160, "1")

    grid = next(block for block in read_pdf(write_pdf(sheet)).blocks if isinstance(block, Grid))

    assert [[(cell.text, cell.colspan, cell.rowspan) for cell in row] for row in grid.rows] == [
        [("办理\n结果", 1, 3), ("申请人情况", 2, 1)],
        [("自然人", 1, 1), ("总计", 1, 1)],
        [("1", 1, 1), ("1", 1, 1)],
    ]
    assert grid.rows[1][0].at is not None
    assert grid.rows[1][0].at.as_json() == {"table": 0, "row": 1, "cell": 0, "page": 1, "box": (120, 120, 180, 140)}


def test_a_table_that_runs_on_without_a_border_at_the_page_edge_keeps_its_last_row() -> None:
    sheet = Sheet()
    end = sheet.table(80, 700, WIDTHS, [("1.属于国家秘密", "1", "0", "1")])
    for x in (80, 230, 270, 310, 350):
        sheet.line(x, end, x, end + 20)
    sheet.text(83, end + 3, "2.其他", 10).text(233, end + 3, "5", 10).text(273, end + 3, "6", 10).text(
        313, end + 3, "11", 10
    )

    assert grids(read_pdf(write_pdf(sheet))) == [[["1.属于国家秘密", "1", "0", "1"], ["2.其他", "5", "6", "11"]]]


def test_a_background_behind_paragraphs_is_no_table_and_does_not_join_one() -> None:
    sheet = Sheet()
    for row in range(3):
        sheet.shade(80, 40 + 20 * row, 270, 20)
    sheet.text(80, 43, "一、总体情况")
    sheet.table(80, 100, WIDTHS, [("规章", "1", "0", "1"), ("文件", "2", "0", "2")])

    document = read_pdf(write_pdf(sheet))

    assert texts(document) == ["一、总体情况"]
    assert grids(document) == [[["规章", "1", "0", "1"], ["文件", "2", "0", "2"]]]


def test_a_border_left_out_shifts_no_column() -> None:
    sheet = Sheet().cell(80, 100, 160, 120, "信息内容").cell(160, 100, 200, 120, "甲").cell(200, 100, 240, 120, "乙")
    sheet.cell(160, 120, 200, 140, "1").cell(200, 120, 240, 140, "2")
    sheet.text(83, 123, "规章", 10)

    assert grids(read_pdf(write_pdf(sheet)))[0][1] == ["规章", "1", "2"]


def test_a_row_torn_by_the_page_edge_is_one_row() -> None:
    upper, lower = Sheet(), Sheet()
    upper.table(80, 780, WIDTHS, [("4.大量反复", "0", "0", "0"), ("5.要求行政机关", "1", "2", "3")])
    lower.table(80, 60, WIDTHS, [("重新出具信息", "", "", ""), ("（七）总计", "1", "2", "3")])

    first, second = grids(read_pdf(write_pdf(upper, lower)))

    assert first[-1] == ["5.要求行政机关\n重新出具信息", "1", "2", "3"]
    assert second == [["（七）总计", "1", "2", "3"]]


def test_a_torn_row_beside_a_group_label_leaves_the_label_to_the_rows_below() -> None:
    upper, lower = Sheet(), Sheet()
    upper.cell(40, 780, 80, 820, "（五）")
    upper.table(80, 780, WIDTHS, [("4.大量反复", "0", "0", "0"), ("5.要求行政机关", "1", "2", "3")])
    lower.cell(40, 60, 80, 120)
    lower.table(80, 60, WIDTHS, [("重新出具信息", "", "", ""), ("6.甲", "1", "2", "3"), ("7.乙", "1", "2", "3")])

    first, second = (block for block in read_pdf(write_pdf(upper, lower)).blocks if isinstance(block, Grid))

    assert [cell.text for cell in first.rows[-1]] == ["5.要求行政机关\n重新出具信息", "1", "2", "3"]
    assert [(cell.text, cell.rowspan) for cell in second.rows[0]] == [
        ("", 2),
        ("6.甲", 1),
        ("1", 1),
        ("2", 1),
        ("3", 1),
    ]


def test_a_row_left_blank_by_the_filer_is_not_taken_for_a_torn_one() -> None:
    upper, lower = Sheet(), Sheet()
    upper.table(80, 780, WIDTHS, [("1.不掌握", "0", "0", "0"), ("2.没有现成信息", "1", "2", "3")])
    lower.table(80, 60, WIDTHS, [("3.补正后不明确", "", "", ""), ("（七）总计", "1", "2", "3")])

    first, second = grids(read_pdf(write_pdf(upper, lower)))

    assert first[-1] == ["2.没有现成信息", "1", "2", "3"]
    assert second[0] == ["3.补正后不明确", "", "", ""]


def test_text_printed_twice_is_read_once() -> None:
    sheet = Sheet().text(80, 60, "总计110").text(80.4, 60, "总计110")

    assert texts(read_pdf(write_pdf(sheet))) == ["总计110"]


def test_a_small_raised_digit_is_the_mark_of_a_note_and_not_of_the_figure() -> None:
    sheet = Sheet().text(80, 200, "总计12").text(116, 200, "1", 6)

    assert texts(read_pdf(write_pdf(sheet))) == ["总计12[1]"]


def test_a_slanted_watermark_is_not_read() -> None:
    sheet = Sheet().text(80, 60, "一、总体情况").text(200, 400, "内部资料", 40, "0.7 0.7 -0.7 0.7")

    assert texts(read_pdf(write_pdf(sheet))) == ["一、总体情况"]


@pytest.mark.parametrize("matrix", ["0 1 -1 0", "0 -1 1 0", "-1 0 0 -1"])
def test_a_page_printed_sideways_is_turned(matrix: str) -> None:
    sheet = Sheet().text(300, 400, "一、总体情况", matrix=matrix)

    assert texts(read_pdf(write_pdf(sheet))) == ["一、总体情况"]


def test_a_rotated_page_is_read_as_shown() -> None:
    sheet = Sheet(rotate=90).text(300, 400, "一、总体情况", matrix="0 1 -1 0")

    assert texts(read_pdf(write_pdf(sheet))) == ["一、总体情况"]


def test_radicals_that_look_like_characters_become_characters() -> None:
    assert texts(read_pdf(write_pdf(Sheet().text(80, 60, "⼈⺠政府公⻔⽂件")))) == ["人民政府公门文件"]


def test_a_table_without_lines_is_found_by_its_columns() -> None:
    sheet = Sheet().text(80, 60, "三、收到和处理申请情况")
    rows = [("一、本年新收", 3, 0, 3), ("二、上年结转", 12, 5, 17), ("（七）总计", 15, 5, 20)]
    for number, (label, *values) in enumerate(rows):
        sheet.text(80, 100 + 24 * number, label, 10)
        for column, value in enumerate(values):
            sheet.text(300 + 60 * column, 100 + 24 * number, str(value), 10)

    document = read_pdf(write_pdf(sheet))

    assert texts(document) == ["三、收到和处理申请情况"]
    assert grids(document) == [[[label, *map(str, values)] for label, *values in rows]]


def test_an_empty_place_in_a_table_without_lines_stays_empty() -> None:
    sheet = Sheet()
    rows = [("甲", "1", "2", "3", "6"), ("乙", "4", "", "5", "9"), ("丙", "7", "8", "9", "24")]
    for number, (label, *values) in enumerate(rows):
        sheet.text(80, 100 + 24 * number, label, 10)
        for column, value in enumerate(values):
            sheet.text(300 + 60 * column, 100 + 24 * number, value, 10)

    assert grids(read_pdf(write_pdf(sheet))) == [[list(row) for row in rows]]


def test_fifteen_figures_in_one_row_without_lines_are_a_table() -> None:
    sheet = Sheet().text(60, 60, "四、行政复议、行政诉讼情况")
    for column in range(15):
        sheet.text(50 + 34 * column, 145, str(column), 8)

    assert grids(read_pdf(write_pdf(sheet))) == [[[str(column) for column in range(15)]]]


def test_a_listing_without_lines_keeps_its_headers_and_values() -> None:
    sheet = Sheet()
    rows = [("第二十条第（五）项",), ("信息内容", "本年处理决定数量"), ("行政许可", "550"), ("行政处罚", "4119")]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.text(80 + 200 * column, 100 + 24 * number, text, 10)
    sheet.text(80, 220, "三、收到和处理申请情况", 10)

    document = read_pdf(write_pdf(sheet))

    assert grids(document) == [[list(row) for row in rows]]
    assert texts(document) == ["三、收到和处理申请情况"]


def test_properties_are_kept_but_not_the_dates_of_the_file() -> None:
    title = "示例市教育局年报".encode("utf-16-le").hex()
    data = write_pdf(Sheet().text(80, 60, "正文"), info=f"/Title <fffe{title}> /CreationDate (D:20240101000000)")

    document = read_pdf(data)

    assert document.title == "示例市教育局年报"
    assert document.meta == {"title": "示例市教育局年报"}


def test_a_scanned_page_is_named() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_pdf(write_pdf(Sheet(picture=True), Sheet(picture=True)))

    assert caught.value.reason == "image"
    assert "1-2" in caught.value.message["zh"]


def test_one_scanned_page_among_others_is_a_trouble() -> None:
    document = read_pdf(write_pdf(Sheet().text(80, 60, "正文"), Sheet(picture=True)))

    assert [(trouble.kind, trouble.where) for trouble in document.troubles] == [("image", "page 2")]
    assert document.pictures == 1


def test_text_over_a_picture_of_the_page_is_marked_as_recognised() -> None:
    document = read_pdf(write_pdf(Sheet(picture=True).text(80, 200, "本报告由示例市教育局编制，统计期限一年。")))

    assert [trouble.kind for trouble in document.troubles] == ["recognised_text"]


def test_a_scan_in_strips_with_a_page_number_and_a_stamp_is_still_a_scan() -> None:
    sheets = [
        Sheet(picture=True, strips=4).text(80, 400, "扫描全能王").text(290, 800, f"- {number} -") for number in (1, 2)
    ]

    with pytest.raises(UnreadableDocument) as caught:
        read_pdf(write_pdf(*sheets))

    assert caught.value.reason == "image"
    assert "1-2" in caught.value.message["zh"]


def test_a_font_without_a_character_map_is_unsupported() -> None:
    assert reason_of(write_pdf(Sheet().text(80, 60, "一、总体情况"), mapped=False)) == "unsupported"


@pytest.mark.parametrize("line", ["根" * 30, "\ue001\ue002\ue003\ue004\ue005" * 6])
def test_a_font_with_a_character_map_that_tells_nothing_is_unsupported(line: str) -> None:
    sheet = Sheet()
    for n in range(12):
        sheet.text(80, 60 + 20 * n, line)

    assert reason_of(write_pdf(sheet)) == "unsupported"


def test_nothing_is_empty() -> None:
    assert reason_of(b"") == "empty"


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + bytes(5000), b"no pdf at all"])
def test_rubbish_is_damaged(data: bytes) -> None:
    assert reason_of(data) == "damaged"


def test_a_file_cut_off_anywhere_never_breaks_the_reader() -> None:
    sheet = Sheet().text(80, 60, "一、总体情况")
    sheet.table(80, 100, WIDTHS, [("规章", "1", "0", "1"), ("文件", "2", "0", "2")])
    data = write_pdf(sheet)

    for end in range(20, len(data), 97):
        try:
            read_pdf(data[:end])
        except UnreadableDocument as error:
            assert error.reason in {"damaged", "image", "unsupported"}  # noqa: PT017 - most cuts cannot be read, some can


def test_a_broken_stream_is_told_because_text_may_be_missing() -> None:
    data = write_pdf(Sheet().text(80, 60, "一、总体情况"), Sheet().text(80, 60, "二、主动公开政府信息情况"))
    last = data.rindex(b"endstream")

    document = read_pdf(data[: last - 6] + b"\0\0" + data[last - 4 :])

    assert [trouble.kind for trouble in document.troubles] == ["damaged"]


def test_too_many_pages_are_refused() -> None:
    assert reason_of(write_pdf(*(Sheet() for _ in range(pdf.MOST_PAGES + 1)))) == "too_large"


def test_a_stream_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_INFLATED", 2**20)
    bomb = b"1 0 obj << /Filter /FlateDecode >>\nstream\n" + zlib.compress(bytes(2**22)) + b"\nendstream endobj\n"

    assert reason_of(b"%PDF-1.7\n" + bomb) == "too_large"


@pytest.mark.skipif(not CASE.exists(), reason="the real cases are not part of the repository")
def test_every_figure_of_a_real_report_is_read() -> None:
    truth = json.loads((CASE / "truth.json").read_text(encoding="utf-8"))["cells"]
    requests = [cell["value"] for name, cell in truth.items() if name.startswith("requests/")]
    disputes = [cell["value"] for name, cell in truth.items() if name.startswith("disputes/")]

    rows = [row for grid in grids(read_pdf((CASE / "source.pdf").read_bytes())) for row in grid]

    table3 = [int(text) for row in rows if 8 <= len(row) < 15 and all(map(str.isdigit, row[-7:])) for text in row[-7:]]
    table4 = [int(text) for row in rows if len(row) == 15 and all(map(str.isdigit, row)) for text in row]
    assert table3 == requests
    assert table4 == disputes


def test_figures_close_to_each_other_without_rules_stay_apart() -> None:
    sheet = Sheet().text(60, 60, "重复申请", 9).text(60, 80, "部分公开", 9).text(60, 100, "予以公开", 9)
    for row, y in enumerate((60, 80, 100)):
        for column in range(7):
            sheet.text(200 + 20 * column, y, f"{105 + row}", 9)  # 13.5 points wide, a gap of less than a letter

    (found,) = grids(read_pdf(write_pdf(sheet)))

    assert found[0] == ["重复申请", *["105"] * 7]


def test_a_single_row_that_a_page_break_left_is_a_row_of_its_table() -> None:
    sheet = Sheet().text(60, 60, "一、总体情况", 9).text(60, 90, "一、本年新收政府信息公开申请数量", 9)
    for column in range(7):
        sheet.text(260 + 40 * column, 90, str(column), 9)

    document = read_pdf(write_pdf(sheet))

    assert grids(document) == [[["一、本年新收政府信息公开申请数量", *"0123456"]]]

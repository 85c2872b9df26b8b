"""Layouts of real pages beyond damage: spreadsheets, stacked tables, several reports on a page."""

from __future__ import annotations

from html import escape

import pytest

from audit.form import TABLES
from audit.reading import UnreadableDocument, read
from audit.report import State
from nianshen.demo.layout import Box
from tests.audit.reading.handmade import OLD_REPORT, REPORT, copied, differences, page, rows, table, whole

LEAVES = tuple(Box(text) for text in ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计"))
PARTS = ("行政复议", "未经复议直接起诉", "复议后起诉")


@pytest.mark.parametrize("report", [REPORT, OLD_REPORT], ids=["2021", "2019"])
def test_merged_cells_whose_text_a_spreadsheet_repeats_are_read(report: object) -> None:
    assert report in (REPORT, OLD_REPORT)
    own = REPORT if report is REPORT else OLD_REPORT

    assert whole(page(own, tables={name: table(copied(rows(name, own))) for name in TABLES}), own)


def test_a_column_of_ordinals_beside_repeated_labels_is_read() -> None:
    lines = [[Box(str(n)), *line] for n, line in enumerate(copied(rows("requests")))]

    assert whole(page(tables={"requests": table(lines)}))


def test_remarks_behind_the_figures_of_table_2_are_left_out() -> None:
    lines = [(*line, Box("含修订2件" if line[-1].cell else "备注")) for line in rows("disclosure")]

    assert whole(page(tables={"disclosure": table(lines)}))


def test_a_remark_behind_blanks_is_not_taken_for_the_last_figure() -> None:
    lines = [list(line) for line in rows("requests")]
    for line in lines[3:]:
        line.append(Box("备注" if line is lines[7] else ""))
    place = next(n for n, box in enumerate(lines[7]) if box.cell)
    lines[7][place] = lines[7][-2] = Box("")

    wrong, _ = differences(read(page(tables={"requests": table(lines)})))

    ours = {lines[7][place + n].cell for n in range(1, 6)}
    assert not ours & set(wrong)


def test_parts_of_table_4_under_lines_with_their_names_are_read() -> None:
    figures = rows("disputes")[3]
    parts = (f"<p>（{n}）{name}</p>" + table([LEAVES, figures[5 * n : 5 * n + 5]]) for n, name in enumerate(PARTS))

    assert whole(page(tables={"disputes": "".join(parts)}))


def test_an_empty_table_4_is_blank_and_not_absent() -> None:
    lines = [*rows("disputes")[:3], [Box("")] * 15]

    found = read(page(tables={"disputes": table(lines)})).tables["disputes"]

    assert {cell.state for cell in found.cells.values()} == {State.BLANK}


@pytest.mark.parametrize("figures_above", [True, False])
@pytest.mark.parametrize("line", [5, 8, 12, 20, 25])
def test_a_label_torn_by_a_page_break_takes_no_blank_for_a_figure(line: int, figures_above: bool) -> None:
    lines = rows("requests")
    labels = [box for box in lines[line] if not box.cell]
    figures = [box for box in lines[line] if box.cell]
    text = labels[-1].text
    above = figures if figures_above else [Box("")] * 7
    below = [Box("")] * 7 if figures_above else figures
    upper = table([*lines[:line], [*labels[:-1], Box(text[:5]), *above]])
    lower = table([[Box(text[5:]), *below], *lines[line + 1 :]])

    wrong, unread = differences(read(page(tables={"requests": upper + lower})))

    assert wrong == []
    assert len(unread) <= 7


def test_a_page_laid_out_in_the_rows_of_a_table_keeps_its_text() -> None:
    cells = page().decode().split("<body>")[1].replace("<p>", "<tr><td>").replace("</p>", "</td></tr>")

    found = read(f"<html><body><table>{cells}</table></body></html>".encode())

    assert differences(found) == ([], [])
    assert found.sections["other_matters"].characters > 10


def test_of_two_reports_on_a_page_the_one_of_the_title_is_read() -> None:
    earlier = page(OLD_REPORT).decode().split("<body>")[1]
    body = page().decode().split("<body>")[1]

    found = read(
        f"<html><head><title>{REPORT.title}</title></head><body><h1>{REPORT.title}</h1>{earlier}{body}".encode()
    )

    assert found.year == REPORT.year
    assert differences(found) == ([], [])


@pytest.mark.parametrize("tag", ["div", "table><tr><td"])
def test_a_page_nested_beyond_measure_is_refused(tag: str) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        read(page(top=f"<{tag}>" * 5000))

    assert raised.value.reason == "damaged"


@pytest.mark.parametrize(
    "frame",
    ['<iframe srcdoc="{quoted}"></iframe>', "<noscript>{raw}</noscript>", '<script type="text/plain">{raw}</script>'],
)
def test_a_report_carried_by_another_element_is_read(frame: str) -> None:
    raw = page().decode()

    assert whole(f"<html><body>{frame.format(raw=raw, quoted=escape(raw))}</body></html>".encode())


def test_a_stray_end_of_the_body_ends_nothing() -> None:
    assert whole(page().replace("<p>三、".encode(), "</body><p>三、".encode()))


def test_zero_bytes_are_no_part_of_the_text() -> None:
    assert read(page().replace("示例".encode(), "示\0例".encode())).agency == REPORT.agency


def test_a_flood_of_text_rows_is_refused() -> None:
    with pytest.raises(UnreadableDocument) as raised:
        read(("一、总体情况\n" + "予以公开 1 2 3 4 5 6 7\n" * 3000).encode())

    assert raised.value.reason == "too_large"

"""The second reading: another path to the same cells, which says so when it cannot place them."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from typing import Any

import docx
import pytest

from audit.context import Context
from audit.engine import judge
from audit.finding import Finding, Kind
from audit.form import load
from audit.reading import read, read_document
from audit.reading.document import Grid, RawCell
from audit.reading.grid import MOST_COLUMNS, MOST_ROWS, expand
from audit.reading.second import second_reading
from audit.report import Cell, Report, State
from nianshen.demo.narrative import Publication
from nianshen.demo.pdf import report_pdf
from tests.generator import DAMAGES, SKINS, Generated, Truth, damage, page, publication

WRONG = ("requests/received/business", "requests/refused.law_forbids/total", "disputes/review/total")
LOSSES = {"blanks", "words", "short_rows", "merged_values", "rows_in_one", "cut_off"}


def made(seed: object, wrong: str | None, form: str = "2021") -> Publication:
    """A report that prints one figure too large by seven; with None a correct one."""
    report = publication(random.Random(str(seed)), form, 60)
    return replace(report, misprints={wrong: str(int(report.figures[wrong] or 0) + 7)} if wrong else {})


def html(report: Publication, skin: str = "trs") -> bytes:
    return page(report, skin).encode()


def sums_of(report: Report) -> tuple[Finding, ...]:
    return judge(report, Context(), select=("A",)).findings


def rotated(report: Report, row: str) -> Report:
    """The report as if the first path had read a row of table 3 one column off."""
    table = report.tables["requests"]
    ids = [f"requests/{row}/{column}" for column in load("2021").tables["requests"].columns_of[row]]
    values = [table.cells[key].value for key in ids]
    moved = {
        key: replace(table.cells[key], value=value, raw=str(value))
        for key, value in zip(ids, [*values[1:], values[0]], strict=True)
    }
    return replace(report, tables={**report.tables, "requests": replace(table, cells={**table.cells, **moved})})


def reread(report: Report, data: bytes) -> Report:
    return replace(report, second=second_reading(report, read_document(data), data))


def as_word(data: bytes) -> bytes:
    """The tables of a page in a Word file, merged cells merged."""
    package = docx.Document()
    title = "示例市教育局2024年政府信息公开工作年度报告"
    package.add_paragraph(title)
    names = ("主动公开政府信息情况", "收到和处理政府信息公开申请情况", "政府信息公开行政复议、行政诉讼情况")
    grids = [block for block in read_document(data).blocks if isinstance(block, Grid)]
    for number, (name, grid) in enumerate(zip(names, grids, strict=True)):
        package.add_paragraph(f"{'二三四'[number]}、{name}")
        rows = expand(grid.rows)
        table: Any = package.add_table(len(rows), len(rows[0].cells))
        for cell in dict.fromkeys(cell for row in rows for cell in row.cells if cell):
            where = [(r, c) for r, row in enumerate(rows) for c, owner in enumerate(row.cells) if owner is cell]
            table.cell(*where[0]).merge(table.cell(*where[-1])).text = cell.text
    target = io.BytesIO()
    package.save(target)
    return target.getvalue()


def test_a_report_whose_sums_hold_is_read_once() -> None:
    assert read(html(made(1, None))).second == {}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", [*SKINS, "pdf", "docx"])
def test_a_printed_error_is_read_the_same_twice(kind: str, wrong: str) -> None:
    report = made(kind, wrong)
    data = report_pdf(report) if kind == "pdf" else html(report, "trs" if kind == "docx" else kind)

    found = read(as_word(data) if kind == "docx" else data)

    assert {(one.kind, one.second) for one in sums_of(found)} == {(Kind.FAIL, "agrees")}
    assert found.second[wrong].value == report.figures[wrong] + 7
    assert found.second[wrong].at is not None


@pytest.mark.parametrize("kind", ["trs", "headless", "pdf"])
def test_a_reading_error_is_no_accusation(kind: str) -> None:
    report = made(kind, None)
    data = report_pdf(report) if kind == "pdf" else html(report, kind)

    findings = sums_of(reread(rotated(read(data), "received"), data))

    assert findings
    assert {(one.kind, one.second, one.confirmed) for one in findings} == {(Kind.OPEN, "differs", False)}
    assert "复读" in findings[0].message["zh"]


@pytest.mark.parametrize("kind", ["trs", "headless", "pdf"])
def test_rows_of_2021_taken_for_the_one_row_of_2019_are_no_accusation(kind: str) -> None:
    report = made(kind, None)
    data = report_pdf(report) if kind == "pdf" else html(report, kind)

    findings = sums_of(reread(of_2019(read(data)), data))

    assert findings
    assert {(one.kind, one.second) for one in findings} == {(Kind.OPEN, "differs")}


def of_2019(report: Report) -> Report:
    """The report as if the first path had seen one of the three parts of 其他处理 and taken it for the whole."""
    table = report.tables["requests"]
    cells = {key: cell for key, cell in table.cells.items() if "/other." not in key}
    for column in load("2019").tables["requests"].columns:
        part = table.cells[f"requests/other.fee_unpaid/{column.id}"]
        cells[f"requests/other/{column.id}"] = replace(part, id=f"requests/other/{column.id}")
    return replace(report, tables={**report.tables, "requests": replace(table, shape="2019", cells=cells)})


def test_a_pdf_printed_sideways_is_turned_before_its_words_are_read() -> None:
    report = made(8, "requests/received/total")
    data = report_pdf(report)
    turned = data.replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [0 0 595 842] /Rotate 90")

    assert data != turned
    assert {(one.kind, one.second) for one in sums_of(read(turned))} == {(Kind.FAIL, "agrees")}


def test_an_error_stays_accused_beside_a_reading_error_elsewhere() -> None:
    data = html(made(3, "disputes/review/total"))

    findings = sums_of(reread(rotated(read(data), "received"), data))

    assert [one.subject for one in findings if one.kind is Kind.FAIL] == ["disputes/review"]
    assert all(one.subject.startswith("requests/") for one in findings if one.kind is Kind.OPEN)


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_a_damaged_page_keeps_its_true_finding_and_a_right_one_gets_none(name: str) -> None:
    for number in range(2):
        rng = random.Random(f"{name}-{number}")
        skin, wrong = rng.choice(SKINS), rng.choice(WRONG)
        for error in (wrong, None):
            report = made(name, error)
            truth: Truth = {**report.figures, **({error: int(report.printed[error])} if error else {})}
            torn = damage(Generated(page(report, skin), truth, "2021", skin), [name], random.Random(number))
            found = read(torn.html.encode())
            findings = sums_of(found)
            lost = error in torn.lost or torn.truth.get(error or "") is None

            assert [one for one in findings if one.kind is Kind.OPEN] == []
            if error is None:
                assert findings == ()
            elif not lost and name not in LOSSES:
                assert findings
            for key, cell in found.second.items():
                if cell.state is State.VALUE and key not in torn.lost:
                    assert cell.value == torn.truth[key]


def test_a_grid_that_is_torn_places_nothing() -> None:
    data = html(made(5, "requests/received/total"))
    report, document = read(data), read_document(data)

    blocks = tuple(torn(block) if isinstance(block, Grid) else block for block in document.blocks)
    second = second_reading(report, replace(document, blocks=blocks), data)

    assert second
    assert {cell.state for cell in second.values()} == {State.ABSENT}
    assert {one.second for one in sums_of(replace(report, second=second))} == {"impossible"}


def torn(grid: Grid) -> Grid:
    """Every second row has lost its last cell."""
    return replace(grid, rows=tuple(row[: len(row) - number % 2] for number, row in enumerate(grid.rows)))


def test_of_two_rows_with_one_label_neither_is_taken() -> None:
    data = html(made(5, "requests/received/total"))
    report, document = read(data), read_document(data)

    blocks = tuple(with_first_row_again(block) if isinstance(block, Grid) else block for block in document.blocks)
    second = second_reading(report, replace(document, blocks=blocks), data)

    assert second["requests/received/total"].state is State.ABSENT
    assert second["requests/concluded/total"].state is State.VALUE


def with_first_row_again(grid: Grid) -> Grid:
    """The row 本年新收 stands twice, as a page break may leave it."""
    rows = [[row] * (2 if "本年新收" in row[0].text else 1) for row in grid.rows]
    return replace(grid, rows=tuple(row for pair in rows for row in pair))


def test_spans_are_expanded_as_the_html_standard_says() -> None:
    rows = [[RawCell("a", rowspan=2), RawCell("b", colspan=2)], [RawCell("c"), RawCell("d", rowspan=9)], [RawCell("e")]]

    grid = expand(rows)

    texts = [[cell.text if cell else None for cell in row.cells] for row in grid]
    assert texts == [["a", "b", "b"], ["a", "c", "d"], ["e", None, "d"]]
    assert [row.whole for row in grid] == [True, True, False]


def test_cells_that_claim_one_place_leave_no_whole_row() -> None:
    rows = [[RawCell("a"), RawCell("b", rowspan=2)], [RawCell("c", colspan=2)]]

    assert [row.whole for row in expand(rows)] == [True, False]


def test_an_enormous_span_costs_no_memory() -> None:
    wide = expand([[RawCell("a", colspan=10**9, rowspan=10**9)]] * 3)
    steps = expand([[RawCell("a", rowspan=10**9)] for _ in range(MOST_ROWS)])
    long = expand([[RawCell("a", rowspan=10**9)] for _ in range(MOST_ROWS + 1)])

    assert max(len(row.cells) for row in (*wide, *steps)) == MOST_COLUMNS
    assert not any(row.whole for row in long)


@pytest.mark.parametrize(("printed", "rule"), [("-7", "N003"), ("0.5", "N004")])
def test_a_figure_no_count_can_have_is_read_twice_as_well(printed: str, rule: str) -> None:
    cell = "requests/rejected.petition/business"
    data = html(replace(made(7, None), misprints={cell: printed}))
    report = read(data)
    other = replace(report, second={**report.second, cell: Cell(cell, State.VALUE, 7, "7")})

    agreed, doubted = (judge(one, Context(), select=(rule,)).findings for one in (report, other))

    assert [(one.kind, one.second) for one in agreed] == [(Kind.FAIL, "agrees")]
    assert [(one.kind, one.second) for one in doubted] == [(Kind.OPEN, "differs")]
    assert "「7」" in doubted[0].message["zh"]


def test_an_inferred_or_unread_cell_is_not_in_dispute() -> None:
    data = html(made(6, "requests/received/total"))
    report = read(data)

    second = {key: Cell(key, State.ABSENT) for key in report.second} | {
        "requests/received/total": report.second["requests/received/total"]
    }

    assert {one.second for one in sums_of(replace(report, second=second))} == {"impossible"}

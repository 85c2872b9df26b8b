"""XLSX: a summary, the findings, what a person must look at, and the official tables with their broken cells marked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from audit.finding import Finding, Kind
from audit.form import TABLES
from audit.report import Report, State
from audit.rules import names
from nianshen.export.document import OPEN, Document
from nianshen.export.drawing import Box, Look, layout, looks, shape_of, shown, touched
from nianshen.export.table import COLUMNS, HEADINGS, OUTCOMES, Value, inert, rows, unread

MOST_DRAWN = 40
"""Sheets with drawn tables; a workbook of hundreds of sheets serves nobody."""
LONGEST_NAME = 31
MOST_ROWS = 1_048_575
"""Rows of a sheet below its header, a limit of the format."""

_SUMMARY = (
    "文件或网址 source", "单位编号 organisation", "机关 agency", "年度 year", "结果 outcome",
    "错误 error", "警告 warning", "提示 note", "待核对 open", "已豁免 waived",
    "未读单元格 unread cells", "说明 reason", "表样 sheet",
)  # fmt: skip
_OPEN_ITEMS = ("文件或网址 source", "机关 agency", "年度 year", "规则 rule", "对象 subject", "说明 message", "English")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_FILLS = {Look.BROKEN: "#F8CBCB", Look.PART: "#FBE3E3", Look.OPEN: "#FFE9A8", Look.UNREAD: "#D9D9D9"}


def write_xlsx(documents: Iterable[Document], path: Path) -> None:
    """Write the workbook to ``path``. Raises OSError if it cannot be written.

    The lists are kept on disk while they grow; only the drawn sheets, at most ``MOST_DRAWN``, are held in memory.
    """
    with tempfile.TemporaryDirectory() as scratch:  # the library leaves its files where it was interrupted
        workbook = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": scratch})
        try:
            _fill(workbook, documents)
            workbook.close()
        except XlsxWriterException as error:
            raise OSError(None, str(error), str(path)) from error


class _Looks:
    """The formats of a workbook, made once each."""

    def __init__(self, workbook: Workbook) -> None:
        usual = {"border": 1, "text_wrap": True, "valign": "vcenter"}
        self.head = workbook.add_format({**usual, "bold": True, "bg_color": "#E8EEF4", "align": "center"})
        self.label = workbook.add_format(usual)
        self.plain = workbook.add_format({**usual, "align": "center"})
        self.text = workbook.add_format({"valign": "top"})
        self.title = workbook.add_format({"bold": True, "font_size": 13})
        self._cells = {look: workbook.add_format({**usual, "align": "center", **_style(look)}) for look in Look}

    def of(self, marks: Sequence[Look]) -> Format:
        return self._cells[marks[0]] if marks else self.plain


def _style(look: Look) -> dict[str, object]:
    """Fill, and what can be told without colour: bold for broken, a pattern for unread, italic for inferred."""
    style: dict[str, object] = {"bg_color": _FILLS[look]} if look in _FILLS else {}
    if look is Look.BROKEN:
        return style | {"bold": True, "font_color": "#9C0006", "border": 2, "border_color": "#C00000"}
    if look is Look.UNREAD:
        return style | {"pattern": 14, "fg_color": "#A6A6A6"}
    return style | ({"italic": True} if look is Look.INFERRED else {})


def _fill(workbook: Workbook, documents: Iterable[Document]) -> None:
    formats = _Looks(workbook)
    summary = _List(workbook, "汇总", _SUMMARY, formats, widths={0: 34, 2: 26, 4: 18, 11: 40, 12: 20})
    found = _List(workbook, "问题", HEADINGS, formats, widths={0: 30, 2: 24, 6: 22, 11: 34, 17: 70, 18: 60})
    open_items = _List(workbook, "待核对", _OPEN_ITEMS, formats, widths={0: 34, 1: 26, 4: 34, 5: 70, 6: 60})
    used = {"汇总", "问题", "待核对"}
    left_out = 0
    for document in documents:
        sheet = ""
        if document.report and len(used) - 3 < MOST_DRAWN:
            sheet = sheet_name(document.agency or document.source, used)
            used.add(sheet.casefold())
            _draw(workbook, formats, sheet, document)
        left_out += bool(document.report and not sheet)
        summary.add(_summed(document, sheet))
        for row in rows([document]):
            found.add([row.get(key) for key in COLUMNS])
        for item in _items(document):
            open_items.add(item)
    if left_out:
        summary.add(
            [f"另有 {left_out} 份报告未绘制表样（最多 {MOST_DRAWN} 张） / {left_out} more reports are not drawn"]
        )
    for sheet_of_rows in (summary, found, open_items):
        sheet_of_rows.end()


class _List:
    """A sheet of rows under a header that stays in view; what no sheet can hold is counted, never silently lost."""

    def __init__(
        self, workbook: Workbook, name: str, header: Sequence[str], formats: _Looks, *, widths: dict[int, int]
    ) -> None:
        self.sheet = workbook.add_worksheet(name)
        self._formats = formats
        self._columns = len(header)
        self._row = 0
        self._lost = 0
        for place in range(len(header)):
            self.sheet.set_column(place, place, widths.get(place, 14))
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_landscape()
        self.sheet.repeat_rows(0)
        self.sheet.fit_to_pages(1, 0)
        self._write(header, formats.head)

    def add(self, values: Sequence[Value]) -> None:
        if self._row >= MOST_ROWS:
            self._lost += 1
            return
        self._write(values, self._formats.text)

    def end(self) -> None:
        self.sheet.autofilter(0, 0, max(self._row - 1, 0), self._columns - 1)
        if self._lost:
            self._write(
                [f"另有 {self._lost} 行超出工作表上限，请改用 CSV / {self._lost} more rows: use CSV"],
                self._formats.text,
            )

    def _write(self, values: Sequence[Value], style: Format) -> None:
        for place, value in enumerate(values):
            _put(self.sheet, self._row, place, value, style)
        self._row += 1


def _put(sheet: Worksheet, row: int, column: int, value: Value, style: Format) -> None:
    """A number as a number, anything else as text: never as a formula or a link."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(row, column, value, style)
    elif value is not None:
        sheet.write_string(row, column, str(inert(value))[:32_000], style)  # a cell holds 32,767 characters


def _summed(document: Document, sheet: str) -> list[Value]:
    counts = document.counts()
    reason = document.error["message"] if document.error else None
    return [
        document.source,
        document.organisation,
        document.agency,
        document.year,
        OUTCOMES.get(document.outcome, document.outcome),
        *(counts[name] for name in ("error", "warning", "note", "open", "waived")),
        unread(document) if document.report else None,
        f"{reason['zh']} / {reason['en']}" if reason else None,
        sheet or None,
    ]


def _items(document: Document) -> Iterable[list[Value]]:
    """What is undecided: open findings, tables with cells that were not read, rules that lacked their context."""
    whose: list[Value] = [document.source, document.agency, document.year]
    for line in document.lines:
        finding = line.finding
        if line.state == OPEN and finding.kind is Kind.OPEN:
            yield [*whose, finding.rule, finding.subject, finding.message["zh"], finding.message["en"]]
    report = document.report
    for name, table in report.tables.items() if report else ():
        lost = [cell.id for cell in table.cells.values() if cell.state in (State.UNREADABLE, State.ABSENT)]
        if lost:
            zh, en = f"{len(lost)} 个单元格未读出，不是 0", f"{len(lost)} cells were not read, which is not 0"
            yield [*whose, None, name, zh, en]
    for one in document.not_judged:
        yield [*whose, one.rule, "not_judged", one.reason["zh"], one.reason["en"]]


def sheet_name(wanted: str, used: Iterable[str]) -> str:
    """A name that a workbook takes: at most 31 characters, none forbidden, unlike all used ones (case aside)."""
    taken = {name.casefold() for name in used} | {"history"}  # a name that Excel keeps to itself
    plain = "".join(character for character in wanted.translate(_FORBIDDEN) if character.isprintable())
    name = " ".join(plain.split())[:LONGEST_NAME].strip() or "报告"
    number = 1
    candidate = name
    while candidate.casefold() in taken:
        number += 1
        ending = f" ({number})"
        candidate = name[: LONGEST_NAME - len(ending)].rstrip() + ending
    return candidate


def _draw(workbook: Workbook, formats: _Looks, name: str, document: Document) -> None:
    """The three tables as the form prints them, under one another, with a legend."""
    report = document.report
    if report is None:
        return
    sheet = workbook.add_worksheet(name)
    sheet.set_column(0, 14, 11)
    sheet.set_column(2, 2, 30)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    title = f"{document.agency or ''} {document.year or ''} {document.source}"
    _put(sheet, 0, 0, title, formats.title)
    legend = "  ".join(f"{look.symbol} {look.label['zh']} {look.label['en']}" for look in Look)
    _put(sheet, 1, 0, legend, formats.text)
    findings = [line.finding for line in document.lines if line.state == OPEN]
    marks = looks(report, findings)
    said = _comments(findings)
    top = 3
    for table in TABLES:
        _put(sheet, top, 0, names.table(table)["zh"], formats.title)
        drawn = layout(shape_of(report, table), table)
        for place, box in _places(drawn):
            style = formats.of(marks.get(box.cell, ())) if box.cell else formats.head if box.over else formats.label
            row, column = top + 1 + place[0], place[1]
            if place != (box.row, box.column):
                sheet.write_blank(row, column, None, style)
                continue
            value = _figure(report, box.cell, marks.get(box.cell, ())) if box.cell else box.text
            _put(sheet, row, column, value, style)
            if box.rows > 1 or box.columns > 1:
                # merge_range writes all rows of the box at once, which a sheet kept on disk cannot
                sheet.merge.append([row, column, row + box.rows - 1, column + box.columns - 1])
            if box.cell in said:
                sheet.write_comment(row, column, str(inert(said[box.cell])), {"x_scale": 2.5, "y_scale": 1.6})
        top += len(drawn) + 3


def _places(drawn: Iterable[Iterable[Box]]) -> list[tuple[tuple[int, int], Box]]:
    """Every place that a box covers with its box, row by row."""
    covered = {
        (box.row + down, box.column + along): box
        for row in drawn
        for box in row
        for down in range(box.rows)
        for along in range(box.columns)
    }
    return sorted(covered.items(), key=lambda item: item[0])


def _figure(report: Report, cell_id: str, marks: Sequence[Look]) -> Value:
    """The figure as a number where nothing is to be said of it, else as printed behind its symbols."""
    cell = report.cell(cell_id)
    if not marks and isinstance(cell.value, int) and abs(cell.value) < 10**15:
        return cell.value
    return " ".join((*(look.symbol for look in marks), shown(cell)))


def _comments(findings: Iterable[Finding]) -> dict[str, str]:
    """What to say at each cell: rule, formula and sentence of every finding that touches it."""
    said: dict[str, list[str]] = {}
    for finding in findings:
        text = " ".join(part for part in (finding.rule, finding.formula, finding.message["zh"]) if part)
        for cell_id in touched(finding):
            said.setdefault(cell_id, []).append(text)
    return {cell_id: "；".join(texts)[:2000] for cell_id, texts in said.items()}

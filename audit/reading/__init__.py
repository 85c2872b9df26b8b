"""Bytes to a Report: the media type from the bytes, blocks from the document, cells by alignment with the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.form import IDS, load
from audit.reading.disclosure import read_disclosure
from audit.reading.disputes import read_disputes
from audit.reading.document import Document, UnreadableDocument
from audit.reading.html import read_html
from audit.reading.identity import named_in_title
from audit.reading.media import detect
from audit.reading.number import label, normalise
from audit.reading.outline import Outline, outline
from audit.reading.pdf import read_pdf
from audit.reading.requests import read_requests
from audit.reading.rows import Row, has_figure, rows_of
from audit.reading.second import second_reading
from audit.reading.text import read_text
from audit.reading.word import read_word
from audit.report import Cell, How, Report, State, Table, Trouble

__all__ = ["EXTRACTOR", "NotAReport", "UnreadableDocument", "detect", "read", "read_document"]

EXTRACTOR = "3"
"""Version of the reader; stored with every reading, raised when a reading may change."""


class NotAReport(Exception):
    """The document was read but holds no yearly report. ``message`` says in both languages what was looked for."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.message = {"zh": zh, "en": en}


_UNSUPPORTED = {
    "empty": ("empty", "文件为空（0 字节），请重新下载", "the file is empty; fetch it again"),
    "binary": (
        "binary",
        "不是文档（二进制数据），请提供 HTML、PDF、DOCX 或文本",
        "binary data, not a document; give HTML, PDF, DOCX or text",
    ),
    "image": (
        "image",
        "这是图片，无法读出表格；请提供文字版",
        "a picture; its tables cannot be read, a text version is needed",
    ),
    "doc": (
        "unsupported",
        "旧式 DOC/WPS 文件，请另存为 DOCX 后再检查",
        "an old DOC/WPS file; save it as DOCX first",
    ),
    "rtf": ("unsupported", "RTF 文件，请另存为 DOCX 后再检查", "an RTF file; save it as DOCX first"),
    "odt": ("unsupported", "ODT 文件，请另存为 DOCX 后再检查", "an OpenDocument file; save it as DOCX first"),
    "ofd": (
        "unsupported",
        "OFD 版式文件，请取得网页版，或另存为 PDF、DOCX 后再检查",
        "an OFD file; get the web version, or save it as PDF or DOCX first",
    ),
    "xlsx": ("unsupported", "电子表格不是年度报告的格式", "a spreadsheet is not a form of the report"),
    "zip": ("unsupported", "压缩包，请解压后再检查", "an archive; unpack it first"),
}


def read_document(data: bytes, declared: str | None = None) -> Document:
    """The blocks of a file. Raises UnreadableDocument with a reason code and what to do."""
    media = detect(data)
    if media in _UNSUPPORTED:
        raise UnreadableDocument(*_UNSUPPORTED[media])
    readers = {"pdf": read_pdf, "docx": read_word, "text": read_text}
    try:
        return read_html(data, declared) if media == "html" else readers[media](data)
    except RecursionError as error:
        raise UnreadableDocument(
            "damaged", "文档嵌套层数过多，无法读取；请重新导出", "nested too deep to be read; export the document again"
        ) from error


def read(data: bytes, *, url: str | None = None, headers: Mapping[str, str] | None = None) -> Report:
    """Read a report. ``url`` is where it was found, ``headers`` those of the response, with lower-case names.

    Raises UnreadableDocument or NotAReport.
    """
    document = read_document(data, _charset(headers))
    found = outline(document, url, headers)
    rows = rows_of(found.grids)
    tables = [table for table in (read_disclosure(rows), read_requests(rows), read_disputes(rows)) if table]
    tables = _doubted(document, [_with_unplaced(table, rows) for table in tables])
    _insist(document, found, tables)
    shape = _form(found, tables)
    report = Report(
        agency=found.agency,
        year=found.year,
        title=found.title,
        form=shape,
        dates=found.dates,
        sections=found.sections,
        tables={
            table: next((t for t in tables if t.name == table), None) or _absent(table, shape) for table in _TABLES
        },
        preamble=found.preamble,
        attachments=document.attachments,
        pictures=found.pictures,
        troubles=_troubles(document, found),
        sources=found.sources,
        media=document.media,
        meta=document.meta,
        breadcrumb=document.breadcrumb,
    )
    return replace(report, second=second_reading(report, document, data))


_TABLES = ("disclosure", "requests", "disputes")


def _troubles(document: Document, found: Outline) -> tuple[Trouble, ...]:
    """Those of the document; a further page matters to a report that is not whole on this one, up to its last words."""
    whole = all(section.present for section in found.sections.values()) and bool(found.sections["other_matters"].text)
    return tuple(trouble for trouble in document.troubles if not (whole and _is_like(trouble, "continued", "document")))


def _is_like(trouble: Trouble, kind: str, where: str) -> bool:
    return (trouble.kind, trouble.where) == (kind, where)


def _absent(name: str, shape: str | None) -> Table:
    """A table that was not found: every cell of the form stands as absent."""
    form = load(shape if shape in IDS else "2021").tables[name]
    return Table(
        name,
        None,
        {cell: Cell(cell, State.ABSENT) for cell in form.cells},
        missing=tuple(row.id for row in form.rows),
    )


def _with_unplaced(table: Table, rows: Sequence[Row]) -> Table:
    """With a trouble for each missing row of which a label stands beside figures of its section: it may be there."""
    form = load(table.shape or "2021").tables[table.name]
    own = [row for row in rows if row.section == table.name and has_figure(row)]
    found = []
    for name in (label(form.row(row_id).label) for row_id in table.missing):
        seen = (row for row in own if name in row.words or (len(name) >= 4 and name in "".join(row.words)))
        found += [Trouble("unmatched_row", table.name, row.text(), row.cells[0].at) for row in seen]
    return replace(table, troubles=(*table.troubles, *found)) if found else table


def _doubted(document: Document, tables: list[Table]) -> list[Table]:
    """Figures out of text recognition are inferred: a misread digit must not become an accusation."""
    pages = {trouble.at.page for trouble in document.troubles if trouble.kind == "recognised_text" and trouble.at}
    if not pages:
        return tables
    return [
        replace(
            table,
            cells={
                key: replace(cell, how=How.INFERRED) if cell.at and cell.at.page in pages else cell
                for key, cell in table.cells.items()
            },
        )
        for table in tables
    ]


def _insist(document: Document, found: Outline, tables: list[Table]) -> None:
    """Raise unless the document holds a report; a title alone is a cover page, a picture or another page.

    Headings such as 总体情况 and a table of disputes stand in other reports too: something must be of this one alone.
    """
    sections = sum(section.present for section in found.sections.values())
    own = named_in_title(found.title or "") is not None
    own = own or any("公开" in (found.sections[name].heading or "") for name in _TABLES)
    own = own or any(table.name == "requests" for table in tables)
    if own and ((tables and (sections or found.title)) or sections >= 3 or len(tables) >= 2):
        if found.year is None and tables and not any(_holds_figure(table) for table in tables):
            raise NotAReport(
                "这是空白的年度报告格式：没有年度，表内也没有数字；请检查填写后的报告",
                "a blank form of the report: no year and no figure in its tables; check a report that was filled in",
            )
        return
    if found.title and not sections and document.pictures:
        raise UnreadableDocument(
            "image",
            "报告以图片发布，无法读出表格",
            "the report is published as pictures; its tables cannot be read",
        )
    if found.title and document.attachments:
        raise NotAReport(
            "页面只有标题和附件，报告在附件中，请检查附件："
            + "、".join(address for _, address in document.attachments[:3]),
            "only a title and attachments; check the attached file instead",
        )
    raise NotAReport(
        "未找到政府信息公开工作年度报告：没有六个部分的标题，也没有三张表",
        "no yearly report here: neither the six headings nor the three tables were found",
    )


def _holds_figure(table: Table) -> bool:
    return any(cell.state is State.VALUE for cell in table.cells.values())


def _form(found: Outline, tables: list[Table]) -> str | None:
    """The form by fingerprint: table 2 decides, then marks in the text, then table 3."""
    shapes = {table.name: table.shape for table in tables}
    if "disclosure" in shapes:
        return shapes["disclosure"]
    text = "".join(normalise(found.text).split())
    votes = {form: sum("".join(mark.split()) in text for mark in load(form).marks) for form in IDS}
    best = max(votes, key=lambda form: votes[form])
    if votes[best] >= 2:
        return best
    if "第二十条第" not in text and ("492号" in text or (found.year and found.year < 2019)) and not tables:
        return "pre2019"
    return shapes.get("requests")


def _charset(headers: Mapping[str, str] | None) -> str | None:
    kind = (headers or {}).get("content-type", "")
    return kind.split("charset=")[1].split(";")[0].strip().strip('"') if "charset=" in kind else None

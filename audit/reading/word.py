"""A Word file (.docx) to blocks of text and raw tables, in the order of its body, as it prints."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from lxml import etree

from audit.reading.document import Document, Grid, RawCell, Text, UnreadableDocument
from audit.reading.text import tabulated
from audit.report import Locator, Trouble

MOST_BYTES = 50 * 2**20
MOST_UNPACKED = 200 * 2**20
MOST_TEXT = 64 * 2**20
MOST_PARTS = 5_000
MOST_CELLS = 20_000
_DEEPEST = 40
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PICTURES = (
    "{http://schemas.openxmlformats.org/drawingml/2006/main}blip",
    "{urn:schemas-microsoft-com:vml}imagedata",
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Not printed: tracked deletions, instructions of fields, properties, reading aids above characters.
_SKIPPED = frozenset(
    [_WORD + name for name in ("del", "moveFrom", "delText", "instrText", "delInstrText", "pPr", "rPr", "rt")]
    + [_FALLBACK]
)
_ALT_CHUNK = _WORD + "altChunk"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_BREAKS = {_WORD + "br": "\n", _WORD + "cr": "\n", _WORD + "tab": " ", _WORD + "noBreakHyphen": "-"}
_HEADING_STYLES = ("heading", "title", "标题", "toc heading")


def read_word(data: bytes) -> Document:
    """Blocks of a .docx as it prints with its tracked changes accepted; a nested table follows the one it is in.

    The dates among its properties say when the file was made: they are left out. Raises UnreadableDocument: empty,
    too_large, encrypted, damaged, unsupported (no Word document inside), image (pictures without text).
    """
    _check_package(data)
    try:
        package = docx.Document(io.BytesIO(_transitional(data)))
        properties = package.core_properties
        if package.element.getroottree().docinfo.internalDTD is not None:
            raise _damaged()  # forbidden by the standard; what its entities stand for is not read
        walk = _Walk(_heading_styles(package), _hidden_styles(package))
        blocks = tuple(tabulated(list(walk.blocks(package.element.body)), walk.tables))
        meta = {name: text for name in ("title", "author", "subject") if (text := getattr(properties, name).strip())}
    except UnreadableDocument:
        raise
    except ValueError as error:
        raise UnreadableDocument(
            "unsupported", "压缩包里没有 Word 正文；请提供 DOCX", "no Word document inside; give a DOCX"
        ) from error
    except (OpcError, zipfile.BadZipFile, zlib.error, etree.LxmlError, KeyError, AttributeError, OSError) as error:
        raise _damaged() from error
    _require_content(blocks, walk.pictures)
    embedded = package.element.body.find(f".//{_ALT_CHUNK}") is not None
    unread = (Trouble("damaged", "document", "a document embedded in this one is not read"),) if embedded else ()
    return Document(
        media="docx", blocks=blocks, meta=meta, title=meta.get("title"), pictures=walk.pictures, troubles=unread
    )


@dataclass(slots=True)
class _Walk:
    """One pass over the body; counts tables, cells and pictures on the way."""

    heading_styles: frozenset[str]
    hidden_styles: frozenset[str]
    tables: int = 0
    cells: int = 0
    pictures: int = 0
    _depth: int = field(default=0)

    def blocks(self, holder: Any) -> Iterator[Text | Grid]:
        """Paragraphs and tables of a body, cell or text box, through the wrappers that stand around them."""
        for child in holder:
            if child.tag == _WORD + "p":
                yield from self._paragraph(child)
            elif child.tag == _WORD + "tbl":
                yield from self._table(child)
            elif isinstance(child.tag, str) and child.tag not in _SKIPPED:
                yield from self.blocks(child)

    def _paragraph(self, paragraph: Any) -> Iterator[Text | Grid]:
        text, boxes = self._inline(paragraph)
        if text:
            yield Text(text, heading=self._is_heading(paragraph))
        for box in boxes:
            yield from self.blocks(box)

    def _inline(self, paragraph: Any) -> tuple[str, list[Any]]:
        """Printed text of a paragraph without that of its text boxes, and those boxes; pictures are counted."""
        parts: list[str] = []
        boxes: list[Any] = []

        def walk(node: Any) -> None:
            for child in node:
                if child.tag in _SKIPPED or self._is_hidden(child):
                    continue
                if child.tag == _WORD + "txbxContent":
                    boxes.append(child)
                elif child.tag == _WORD + "t":
                    parts.append(_printed(child))
                elif child.tag in _BREAKS:
                    parts.append(_BREAKS[child.tag])
                else:
                    self.pictures += child.tag in _PICTURES
                    walk(child)

        walk(paragraph)
        lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
        return "\n".join(line for line in lines if line), boxes

    def _is_hidden(self, run: Any) -> bool:
        if run.tag != _WORD + "r":
            return False
        if any(_is_on(mark) for name in ("strike", "dstrike") for mark in run.iterfind(f"{_WORD}rPr/{_WORD}{name}")):
            return True  # withdrawn: 7 struck through before 14 is not 714
        own, style = run.find(f"{_WORD}rPr/{_WORD}vanish"), run.find(f"{_WORD}rPr/{_WORD}rStyle")
        return _is_on(own) if own is not None else style is not None and _value(style) in self.hidden_styles

    def _is_heading(self, paragraph: Any) -> bool:
        style = paragraph.find(f"{_WORD}pPr/{_WORD}pStyle")
        level = paragraph.find(f"{_WORD}pPr/{_WORD}outlineLvl")
        if level is not None:
            return _value(level) != "9"
        return style is not None and _value(style) in self.heading_styles

    def _table(self, table: Any) -> Iterator[Text | Grid]:
        rows = list(_rows(table))
        if all(len(cells) <= 1 for _, cells in rows):
            # A frame around text, not a table of figures.
            for _, cells in rows:
                for cell in cells:
                    yield from self._nested(cell)
            return
        index = self.tables
        self.tables += 1
        nested: list[Text | Grid] = []
        yield Grid(self._grid(rows, index, nested), Locator(table=index))
        yield from nested

    def _grid(
        self, rows: list[tuple[int, list[Any]]], index: int, nested: list[Text | Grid]
    ) -> tuple[tuple[RawCell, ...], ...]:
        """One RawCell for each printed cell: pieces that a vertical merge continues lengthen the cell above."""
        drafts: list[list[_Draft]] = []
        above: dict[int, _Draft] = {}
        for number, (skipped, cells) in enumerate(rows):
            row = [_Draft("", skipped, 1)] if skipped else []
            column, current = skipped, {}
            for cell in cells:
                self._count()
                width, merge = _span(cell), _merge(cell)
                start = above.get(column)
                if merge == "continue" and start and start.colspan == width:
                    start.rowspan += 1
                    current[column] = start
                else:
                    text, grids = self._cell_text(cell)
                    nested.extend(grids)
                    draft = _Draft(text, width, 1, Locator(table=index, row=number, cell=len(row)))
                    row.append(draft)
                    if merge:
                        current[column] = draft
                column += width
            above = current
            drafts.append(row)
        return tuple(tuple(draft.cell() for draft in row) for row in drafts)

    def _cell_text(self, cell: Any) -> tuple[str, list[Text | Grid]]:
        blocks = list(self._nested(cell))
        grids: list[Text | Grid] = [block for block in blocks if isinstance(block, Grid)]
        return "\n".join(block.text for block in blocks if isinstance(block, Text)), grids

    def _nested(self, cell: Any) -> Iterator[Text | Grid]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableDocument(
                "too_large", "表格嵌套过深，不像一份年度报告", "tables are nested too deep, unlike a yearly report"
            )
        yield from self.blocks(cell)
        self._depth -= 1

    def _count(self) -> None:
        self.cells += 1
        if self.cells > MOST_CELLS:
            raise UnreadableDocument(
                "too_large",
                f"表格单元格超过 {MOST_CELLS} 个，不像一份年度报告",
                f"over {MOST_CELLS} table cells, unlike a yearly report",
            )


@dataclass(slots=True)
class _Draft:
    """A cell whose height is still growing."""

    text: str
    colspan: int
    rowspan: int
    at: Locator | None = None

    def cell(self) -> RawCell:
        return RawCell(self.text, self.colspan, self.rowspan, self.at)


def _rows(holder: Any) -> Iterator[tuple[int, list[Any]]]:
    """Rows of a table that were not deleted: columns left out before the first cell, and the cells."""
    for child in holder:
        if child.tag == _WORD + "tr":
            if child.find(f"{_WORD}trPr/{_WORD}del") is None and not _is_on(child.find(f"{_WORD}trPr/{_WORD}hidden")):
                before = child.find(f"{_WORD}trPr/{_WORD}gridBefore")
                yield _number(before, 0), list(_cells(child))
        elif child.tag not in _SKIPPED and child.tag != _WORD + "tbl":
            yield from _rows(child)


def _cells(holder: Any) -> Iterator[Any]:
    for child in holder:
        if child.tag == _WORD + "tc":
            if child.find(f"{_WORD}tcPr/{_WORD}cellDel") is None:
                yield child
        elif child.tag not in _SKIPPED:
            yield from _cells(child)


def _span(cell: Any) -> int:
    return min(max(_number(cell.find(f"{_WORD}tcPr/{_WORD}gridSpan"), 1), 1), 1000)


def _merge(cell: Any) -> str | None:
    """``restart`` or ``continue`` of a vertical merge; without a value the standard says continue."""
    merge = cell.find(f"{_WORD}tcPr/{_WORD}vMerge")
    return None if merge is None else (_value(merge) or "continue")


def _printed(text: Any) -> str:
    """The words of a run; raised digits are the mark of a note and no part of the figure before them."""
    words = text.text or ""
    raised = text.getparent().find(f"{_WORD}rPr/{_WORD}vertAlign")
    is_mark = raised is not None and _value(raised) == "superscript" and words.strip().isdecimal()
    return f"[{words.strip()}]" if is_mark else words


def _is_on(switch: Any) -> bool:
    return switch is not None and _value(switch) not in {"0", "false", "off"}


def _hidden_styles(package: Any) -> frozenset[str]:
    """Ids of the styles whose text is not printed."""
    styles = package.styles.element.iter(_WORD + "style")
    return frozenset(
        style.get(_WORD + "styleId") for style in styles if _is_on(style.find(f"{_WORD}rPr/{_WORD}vanish"))
    )


def _heading_styles(package: Any) -> frozenset[str]:
    """Ids of the styles that are named as a heading or title, or based on one."""
    styles = list(package.styles.element.iter(_WORD + "style"))
    named = {
        style.get(_WORD + "styleId")
        for style in styles
        if (name := style.find(_WORD + "name")) is not None and (_value(name) or "").lower().startswith(_HEADING_STYLES)
    }
    based = {
        style.get(_WORD + "styleId")
        for style in styles
        if (base := style.find(_WORD + "basedOn")) is not None and _value(base) in named
    }
    return frozenset(named | based)


def _value(element: Any) -> str | None:
    value: str | None = element.get(_WORD + "val")
    return value


def _number(element: Any, otherwise: int) -> int:
    value = _value(element) if element is not None else None
    return int(value) if value and value.isdecimal() else otherwise


def _check_package(data: bytes) -> None:
    """Sizes before anything is unpacked; the archive reader itself never gives more than an entry declares."""
    if not data:
        raise UnreadableDocument("empty", "文件是空的", "the file is empty")
    if data.startswith(_OLE):
        raise _encrypted()
    if len(data) > MOST_BYTES:
        raise _too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _damaged() from error
    texts = [entry.file_size for entry in entries if entry.filename.endswith((".xml", ".rels"))]
    if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED or sum(texts) > MOST_TEXT:
        raise _too_large()
    if any(entry.flag_bits & 1 for entry in entries):
        raise _encrypted()


def _transitional(data: bytes) -> bytes:
    """A file in the strict variant (ISO/IEC 29500-1) under the names of the usual one; any other as it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if not any(_STRICT.search(archive.read(name)) for name in archive.namelist() if name == "_rels/.rels"):
            return data
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
            for name in archive.namelist():
                content = archive.read(name)
                is_xml = name.endswith((".xml", ".rels"))
                usual = rb"http://schemas.openxmlformats.org/\1/2006/\2"
                copy.writestr(name, _STRICT.sub(usual, content) if is_xml else content)
    return target.getvalue()


def _require_content(blocks: Iterable[Text | Grid], pictures: int) -> None:
    if any(isinstance(block, Grid) or block.text for block in blocks):
        return
    if pictures:
        raise UnreadableDocument(
            "image",
            f"Word 文件里只有 {pictures} 张图片，没有文字；请取得文字版",
            f"the Word file holds {pictures} pictures and no text; get a text version",
        )
    raise UnreadableDocument("empty", "Word 文件里没有文字", "the Word file holds no text")


def _damaged() -> UnreadableDocument:
    return UnreadableDocument(
        "damaged", "Word 文件已损坏，打不开；请重新下载", "the Word file is damaged; fetch it again"
    )


def _encrypted() -> UnreadableDocument:
    return UnreadableDocument(
        "encrypted",
        "Word 文件有密码；请取得未加密的文件",
        "the Word file needs a password; get a copy without one",
    )


def _too_large() -> UnreadableDocument:
    return UnreadableDocument(
        "too_large", "Word 文件展开后过大，不像一份年度报告", "the Word file is far too large, unlike a yearly report"
    )

"""An invented report as a small PDF with real text and ruled tables. Needs no font file and no library.

The text is set in a standard Chinese font that readers bring along (ISO 32000-1, 9.7.5.2: CMap ``UniGB-UCS2-H``).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from nianshen.demo import narrative
from nianshen.demo.layout import Box, Rows, official_tables
from nianshen.demo.narrative import Publication
from nianshen.demo.pages import HEADINGS

_WIDTH, _HEIGHT, _MARGIN = 595.0, 842.0, 50.0
_TEXT, _SMALL, _TITLE = 11.0, 7.5, 15.0
_COLUMNS = {
    "disclosure": (150.0, 115.0, 115.0, 115.0),
    "requests": (45.0, 60.0, 145.0, *[35.0] * 7),
    "disputes": (33.0,) * 15,
}


def report_pdf(publication: Publication) -> bytes:
    """The report as PDF 1.4: text, three ruled tables, never torn over a page."""
    tables = official_tables(publication.form, publication.printed)
    sheet = _Sheet()
    sheet.line(publication.title, _TITLE, centred=True)
    for text in narrative.preamble(publication):
        sheet.paragraph(text)
    contents: tuple[list[str] | str, ...] = (
        narrative.overview(publication),
        "disclosure",
        "requests",
        "disputes",
        narrative.problems(publication),
        narrative.other_matters(publication),
    )
    for heading, content in zip(HEADINGS, contents, strict=True):
        if isinstance(content, str):
            rows = tables[content]
            heights = _heights(rows, _COLUMNS[content])
            sheet.room(sum(heights) + 40)
            sheet.line(heading, _TEXT)
            sheet.table(rows, _COLUMNS[content], heights)
        else:
            sheet.room(60)
            sheet.line(heading, _TEXT)
            for text in content:
                sheet.paragraph(text)
    return _document([zlib.compress("\n".join(page).encode("ascii")) for page in sheet.pages])


@dataclass(slots=True)
class _Sheet:
    """Pages being filled from top to bottom; ``y`` is the baseline of the next line, from the bottom."""

    pages: list[list[str]] = field(default_factory=lambda: [[]])
    y: float = _HEIGHT - _MARGIN

    def room(self, height: float) -> None:
        """Begin a new page unless ``height`` points are left on this one."""
        if self.y - height < _MARGIN:
            self.pages.append([])
            self.y = _HEIGHT - _MARGIN

    def line(self, text: str, size: float, *, centred: bool = False) -> None:
        self.room(size * 2)
        left = (_WIDTH - _length(text, size)) / 2 if centred else _MARGIN
        self.y -= size
        self.put(text, left, self.y, size)
        self.y -= size * 0.8

    def paragraph(self, text: str) -> None:
        """Running text with an indent of two characters."""
        for part in _wrap("　　" + text, _WIDTH - 2 * _MARGIN, _TEXT):
            self.room(_TEXT * 2)
            self.y -= _TEXT
            self.put(part, _MARGIN, self.y, _TEXT)
            self.y -= _TEXT * 0.6

    def table(self, rows: Rows, widths: tuple[float, ...], heights: list[float]) -> None:
        """Every box with its four rules and its text in the middle."""
        for box, row, column in _placed(rows):
            left = _MARGIN + sum(widths[:column])
            width = sum(widths[column : column + box.colspan])
            top = self.y - sum(heights[:row])
            height = sum(heights[row : row + box.rowspan])
            self.pages[-1].append(f"{left:.1f} {top - height:.1f} {width:.1f} {height:.1f} re S")
            parts = _wrap(box.text, width - 4, _SMALL)
            first = top - (height - len(parts) * _SMALL * 1.25) / 2 - _SMALL
            for position, part in enumerate(parts):
                start = left + (width - _length(part, _SMALL)) / 2
                self.put(part, start, first - position * _SMALL * 1.25, _SMALL)
        self.y -= sum(heights) + 12

    def put(self, text: str, x: float, y: float, size: float) -> None:
        code = text.encode("utf-16-be").hex().upper()
        self.pages[-1].append(f"BT /F1 {size:g} Tf {x:.1f} {y:.1f} Td <{code}> Tj ET")


def _placed(rows: Rows) -> list[tuple[Box, int, int]]:
    """Every box with the row and column of its upper left corner in the grid."""
    taken: set[tuple[int, int]] = set()
    placed = []
    for number, row in enumerate(rows):
        column = 0
        for box in row:
            while (number, column) in taken:
                column += 1
            placed.append((box, number, column))
            taken |= {(number + down, column + right) for down in range(box.rowspan) for right in range(box.colspan)}
    return placed


def _heights(rows: Rows, widths: tuple[float, ...]) -> list[float]:
    """The height of each row: that of its tallest box that spans no other row."""
    heights = [_SMALL * 1.25 + 6] * len(rows)
    for box, row, column in _placed(rows):
        if box.rowspan == 1:
            lines = len(_wrap(box.text, sum(widths[column : column + box.colspan]) - 4, _SMALL))
            heights[row] = max(heights[row], lines * _SMALL * 1.25 + 6)
    return heights


def _wrap(text: str, width: float, size: float) -> list[str]:
    lines = [""]
    for character in text:
        if lines[-1] and _length(lines[-1] + character, size) > width:
            lines.append("")
        lines[-1] += character
    return lines


def _length(text: str, size: float) -> float:
    return sum(0.5 if character.isascii() else 1.0 for character in text) * size


def _document(contents: list[bytes]) -> bytes:
    """The file around the content streams: catalogue, page tree, one font, cross-reference table."""
    count = len(contents)
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 5 0 R /DW 1000"
        b" /W [1 95 500] /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
        b" /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH:g} {_HEIGHT:g}] /Contents {7 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        head = f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + content + b"\nendstream")
    file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, item in enumerate(objects, 1):
        offsets.append(len(file))
        file += f"{number} 0 obj\n".encode() + item + b"\nendobj\n"
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}"
    trailer += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(file)}\n%%EOF\n"
    return file + trailer.encode()

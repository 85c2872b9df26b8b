"""Writes small PDF files for the tests: Chinese text with a character map, ruled lines, pictures; no font embedded."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

HEIGHT = 842.0
WIDTH = 595.0


@dataclass(slots=True)
class Sheet:
    """The drawing of one page. Places are in points from the top left corner of the page as it is drawn.

    ``aside`` turns the drawing on the paper (90: its top lies on the left edge, 270: on the right one); ``rotate`` is
    what the file tells viewers, so both alike show it upright. ``strips`` cuts the picture that covers the page.
    """

    rotate: int = 0
    aside: int = 0
    width: float = WIDTH
    height: float = HEIGHT
    picture: bool = False
    strips: int = 1
    commands: list[str] = field(default_factory=list)
    characters: set[str] = field(default_factory=set)

    def text(self, x: float, y: float, text: str, size: float = 12, matrix: str = "1 0 0 1") -> Sheet:
        self.characters.update(text)
        codes = "".join(f"{ord(char):04x}" for char in text)
        self.commands.append(f"BT /F {size} Tf {matrix} {x} {self.height - y - size} Tm <{codes}> Tj ET")
        return self

    def invisible(self) -> Sheet:
        """What is written from here on leaves no ink, as text that recognition lays over a scan."""
        self.commands.append("3 Tr")
        return self

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> Sheet:
        """A line as word processors print it: a thin filled rectangle."""
        self.commands.append(f"{x0 - 0.2} {self.height - y1 - 0.2} {x1 - x0 + 0.4} {y1 - y0 + 0.4} re f")
        return self

    def line(self, x0: float, y0: float, x1: float, y1: float) -> Sheet:
        self.commands.append(f"{x0} {self.height - y0} m {x1} {self.height - y1} l S")
        return self

    def shade(self, x: float, y: float, width: float, height: float) -> Sheet:
        self.commands.append(f"1 g {x} {self.height - y - height} {width} {height} re f 0 g")
        return self

    def cell(self, x0: float, y0: float, x1: float, y1: float, text: str = "") -> Sheet:
        """A bordered cell; every line of its text stands 14 points under the one before."""
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        for start, end in pairwise(corners):
            self.line(*start, *end)
        for number, line in enumerate(text.split("\n") if text else []):
            self.text(x0 + 3, y0 + 3 + 14 * number, line, 10)
        return self

    def table(
        self, x: float, y: float, widths: Sequence[float], rows: Iterable[Sequence[str]], height: float = 20
    ) -> float:
        """A table of plain cells; returns where it ends."""
        for row in rows:
            left = x
            for width, text in zip(widths, row, strict=True):
                self.cell(left, y, left + width, y + height, text)
                left += width
            y += height
        return y


def write_pdf(*sheets: Sheet, mapped: bool = True, unmapped: str = "", info: str = "") -> bytes:
    """A whole file. ``mapped``: the font carries a character map; without one no text can be taken out of it.

    ``unmapped`` are characters that its map leaves out.
    """
    objects: dict[int, bytes] = {}
    characters = sorted(set().union(*(sheet.characters for sheet in sheets)))
    known = [char for char in characters if char not in unmapped]
    mapping = "\n".join(f"<{ord(char):04x}> <{char.encode('utf-16-be').hex()}>" for char in known)
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(known)} beginbfchar\n{mapping}\nendbfchar\nendcmap end end"
    )
    narrow = " ".join(f"{ord(char)} [500]" for char in characters if char.isascii())
    pages = range(10, 10 + 2 * len(sheets), 2)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    kids = " ".join(f"{page} 0 R" for page in pages)
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>".encode()
    unicode = "/ToUnicode 6 0 R" if mapped else ""
    objects[3] = (
        f"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H /DescendantFonts [4 0 R] {unicode} >>"
    ).encode()
    objects[4] = (
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /DW 1000 "
        f"/W [{narrow}] /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        "/FontDescriptor 5 0 R >>"
    ).encode()
    objects[5] = (
        b"<< /Type /FontDescriptor /FontName /Song /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0 "
        b"/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>"
    )
    objects[6] = _stream(cmap.encode())
    objects[7] = _stream(
        bytes(3), "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8"
    )
    objects[8] = f"<< {info} >>".encode("latin-1")
    for page, sheet in zip(pages, sheets, strict=True):
        drawn = list(sheet.commands)
        if sheet.picture:
            high = sheet.height / sheet.strips
            drawn[:0] = [f"q {sheet.width} 0 0 {high} 0 {high * n} cm /I Do Q" for n in range(sheet.strips)]
        width, height = (sheet.height, sheet.width) if sheet.aside else (sheet.width, sheet.height)
        if sheet.aside:
            drawn.insert(0, f"0 1 -1 0 {width} 0 cm" if sheet.aside == 90 else f"0 -1 1 0 0 {height} cm")
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Rotate {sheet.rotate} "
            f"/Resources << /Font << /F 3 0 R >> /XObject << /I 7 0 R >> >> /Contents {page + 1} 0 R >>"
        ).encode()
        objects[page + 1] = _stream("\n".join(drawn).encode())
    return _file(objects)


def _stream(content: bytes, entries: str = "") -> bytes:
    packed = zlib.compress(content)
    return f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode() + packed + b"\nendstream"


def _file(objects: dict[int, bytes]) -> bytes:
    body, places = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        places[number] = len(body)
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start, size = len(body), max(objects) + 1
    table = "".join(f"{places[n]:010d} 00000 n \n" if n in places else "0000000000 65535 f \n" for n in range(size))
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 8 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return body + f"xref\n0 {size}\n{table}".encode() + trailer.encode()

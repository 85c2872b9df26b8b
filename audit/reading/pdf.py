"""A PDF to blocks of text and raw tables: ruled cells as they are drawn, lines joined to paragraphs."""

from __future__ import annotations

import io
import logging
import re
import zlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdftypes import resolve1
from pdfminer.utils import decode_text
from pdfplumber.page import Page

from audit.reading.document import Document, Grid, RawCell, Text, UnreadableDocument
from audit.reading.glyphs import Box, Glyph, Line, cell_text, is_garbled, lines_of, lost_share, quarter_turn, readable
from audit.reading.unruled import unruled_tables
from audit.report import Locator, Trouble

_Inked = tuple[tuple[int, int, int, int], list[Glyph]]
"""A cell as top, left, bottom, right in rows and columns of the grid, with what is printed in it."""

_Rule = tuple[float, float, float]
"""A level rule: left, right, height."""

# Its warnings on fonts, hundreds for one file, tell a reader of reports nothing.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

MOST_BYTES = 50 * 2**20
MOST_PAGES = 200
MOST_GLYPHS = 600_000
MOST_INFLATED = 400 * 2**20
MOST_RULES = 6_000
_OUTLINES = 500
_STAMP = 12
_STREAM = re.compile(rb"stream\r?\n")
_ORDINAL = re.compile(r"\s*(?:[（(]?[一二三四五六七八九十]{1,3}[）)、.．]|\d{1,2}\s*[.．、])")
_HEADING = re.compile(r"[一二三四五六七八九十]{1,2}\s*[、.．]\s*\S")
_PAGE_NUMBER = re.compile(
    r"[-—–－―~·.\s]*(?:第\s*)?(?:\d{1,3}|[一二三四五六七八九十]{1,3})(?:\s*[/／]\s*\d{1,3})?(?:\s*页)?"
    r"(?:\s*[,，]?\s*共\s*\d{1,3}\s*页)?[-—–－―~·.\s]*"
)
_NUMBER = re.compile(r"[-+−]?\d[\d,，.\s]*")
_FIGURE = re.compile(rf"{_NUMBER.pattern}|[-—–―/／]|无")
_SENTENCE_ENDS = ("。", "；", "：", "！", "？", ".", ";", ":")


def read_pdf(data: bytes) -> Document:
    """Blocks of a PDF in reading order; every ruled table is a grid, one for each page it stands on.

    Boxes are in points from the top left of the page as it is read. Raises UnreadableDocument: empty, too_large,
    damaged, encrypted, image (no text layer), unsupported (fonts without a character map).
    """
    broken = _check_streams(data)
    try:
        with pdfplumber.open(io.BytesIO(data)) as pdf:
            if len(pdf.pages) > MOST_PAGES:
                raise _too_large(f"{len(pdf.pages)} 页", f"{len(pdf.pages)} pages")
            if not pdf.pages:
                raise _damaged("没有页面", "it has no page")
            return _document(pdf, broken)
    except (UnreadableDocument, MemoryError):
        raise
    except Exception as error:
        # A damaged file breaks the parser in any way; all of them mean the same to the reader.
        if _is_locked(error):
            raise UnreadableDocument(
                "encrypted",
                "PDF 已加密，需要密码才能打开；请取得未加密的文件",
                "the PDF is encrypted and needs a password; get a copy without one",
            ) from error
        raise _damaged(type(error).__name__, type(error).__name__) from error


def _document(pdf: Any, broken: int) -> Document:
    sheets: list[_Sheet] = []
    glyphs = 0
    tables = 0
    for page in pdf.pages:
        sheet = _sheet(page, tables)
        page.close()
        tables += len(sheet.grids)
        glyphs += len(sheet.glyphs)
        if glyphs > MOST_GLYPHS:
            raise _too_large(f"超过 {MOST_GLYPHS} 个字符", f"over {MOST_GLYPHS} characters")
        sheets.append(sheet)
    _require_text(sheets)
    items = [item for sheet in sheets for item in sheet.items(_margin_lines(sheets))]
    meta = _meta(pdf.doc.info)
    return Document(
        media="pdf",
        blocks=tuple(_joined_rows(_paragraphs(items))),
        meta=meta,
        title=meta.get("title"),
        pictures=sum(sheet.pictures for sheet in sheets),
        troubles=tuple(_troubles(sheets, broken)),
    )


# A page


@dataclass(slots=True)
class _Sheet:
    """What was read of one page."""

    number: int
    width: float
    height: float
    glyphs: list[Glyph]
    grids: list[Grid] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    pictures: int = 0
    covered: bool = False
    outlined: bool = False
    rules: list[_Rule] = field(default_factory=list)
    too_many_rules: bool = False

    @property
    def is_picture(self) -> bool:
        """Its content is a scan or letters drawn as shapes; a page number or a stamp may be all its text."""
        few = not self.grids and all(self.in_margin(line) or len(line.text) < _STAMP for line in self.lines)
        return (self.covered or self.outlined or bool(self.pictures and not self.glyphs)) and few

    def items(self, margin_lines: set[str]) -> list[_Item]:
        """Lines and grids from top to bottom, page numbers and running heads left out."""
        shown = [
            line
            for line in self.lines
            if not (self.in_margin(line) and _is_furniture(line.text, margin_lines, self.number))
        ]
        items = [_Item(self.number, line.top, line=line) for line in shown]
        items += [_Item(self.number, _top(grid), grid=grid) for grid in self.grids]
        return sorted(items, key=lambda item: item.top)

    def in_margin(self, line: Line) -> bool:
        return line.bottom < 0.1 * self.height or line.top > 0.9 * self.height


@dataclass(frozen=True, slots=True)
class _Item:
    page: int
    top: float
    line: Line | None = None
    grid: Grid | None = None


def _sheet(page: Page, first_table: int) -> _Sheet:
    turn = quarter_turn(page.chars)
    if turn:
        page = _turned(page, turn)
    glyphs = readable(page.chars)
    pictures = [image for image in page.images if image["width"] > 40 and image["height"] > 40]
    covered = sum(i["width"] * i["height"] for i in pictures) > 0.5 * page.width * page.height
    sheet = _Sheet(
        page.page_number,
        float(page.width),
        float(page.height),
        glyphs,
        pictures=len(pictures),
        covered=covered,
        outlined=len(page.curves) > _OUTLINES,
    )
    tables = _ruled_tables(page, sheet)
    loose = glyphs
    for number, boxes in enumerate(tables, first_table):
        grid, loose = _grid(boxes, loose, sheet.rules, page.page_number, number)
        sheet.grids.append(grid)
    sheet.lines = lines_of(loose)
    if not sheet.grids:
        sheet.grids, sheet.lines = unruled_tables(sheet.lines, page.page_number, first_table)
    return sheet


def _turned(page: Page, turn: int) -> Page:
    """The page again, turned so that its text stands upright (a wide table printed sideways)."""
    source = page.page_obj
    source.rotate = (source.rotate + turn) % 360
    return Page(page.pdf, source, page_number=page.page_number, initial_doctop=0)


def _ruled_tables(page: Page, sheet: _Sheet) -> list[list[Box]]:
    """The cells of each table with two columns or more; a frame around text or a shaded background is no table."""
    kept = page.filter(_may_rule)
    if len(kept.edges) > MOST_RULES:
        kept = page.filter(lambda thing: thing["object_type"] != "curve" and _may_rule(thing))
    if len(kept.edges) > MOST_RULES:
        sheet.too_many_rules = True
        return []
    sheet.rules = _level_rules(kept.edges)
    settings = {
        "explicit_horizontal_lines": _missing_borders(kept.edges),
        "explicit_vertical_lines": _missing_sides(kept.edges, sheet.rules),
    }
    tables = [table.cells for table in kept.find_tables(settings)]
    if not any(map(_is_table, tables)) and len(page.edges) <= MOST_RULES:
        tables = [table.cells for table in page.find_tables()]
    return sorted((cells for cells in tables if _is_table(cells)), key=lambda cells: min(cell[1] for cell in cells))


def _may_rule(thing: dict[str, Any]) -> bool:
    """Not a filled area without an outline: word processors paint one behind every paragraph."""
    kind = thing["object_type"]
    if kind == "rect":
        return bool(thing.get("stroke")) or min(thing["width"], thing["height"]) < 4
    return kind in {"line", "curve"}


def _missing_borders(edges: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Borders left out where a table runs over a page: three upright rules end where there is no level one."""
    upright = [edge for edge in edges if edge["orientation"] == "v" and edge["height"] > 3]
    upright.sort(key=lambda edge: edge["x0"])
    places = [edge["x0"] for edge in upright]
    level = [edge for edge in edges if edge["orientation"] == "h"]
    added: list[dict[str, Any]] = []
    for end, sign in (("top", -1), ("bottom", 1)):
        ends = sorted(upright, key=lambda edge, end=end: edge[end])  # type: ignore[misc]
        heights = [edge[end] for edge in ends]
        for height in _steps(heights):
            near = ends[bisect_right(heights, height - 2) : bisect_left(heights, height + 2)]
            ending = [edge for edge in near if not _runs_on(edge, end, sign, _beside(edge["x0"], places, upright))]
            xs = _steps(edge["x0"] for edge in ending)
            if len(xs) < 3 or _is_ruled(level, height, xs[0], xs[-1]):
                continue
            y = sign * max(sign * edge[end] for edge in ending)
            added.append(
                {
                    "object_type": "line",
                    "x0": xs[0],
                    "x1": xs[-1],
                    "top": y,
                    "bottom": y,
                    "width": xs[-1] - xs[0],
                    "height": 0,
                }
            )
    return added


def _missing_sides(edges: Sequence[dict[str, Any]], rules: Sequence[_Rule]) -> list[dict[str, Any]]:
    """Sides left open, as many offices draw their tables: three level rules end where no upright one stands."""
    upright = sorted((edge for edge in edges if edge["orientation"] == "v"), key=lambda edge: float(edge["x0"]))
    places = [edge["x0"] for edge in upright]
    added: list[dict[str, Any]] = []
    level = [rule for rule in rules if rule[1] - rule[0] > 30] if upright else []
    for end in (0, 1):
        for x in _steps(rule[end] for rule in level):
            tops = [rule[2] for rule in level if abs(rule[end] - x) < 2]
            top, bottom = min(tops), max(tops)
            drawn = (edge for edge in _beside(x, places, upright) if edge["bottom"] > top and edge["top"] < bottom)
            if len(tops) < 3 or any(drawn):
                continue
            added.append(
                {
                    "object_type": "line",
                    "x0": x,
                    "x1": x,
                    "top": top,
                    "bottom": bottom,
                    "width": 0,
                    "height": bottom - top,
                }
            )
    return added


def _level_rules(edges: Sequence[dict[str, Any]]) -> list[_Rule]:
    """Level rules from top to bottom, pieces drawn one after the other joined."""
    rules: list[_Rule] = []
    level = (edge for edge in edges if edge["orientation"] == "h")
    for edge in sorted(level, key=lambda edge: (round(edge["top"] / 2), edge["x0"])):
        left, right, height = rules[-1] if rules else (0.0, 0.0, -9.0)
        if rules and abs(edge["top"] - height) < 2 and left - 3 <= edge["x0"] <= right + 3:
            rules[-1] = (left, max(right, edge["x1"]), height)
        else:
            rules.append((edge["x0"], edge["x1"], edge["top"]))
    return rules


def _beside(x: float, places: Sequence[float], upright: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The rules within two points of a place; ``places`` are theirs, in order."""
    return upright[bisect_left(places, x - 2) : bisect_right(places, x + 2)]


def _runs_on(edge: dict[str, Any], end: str, sign: int, upright: Sequence[dict[str, Any]]) -> bool:
    """Another piece of the same rule goes further in that direction."""
    start = "top" if end == "bottom" else "bottom"
    return any(
        abs(other["x0"] - edge["x0"]) < 2
        and sign * (other[end] - edge[end]) > 2
        and sign * (other[start] - edge[end]) < 3
        for other in upright
    )


def _is_ruled(level: Sequence[dict[str, Any]], height: float, x0: float, x1: float) -> bool:
    near = [edge for edge in level if abs(edge["top"] - height) < 4 and edge["x1"] > x0 and edge["x0"] < x1]
    ruled = sum(float(min(edge["x1"], x1) - max(edge["x0"], x0)) for edge in near)
    return ruled > 0.5 * (x1 - x0)


def _is_table(cells: Sequence[Box]) -> bool:
    return len({cell[0] for cell in cells}) > 1 and len(cells) > 1


def _grid(
    boxes: Sequence[Box], glyphs: Sequence[Glyph], rules: Sequence[_Rule], page: int, table: int
) -> tuple[Grid, list[Glyph]]:
    """The cells as drawn, with their text; places without a drawn cell are filled. Also the glyphs left over."""
    xs = _steps(edge for box in boxes for edge in (box[0], box[2]))
    ys = _steps(edge for box in boxes for edge in (box[1], box[3]))
    owner: dict[tuple[int, int], int] = {}
    areas: list[tuple[int, int, int, int]] = []
    for box in sorted(boxes, key=lambda box: (box[1], box[0])):
        left, right = _step(xs, box[0]), max(_step(xs, box[2]), _step(xs, box[0]) + 1)
        top, bottom = _step(ys, box[1]), max(_step(ys, box[3]), _step(ys, box[1]) + 1)
        _claim(owner, areas, (top, left, bottom, right))
    ruled = {
        (row, column)
        for left, right, height in rules
        if ys[0] < height < ys[-1] and abs(ys[row := _step(ys, height)] - height) < 3
        for column in range(len(xs) - 1)
        if left < (xs[column] + xs[column + 1]) / 2 < right
    }
    _fill(owner, areas, (len(ys) - 1, len(xs) - 1), ruled)
    inside: list[list[Glyph]] = [[] for _ in areas]
    loose: list[Glyph] = []
    for glyph in glyphs:
        place = bisect_right(ys, glyph.middle) - 1, bisect_right(xs, glyph.centre) - 1
        if place in owner:
            inside[owner[place]].append(glyph)
        else:
            loose.append(glyph)
    rows: list[list[RawCell]] = [[] for _ in ys[1:]]
    for (top, left, bottom, right), found in _parted(zip(areas, inside, strict=True), ys):
        seen_at = Locator(table, top, len(rows[top]), page, _rounded((xs[left], ys[top], xs[right], ys[bottom])))
        rows[top].append(RawCell(cell_text(found), right - left, bottom - top, seen_at))
    box = _rounded((xs[0], ys[0], xs[-1], ys[-1]))
    return Grid(
        tuple(tuple(_without_merged_figures(row)) for row in rows), Locator(table=table, page=page, box=box)
    ), loose


def _without_merged_figures(row: Sequence[RawCell]) -> Iterator[RawCell]:
    """In a row of figures one over several columns lost the border beside it: whose it is, and whose not, is open."""
    single = sum(cell.colspan == 1 and (not cell.text or bool(_FIGURE.fullmatch(cell.text))) for cell in row)
    for cell in row:
        if cell.colspan > 1 and single >= 4 and _FIGURE.fullmatch(cell.text):
            yield from [replace(cell, text="\ufffd", colspan=1)] * cell.colspan
        else:
            yield cell


def _parted(cells: Iterable[_Inked], ys: Sequence[float]) -> list[_Inked]:
    """The cells in order; one over several rows of figures, with a line in each, is several without their borders."""
    ordered = sorted(cells, key=lambda cell: cell[0][:2])
    beside: dict[int, list[tuple[int, str]]] = {}
    for (top, left, bottom, _), found in ordered:
        text = cell_text(found) if found else ""
        for row in range(top, bottom):
            beside.setdefault(row, []).append((left, text))
    result: list[_Inked] = []
    for (top, left, bottom, right), found in ordered:
        lines: dict[int, list[Glyph]] = {}
        for line in lines_of(found) if bottom - top > 1 else ():
            lines.setdefault(bisect_right(ys, line.middle) - 1, []).extend(line.glyphs)
        figures = all(_FIGURE.fullmatch(cell_text(glyphs)) for glyphs in lines.values())
        if len(lines) == bottom - top and (
            figures or all(_only_figures([text for x, text in beside[row] if x >= right]) for row in lines)
        ):
            result += [((row, left, row + 1, right), glyphs) for row, glyphs in lines.items()]
        else:
            result.append(((top, left, bottom, right), found))
    return sorted(result, key=lambda cell: cell[0][:2])


def _only_figures(texts: Sequence[str]) -> bool:
    return any(texts) and all(not text or _FIGURE.fullmatch(text) for text in texts)


def _claim(
    owner: dict[tuple[int, int], int], areas: list[tuple[int, int, int, int]], area: tuple[int, int, int, int]
) -> None:
    top, left, bottom, right = area
    places = [(row, column) for row in range(top, bottom) for column in range(left, right)]
    if not any(place in owner for place in places):
        owner.update(dict.fromkeys(places, len(areas)))
        areas.append(area)


def _fill(
    owner: dict[tuple[int, int], int],
    areas: list[tuple[int, int, int, int]],
    size: tuple[int, int],
    ruled: Collection[tuple[int, int]],
) -> None:
    """A border that was not drawn leaves a hole: one cell for each run of holes in a row, so that no column shifts.

    It goes on downwards where no rule parts the rows; ``ruled`` holds the places with a rule above them.
    """
    height, width = size
    for row in range(height):
        column = 0
        while column < width:
            end = column
            while end < width and (row, end) not in owner:
                end += 1
            if end > column:
                below = row + 1
                while below < height and not any(
                    (below, place) in ruled or (below, place) in owner for place in range(column, end)
                ):
                    below += 1
                _claim(owner, areas, (row, column, below, end))
            column = end + 1


def _steps(edges: Iterator[float] | Sequence[float]) -> list[float]:
    """Sorted distinct edges; those less than 2 points apart are one."""
    steps: list[float] = []
    for edge in sorted(edges):
        if not steps or edge - steps[-1] >= 2:
            steps.append(edge)
    return steps


def _step(steps: Sequence[float], edge: float) -> int:
    """The nearest of the steps, which are in order; of two as near the first."""
    after = bisect_left(steps, edge)
    if 0 < after < len(steps):
        return after if steps[after] - edge < edge - steps[after - 1] else after - 1
    return min(after, len(steps) - 1)


# Text between the tables


def _margin_lines(sheets: Sequence[_Sheet]) -> set[str]:
    """Running heads and feet: the same words in the margin of three pages or more."""
    counts = Counter(text for sheet in sheets for text in {line.text for line in sheet.lines if sheet.in_margin(line)})
    return {text for text, count in counts.items() if count >= 3}


def _is_furniture(text: str, running: set[str], page: int) -> bool:
    return bool(_PAGE_NUMBER.fullmatch(text)) or (text in running and page > 1)


def _paragraphs(items: Sequence[_Item]) -> Iterator[Text | Grid]:
    """Lines joined where the first one ran to the right edge and the next one is not indented."""
    lines = [item.line for item in items if item.line]
    body = _body_size(lines)
    left, right = _margins(lines)
    block: list[Line] = []
    page = 0
    for item in items:
        if item.line is None:
            yield from _block(block, page, body)
            block = []
            if item.grid:
                yield item.grid
        elif block and _continues(block[-1], item.line, left, right, body):
            block.append(item.line)
        else:
            yield from _block(block, page, body)
            block, page = [item.line], item.page
    yield from _block(block, page, body)


def _block(lines: Sequence[Line], page: int, body: float) -> Iterator[Text]:
    if lines:
        text = lines[0].text
        for line in lines[1:]:
            blank = " " if _is_latin(text[-1]) and _is_latin(line.text[0]) else ""
            text += blank + line.text
        title = lines[0].size > 1.15 * body and len(text) <= 60
        yield Text(text, heading=title, at=Locator(page=page, box=lines[0].box))


def _continues(before: Line, line: Line, left: float, right: float, body: float) -> bool:
    if not 0.85 < before.size / line.size < 1.18 or _is_heading(before.text) or _is_heading(line.text):
        return False
    if min(before.size, line.size) > 1.15 * body:
        return not before.text.endswith(_SENTENCE_ENDS)
    if line.top - before.top > 3 * line.size:
        return False
    full = before.x1 > right - 1.6 * before.size
    return full and line.x0 - left < 1.2 * line.size


def _is_heading(text: str) -> bool:
    return len(text) <= 40 and bool(_HEADING.match(text)) and not text.endswith(("。", "；", "，"))


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _body_size(lines: Sequence[Line]) -> float:
    counts: Counter[float] = Counter()
    for line in lines:
        counts[round(line.size, 1)] += len(line.text)
    return counts.most_common(1)[0][0] if counts else 0.0


def _margins(lines: Sequence[Line]) -> tuple[float, float]:
    if not lines:
        return 0.0, 0.0
    lefts, rights = sorted(line.x0 for line in lines), sorted(line.x1 for line in lines)
    return lefts[len(lefts) // 20], rights[-1 - len(rights) // 20]


# Rows torn by a page break


def _joined_rows(blocks: Iterator[Text | Grid]) -> Iterator[Text | Grid]:
    """Where a table runs on over a page, a last row and a first row that are evidently one become one."""
    before: Text | Grid | None = None
    for block in blocks:
        following = block
        if isinstance(before, Grid) and isinstance(block, Grid):
            before, following = _without_tear(before, block)
        if before is not None:
            yield before
        before = following if not isinstance(following, Grid) or following.rows else None
    if before is not None:
        yield before


def _without_tear(upper: Grid, lower: Grid) -> tuple[Grid, Grid]:
    if upper.at is None or lower.at is None or (upper.at.page or 0) + 1 != lower.at.page:
        return upper, lower
    if not upper.rows or not lower.rows:
        return upper, lower
    first = lower.rows[0]
    groups = next((index for index, cell in enumerate(first) if cell.rowspan == 1), len(first))
    piece, last = first[groups:], upper.rows[-1]
    start = len(last) - len(piece)
    if start < 0 or any(cell.text for cell in first[:groups]) or not _is_torn(last[start:], piece):
        return upper, lower
    whole = [replace(a, text=_together(a.text, b.text)) for a, b in zip(last[start:], piece, strict=True)]
    # Labels that run on over further rows belong to the next row now.
    carried = tuple(replace(cell, rowspan=cell.rowspan - 1) for cell in first[:groups])
    below = ((*carried, *lower.rows[1]), *lower.rows[2:]) if len(lower.rows) > 1 else ()
    return replace(upper, rows=(*upper.rows[:-1], (*last[:start], *whole))), replace(lower, rows=below)


def _is_torn(last: Sequence[RawCell], first: Sequence[RawCell]) -> bool:
    """One half has all the values, the other none, and the lower label does not begin an item of its own.

    A row whose values the filer left blank also has none, so the upper label must carry an ordinal, the lower none.
    """
    if [cell.colspan for cell in last] != [cell.colspan for cell in first] or len(last) < 3:
        return False
    if any(cell.rowspan != 1 for cell in (*last, *first)):
        return False
    start = min(_values_from(last), _values_from(first))
    lower_values = _filled(first, start)
    if bool(_filled(last, start)) == bool(lower_values):
        return False
    upper_label = next((cell.text for cell in reversed(last[:start]) if cell.text), "")
    lower_label = next((cell.text for cell in reversed(first[:start]) if cell.text), "")
    if not _ORDINAL.match(upper_label) or _ORDINAL.match(lower_label):
        return False
    return bool(lower_label) or bool(lower_values)


def _values_from(row: Sequence[RawCell]) -> int:
    """Where the values of a row begin: after its last cell with words."""
    words = [index for index, cell in enumerate(row) if cell.text and not _NUMBER.fullmatch(cell.text)]
    return words[-1] + 1 if words else len(row)


def _filled(row: Sequence[RawCell], start: int) -> list[str]:
    return [cell.text for cell in row[start:] if cell.text]


def _together(upper: str, lower: str) -> str:
    return "\n".join(part for part in (upper, lower) if part)


# What may be wrong with a file


def _check_streams(data: bytes) -> int:
    """Sizes before anything is parsed. How many compressed streams are broken: the parser drops what they held."""
    if not data:
        raise UnreadableDocument("empty", "文件是空的", "the file is empty")
    if len(data) > MOST_BYTES:
        raise _too_large(f"超过 {MOST_BYTES // 2**20} MB", f"over {MOST_BYTES // 2**20} MB")
    room, broken = MOST_INFLATED, 0
    for start in _STREAM.finditer(data):
        if data[start.end() : start.end() + 1] != b"\x78":
            continue
        size, whole = _inflated(data, start.end(), room)
        room -= size
        broken += not whole
        if room <= 0:
            raise _too_large("展开后过大", "far too large once unpacked")
    return broken


def _inflated(data: bytes, start: int, room: int) -> tuple[int, bool]:
    """The bytes a compressed stream unpacks to, counted in pieces and not past ``room``; and whether it is whole."""
    unpack = zlib.decompressobj()
    end = data.find(b"endstream", start)
    piece = data[start : end if end > 0 else len(data)]
    size = 0
    try:
        while piece and not unpack.eof and size <= room:
            size += len(unpack.decompress(piece, 2**20))
            piece = unpack.unconsumed_tail
    except zlib.error:
        return size, False
    return size, unpack.eof


def _require_text(sheets: Sequence[_Sheet]) -> None:
    if not any(sheet.glyphs and not sheet.is_picture for sheet in sheets):
        pages = _numbers([sheet.number for sheet in sheets])
        raise UnreadableDocument(
            "image",
            f"第 {pages} 页是扫描图片，没有文字层；请取得文字版或先做文字识别",
            f"page {pages}: scanned pictures without a text layer; get a text version or run text recognition",
        )
    glyphs = [glyph for sheet in sheets for glyph in sheet.glyphs]
    if lost_share(glyphs) > 0.3 or is_garbled(glyphs):
        raise UnreadableDocument(
            "unsupported",
            "PDF 的字体没有可用的字符对照表，文字取不出来；请取得网页版或 Word 版",
            "the fonts of the PDF carry no usable character map, its text cannot be taken out; get the web or Word one",
        )


def _troubles(sheets: Sequence[_Sheet], broken: int) -> Iterator[Trouble]:
    if broken:
        yield Trouble("damaged", "document", f"{broken} compressed streams are broken, text may be missing")
    for sheet in sheets:
        at, where = Locator(page=sheet.number), f"page {sheet.number}"
        if sheet.is_picture:
            yield Trouble("image", where, "a picture without a text layer", at)
        elif sheet.covered:
            yield Trouble(
                "recognised_text",
                where,
                "text lies on a picture of the page and may come from recognition",
                at,
            )
        if lost_share(sheet.glyphs):
            yield Trouble("lossy_text", where, f"{lost_share(sheet.glyphs):.1%} of the characters have no mapping", at)
        if sheet.too_many_rules:
            yield Trouble("torn_table", where, f"over {MOST_RULES} drawn lines, tables were not looked for", at)


def _meta(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Title, author and producer. The dates of the file say when it was made, not when it was published: left out."""
    found: dict[str, str] = {}
    for entry in entries:
        for name in ("Title", "Author", "Creator", "Producer"):
            value = resolve1(entry.get(name))
            if isinstance(value, bytes) and (text := _decoded(value).strip()):
                found[name.lower()] = text
    return found


def _decoded(value: bytes) -> str:
    """UTF-16 of either order (some editors write the wrong one) or what the standard says."""
    return value.decode("utf-16", "replace") if value[:2] == b"\xff\xfe" else decode_text(value)


def _is_locked(error: BaseException) -> bool:
    chain = [error, *error.args, error.__cause__, error.__context__]
    return any(isinstance(link, PDFPasswordIncorrect) for link in chain)


def _too_large(zh: str, en: str) -> UnreadableDocument:
    return UnreadableDocument("too_large", f"PDF {zh}，不像一份年度报告", f"the PDF has {en}, unlike a yearly report")


def _damaged(zh: str, en: str) -> UnreadableDocument:
    return UnreadableDocument(
        "damaged", f"PDF 已损坏，打不开（{zh}）；请重新下载", f"the PDF is damaged ({en}); fetch it again"
    )


def _numbers(pages: Sequence[int]) -> str:
    """``1-3, 5``"""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _top(grid: Grid) -> float:
    return grid.at.box[1] if grid.at and grid.at.box else 0.0


def _rounded(box: Box) -> Box:
    x0, top, x1, bottom = box
    return round(x0, 1), round(top, 1), round(x1, 1), round(bottom, 1)

"""A report as a PDF in the layouts and with the faults of real ones, and the truth that it prints."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from audit.form import TABLES
from nianshen.demo import narrative
from nianshen.demo.layout import Box, Rows, official_tables
from nianshen.demo.narrative import Publication
from nianshen.demo.pages import HEADINGS
from tests.audit.reading.pdf_writer import Sheet, write_pdf
from tests.generator import Truth

BORDERS = ("boxes", "rules", "level", "open", "none")
"""Each cell with its own border; long rules; only level rules; no outer border left and right; no rule at all."""
BREAKS = ("whole", "rows", "headed", "torn")
"""A table stays on a page; is cut between rows; repeats its header; is cut through the middle of a row."""
TURNS = ("upright", "landscape", "rotated", "sideways", "upside")
"""Table 3 on an upright page; on a wide one; on a turned page, said so in the file; turned, not said, either way."""
FAULTS = (
    "lost_line", "merged_bare", "twice", "watermark", "beside", "spaced", "blank_cells", "no_zeros", "words", "shifted",
    "lost_digit", "recognised",
)  # fmt: skip

_MARGIN, _LINE, _SIZE = 50.0, 12.0, 8.0
_WIDTHS = {
    "disclosure": (150.0, 115.0, 115.0, 115.0),
    "requests": (45.0, 60.0, 140.0, *[36.0] * 7),
    "disputes": (33.0,) * 15,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a report is set. ``faults`` are those of ``FAULTS``."""

    borders: str = "boxes"
    breaks: str = "whole"
    turn: str = "upright"
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Printed:
    """A file, the figures it prints (None: no figure) and the cells that nobody can read in it."""

    data: bytes
    truth: Truth
    lost: frozenset[str]
    layout: Layout


def chosen(rng: random.Random) -> Layout:
    """Any layout with up to three faults."""
    return Layout(
        rng.choice(BORDERS), rng.choice(BREAKS), rng.choice(TURNS), tuple(rng.sample(FAULTS, rng.randint(0, 3)))
    )


def printed(report: Publication, layout: Layout, rng: random.Random) -> Printed:
    """The report as a PDF; ``rng`` aims the faults."""
    texts, truth = dict(report.printed), dict(report.figures)
    if "blank_cells" in layout.faults:
        for cell in rng.sample(sorted(texts), 12):
            texts[cell] = rng.choice(["", "/", "—"])
            truth[cell] = None
    if "no_zeros" in layout.faults:
        for cell in [cell for cell, text in texts.items() if text == "0" and rng.random() < 0.9]:
            texts[cell], truth[cell] = "", None
    if "words" in layout.faults:
        for cell in rng.sample(sorted(texts), 3):
            texts[cell], truth[cell] = "约三", None
    unmapped = rng.choice("123456789") if "lost_digit" in layout.faults else ""
    lost = frozenset(cell for cell, text in texts.items() if unmapped and unmapped in text)
    press = _Press(layout, rng)
    tables = official_tables(report.form, texts)
    contents: tuple[list[str] | str, ...] = (
        narrative.overview(report),
        *TABLES,
        narrative.problems(report),
        narrative.other_matters(report),
    )
    press.text(report.title, 15)
    for text in narrative.preamble(report):
        press.text(text)
    for heading, content in zip(HEADINGS, contents, strict=True):
        if isinstance(content, str):
            press.table(heading, content, tables[content])
        else:
            press.text(heading)
            for text in content:
                press.text("　　" + text)
    return Printed(write_pdf(*press.sheets, unmapped=unmapped), truth, lost, layout)


@dataclass(slots=True)
class _Press:
    """Sets a report from top to bottom, page after page."""

    layout: Layout
    rng: random.Random
    sheets: list[Sheet] = field(default_factory=list)
    y: float = 0.0

    def __post_init__(self) -> None:
        self.page()

    def page(self, turn: str = "upright") -> None:
        """Begin a page: its number below, a running head above, a watermark if there shall be one."""
        recognised = "recognised" in self.layout.faults
        if turn == "upright":
            sheet = Sheet(picture=recognised, strips=3)
        else:
            aside = {"landscape": 0, "rotated": 90, "sideways": 90, "upside": 270}[turn]
            rotate = {"rotated": 90}.get(turn, 0)
            sheet = Sheet(width=842, height=595, aside=aside, rotate=rotate, picture=recognised, strips=3)
        if recognised:
            sheet.invisible()
        if "watermark" in self.layout.faults:
            sheet.text(150, 300, "内部资料202", 40, "0.7 0.7 -0.7 0.7")
        self.sheets.append(sheet)
        sheet.text(sheet.width / 2, sheet.height - 30, f"— {len(self.sheets)} —", 8)
        self.y = _MARGIN

    @property
    def bottom(self) -> float:
        return self.sheets[-1].height - _MARGIN

    def text(self, text: str, size: float = 10.5) -> None:
        for part in _wrapped(text, self.sheets[-1].width - 2 * _MARGIN, size):
            if self.y + 2 * size > self.bottom:
                self.page()
            self.sheets[-1].text(_MARGIN, self.y, part, size)
            self.y += 1.7 * size

    def table(self, heading: str, name: str, rows: Rows) -> None:
        """A heading and its table, on as many pages as the layout takes."""
        turned = name == "requests" and self.layout.turn != "upright"
        slots = _placed(rows)
        if "merged_bare" in self.layout.faults:
            slots = [part for slot in slots for part in slot.unmerged()]
        header = 1 + max((slot.row for slot in slots if slot.head), default=-1) if name != "disclosure" else 0
        whole = sum(_heights(slots, _WIDTHS[name]))
        if turned:
            self.page(self.layout.turn)
        elif self.y + (whole + 40 if self.layout.breaks == "whole" else 160) > self.bottom:
            self.page()
        self.text(heading)
        self.y += 6
        repeated = [slot for slot in slots if slot.row < header] if self.layout.breaks == "headed" else []
        while slots:
            heights = _heights(slots, _WIDTHS[name])
            fit = sum(self.y + sum(heights[: n + 1]) <= self.bottom for n in range(len(heights)))
            if fit < len(heights) and self.layout.breaks == "torn":
                slots = _torn(slots, fit, self.rng)
                fit += 1
                heights = _heights(slots, _WIDTHS[name])
            upper, slots = _cut(slots, fit, self.rng)
            self.draw(name, upper, heights[:fit])
            if slots:
                self.page(self.layout.turn if turned else "upright")
                slots = [*repeated, *(slot.moved(header) for slot in slots)] if repeated else slots
        self.y += 14
        if turned:
            self.page()

    def draw(self, name: str, slots: Sequence[_Slot], heights: Sequence[float]) -> None:
        """One piece of a table at the present place."""
        sheet, widths = self.sheets[-1], _WIDTHS[name]
        xs = [_MARGIN + sum(widths[:n]) for n in range(len(widths) + 1)]
        ys = [self.y + sum(heights[:n]) for n in range(len(heights) + 1)]
        edges = _edges(slots, xs, ys, self.layout.borders)
        if "lost_line" in self.layout.faults and edges:
            edges.remove(self.rng.choice(edges))
        for edge in edges:
            (sheet.rule if self.layout.borders == "rules" else sheet.line)(*edge)
        for slot in slots:
            self.fill(slot, xs[slot.column], ys[slot.row], xs[slot.column + slot.width], ys[slot.row + slot.height])
        if "beside" in self.layout.faults and xs[-1] + 100 < sheet.width:
            sheet.table(xs[-1] + 12, self.y, (40, 36), [("邮编", "318"), ("电话", "110")], 16)
        self.y = ys[-1]

    def fill(self, slot: _Slot, x0: float, y0: float, x1: float, y1: float) -> None:
        """The text of a cell, wrapped, in its middle."""
        lines = _wrapped(slot.text, x1 - x0 - 4, _SIZE) if slot.text else []
        y = y0 + (y1 - y0 - _LINE * len(lines)) / 2 + 2
        for line in lines:
            x = x0 + max(2.0, (x1 - x0 - _length(line, _SIZE)) / 2)
            if "shifted" in self.layout.faults and slot.cell:
                x = self.rng.uniform(x0 + 1, max(x0 + 1, x1 - 1 - _length(line, _SIZE)))
            letters = [(x, line)]
            if "spaced" in self.layout.faults and slot.cell and len(line) > 1:
                step = min(1.2, (x1 - x0 - 4 - _length(line, _SIZE)) / len(line))
                letters = [(x0 + 2 + n * (_SIZE / 2 + step), letter) for n, letter in enumerate(line)]
            for place, part in letters:
                self.sheets[-1].text(place, y, part, _SIZE)
                if "twice" in self.layout.faults:
                    self.sheets[-1].text(place + 0.3, y, part, _SIZE)
            y += _LINE


@dataclass(frozen=True, slots=True)
class _Slot:
    """A cell in its place; lengths in rows and columns of the grid."""

    row: int
    column: int
    height: int
    width: int
    text: str
    cell: bool = False
    head: bool = False

    def moved(self, rows: int) -> _Slot:
        return replace(self, row=self.row + rows)

    def unmerged(self) -> Iterator[_Slot]:
        """Single cells, the words in the first one."""
        for row in range(self.height):
            text = self.text if not row else ""
            yield replace(self, row=self.row + row, height=1, text=text)


def _placed(rows: Rows) -> list[_Slot]:
    taken: set[tuple[int, int]] = set()
    slots = []
    for row, boxes in enumerate(rows):
        column = 0
        for box in boxes:
            while (row, column) in taken:
                column += 1
            slots.append(_slot(box, row, column))
            taken |= {(row + down, column + right) for down in range(box.rowspan) for right in range(box.colspan)}
    return slots


def _slot(box: Box, row: int, column: int) -> _Slot:
    return _Slot(row, column, box.rowspan, box.colspan, box.text, box.cell is not None, box.head)


def _cut(slots: Sequence[_Slot], at: int, rng: random.Random) -> tuple[list[_Slot], list[_Slot]]:
    """The rows above and below a page break. The words of a cell that it cuts stand on one side."""
    upper, lower = [], []
    for slot in slots:
        above, below = min(slot.height, max(0, at - slot.row)), min(slot.height, max(0, slot.row + slot.height - at))
        words_above = not below or (above and rng.random() < 0.7)
        if above:
            upper.append(replace(slot, height=above, text=slot.text if words_above else ""))
        if below:
            text = "" if words_above else slot.text
            lower.append(replace(slot, row=max(0, slot.row - at), height=below, text=text))
    return upper, lower


def _torn(slots: Sequence[_Slot], row: int, rng: random.Random) -> list[_Slot]:
    """A row becomes two: its words in both, its figures in one."""
    figures_above = rng.random() < 0.7
    result = []
    for slot in slots:
        if slot.row > row:
            result.append(slot.moved(1))
        elif slot.row + slot.height <= row:
            result.append(slot)
        elif slot.height > 1:
            result.append(replace(slot, height=slot.height + 1))
        else:
            half = len(slot.text) // 2
            upper, lower = (slot.text[:half], slot.text[half:])
            if slot.cell:
                upper, lower = (slot.text, "") if figures_above else ("", slot.text)
            result += [replace(slot, text=upper), replace(slot, row=row + 1, text=lower)]
    return result


def _edges(
    slots: Sequence[_Slot], xs: Sequence[float], ys: Sequence[float], borders: str
) -> list[tuple[float, float, float, float]]:
    """The lines drawn round the cells."""
    edges = set()
    for slot in slots:
        x0, x1 = xs[slot.column], xs[slot.column + slot.width]
        y0, y1 = ys[slot.row], ys[slot.row + slot.height]
        if borders != "none":
            edges |= {(x0, y0, x1, y0), (x0, y1, x1, y1)}
        if borders in {"boxes", "rules", "open"}:
            edges |= {(x, y0, x, y1) for x in (x0, x1) if borders != "open" or xs[0] < x < xs[-1]}
    return sorted(edges)


def _heights(slots: Sequence[_Slot], widths: Sequence[float]) -> list[float]:
    """The height of each row: that of its tallest cell that spans no other."""
    heights = [_LINE + 4] * max(slot.row + slot.height for slot in slots)
    for slot in slots:
        if slot.height == 1:
            lines = len(_wrapped(slot.text, sum(widths[slot.column : slot.column + slot.width]) - 4, _SIZE))
            heights[slot.row] = max(heights[slot.row], lines * _LINE + 4)
    return heights


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines = [""]
    for character in text:
        if lines[-1] and _length(lines[-1] + character, size) > width:
            lines.append("")
        lines[-1] += character
    return lines


def _length(text: str, size: float) -> float:
    return sum(0.5 if character.isascii() else 1.0 for character in text) * size

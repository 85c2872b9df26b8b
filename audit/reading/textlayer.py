"""The figures of a PDF by where their words are printed: lines of words, columns from left to right, no ruled line."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pdfplumber
from pdfplumber.page import Page

from audit.reading.document import RawCell
from audit.reading.glyphs import quarter_turn
from audit.reading.number import label, read_cell
from audit.report import Locator


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A printed line that ends in figures: these from left to right, and the words printed left of them around it."""

    figures: tuple[RawCell, ...]
    beside: str


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The lines of ``count`` figures in reading order, and where words above the first are centred, in points."""

    lines: tuple[FigureLine, ...]
    above: Mapping[str, float]


def text_layer(data: bytes, pages: Collection[int], count: int) -> TextLayer:
    """What stands on these pages (from 1) of a PDF that was read before."""
    lines: list[FigureLine] = []
    above: dict[str, float] = {}
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        for number in sorted(pages):
            page = _upright(pdf.pages[number - 1])
            words = page.dedupe_chars().extract_words()
            page.close()
            found = [line for line in _lines(words) if len(_trailing(line)) == count]
            if not lines:
                first = min((line[0]["top"] for line in found), default=page.height)
                above |= {label(word["text"]): _centre(word) for word in words if word["bottom"] < first}
            lines += (FigureLine(_cells(line, number), _beside(line, found, words)) for line in found)
    return TextLayer(tuple(lines), above)


def _upright(page: Page) -> Page:
    """The page as it is read: a wide table may be printed sideways without the file saying so."""
    turn = quarter_turn(page.chars)
    if not turn:
        return page
    page.page_obj.rotate = (page.page_obj.rotate + turn) % 360
    return Page(page.pdf, page.page_obj, page_number=page.page_number, initial_doctop=0)


def _lines(words: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Words whose middles are level, each line from left to right."""
    line: list[dict[str, Any]] = []
    for word in sorted(words, key=_middle):
        if line and _middle(word) - _middle(line[0]) > 0.4 * (word["bottom"] - word["top"]):
            yield sorted(line, key=_centre)
            line = []
        line.append(word)
    if line:
        yield sorted(line, key=_centre)


def _trailing(line: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures a line ends in."""
    start = len(line)
    while start and read_cell(line[start - 1]["text"]).fills:
        start -= 1
    return line[start:]


def _cells(line: list[dict[str, Any]], page: int) -> tuple[RawCell, ...]:
    def box(word: dict[str, Any]) -> tuple[float, float, float, float]:
        return round(word["x0"], 1), round(word["top"], 1), round(word["x1"], 1), round(word["bottom"], 1)

    return tuple(RawCell(word["text"], at=Locator(page=page, box=box(word))) for word in _trailing(line))


def _beside(line: list[dict[str, Any]], lines: list[list[dict[str, Any]]], words: list[dict[str, Any]]) -> str:
    """The words left of the figures that stand nearer to this line of figures than to any other of the page."""
    left = _trailing(line)[0]["x0"]
    middles = [_middle(other[-1]) for other in lines]
    own = _middle(line[-1])
    near = (
        word
        for word in words
        if word["x1"] < left and min(middles, key=lambda middle: abs(middle - _middle(word))) == own
    )
    return "".join(word["text"] for word in near)


def _middle(word: dict[str, Any]) -> float:
    return float(word["top"] + word["bottom"]) / 2


def _centre(word: dict[str, Any]) -> float:
    return float(word["x0"] + word["x1"]) / 2

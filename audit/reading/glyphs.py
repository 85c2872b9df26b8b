"""Glyphs of a PDF page to lines of text: doubled ones dropped, watermarks left out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]

_LOST = "\ufffd"
_ENOUGH_TO_TELL = 100
_UNMAPPED = re.compile(r"\(cid:\d+\)")
# Word processors map common characters to radicals that look the same; these have no compatibility mapping.
_RADICALS = str.maketrans(
    "⺁⺇⺌⺎⺏⺐⺕⺝⺟⺠⺩⺬⺮⺴⺶⺷⺸⺻⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰",
    "厂几小兀尣尢彐月母民王示竹网羊羊羊聿虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙",
)


@dataclass(frozen=True, slots=True)
class Glyph:
    """One printed character, its box in points from the top left, and the quarter turn it stands in (0, 90, 270)."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    turn: int = 0

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        return (self.x0 + self.x1) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line: its text and its box."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    glyphs: tuple[Glyph, ...] = ()

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def box(self) -> Box:
        return round(self.x0, 1), round(self.top, 1), round(self.x1, 1), round(self.bottom, 1)


def readable(chars: Iterable[Mapping[str, Any]]) -> list[Glyph]:
    """The glyphs a person reads: no slanted ones (watermarks), and one of those printed twice at a place (bold)."""
    found: list[Glyph] = []
    seen: dict[tuple[str, int, int], Glyph] = {}
    for char in chars:
        turn = _turn(char["matrix"])
        if turn is None:
            continue
        text = _printed(char["text"])
        glyph = Glyph(text, char["x0"], char["top"], char["x1"], char["bottom"], char["size"], turn)
        if not text.isspace() and _is_doubled(glyph, seen):
            continue
        found.append(glyph)
    return found


def lines_of(glyphs: Sequence[Glyph]) -> list[Line]:
    """Upright glyphs grouped to lines from top to bottom; lines without ink are left out."""
    groups: list[list[Glyph]] = []
    middle = size = 0.0
    for glyph in sorted((g for g in glyphs if not g.turn), key=lambda g: g.middle):
        if groups and abs(glyph.middle - middle) <= 0.4 * max(size, glyph.size):
            groups[-1].append(glyph)
        else:
            groups.append([glyph])
            middle, size = glyph.middle, glyph.size
    lines = [line_of(sorted(group, key=lambda g: g.x0)) for group in groups]
    return [line for line in lines if line.text]


def line_of(glyphs: Sequence[Glyph]) -> Line:
    """One line out of glyphs that are sorted from left to right."""
    parts: list[str] = []
    before: Glyph | None = None
    for glyph in glyphs:
        if before and _gap_is_blank(before, glyph):
            parts.append(" ")
        if before and _is_note_mark(before, glyph):
            parts.append(f"[{glyph.text}]")
            continue
        parts.append(glyph.text)
        before = glyph
    inked = [g for g in glyphs if not g.text.isspace()] or list(glyphs)
    return Line(
        " ".join("".join(parts).split()),
        min(g.x0 for g in inked),
        min(g.top for g in inked),
        max(g.x1 for g in inked),
        max(g.bottom for g in inked),
        max(g.size for g in inked),
        tuple(inked),
    )


def cell_text(glyphs: Sequence[Glyph]) -> str:
    """What stands in a cell, its lines joined by ``\\n``; a sideways label follows in its own reading direction."""
    lines = [line.text for line in lines_of(glyphs)]
    for turn, sign in ((90, -1), (270, 1)):
        turned = [g for g in glyphs if g.turn == turn]
        aside = sorted(turned, key=lambda g, sign=sign: (round(-sign * g.x0 / g.size), sign * g.top))  # type: ignore[misc]
        if text := "".join(g.text for g in aside).strip():
            lines.append(text)
    return "\n".join(lines)


def quarter_turn(chars: Sequence[Mapping[str, Any]]) -> int:
    """How far, clockwise, the page must be turned for most characters to stand upright: 0, 90, 180 or 270."""
    votes = {0: 0, 90: 0, 180: 0, 270: 0}
    for char in chars:
        a, b, c, d, *_ = char["matrix"]
        if abs(b) <= 0.1 * abs(a):
            votes[0 if a > 0 or d > 0 else 180] += 1
        elif abs(a) <= 0.1 * abs(b):
            votes[90 if b > 0 and c <= 0 else 270] += 1
    return max(votes, key=lambda turn: votes[turn])


def lost_share(glyphs: Sequence[Glyph]) -> float:
    """The share of glyphs for which the font gives no character."""
    return sum(_LOST in g.text for g in glyphs) / len(glyphs) if glyphs else 0.0


def is_garbled(glyphs: Sequence[Glyph]) -> bool:
    """Whether the font gives characters, but not those in print: private ones, or one and the same for most words.

    No character makes up a tenth of Chinese prose; a report that says 无 in every cell still stays below a third.
    """
    wide = Counter(g.text for g in glyphs if _is_wide(g.text))
    private = sum(count for text, count in wide.items() if "\ue000" <= text[:1] <= "\uf8ff")
    total = wide.total()
    return total >= _ENOUGH_TO_TELL and max(private, *wide.values()) > 0.4 * total


def _turn(matrix: Sequence[float]) -> int | None:
    a, b, _, _, *_ = matrix
    if abs(b) <= 0.1 * abs(a):
        return 0
    if abs(a) <= 0.1 * abs(b):
        return 90 if b > 0 else 270
    return None


def _printed(text: str) -> str:
    if text.isascii():
        return _LOST if _UNMAPPED.fullmatch(text) else text.replace("\0", _LOST)
    if len(text) == 1 and "\u2e80" <= text <= "\u2fd5":
        return unicodedata.normalize("NFKC", text).translate(_RADICALS)
    return text


def _is_doubled(glyph: Glyph, seen: dict[tuple[str, int, int], Glyph]) -> bool:
    """Printed before within a fifth of its size: bold by double printing, or a second text layer."""
    near = min(0.2 * glyph.size, 2)
    column, row = int(glyph.x0 // 2), int(glyph.top // 2)
    for place in ((column + i, row + j) for i in (0, -1, 1) for j in (0, -1, 1)):
        other = seen.get((glyph.text, *place))
        if other and abs(other.x0 - glyph.x0) < near and abs(other.top - glyph.top) < near:
            return True
    seen[glyph.text, column, row] = glyph
    return False


def _is_note_mark(before: Glyph, glyph: Glyph) -> bool:
    """A small raised digit behind a figure is the mark of a note and no part of it."""
    close = glyph.x0 - before.x1 < 0.5 * before.size
    return glyph.text.isdecimal() and close and glyph.size < 0.75 * before.size and glyph.middle < before.middle


def _gap_is_blank(left: Glyph, right: Glyph) -> bool:
    """A wide gap is a blank between words; between two Chinese characters it is only setting."""
    gap = right.x0 - left.x1
    if gap <= 0.3 * max(left.size, right.size):
        return False
    return gap > 1.5 * max(left.size, right.size) or not (_is_wide(left.text) and _is_wide(right.text))


def _is_wide(text: str) -> bool:
    return text[:1] >= "\u2e80"

"""What stands in one cell: a number, nothing, a mark for nothing, or words. Never a guess."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from audit.report import How, State

_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad]")
_MINUSES = "\u2212\u2010\u2011"
_DASHES = re.compile(r"[-/\\—–―─－_~]+|无|没有|／+")
_UNIT = r"(?P<unit>[件份条宗个项起次人]|件次|人次|万元|亿元|千元|元)?"
_FIGURE = r"(?P<figure>\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?)"
_NUMBER = re.compile(rf"(?:共计?|合计)?(?P<sign>[+-])?{_FIGURE}{_UNIT}[。.;；、]?")
_REMARK = re.compile(rf"(?:共计?|合计)?(?P<sign>[+-])?{_FIGURE}{_UNIT}[(\[【].*[)\]】][。.]?")
_CHANGE = re.compile(rf"(?P<word>增加?|减少?|↑|↓|\+|-){_FIGURE}{_UNIT}")
_LOST_DIGITS = re.compile("[\\d.,\n]*\ufffd[\\d.,\n\ufffd]*")
_DIGITS = re.compile(r"[\d.,]+")
_SECOND_FIGURE = re.compile(r"\(\s*[+-]?[\d.,]+\s*\)")
_NOTE_MARK = re.compile(r"(?<=\d)\s*(?:[①-⑳]|\[[①-⑳]\])\s*$")
_ZERO_WORDS = {"零", "〇"}
_TORN = re.compile(r"\d[ \n]+\d|[+-] +\d")
_PARTED_SIGN = re.compile(r"[+-]\n")
_SPACED_GROUPS = re.compile(r"\d{1,3}(?: \d{3})+(?!\d| \d)")


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of a cell with its number (int where it is whole) and the unit printed in the cell, if any."""

    state: State
    value: int | Decimal | None = None
    unit: str | None = None
    how: How = How.READ

    @property
    def fills(self) -> bool:
        """True for what can stand in a value column: a number, a blank or a dash."""
        return self.state in {State.VALUE, State.BLANK, State.DASH}


def normalise(text: str) -> str:
    """NFKC, invisible characters dropped, runs of white space to one space or one line break."""
    text = text.replace("&nbsp;", " ")  # escaped twice, as some editors do
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    for minus in _MINUSES:
        text = text.replace(minus, "-")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


@lru_cache(maxsize=16384)
def read_cell(text: str, *, change: bool = False) -> Reading:  # noqa: PLR0911 - one return per kind of cell
    """Read the text of a cell; ``change`` for the signed 本年增/减 column, where 减4 is -4.

    Digits that a line break or an odd space tears apart are joined, but only as ``inferred``.
    """
    text = _NOTE_MARK.sub("", text)
    if any(unicodedata.category(character) == "No" for character in text):
        return Reading(State.TEXT)  # 12² would otherwise become 122
    text = normalise(text)
    if not text:
        return Reading(State.BLANK)
    if _SECOND_FIGURE.search(text) or any(character.isdecimal() and not character.isascii() for character in text):
        return Reading(State.TEXT)  # 5(4), which may be either; digits of another script
    if _PARTED_SIGN.search(text):
        return Reading(State.TEXT)  # a dash above a figure: two cells in one, or a sign
    if _LOST_DIGITS.fullmatch(text):
        return Reading(State.UNREADABLE)  # a character that the font does not name, a digit for all we know
    if "\n" in text and _are_two_cells(text.split("\n")):
        return Reading(State.UNREADABLE)
    how = How.INFERRED if _TORN.search(text) and not _SPACED_GROUPS.match(text) else How.READ
    packed = "".join(text.split())
    if packed in _ZERO_WORDS:
        return Reading(State.VALUE, 0)
    if _DASHES.fullmatch(packed):
        return Reading(State.DASH)
    if change and (match := _CHANGE.fullmatch(packed)):
        negative = match["word"][0] in "减↓-"
        return _number(match["figure"], negative, match["unit"], how)
    match = _NUMBER.fullmatch(packed) or _REMARK.fullmatch(packed)
    if match:
        return _number(match["figure"], match["sign"] == "-", match["unit"], how)
    return Reading(State.TEXT)


def _are_two_cells(lines: list[str]) -> bool:
    """A figure above or below a mark for nothing: two rows that lost the border between them."""
    dashes = [bool(_DASHES.fullmatch(line)) for line in lines]
    return (
        any(dashes)
        and not all(dashes)
        and all(dash or _DIGITS.fullmatch(line) for dash, line in zip(dashes, lines, strict=True))
    )


def _number(figure: str, negative: bool, unit: str | None, how: How) -> Reading:
    value = Decimal(figure.replace(",", ""))
    whole = int(value) if value == value.to_integral_value() else value
    return Reading(State.VALUE, -whole if negative else whole, unit, how)


_ORDINAL = re.compile(
    r"^(?:第?[一二三四五六七八九十]+[、.,:：]|[(][一二三四五六七八九十]+[)][、.]?|[(]?\d{1,2}[)]?[、.,:：]|[(]\d{1,2}[)]|[①-⑳])"
)
_PUNCTUATION = re.compile(r"[\s\"'“”‘’「」《》<>()\[\]【】、，,。.;；:：·…—\-_*/]+")


@lru_cache(maxsize=16384)
def label(text: str) -> str:
    """A label for comparing: normalised, ordinal stripped, white space and punctuation gone, 其它 as 其他."""
    packed = "".join(normalise(text).split()).replace("其它", "其他")
    while match := _ORDINAL.match(packed):
        if match.end() == len(packed):
            break
        packed = packed[match.end() :]
    return _PUNCTUATION.sub("", packed)

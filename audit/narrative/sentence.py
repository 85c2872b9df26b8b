"""Text into sentences that speak of figures: digits unified, Chinese numerals turned into digits, the rest left out.

Real texts break lines in the middle of words and put headings on lines of their own, so a line break ends a sentence
only after or before a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 600
"""Characters after which a sentence is cut: no author writes that far without a full stop, a broken page does."""
LONGEST_TEXT = 60_000

_DIGITS = str.maketrans("０１２３４５６７８９（）：；％．", "0123456789():;%.")
_SPACE = re.compile(r"[^\S\n]+|[\u200b-\u200f\ufeff]")
_THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?!\d)")
_TITLE = re.compile(r"《[^《》\n]{0,80}》")
_HEADING = re.compile(r"(?:(?<=[。！？;\n])|^)(?:\([一二三四五六七八九十]{1,3}\)|[一二三四五六七八九十]{1,2}、)")
_END = re.compile(r"[。！？!?]+")
_NUMERAL = re.compile(
    r"(?=[零〇一二两三四五六七八九十百千万])(?<![第每同某这那逐任哪统唯百千万十零〇一二两三四五六七八九\d.])([零〇一二两三四五六七八九十百千万]{1,9})"
    r"(?=(?:件|宗|份|条|部|篇|(?<!一)起)(?![套件])|余件|多件)"
)
_WORTH = re.compile(
    r"(?:申请|办结|办理|答复|结转|予以公开|部分公开|不予|无法提供|自然人|复议|诉讼|起诉|维持|规章|规范性文件|行政许可|行政处罚|行政强制|收费|处理费|公开|发布|废止|现行有效)"
)
_SPEAKS = re.compile(r"\d|[一二两三四五六七八九十百千][件宗份起条部]|未|没|无|零|全部|均")
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without white space, and the first words of the heading it stands under; ``quote`` is as written."""

    text: str
    quote: str
    heading: str = ""


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a section that may say something in figures, in order."""
    for heading, paragraph in _paragraphs(_unified(text[:LONGEST_TEXT])):
        for whole in _END.split(paragraph):
            for start in range(0, len(whole), LONGEST):
                piece = whole[start : start + LONGEST]
                if _SPEAKS.search(piece) and _WORTH.search(piece):
                    yield Sentence(_NUMERAL.sub(_as_digits, piece), piece, heading)


def _unified(text: str) -> str:
    text = _SPACE.sub("", text.translate(_DIGITS))
    text = _THOUSANDS.sub(lambda found: found.group().replace(",", ""), text)
    return _TITLE.sub("《》", text)


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """The text between headings, each with the first words of its heading; lines are joined."""
    starts = [found.start() for found in _HEADING.finditer(text)]
    for start, end in zip([0, *starts], [*starts, len(text)], strict=True):
        block = text[start:end]
        first = re.split(r"[\n。，,]", _HEADING.sub("", block, count=1), maxsplit=1)[0]
        heading = first[:20] if start or _HEADING.match(block) else ""
        line, _, rest = block.partition("\n")
        alone = heading and len(line) <= len(heading) + 6
        yield heading, (f"{line}。{rest}" if alone else block).replace("\n", "")


def _as_digits(found: re.Match[str]) -> str:
    return str(number(found.group(1)))


def number(numeral: str) -> int:
    """The value of a Chinese numeral below a hundred million, spoken (一百零三, 两) or spelt (二〇二四)."""
    if not set(numeral) & set(_UNITS):
        return int("".join(str(_digit(sign)) for sign in numeral))
    total = below = digit = 0
    for sign in numeral:
        unit = _UNITS.get(sign)
        if unit is None:
            digit = _digit(sign)
        elif unit == 10_000:
            total, below, digit = (total + below + digit) * unit, 0, 0
        else:
            below, digit = below + (digit or 1) * unit, 0
    return total + below + digit


def _digit(sign: str) -> int:
    return 2 if sign == "两" else "零一二三四五六七八九".find("零" if sign == "〇" else sign)

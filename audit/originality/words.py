"""A report's own words, and how much of them another text shares. Pure; one report takes a tenth of a millisecond."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from audit.report import Report

SHINGLE = 6
"""Characters of a shingle: long enough that the terms of the trade alone make few."""
FEWEST = 100
"""Texts of fewer different shingles are too short to be called copied."""
_SECTIONS = ("overview", "problems")
_LONGEST_PASSAGE = 60
_KEPT = 4  # two rules ask for the same two texts

Shingles = frozenset[str]

_QUOTED = re.compile(r"《[^》]{0,60}》|〔?\d{4}〕?\d{1,4}号|[“”\"']")
_SAID_BY_ALL = re.compile(
    r"习近平|党的[一二三四五六七八九十]{1,3}[大届]|中央全会|党中央|国务院|条例|为人民服务|以人民为中心|为指导|应公开尽公开|公开为常态|公开是常态"
    r"|不公开为例外|统计期限|数据截[至止]|编制本报告|本报告由|本(?:年度)?报告(?:中)?(?:所列|电子版)|联系(?:电话|地址|方式)|邮政?编[码]?|六个?部分组成"
)
_CLAUSE = re.compile(r"[^。，；！？,;!?]+")
_NUMERAL = re.compile(
    r"[0-9][0-9.,%万亿]*|[〇零一二三四五六七八九十百千两]+(?=[条件次期个份年月日场篇项人])|第?[一二三四五六七八九十]+(?=[是、）)])"
)
_YEAR = re.compile(r"0年(?:度|以来)?|一年来|今年(?:以来)?|本年度?|去年|上年度?")
_MARKS = re.compile(r"[\W_]+")
_SELF = re.compile(r"[我本该全][省市州盟县区旗镇乡街局委办厅部院处署站所](?:机关|系统)?|本(?:机关|单位|部门)|我单位")
_PLACE = re.compile(r"^.{2,12}?(?:自治区|省|市|自治州|州|盟|县|区|旗)(?=.)")


def own_words(report: Report, names: Iterable[str] = ()) -> str:
    """Sections one and five without figures, years, quoted titles, names of the organ and what every organ says.

    ``names`` are those of the organ and its place beside the one the report bears. Empty if both sections are.
    """
    text = "。".join("".join(report.sections[key].text.split()) for key in _SECTIONS if key in report.sections)
    return _stripped(text, frozenset((report.agency or "", *names)))


@lru_cache(maxsize=_KEPT)
def shingles(words: str, template: Shingles = frozenset()) -> Shingles:
    """Every run of ``SHINGLE`` characters, those of the template left out."""
    return frozenset(words[start : start + SHINGLE] for start in range(len(words) - SHINGLE + 1)) - template


def similarity(one: Shingles, other: Shingles) -> float:
    """Jaccard, 0 to 1; 0 where either is too short to be judged (``FEWEST``)."""
    if min(len(one), len(other)) < FEWEST:
        return 0.0
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def repeated(one: Shingles, other: Shingles) -> float:
    """The share of ``one`` that stands in ``other`` too, 0 to 1; 0 where ``one`` is too short to be judged."""
    return len(one & other) / len(one) if len(one) >= FEWEST else 0.0


def passage(words: str, other: Shingles) -> str:
    """The longest passage of ``words`` that stands in the other text, cut to 60 characters."""
    best = (0, 0)
    start: int | None = None
    for place in range(len(words) - SHINGLE + 2):
        if words[place : place + SHINGLE] in other:
            start = place if start is None else start
        elif start is not None:
            best = max(best, (place - start, start))
            start = None
    length, begin = best
    return words[begin : begin + min(length + SHINGLE - 1, _LONGEST_PASSAGE)] if length else ""


@lru_cache(maxsize=_KEPT)
def _stripped(text: str, names: frozenset[str]) -> str:
    text = _QUOTED.sub("", text)
    for name in sorted(_called(names), key=_longest_first):
        text = text.replace(name, "")
    text = "。".join(clause for clause in _CLAUSE.findall(text) if not _SAID_BY_ALL.search(clause))
    return _MARKS.sub("", _SELF.sub("", _YEAR.sub("", _NUMERAL.sub("0", text))))


def _called(names: Iterable[str]) -> set[str]:
    """The names, and the place each begins with."""
    full = {name for name in names if len(name) > 1}
    return full | {place[0] for name in full if (place := _PLACE.match(name))}


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name

"""What the sections of a report say, sentence by sentence, whatever stands around them and however it is set.

Two captures of one report are compared by this: the frame of the page, counters of views, the day of printing, white
space and punctuation are no part of it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from audit.report import Report

_FRAME = re.compile(
    r"(?:浏览|阅读|点击|访问)(?:次数|人次|量|数)?[:：]?\s*[(（\[]?\s*\d[\d,]*\s*[)）\]]?\s*次?"
    r"|(?:打印|发布|发文|更新|浏览|访问)(?:日期|时间)\s*[:：]?\s*20\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|字[号体]\s*[:：]?(?:\s*[【\[(（]?\s*[大中小]\s*[】\])）]?)+|[【\[](?:打印|关闭|打印本页|关闭窗口|返回顶部|收藏)[】\]]"
    r"|^[\s—-]*(?:第\s*)?\d{1,3}\s*页?(?:\s*/?\s*共?\s*\d{1,3}\s*页?)?[\s—-]*$",
    re.MULTILINE,
)
_END = re.compile(r"[。!?;！？；]")
_LONGEST_WORD = 30
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Passage:
    """The first words of a section that differ: ``before`` or ``now`` is empty where a sentence came or went."""

    before: str
    now: str


def sentences(report: Report, key: str) -> Mapping[str, str]:
    """The sentences of a section as printed, by what they say: letters and digits alone, in order."""
    section = report.sections.get(key)
    if section is None or not section.present:
        return {}
    parts = _END.split(_FRAME.sub("", section.text))
    # Behind the last full stop of a report stand its signature and its day, or the frame; a lone 无 is all it says.
    if key == "other_matters" and (len(parts) > 1 or len(_bare(parts[-1])) > _LONGEST_WORD):
        parts = parts[:-1]
    return {bare: "".join(part.split()) for part in parts if (bare := _bare(part))}


def digest(report: Report) -> str:
    """One short word for all that the sections say; another word for another text."""
    said = "\x1e".join("\x1f".join(sentences(report, key)) for key in report.sections)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def rewritten(before: Report, now: Report) -> dict[str, Passage]:
    """The sections of which both captures show text, where it says something else, and where it begins to."""
    if digest(before) == digest(now):
        return {}
    changed = {}
    for key in now.sections:
        then, text = sentences(before, key), sentences(now, key)
        if then and text and then.keys() != text.keys():
            changed[key] = _passage(_first(then, text), _first(text, then))
    return changed


def _first(printed: Mapping[str, str], other: Mapping[str, str]) -> str:
    return next((text for bare, text in printed.items() if bare not in other), "")


def _passage(before: str, now: str) -> Passage:
    """The two sentences from shortly before the place on where they part."""
    same = next((at for at, (one, other) in enumerate(zip(before, now, strict=False)) if one != other), None)
    start = max((min(len(before), len(now)) if same is None else same) - _SHOWN // 2, 0) if before and now else 0
    return Passage(*(f"{'…' * bool(start)}{text[start : start + _SHOWN]}{'…' * (len(text) > start + _SHOWN)}"
                     for text in (before, now)))  # fmt: skip


def _bare(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in normal if unicodedata.category(sign)[0] in "LN")

"""Whose report is it? The organ a document names, held against the one it is taken for. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

from rapidfuzz import fuzz
from rapidfuzz.distance import Prefix

from audit.report import Report


class Publisher(StrEnum):
    """``OURS`` under any of its names, ``ANOTHER`` for certain, ``DOUBTFUL`` where a person has to look."""

    OURS = "ours"
    DOUBTFUL = "doubtful"
    ANOTHER = "another"


def publisher(report: Report, names: Collection[str], others: Collection[str] = ()) -> Publisher | None:
    """Whether the organ that the report names is the one called ``names``; None if it names nobody.

    ``others`` are the names of organs known to be different ones.
    """
    agency = report.agency
    if agency is None:
        return None
    likeness = max((_likeness(agency, name) for name in names), default=0.0)
    if agency in names or (likeness >= _SAME and agency not in others):
        return Publisher.OURS
    if not _says_so_itself(report.sources.get("agency", "title")):
        return Publisher.DOUBTFUL
    return Publisher.ANOTHER if agency in others or likeness < _UNLIKE else Publisher.DOUBTFUL


_SAME, _ELSEWHERE, _DOUBT, _UNLIKE = 0.75, 0.7, 0.6, 0.5
# 示例县人民政府 + 青石街道办事处, 示例市教育局 + 考试院: a name of ours, and another organ.
_PART = re.compile(
    r"[^()（）]+(?:(?P<place>街道(?:办事处)?|[镇乡](?:人民政府)?)|(?:局|委员会|中心|[站队所院]|学校|公司))"
)
_COMMON = re.compile(r"人民政府|街道办事处|街道|办公[厅室]|管理委员会|委员会|管委会|[()（）\s]")
_PLACE = re.compile(r"^.{1,8}?[省市州盟县区旗]")
_PLACE_IN = re.compile(r"[一-龥]+(?:[市州盟县区旗镇乡]|街道)")
_REGION = re.compile(r"^.*[省市州盟县区旗]")


def _says_so_itself(source: str) -> bool:
    """Title and signature are the report's own words; 来源 and tags often name whoever runs the portal."""
    return source != "line" and (not source.startswith("meta ") or source == "meta articletitle")


def _likeness(one: str, other: str) -> float:
    """How alike two names of organs are, 0-1: the words of their own, without the region and 人民政府 or 委员会.

    A short form keeps characters of the long one in their order (市人社局). Organs of two places are not the same.
    """
    if other in one and (part := _PART.fullmatch(one.partition(other)[2])):
        return 0.0 if part["place"] else _DOUBT
    if _within(one, other) or _within(other, one):
        return 0.0
    if in_order(one, other) or in_order(other, one):
        return 1.0
    shared = _REGION.match(one[: Prefix.similarity(one, other)])
    start = shared.end() if shared else 0
    left, right = (_COMMON.sub("", name[start:]) for name in (one, other))
    likeness = 1.0 if left == right else fuzz.ratio(left, right) / 100
    places = [found.group() for name in (one, other) if (found := _PLACE.match(name))]
    elsewhere = len(places) == 2 and places[0] not in other and places[1] not in one
    return min(likeness, _ELSEWHERE) if elsewhere else likeness


def _within(name: str, longer: str) -> bool:
    """Whether the longer name is the same with a smaller place in it: 示例县 + 白水镇 + 人民政府."""
    if longer.endswith(name):
        return False  # a higher region in front
    start = Prefix.similarity(name, longer)
    return longer.endswith(name[start:]) and bool(_PLACE_IN.fullmatch(longer[start : len(longer) - len(name) + start]))


def in_order(name: str, longer: str) -> bool:
    """Whether the characters of a name stand in a longer one in this order."""
    rest = iter(longer)
    return all(sign in rest for sign in name)

"""Dates a document offers, each with its source; they are never mixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from audit.reading.number import normalise

_SHANGHAI = timezone(timedelta(hours=8))
_DIGITS = {c: str(n) for n, c in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0", "O": "0"}
_DATE = re.compile(r"(20[0-4]\d)\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})")
_COMPACT = re.compile(r"(?<!\d)(20[0-4]\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d{7,})")
_LINES = (
    re.compile(r"(?:发布|公开|公布)(?:日期|时间)|信息日期|发[布表]于"),
    re.compile(r"(?:^|[\s|\]】])(?:日期|时间)\s*[:：]|^(?=20\d\d[-./年]).{8,30}(?:来源|浏览|点击|阅读)"),
    re.compile(r"(?:发文|成稿)(?:日期|时间)"),
)
_NEXT_LABEL = re.compile(r"(?:日期|时间)\s*[:：]?")
_URL = re.compile(r"(20[0-4]\d)[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])?(?!\d{3})")
_META = (
    "pubdate",
    "publishdate",
    "publish_date",
    "publishtime",
    "publish-time",
    "article:published_time",
    "pubtime",
    "firstpublishedtime",
    "createdate",
    "dc.date",
    "date",
)


def find_date(text: str) -> date | None:
    """The first calendar date in a text: 2022-01-20, 2022年1月20日, 20220120; None if there is none."""
    for match in (*_DATE.finditer(text), *_COMPACT.finditer(text)):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return None


def declared(meta: Mapping[str, str], lines: Iterable[str], year: int | None = None) -> tuple[date | None, str | None]:
    """The date of publication the page declares, and where: PubDate meta and relatives, then a 发布日期 line.

    A line with a day before the end of the reported ``year`` speaks of something else.
    """
    for name in _META:
        if name in meta and (found := find_date(meta[name])):
            return found, f"meta {name}"
    known = list(lines)
    for pattern in _LINES:
        for line in known:
            said = next((day for mark in pattern.finditer(line) if (day := _beside(line, mark))), None)
            if said and (year is None or said[0].year > year):
                return said
    return None, None


def _beside(line: str, mark: re.Match[str]) -> tuple[date, str] | None:
    """The date behind a label, before the next label of a date."""
    said = line[mark.start() : mark.start() + 60]
    if other := _NEXT_LABEL.search(said, len(mark[0])):
        said = said[: other.start()]
    day = find_date(said)
    return (day, "line " + said[:40].strip()) if day else None


def signed(lines: Iterable[str]) -> date | None:
    """The date of signature: a line at the end that is nothing but a date, in figures or Chinese numerals."""
    for line in lines:
        packed = "".join(normalise(line).split()).strip("()。.")
        if len(packed) <= 14 and (found := find_date(packed) or chinese_date(packed)):
            return found
    return None


def chinese_date(text: str) -> date | None:
    """二〇二二年一月二十日 to a date."""
    match = re.fullmatch(
        r"(二[〇零○O]二?[〇零○一二三四五六七八九])年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日",
        text,
    )
    if not match:
        return None
    try:
        return date(int("".join(_DIGITS[c] for c in match[1])), _small(match[2]), _small(match[3]))
    except (ValueError, KeyError):
        return None


def chinese_year(text: str) -> int | None:
    """The year in 二〇二一年, if one stands there."""
    match = re.search(r"二[〇零○O][一二三四][〇零○O一二三四五六七八九](?=年)", text)
    return int("".join(_DIGITS[c] for c in match[0])) if match else None


def _small(text: str) -> int:
    """一 … 三十一 to 1 … 31."""
    if "十" not in text:
        return int(_DIGITS[text])
    tens, ones = text.split("十", 1)
    return (int(_DIGITS[tens]) if tens else 1) * 10 + (int(_DIGITS[ones]) if ones else 0)


def in_address(url: str) -> date | None:
    """The day an address carries (t20220120_1.html, /2022/01/20/); an address with a month only gives none."""
    for match in _URL.finditer(url):
        if match[3]:
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                continue
    return None


def last_modified(header: str | None) -> date | None:
    """The Last-Modified header as a day in Asia/Shanghai."""
    if not header:
        return None
    try:
        moment: datetime = parsedate_to_datetime(header)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(_SHANGHAI).date()

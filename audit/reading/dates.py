"""Dates a document offers, each with its source; they are never mixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from audit.reading.number import normalise

_SHANGHAI = timezone(timedelta(hours=8))
_NUMERAL = "〇零○◯OОＯo0一二三四五六七八九"
_DIGITS = {c: str(n) for n, c in enumerate("〇一二三四五六七八九")} | dict.fromkeys("零○◯OОＯo0", "0")
_DATE = re.compile(r"(20[0-4]\d)\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})")
_COMPACT = re.compile(r"(?<!\d)(20[0-4]\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d{7,})")
_WRITTEN = re.compile(
    rf"(二[{_NUMERAL}]{{3}})年(元|[一二三四五六七八九十]{{1,3}})月([一二三四五六七八九十廿卅]{{1,3}})日"
)
_YEAR = re.compile(rf"二[{_NUMERAL[:9]}][{_NUMERAL}]{{2}}(?=年)")
_MOMENT = re.compile(r"(20[0-4]\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d)\b")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_WORDY = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) \d\d:\d\d:\d\d (?:CST|GMT\+08:00) (20[0-4]\d)")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
# 打印日期, 有效期, 更新时间 … are days of something else.
_OTHER = (
    "打印|有效|失效|更新|修改|当前|现在|系统|成文|签发|印发|制发|实施|施行|起始|截止|开始|结束|办结|答复|受理"
    "|生效|废止|访问|统计"
)
_LINES = (
    re.compile(
        r"(?:发布|公开|公布|发表|刊发|上网|上传|信息|录入|添加)(?:日期|时间)|发[布表]于|(?:^|[\s|\[【])发布\s*[:：]\s*(?=20\d\d)"
    ),
    re.compile(
        r"(?:(?<![\u4e00-\u9fff])|来源\s*[:：]\s*[\u4e00-\u9fff()（）]{2,30}?)"
        rf"(?<!{_OTHER})(?:日期|时间)\s*(?:[:：]|(?=20\d\d))"
        r"|^(?=20\d\d[-./年]).{8,30}(?:来源|浏览|点击|阅读)"
        r"|来源\s*[:：]\s*[\u4e00-\u9fff()（）]{2,30}\s*[|\]】]?\s*(?=20\d\d[-./年])"
    ),
    re.compile(r"(?:发文|成稿|生成)(?:日期|时间)"),
)
_NEXT_LABEL = re.compile(r"(?:日期|时间|有效期)\s*[:：]?")
_TELLING = re.compile(r"[间期]|来源|发[布表]|浏览|点击|阅读")
_SPREAD = re.compile(r"(?<=[日时发公])\s+(?=[期间布开])")
_LONGEST_LINE = 200
_URL = re.compile(r"(20[0-4]\d)[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])?(?!\d{3})")
TAGS = (
    "pubdate",
    "publishdate",
    "publish_date",
    "publishtime",
    "publish-time",
    "article:published_time",
    "pubtime",
    "firstpublishedtime",
    "datepublished",
    "createdate",
    "dc.date",
    "date",
)
"""Names of page tags that tell the day of publication, the weightiest first."""


def find_date(text: str) -> date | None:
    """The first calendar date in a text: 2022-01-20, 2022年1月20日, 20220120; None if there is none."""
    for match in (*_DATE.finditer(text), *_COMPACT.finditer(text)):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return _written(text)


def stamp(text: str) -> date | None:
    """The day in Asia/Shanghai of a machine's time stamp: seconds or milliseconds since 1970, ISO 8601, or a date."""
    text = text.strip()
    try:
        if _EPOCH.fullmatch(text):
            moment = datetime.fromtimestamp(int(text[:10]), _SHANGHAI).date()
            return moment if 2008 <= moment.year < 2050 else None
        if match := _MOMENT.search(text):
            return datetime.fromisoformat(match[1] + match[2]).astimezone(_SHANGHAI).date()
        if match := _WORDY.search(text):
            return date(int(match[3]), _MONTHS.index(match[1]) // 3 + 1, int(match[2]))
    except ValueError:
        return None
    return find_date(text)


def declared(meta: Mapping[str, str], lines: Iterable[str], year: int | None = None) -> tuple[date | None, str | None]:
    """The date of publication the page declares, and where: PubDate meta and relatives, then a 发布日期 line.

    A line with a day before the end of the reported ``year`` speaks of something else. Of a tag and a line that
    differ the earlier day stands, for systems renew their tags when a portal moves; the source names both.
    """
    tags = ((name, stamp(meta[name])) for name in (*TAGS, "script.date") if name in meta)
    tag = next(((day, name) for name, day in tags if day), None)
    known = [_even(line) for line in lines if len(line) <= _LONGEST_LINE and _TELLING.search(line)]
    for rank, pattern in enumerate(_LINES):
        if tag and rank:
            break
        for line in known:
            said = next((day for mark in pattern.finditer(line) if (day := _beside(line, mark))), None)
            if said and (year is None or said[0].year > year):
                if not tag or said[0] == tag[0]:
                    return said if not tag else (tag[0], f"meta {tag[1]}")
                if said[0] < tag[0]:
                    return said[0], f"{said[1]}; meta {tag[1]}: {tag[0]}"
    return (tag[0], f"meta {tag[1]}") if tag else (None, None)


def _even(line: str) -> str:
    """Full-width figures as plain ones, 日　期 without its space."""
    return _SPREAD.sub("", normalise(line))


def _beside(line: str, mark: re.Match[str]) -> tuple[date, str] | None:
    """The date behind a label, before the next label of a date."""
    said = line[mark.start() : mark.end() + 50]
    if other := _NEXT_LABEL.search(said, len(mark[0])):
        said = said[: other.start()]
    day = find_date(said)
    return (day, "line " + said[:40].strip()) if day else None


_SIGNED = re.compile(r"(?P<who>.*?)(?P<day>20\d\d[-./年]\d{1,2}[-./月]\d{1,2}日?|二.{3}年.{1,3}月.{1,3}日)")
_SIGNER = re.compile(r"[\u4e00-\u9fff()、]{3,30}(?<!于)(?<!至)(?<!截止)(?<!日期)(?<!时间)")
_WRITTEN_ON = re.compile(r"(?:成文|签发|落款)(?:日期|时间)\s*[:：]?")


def signed(lines: Iterable[str]) -> tuple[date | None, str | None]:
    """The date of signature and its line: nothing but a date, or the signing agency and a date, or 成文日期."""
    known = list(lines)
    for line in known:
        packed = "".join(normalise(line).split()).strip("()。.")
        if len(packed) > 45 or not (match := _SIGNED.fullmatch(packed)):
            continue
        if (not match["who"] or _SIGNER.fullmatch(match["who"])) and (day := find_date(match["day"])):
            return day, f"line {packed}"
    for line in known:
        if (mark := _WRITTEN_ON.search(line)) and (said := _beside(line, mark)):
            return said
    return None, None


def signer(line: str) -> str | None:
    """Who signed, in a line of an agency and a date."""
    match = _SIGNED.fullmatch("".join(normalise(line).split()))
    return match["who"] if match and find_date(match["day"]) and _SIGNER.fullmatch(match["who"]) else None


def _written(text: str) -> date | None:
    """二〇二二年一月二十日 to a date."""
    for match in _WRITTEN.finditer("".join(text.split()) if "月" in text else ""):
        try:
            year = int("".join(_DIGITS[c] for c in match[1]))
            return date(year, 1 if match[2] == "元" else _small(match[2]), _small(match[3]))
        except (ValueError, KeyError):
            continue
    return None


def with_figures(text: str) -> str:
    """二〇二一年 as 2021年, so that one pattern reads both."""
    return _YEAR.sub(lambda match: "".join(_DIGITS[c] for c in match[0]), text)


def _small(text: str) -> int:
    """一 … 三十一 to 1 … 31, 廿 and 卅 too."""
    text = text.replace("廿", "二十").replace("卅", "三十")
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

"""Reading what endpoints send: JSON, JSONP and records in XML. Hostile until typed: bounded, nothing expanded or run.

XML is scanned for its records and never parsed, so entities and nesting cannot grow; JSON is refused beyond a depth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from bs4 import BeautifulSoup

from crawler.cms.links import target, title_of
from crawler.cms.page import Link, Page, clean, find_date
from crawler.cms.static import organ_beside

_DEEPEST = 60
_MOST_RECORDS = 5000
_JSONP = re.compile(r"^\s*[\w$.]{1,80}\s*\(")
_COLUMN_OF_ARTICLE = re.compile(r"/art_(\d+)_")
_CHINA = timezone(timedelta(hours=8))


class Malformed(Exception):
    """The reply is not what the endpoint of this system sends."""


def json_of(text: str) -> dict[str, Any]:
    """The object of a JSON or JSONP reply; raises ``Malformed`` for anything else, and for one that is nested deep."""
    bare = text.strip().removeprefix("\ufeff")
    if call := _JSONP.match(bare):
        bare = bare[call.end() :].rstrip().rstrip(";").rstrip().removesuffix(")")
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"不是 JSON / not JSON: {str(error)[:80]}") from None
    if not isinstance(value, dict) or _depth(value) > _DEEPEST:
        raise Malformed("JSON 的形状不对 / JSON of another shape")
    return value


def dig(value: object, *path: str) -> object:
    """The value at ``path`` of nested objects; None if any step is missing."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def rows_of(value: object) -> list[dict[str, Any]]:
    """A list of objects; raises ``Malformed`` if it is anything else."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) > _MOST_RECORDS:
        raise Malformed("没有条目的列表 / no list of entries")
    return value


def text_in(row: dict[str, Any], *names: str) -> str:
    """The first of the fields that holds text, without marks."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return BeautifulSoup(value, "lxml").get_text() if "<" in value else value.strip()
    return ""


def number_in(value: object) -> int | None:
    """A count, written as a number or as digits; None otherwise."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**7:
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,7}", value) else None


def day_in(row: dict[str, Any], *names: str) -> date | None:
    """The first of the fields that holds a day: as text, or as seconds or milliseconds since 1970."""
    for name in names:
        value = row.get(name)
        stamp = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{10,13}", value) else value
        if isinstance(stamp, int | float) and not isinstance(stamp, bool) and 10**8 < stamp < 10**14:
            seconds = stamp / 1000 if stamp > 10**11 else stamp
            return datetime.fromtimestamp(seconds, UTC).astimezone(_CHINA).date()
        if isinstance(value, str) and (found := find_date(value)):
            return found
    return None


def records(text: str) -> list[str]:
    """The HTML of each ``<record>`` of a datastore."""
    return [_unwrapped(part) for part in _between(text, "<record>", "</record>")]


def first_between(text: str, opening: str, closing: str) -> str | None:
    """What stands in the first such element, without its CDATA marks."""
    return next((_unwrapped(part) for part in _between(text, opening, closing)), None)


def links(page: Page, fragments: list[str]) -> tuple[tuple[Link, ...], int]:
    """One link for each piece of HTML, and how many pieces have none that can be followed."""
    found: list[Link] = []
    for fragment in fragments:
        soup = BeautifulSoup(f"<table>{fragment}</table>" if fragment.lower().startswith("<t") else fragment, "lxml")
        usable = ((anchor, target(page, anchor), title_of(anchor)) for anchor in soup.find_all("a"))
        entry = next(((anchor, url, title) for anchor, url, title in usable if url and title), None)
        if entry:
            anchor, url, title = entry
            context = clean(soup.get_text())[:200]
            found.append(Link(title, url, find_date(soup.get_text(" ")), organ_beside(anchor), context))
    return tuple(found), len(fragments) - len(found)


def with_query(url: str, **values: str | int) -> str:
    """The address with these parameters set, in the order they stand in."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | {name: str(value) for name, value in values.items()}
    return urlunsplit(parts._replace(query=urlencode(query)))


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def mark_leaks(items: tuple[Link, ...], column: str | None) -> tuple[Link, ...]:
    """Entries of other columns than ``column``, marked, if the list does hold some of its own (Hanweb addresses)."""
    of = {item.url: found[1] for item in items if (found := _COLUMN_OF_ARTICLE.search(item.url))}
    if column is None or column not in of.values():
        return items
    return tuple(replace(item, elsewhere=of.get(item.url, column) != column) for item in items)


def _between(text: str, opening: str, closing: str) -> Iterator[str]:
    ends = re.compile(re.escape(closing), re.IGNORECASE)
    at = 0
    for start in islice(re.finditer(re.escape(opening), text, re.IGNORECASE), _MOST_RECORDS):
        if start.end() < at:
            continue
        end = ends.search(text, start.end())
        if end is None:
            return
        yield text[start.end() : end.start()]
        at = end.end()


def _unwrapped(text: str) -> str:
    return text.strip().removeprefix("<![CDATA[").removesuffix("]]>").strip()


def _depth(value: object) -> int:
    """How deep lists and objects nest, counted level by level so that no input can exhaust the stack."""
    level, deep = [value], 0
    while level and deep <= _DEEPEST:
        deep += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return deep

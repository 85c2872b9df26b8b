"""Where on its portal a page says it stands: 当前位置：首页 > 政务公开 > 政府信息公开年报."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from audit.reading.number import normalise

# In the source of the page, for the links of the path are often parted by style sheets alone.
_LABEL = re.compile(r"(?:当前|目前|所在|所处|您的|你的|您现在的?|你现在的?)的?位置(?:是|为)?")
_MARKED = re.compile(
    r"<(?:div|ul|ol|nav|p|span|td|section)\b[^<>]{0,200}?\b(?:class|id)\s*=\s*[\"']?[^\"'<>]{0,80}?"
    r"(?:bread|crumb|dqwz|weizhi|curpos|location|position|site-?path|nav-?path)[^<>]*>",
    re.I,
)
_HOME = re.compile(r"(?:网站|本站|门户|.{2,20}(?:网|政府))?(?:首页|主页)|.{2,20}(?:门户网站|政府网|公开网)")
_PARTS = re.compile(r"[>＞»›→/|｜\\]+|::|->|&gt;")
_CLOSED = re.compile(r"</(?:div|ul|ol|nav|td|tr|p|section|h\d)\b|<(?:table|h\d|script|style|body)\b", re.I)
_OVER = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.I | re.S)
_SLICE = 3000
_LONGEST_WORD = 40
_MOST_WORDS = 12


def breadcrumb(html: str) -> tuple[str, ...]:
    """The words of the path, outermost first; () where the page names none. A lone word is no path."""
    for place, labelled in _starts(html):
        words = _words(html[place : place + _SLICE])
        if len(words) >= 2 and (labelled or _HOME.fullmatch(words[0])):
            return words
    return ()


def in_line(text: str) -> tuple[str, ...]:
    """首页 > 政务公开 > 年报, a line that names a path without saying so."""
    parts = tuple(part for part in (part.strip() for part in _PARTS.split(text)) if part)
    path = 2 <= len(parts) <= _MOST_WORDS and bool(_HOME.fullmatch(parts[0]))
    return parts if path and max(map(len, parts)) <= _LONGEST_WORD else ()


def _starts(html: str) -> Iterator[tuple[int, bool]]:
    place = html.find("位置")
    while place >= 0:
        if match := _LABEL.search(html, max(0, place - 6), place + 4):
            yield match.end(), True
        place = html.find("位置", place + 2)
    for match in _MARKED.finditer(html):
        yield match.end(), False


def _words(source: str) -> tuple[str, ...]:
    """The texts of a path up to the end of its container; a container that held only the label is left behind."""
    source = _OVER.sub("", source)
    words: list[str] = []
    place = 0
    for tag in re.finditer(r"<[^>]*>|<[^>]*$", source):
        words += _split(source[place : tag.start()])
        place = tag.end()
        if words and _CLOSED.match(tag[0]):
            return tuple(words[:_MOST_WORDS])
    return tuple((words + _split(source[place:]))[:_MOST_WORDS])


def _split(text: str) -> list[str]:
    text = normalise(unescape(text)).replace("\n", " ")
    parts = (part.strip(" :·•.-") for part in _PARTS.split(text))
    return [part for part in parts if part and len(part) <= _LONGEST_WORD]

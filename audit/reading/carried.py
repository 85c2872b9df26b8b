"""HTML that a page carries without showing it itself: in strings of its scripts, in frames, text areas, templates.

gkmlpt and its kin send the article as JSON and let the reader's browser draw it; other systems answer with nothing but
JSON or XML. Strings are read as the script would, escapes of any depth undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

CARRIER = re.compile(r"<\s*(?:table|td|p)\b", re.I)
"""What makes a string worth reading as a part of the page."""
_LEAST = 400
_DEEPEST = 3
_SENT = re.compile(r"^\ufeff?\s*(?:[\w.$]+\s*\()?\s*(?:[{\[]\s*[\"{\[]|\"\s*(?:<|\\u003c|\\*[{\[]))", re.I)
_STRING = r'"(?:[^"\\{0}]++|\\.)*+"|\'(?:[^\'\\{0}]++|\\.)*+\'|`(?:[^`\\]++|\\.)*+`'
# First as the script means it; then, where a stray quote put that out of step, each kind of quote by itself.
_STRINGS = (
    re.compile(_STRING.format(r"\n"), re.S),
    re.compile(r'"(?:[^"\\]++|\\.)*+"', re.S),
    re.compile(r"'(?:[^'\\]++|\\.)*+'", re.S),
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(\r?\n)|(.))", re.S)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "", "f": "", "v": "", "0": ""}
_FACTS = {
    "script.title": r"(?:article)?title",
    "script.date": r"(?:display_?|first_?)?publi(?:sh|c)_?(?:ed)?_?(?:time|date)(?:_?str)?|pub_?(?:date|time)",
    "script.source": r"publisher|contentsource|source_?name|(?:pub)?dept_?name",
}
_NEAR = 3000


def is_sent(text: str) -> bool:
    """Whether the whole document is a reply in JSON (or JSONP), not a page."""
    return bool(_SENT.match(text))


def carried_in_script(source: str, depth: int = 0) -> Iterator[tuple[str, int]]:
    """HTML in the strings of a script or of JSON, each with the place in the source where it begins."""
    if depth >= _DEEPEST:
        return
    for pattern in _STRINGS:
        found = False
        for raw, place in _joined(pattern, source):
            if len(raw) < _LEAST:
                continue
            text = _unescaped(raw)
            if CARRIER.search(text) and not is_sent(text):
                found = True
                yield text, place
            elif is_sent(text):
                for inner, _ in carried_in_script(text, depth + 1):
                    found = True
                    yield inner, place
        if found:
            return


def plain(content: str) -> str:
    """Content of an element or attribute as HTML: escapes are undone until tags appear, three times at most."""
    for _ in range(_DEEPEST):
        if CARRIER.search(content) or "&" not in content:
            break
        content = unescape(content)
    return content


def facts_beside(source: str, place: int) -> dict[str, str]:
    """Title, date and source that stand next to an article in its script, under ``script.…`` names."""
    end = _end_of_string(source, place)
    start = place - _reach(source[max(0, place - _NEAR) : place][::-1], "{", "}")
    stop = end + _reach(source[end : end + _NEAR], "}", "{")
    found: dict[str, tuple[int, str]] = {}
    for first, last in ((start, place), (end, stop)):
        for match in _PAIR.finditer(source, first, last):
            away = min(abs(match.start() - place), abs(match.start() - end))
            value = _unescaped(match["text"][1:-1]) if match["text"] else match["number"]
            for name in (name for name, pattern in _KEYS.items() if pattern.fullmatch(match["key"])):
                if value.strip() and (name not in found or away < found[name][0]):
                    found[name] = (away, value.strip())
    return {name: value for name, (_, value) in found.items()}


def _reach(text: str, closing: str, opening: str) -> int:
    """How far the object that a text begins in goes on; objects inside it are passed over."""
    depth = 0
    for place, character in enumerate(text):
        if character == opening:
            depth += 1
        elif character == closing:
            if not depth:
                return place
            depth -= 1
    return len(text)


_PAIR = re.compile(
    r"[\"']?\b(?P<key>[A-Za-z_]{3,30})[\"']?\s*[:=]\s*"
    r"(?:(?P<text>\"(?:[^\"\\\n]|\\.){1,200}\"|'(?:[^'\\\n]|\\.){1,200}')|(?P<number>\d{10}(?:\d{3})?)\b)"
)
_KEYS = {name: re.compile(pattern, re.I) for name, pattern in _FACTS.items()}


def _end_of_string(source: str, place: int) -> int:
    for pattern in _STRINGS:
        if match := pattern.match(source, place):
            return match.end()
    return place


def _joined(pattern: re.Pattern[str], source: str) -> Iterator[tuple[str, int]]:
    """Strings without their quotes; those added to each other with + as one."""
    parts: list[str] = []
    begin = end = 0
    for match in pattern.finditer(source):
        if parts and source[end : match.start()].strip() != "+":
            yield "".join(parts), begin
            parts = []
        if not parts:
            begin = match.start()
        parts.append(match[0][1:-1])
        end = match.end()
    if parts:
        yield "".join(parts), begin


def _unescaped(raw: str) -> str:
    text = _ESCAPE.sub(_character, raw) if "\\" in raw else raw
    if re.search(r"[\ud800-\udfff]", text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if re.search("%3C(?:table|p|div)", text, re.I):
        text = re.sub(r"%u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), unquote(text))
    return plain(text)


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else ""
    if match[4]:
        return ""
    return _LETTERS.get(match[5], match[5])

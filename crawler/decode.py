"""Bytes to text: BOM, strict UTF-8, strict GB18030, the declared charset, parts in both, last a lossy reading.

Headers are not asked first: many portals declare UTF-8 over GBK pages, and guessing libraries misread short ones.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

_OF_NO_PAGE = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text, the encoding that gave it, the one declared, and whether signs were lost."""

    text: str
    encoding: str
    declared: str | None = None
    lossy: bool = False

    @property
    def conflict(self) -> bool:
        """The page is not written in the encoding it declares."""
        return self.declared is not None and _family(self.declared) != _family(self.encoding)


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Text of ``body``; never raises. ``content_type`` is the header's value, used for the declared charset only."""
    declared = _declared(body, content_type)
    text, encoding, lossy = next(_readings(body, declared))
    return Decoded(text, encoding, declared, lossy)


def _readings(body: bytes, declared: str | None) -> Iterator[tuple[str, str, bool]]:
    """Text, encoding, and whether signs were lost: the surest reading first."""
    for bom, encoding in _BOMS:
        if body.startswith(bom) and (text := _strict(body, encoding)) is not None:
            yield text, encoding, False
    if (text := _strict(body, "utf-8")) is not None:
        yield text, "utf-8", False
    # A title cut in the middle of a sign: almost all UTF-8, yet strict GB18030 would read it as other signs.
    if (text := _nearly(body, "utf-8")) is not None:
        yield text, "utf-8", True
    for candidate in ("gb18030", declared):
        text = _strict(body, candidate) if candidate else None
        # UTF-8 with a footer in GBK now and then passes for GB18030, of signs that nobody writes.
        if candidate and text is not None and (_family(candidate) != "gb" or _usual(text)):
            yield text, candidate, False
    if (text := _in_parts(body)) is not None:
        yield text, "utf-8+gb18030", False
    if (text := _nearly(body, "gb18030")) is not None:
        yield text, "gb18030", True
    fallback = declared if declared and _known(declared) else _likelier(body)
    yield body.decode(fallback, errors="replace"), fallback, True


def _declared(body: bytes, content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type or "")
    if found:
        return found[1].lower()
    meta = _META.search(body[:4096])
    return meta[1].decode("ascii", errors="replace").lower() if meta else None


def _strict(body: bytes, encoding: str) -> str | None:
    if not _known(encoding):
        return None
    try:
        return body.decode(encoding)
    except UnicodeError:
        return None


def _nearly(body: bytes, encoding: str) -> str | None:
    """The text if at most one sign in twenty beyond ASCII was lost."""
    text = body.decode(encoding, errors="replace")
    lost = text.count("\ufffd")
    return text if lost * 20 <= sum(sign > "\x7f" for sign in text) else None


def _in_parts(body: bytes) -> str | None:
    """The text of a page put together from parts in two encodings: every run up to a tag by itself."""
    texts = [_strict(part, "utf-8") or _strict(part, "gb18030") for part in re.split(rb"(?=<)", body) if part]
    text = "".join(one for one in texts if one is not None)
    return text if None not in texts and _usual(text) else None


def _usual(text: str) -> bool:
    """Nine in ten of the signs beyond ASCII are those of everyday Chinese."""
    beyond = "".join(sign for sign in text if sign > "\x7f")
    return len(beyond.encode("gb2312", "ignore").decode("gb2312")) * 10 >= len(beyond) * 9


def _known(encoding: str) -> bool:
    """Whether a page can be written in it: Python also knows codecs that take no bytes, or make half characters."""
    try:
        "".encode(encoding)  # only text has one
        return codecs.lookup(encoding).name not in _OF_NO_PAGE
    except (LookupError, UnicodeError):
        return False


def _likelier(body: bytes) -> str:
    return min(("utf-8", "gb18030"), key=lambda name: body.decode(name, errors="replace").count("\ufffd"))


def _family(encoding: str) -> str:
    name = encoding.lower().replace("_", "-")
    if name in {"gbk", "gb2312", "gb18030", "cp936", "x-gbk"}:
        return "gb"
    return "utf-8" if name in {"utf-8", "utf8", "utf-8-sig"} else name

"""Bytes to text: BOM, strict UTF-8, strict GB18030, the declared charset, and last a lossy reading that says so.

Headers are not asked first: many portals declare UTF-8 over GBK pages, and guessing libraries misread short ones.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

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
    for bom, encoding in _BOMS:
        if body.startswith(bom) and (text := _strict(body, encoding)) is not None:
            return Decoded(text, encoding, declared)
    if (text := _strict(body, "utf-8")) is not None:
        return Decoded(text, "utf-8", declared)
    # A title cut in the middle of a sign: almost all UTF-8, yet strict GB18030 would read it as other signs.
    if (text := _nearly(body, "utf-8")) is not None:
        return Decoded(text, "utf-8", declared, lossy=True)
    for candidate in ("gb18030", declared):
        if candidate and (text := _strict(body, candidate)) is not None:
            return Decoded(text, candidate, declared)
    if (text := _nearly(body, "gb18030")) is not None:
        return Decoded(text, "gb18030", declared, lossy=True)
    fallback = declared if declared and _known(declared) else _likelier(body)
    return Decoded(body.decode(fallback, errors="replace"), fallback, declared, lossy=True)


def _declared(body: bytes, content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type or "")
    if found:
        return found[1].lower()
    meta = _META.search(body[:4096])
    return meta[1].decode("ascii", errors="replace").lower() if meta else None


def _strict(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _nearly(body: bytes, encoding: str) -> str | None:
    """The text if at most one sign in twenty beyond ASCII was lost."""
    text = body.decode(encoding, errors="replace")
    lost = text.count("\ufffd")
    return text if lost * 20 <= sum(sign > "\x7f" for sign in text) else None


def _known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _likelier(body: bytes) -> str:
    return min(("utf-8", "gb18030"), key=lambda name: body.decode(name, errors="replace").count("\ufffd"))


def _family(encoding: str) -> str:
    name = encoding.lower().replace("_", "-")
    if name in {"gbk", "gb2312", "gb18030", "cp936", "x-gbk"}:
        return "gb"
    return "utf-8" if name in {"utf-8", "utf8", "utf-8-sig"} else name

"""Bytes of a page to text: byte order mark, strict UTF-8, strict GB18030, as declared, then lossy and flagged."""

from __future__ import annotations

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-]+)", re.I)


def decode(data: bytes, declared: str | None = None) -> tuple[str, str, bool]:
    """The text without NUL characters, its encoding and whether characters were lost."""
    text, encoding, lossy = _decode(data, declared)
    return text.replace("\0", ""), encoding, lossy


def _decode(data: bytes, declared: str | None) -> tuple[str, str, bool]:
    """The text, the encoding that gave it, and whether characters were lost.

    A declared encoding comes late because headers lie more often than a strict decoder succeeds by chance.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding, False
            except UnicodeDecodeError:
                break
    names = ["utf-8", "gb18030"]
    names += [name for name in (declared, _in_page(data)) if name]
    for name in names:
        try:
            return data.decode(name), name, False
        except (UnicodeDecodeError, LookupError):
            continue
    # Mostly-GBK pages with a few torn bytes are as common as mostly-UTF-8 ones: keep the reading that loses less.
    lossy = {name: data.decode(name, errors="replace") for name in ("utf-8", "gb18030")}
    best = min(lossy, key=lambda name: lossy[name].count("\ufffd"))
    return lossy[best], best, True


def _in_page(data: bytes) -> str | None:
    match = _DECLARED.search(data[:4096])
    return match[1].decode("ascii") if match else None

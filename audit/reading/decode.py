"""Bytes of a page to text: byte order mark, UTF-16 by its zeros, strict UTF-8, strict GB18030, mixed, then lossy."""

from __future__ import annotations

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-]+)", re.I)
_HEAD = 64 * 1024
_USUAL = 0.9


def decode(data: bytes, declared: str | None = None) -> tuple[str, str, bool]:
    """The text without NUL characters, its encoding and whether characters were lost."""
    text, encoding, lossy = _decode(data, declared)
    return text.replace("\0", ""), encoding, lossy


def unmarked_utf16(data: bytes) -> str | None:
    """``utf-16-le`` or ``utf-16-be`` for bytes without a mark whose zeros stand in one half of the units."""
    head = data[: min(len(data), _HEAD) // 2 * 2]
    even, odd = head[::2].count(0), head[1::2].count(0)
    # Tags, digits and line breaks give the zeros; the other half has those of a few characters like 一 (4E00).
    if max(even, odd) < max(4, len(head) // 200) or min(even, odd) * 3 > max(even, odd):
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = head.decode(encoding, "replace")
    return encoding if text.count("\ufffd") <= 1 and _usual(text) >= _USUAL else None


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
    if encoding := unmarked_utf16(data) or "":
        text = data.decode(encoding, "replace")
        return text, encoding, "\ufffd" in text
    for name in ["utf-8", "gb18030", *(name for name in (declared, _in_page(data)) if name)]:
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        # Torn UTF-8 now and then passes for GB18030, of characters that nobody writes.
        if not name.lower().startswith("gb") or _usual(text) >= _USUAL:
            return text, name, False
    return _pieces(data)


def _pieces(data: bytes) -> tuple[str, str, bool]:
    """A page put together from parts in two encodings, or with torn bytes: every run up to a tag by itself.

    The sign ``<`` is never part of a longer character, in either encoding.
    """
    readings = {name: data.decode(name, errors="replace") for name in ("utf-8", "gb18030")}
    best = max(readings, key=lambda name: _usual(readings[name]))
    other = "gb18030" if best == "utf-8" else "utf-8"
    texts = []
    used = {best}
    lossy = False
    for piece in re.split(rb"(?=<)", data):
        text, encoding = _piece(piece, best, other)
        texts.append(text)
        lossy |= encoding is None
        used.add(encoding or best)
    return "".join(texts), "+".join(sorted(used)), lossy


def _piece(piece: bytes, best: str, other: str) -> tuple[str, str | None]:
    """The text of one run; no encoding where characters were lost. Unusual characters speak for the other encoding."""
    texts = {}
    for name in (best, other):
        try:
            texts[name] = piece.decode(name)
        except UnicodeDecodeError:
            continue
        if _usual(texts[name]) >= _USUAL:
            return texts[name], name
    return (texts[best], best) if best in texts else (piece.decode(best, "replace"), None)


def _usual(text: str) -> float:
    """The share of the characters beyond ASCII that everyday Chinese uses; 1 where there are none."""
    plain = len(text.encode("ascii", "ignore"))
    usual = len(text.encode("gb2312", "ignore").decode("gb2312"))
    return (usual - plain) / (len(text) - plain) if len(text) > plain else 1.0


def _in_page(data: bytes) -> str | None:
    match = _DECLARED.search(data[:4096])
    return match[1].decode("ascii") if match else None

"""Secrets that do not print themselves, and the one redactor every outgoing text passes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus, urlsplit

MASK: Final = "***"
_ACK_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+[.．][0-9a-f]{8}[.．][A-Za-z0-9_-]+(?:[.．][A-Za-z0-9_.．-]*)?")
"""The token of a link (``notifiers.acklink``), whole or cut off, as it stands or with harmless dots.

A receiver may quote the message it refuses.
"""
_SHORTEST_PART: Final = 6  # a shorter part of an address ("/hook") is no secret and would blacken innocent words


class Secret:
    """A string that shows as ``***`` in every print, log, format and traceback; ``reveal()`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("秘密为空 / a secret is empty")
        self._value = value

    def reveal(self) -> str:
        """The value itself: for signing and sending only."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")


def masked(url: Secret) -> str:
    """An address for people: its host and eight hex digits that tell two hooks of one host apart."""
    digest = hashlib.sha256(url.reveal().encode()).hexdigest()[:8]
    try:
        host = urlsplit(url.reveal()).hostname
    except ValueError:
        host = None
    return f"{host or '?'}#{digest}"


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """``text`` without any spelling of the secrets: raw, percent-encoded, JSON-escaped, or the path of an address.

    The tokens of links to acknowledge by go as well.
    """
    spellings = {spelling for secret in secrets for spelling in _spellings(secret.reveal())}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return _ACK_TOKEN.sub(MASK, text)


def _spellings(value: str) -> set[str]:
    raw = {value, value.removeprefix("whsec_")} | _parts_of_address(value)
    encoded = {form(part) for part in raw for form in (quote, quote_plus, _percent_all, _json_inner)}
    return {spelling for spelling in raw | encoded if spelling}


def _percent_all(value: str) -> str:
    return quote(value, safe="")


def _json_inner(value: str) -> str:
    return json.dumps(value)[1:-1]


def _parts_of_address(value: str) -> set[str]:
    """What of an address is secret by itself: libraries print the path without the host."""
    if "://" not in value:
        return set()
    try:
        address = urlsplit(value)
    except ValueError:
        return set()
    parts = {address.path, address.query, *address.path.split("/")}
    parts |= {pair.partition("=")[2] for pair in address.query.split("&")}
    if address.password:
        parts.add(address.password)
    return {part for part in parts if len(part) >= _SHORTEST_PART}

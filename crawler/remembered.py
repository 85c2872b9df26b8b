"""What was seen in a page, remembered, so that a page whose bytes did not change is not parsed again.

A note a look, found by everything that the look depended on: the bytes of the page, its address and headers, what was
known when it was looked at, and the code that looked. It is an optimisation and never the truth: whatever is lost, torn
or of other code is parsed again, and a replay does not use it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from scrapy.http import Response

from crawler.classify import Outcome, Verdict
from crawler.cms.page import Link, ListPage, PageLink
from crawler.follow import Plan
from crawler.ledger import Visit
from crawler.looking import Onward, SeenList, SeenReport
from crawler.notes import Notes
from crawler.select import Choice, Kind

_AT_ONCE = 2
"""Threads that look. They share one interpreter with the event loop: more of them only take it from each other."""
_PARSERS = ("beautifulsoup4", "lxml", "scrapy")
_SHAPES = {
    one.__name__: one for one in (Choice, Link, ListPage, Onward, PageLink, Plan, SeenList, SeenReport, Verdict, Visit)
}
_ENUMS = {one.__name__: one for one in (Kind, Outcome)}

Facts = ParamSpec("Facts")
Seen = TypeVar("Seen")


class Remembered:
    """The looks at the pages of one portal. Threads may use it at once. ``parsed`` and ``recalled`` count looks."""

    def __init__(self, notes: Notes) -> None:
        self._notes, self._lock = notes, Lock()
        self.parsed = self.recalled = 0

    def see(
        self,
        look: Callable[Concatenate[Response, Facts], Seen],
        response: Response,
        *facts: Facts.args,
        **more: Facts.kwargs,
    ) -> Seen:
        """What ``look`` sees in the response. It must be pure, and its ``facts`` told apart by their ``repr``."""
        body = hashlib.sha256(response.body).hexdigest()
        key = repr([_code(), body, look.__name__, facts, sorted(more.items()), *_read_of(response)])
        try:
            seen: Seen = _decoded(json.loads(self._notes.get(key)))
        except KeyError:
            seen = look(response, *facts, **more)
            self._notes.put(key, json.dumps(_encoded(seen)).encode())
            self._count(parsed=1)
        else:
            self._count(recalled=1)
        return seen

    def close(self) -> None:
        """Let go of looks that nobody asked for. Raises OSError."""
        self._notes.close()

    def _count(self, *, parsed: int = 0, recalled: int = 0) -> None:
        with self._lock:
            self.parsed += parsed
            self.recalled += recalled


class Looks:
    """The looks of a run at pages of its ``portals``, beside the event loop; no ``folder``: none is remembered."""

    def __init__(self, folder: Path | None, portals: Iterable[str]) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "look")
        self._of = {name: Remembered(Notes(folder and folder / f"{quote(name, safe='')}.notes")) for name in portals}

    async def see(
        self,
        portal: str,
        look: Callable[Concatenate[Response, Facts], Seen],
        response: Response,
        *facts: Facts.args,
        **more: Facts.kwargs,
    ) -> Seen:
        """What ``look`` sees in a page of a portal."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self._of[portal].see(look, response, *facts, **more))

    def close(self) -> tuple[int, int]:
        """Let go of what nobody asked for; how many looks were parsed, and how many recalled."""
        for one in self._of.values():
            with contextlib.suppress(OSError):  # costs room, and nothing else
                one.close()
        return sum(one.parsed for one in self._of.values()), sum(one.recalled for one in self._of.values())


def _read_of(response: Response) -> list[object]:
    """All that a look reads of a response beside its body."""
    meta = response.meta
    lost = meta["lost"] if "render" in meta else None
    kind = response.headers.get("Content-Type")
    return [response.url, response.status, kind, meta.get("redirect_urls"), "render" in meta, lost]


@cache
def _code() -> str:
    """A digest of the code that looks, and of the libraries under it: what other code saw is not what this one sees."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode() + path.read_bytes())
    for name in (platform.python_version(), *map(version, _PARSERS)):
        digest.update(name.encode() + b"\n")
    return digest.hexdigest()


def _encoded(value: object) -> Any:
    """JSON that ``_decoded`` gives the same value from; anything but text, numbers and lists is named by its type."""
    if isinstance(value, Enum):
        return {type(value).__name__: value.value}
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, tuple):
        return [_encoded(one) for one in value]
    if isinstance(value, frozenset):
        return {"frozenset": sorted(value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if is_dataclass(value) and type(value).__name__ in _SHAPES:
        return {type(value).__name__: [_encoded(getattr(value, one.name)) for one in fields(value)]}
    raise TypeError(f"not of a look: {type(value).__name__}")


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(one) for one in value)
    if not isinstance(value, dict):
        return value
    ((name, inner),) = value.items()
    if name == "frozenset":
        return frozenset(inner)
    if name == "date":
        return date.fromisoformat(inner)
    return _ENUMS[name](inner) if name in _ENUMS else _SHAPES[name](*_decoded(inner))

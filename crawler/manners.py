"""When a group of servers may be asked next: delay, concurrency and pauses, kept by all processes of the machine.

Processes meet in small files. A seat is held by a lock for as long as a transfer lasts, so a killed process frees it;
the instant of the last request is read and written under a lock of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import quote

from crawler.classify import Outcome, Refused
from crawler.evidence import EvidenceError
from crawler.portal import Portal

JITTER = 0.5
"""A delay is a promise and is only ever prolonged, by up to this part of it."""

LONGEST_PAUSE = 120.0
"""Seconds that a request waits for a server that asked for time. Asked for more, it is not made."""

_LONGEST_MEMORY = 86_400.0
_LOOK_AGAIN = 0.05


@dataclass(slots=True)
class _Group:
    """Delay in seconds, and the open files of the seats and of the instants; none before the first request."""

    delay: float
    seats: int
    places: list[int]
    instants: int = -1


class Manners:
    """The turns of the groups of a run. ``directory``: where processes meet; None, if nothing is asked of a server.

    ``now`` gives seconds that all processes share. Raises ``EvidenceError`` where the files cannot be written.
    """

    def __init__(
        self,
        directory: str | Path | None,
        portals: Iterable[Portal],
        rng: Random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = Path(directory) if directory else None
        self._rng, self._now = rng, now
        self._groups: dict[str, _Group] = {}
        for portal in portals:  # the strictest of the portals of a group counts
            manners = portal.politeness
            group = self._groups.setdefault(portal.group, _Group(manners.delay, manners.concurrency, []))
            group.delay = max(group.delay, manners.delay)
            group.seats = min(group.seats, manners.concurrency)

    def concurrency(self) -> dict[str, int]:
        """How many requests at once each group takes."""
        return {name: group.seats for name, group in self._groups.items()}

    def slow_down(self, name: str, delay: float) -> None:
        """Leave at least ``delay`` seconds between the requests of a group (robots.txt asks for it)."""
        group = self._groups[name]
        group.delay = max(group.delay, delay)

    def pause(self, name: str, seconds: float) -> None:
        """Ask nothing of a group for so long, in no process, a day at most; requests that wait already wait on."""
        if self._folder is None:
            return
        group = self._opened(name)
        with _locked(group.instants):
            last, paused = _read(group.instants)
            _write(group.instants, last, max(paused, self._now() + min(seconds, _LONGEST_MEMORY)))

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a seat and for the time of the next request, and hold the seat while the body runs.

        Raises ``Refused`` if the server asked for more time than a request waits.
        """
        group = self._opened(name)
        seat = await _seat(group)
        try:
            delay = group.delay * (1 + JITTER * self._rng.random())
            while (rest := self._rest(group, max(delay, group.delay))) > 0:  # noqa: ASYNC110 -- prolonged meanwhile
                await asyncio.sleep(rest)
            yield
        finally:
            fcntl.flock(seat, fcntl.LOCK_UN)
            group.places.append(seat)

    def _rest(self, group: _Group, delay: float) -> float:
        """Seconds until the next request may start; if none are left it starts now, and is written down."""
        with _locked(group.instants):
            now = self._now()
            last, paused = _read(group.instants)
            if last > now or paused > now + _LONGEST_MEMORY:  # the clock was put back
                last = paused = 0.0
            if paused > now + LONGEST_PAUSE:
                until = datetime.fromtimestamp(paused, UTC).isoformat(timespec="seconds")
                raise Refused(Outcome.HTTP_5XX, f"服务器要求等到 / the server asked to wait until {until}")
            rest = max(last + delay, paused) - now
            if rest <= 0:
                _write(group.instants, now, paused)
            return rest

    def _opened(self, name: str) -> _Group:
        group = self._groups[name]
        if group.instants < 0:
            if self._folder is None:
                raise RuntimeError("a replay asks no server")
            stem = self._folder / quote(name, safe="")
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                group.instants = _open(stem.with_name(f"{stem.name}.last"))
                group.places = [_open(stem.with_name(f"{stem.name}.{number}")) for number in range(group.seats)]
            except OSError as error:
                raise EvidenceError(
                    f"抓取间隔记录写不进 / the record of delays cannot be written: {stem}: {error}"
                ) from error
        return group


async def _seat(group: _Group) -> int:
    while True:
        for place in list(group.places):
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # another process asks this group
            group.places.remove(place)
            return place
        await asyncio.sleep(_LOOK_AGAIN)


class _locked:  # noqa: N801 -- reads as a verb where it stands
    """Holds the lock of an open file for a moment."""

    def __init__(self, file: int) -> None:
        self._file = file

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _read(file: int) -> tuple[float, float]:
    """The instants of the last request and of the end of a pause; torn or never written, they hold nobody up."""
    try:
        last, paused = os.pread(file, 100, 0).split()
        return float(last), float(paused)
    except ValueError:
        return 0.0, 0.0


def _write(file: int, last: float, paused: float) -> None:
    try:
        os.pwrite(file, f"{last!r} {paused!r}".encode().ljust(64), 0)
    except OSError as error:
        raise EvidenceError(f"抓取间隔记录写不进 / the record of delays cannot be written: {error}") from error

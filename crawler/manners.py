"""When a group of servers may be asked next: delay, concurrency and pauses, kept by all processes of the machine.

Processes meet in small files. A seat is held by a lock for as long as a transfer lasts, so a killed process frees it;
the instant of the last request is read and written under a lock of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from urllib.parse import quote

from crawler.classify import Outcome, Refused
from crawler.evidence import EvidenceError
from crawler.opening import opened
from crawler.portal import Portal

JITTER = 0.5
"""A delay is a promise and is only ever prolonged, by up to this part of it."""

LONGEST_PAUSE = 120.0
"""Seconds that a request waits for a server that asked for time. Asked for more, it is not made."""

_LONGEST_MEMORY = 86_400.0
_LOOK_AGAIN = 0.05
_LONGEST_NAME = 200


@dataclass(slots=True)
class _Group:
    """Delay in seconds, and how many requests at once."""

    delay: float
    seats: int


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
            group = self._groups.setdefault(portal.group, _Group(manners.delay, manners.concurrency))
            group.delay = max(group.delay, manners.delay)
            group.seats = min(group.seats, manners.concurrency)
        self._places = {name: f"{self._folder}/{_file_of(name)}" for name in self._groups}

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
        with self._instants(name) as file:
            last, paused = _read(file)
            _write(file, last, max(paused, self._now() + min(seconds, _LONGEST_MEMORY)))

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a seat and for the time of the next request, and hold the seat while the body runs.

        Raises ``Refused`` if the server asked for more time than a request waits.
        """
        while (seat := self._seat(name)) is None:  # noqa: ASYNC110 -- no process hears of another's end
            await asyncio.sleep(_LOOK_AGAIN)
        try:
            spread = 1 + JITTER * self._rng.random()
            while (rest := self._rest(name, spread)) > 0:  # noqa: ASYNC110 -- prolonged meanwhile
                await asyncio.sleep(rest)
            yield
        finally:
            os.close(seat)

    def _rest(self, name: str, spread: float) -> float:
        """Seconds until the next request may start; if none are left it starts now, and is written down."""
        with self._instants(name) as file:
            now = self._now()
            last, paused = _read(file)
            if last > now or paused > now + _LONGEST_MEMORY:  # the clock was put back
                last = paused = 0.0
            if paused > now + LONGEST_PAUSE:
                until = datetime.fromtimestamp(paused, UTC).isoformat(timespec="seconds")
                raise Refused(Outcome.HTTP_5XX, f"服务器要求等到 / the server asked to wait until {until}")
            rest = max(last + self._groups[name].delay * spread, paused) - now
            if rest <= 0:
                _write(file, now, paused)
            return rest

    def _seat(self, name: str) -> int | None:
        """A seat, held by the lock of its open file; None if all are taken, here or by other processes."""
        for number in range(self._groups[name].seats):
            file = self._open(name, str(number))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
            else:
                return file
        return None

    @contextmanager
    def _instants(self, name: str) -> Iterator[int]:
        """The open and locked file of the instants of a group."""
        file = self._open(name, "last")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _open(self, name: str, what: str) -> int:
        """Opened for a turn and closed behind it: a run may have more groups than a process may have open files."""
        if self._folder is None:
            raise RuntimeError("a replay asks no server")
        path = f"{self._places[name]}.{what}"
        try:
            return opened(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise EvidenceError(
                f"抓取间隔记录写不进 / the record of delays cannot be written: {path}: {error}"
            ) from error


def _file_of(group: str) -> str:
    plain = quote(group, safe="")
    return plain if len(plain) < _LONGEST_NAME else sha256(group.encode()).hexdigest()


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

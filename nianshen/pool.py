"""Many files on all cores, each at arm's length: a file that crashes, hangs or bloats the reader costs only itself."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

LIMIT_SECONDS = 120.0
LIMIT_BYTES = 2 * 2**30
_SPAWN = multiprocessing.get_context("spawn")

Item = TypeVar("Item")
Result = TypeVar("Result")


class Lost(Exception):
    """The work on one item ended without a result. ``reason`` is ``crashed``, ``timeout`` or ``memory``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def each(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    limit: float = LIMIT_SECONDS,
    memory: int = LIMIT_BYTES,
    workers: int | None = None,
) -> Generator[Result | Lost]:
    """``work(item)`` for every item, in order, as soon as it is there; ``Lost`` where a process died or took too much.

    ``work`` must be a function of a module, items and results picklable. ``limit`` is in seconds for one item,
    ``memory`` the address space of one process in bytes. At most a few items per worker are under way or waiting to be
    handed out. However the iteration ends, Ctrl-C included, no process stays behind.
    """
    resource_tracker.ensure_running()  # it unblocks the signals that _undisturbed holds back, once, at its start
    team = [_Worker(work, limit, memory) for _ in range(min(workers or os.cpu_count() or 1, len(items)))]
    done: dict[int, Result | Lost] = {}
    started = yielded = 0
    try:
        while yielded < len(items):
            for worker in team:
                if worker.place is None and started < len(items) and started - yielded < 4 * len(team):
                    worker.take(started, items[started])
                    started += 1
            busy = [worker for worker in team if worker.place is not None]
            wait([worker.connection for worker in busy], timeout=min(worker.time_left() for worker in busy))
            for worker in busy:
                result = worker.result()
                if result is not None:
                    done[result[0]] = result[1]
            while yielded in done:
                yield done.pop(yielded)
                yielded += 1
    finally:
        for worker in team:
            worker.end()


class _Worker(Generic[Item, Result]):
    """A process that works on one item at a time, replaced when an item harmed it."""

    def __init__(self, work: Callable[[Item], Result], limit: float, memory: int) -> None:
        self._work = work
        self._limit = limit
        self._memory = memory
        self.place: int | None = None
        self._started = 0.0
        self._begin()

    def _begin(self) -> None:
        self.connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, self._work, self._memory), daemon=True)
        with _undisturbed():
            self._process.start()
        theirs.close()

    def take(self, place: int, item: Item) -> None:
        self.place = place
        self._started = time.monotonic()
        try:
            self.connection.send(item)
        except ConnectionError:  # it died between two items: neither of them is to blame
            self._replace()
            self.connection.send(item)

    def time_left(self) -> float:
        return max(0.0, self._started + self._limit - time.monotonic())

    def result(self) -> tuple[int, Result | Lost] | None:
        """The result of the item under way with its place, None while it goes on."""
        place = self.place
        if place is None:
            return None
        outcome: Result | Lost
        try:
            if self.connection.poll():
                outcome = self.connection.recv()
            elif self.time_left() > 0:
                return None
            else:
                outcome = Lost("timeout", f"over {self._limit:.0f} s")
        except (EOFError, OSError):  # OSError: it died while it sent the result
            self._process.join()
            outcome = Lost("crashed", f"process ended with {self._process.exitcode}")
        if isinstance(outcome, Lost):
            self._replace()
        self.place = None
        return place, outcome

    def _replace(self) -> None:
        self.end()
        self._begin()

    def end(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.join()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back: for us a moment, for a process started meanwhile all its life. We end it, not the keyboard."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, work: Callable[[Item], Result], memory: int) -> None:
    """The life of a worker process: items in, results out, until the other side closes or is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory if most == resource.RLIM_INFINITY else min(memory, most), most))
    while True:
        try:
            item = connection.recv()
        except (EOFError, ConnectionError):
            return
        result: Result | Lost
        try:
            result = work(item)
        except MemoryError:
            result = Lost("memory", f"over {memory // 2**20} MB")
        except Exception as error:  # noqa: BLE001 - a fault of the work is this item's alone
            result = Lost("crashed", type(error).__name__)
        connection.send(result)


def _end_with_parent() -> None:
    """A parent that is killed cannot end us, and a hanging item would keep us for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""Two senders that are killed again and again lose nothing, and hardly repeat anything.

The full size: ``NIANSHEN_KILLS=64 NIANSHEN_MESSAGES=10000 pytest -s tests/nianshen/test_kills.py``
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text, update

from nianshen.store import NewMessage, Store, open_store, tables
from tests.notifiers.receiver import Answer, Received, Receiver

MESSAGES = int(os.environ.get("NIANSHEN_MESSAGES", "120"))
KILLS = int(os.environ.get("NIANSHEN_KILLS", "3"))
LIMIT = 400 + MESSAGES / 10  # seconds: a machine may be busy with other things


class Grumpy(Receiver):
    """Refuses one message in twenty with 503, and does not count it as received."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = Random(5)
        self.refused = 0

    def answer(self, received: Received) -> Answer:
        if self._rng.random() < 0.05:
            self.refused += 1
            return Answer(503)
        return super().answer(received)


class Senders:
    """Two sender processes; one that is killed is started anew."""

    def __init__(self, database: str, hook: str) -> None:
        self._command = [sys.executable, "-m", "tests.nianshen.sender", database, hook]
        self._processes = [self._start(), self._start()]
        self.kills = 0

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command)  # noqa: S603 - our own module

    def kill(self, number: int) -> None:
        self._processes[number].send_signal(signal.SIGKILL)
        self._processes[number].wait(10)
        self._processes[number] = self._start()
        self.kills += 1

    def renew(self) -> None:
        """End both in good order and start two others."""
        self._end(signal.SIGTERM)
        self._processes = [self._start(), self._start()]

    def end(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        for process in self._processes:
            process.send_signal(number)
        for process in self._processes:
            process.wait(30)


@contextmanager
def senders(database: str, hook: str) -> Iterator[Senders]:
    running = Senders(database, hook)
    try:
        yield running
    finally:
        running.end()


def states(store: Store) -> dict[str, int]:
    return store.outbox.waiting()


def make_due(store: Store, state: str) -> None:
    """In place of waiting: what failed is due, or what a dead sender held is free."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    with store._database.write() as connection:
        connection.execute(
            update(tables.outbox).where(tables.outbox.c.state == state).values(state="pending", not_before=now)
        )


@pytest.mark.timeout(LIMIT + 60)
def test_nothing_is_lost_and_hardly_anything_repeated_when_senders_are_killed(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'n.sqlite3'}"
    store = open_store(database)
    bodies = {f"msg_{number:05}": f'{{"number":{number},"pad":"{"年" * 50}"}}'.encode() for number in range(MESSAGES)}
    store.enqueue([], [NewMessage(name, "ops", body, []) for name, body in bodies.items()], datetime.now(UTC))
    rng, pause = Random(11), threading.Event()
    began = time.monotonic()
    with Grumpy() as sink, senders(database, sink.url) as running:
        # The kills fall all over the work, whatever the machine's speed.
        step = MESSAGES * 0.8 / KILLS
        while running.kills < KILLS:
            wanted = step * running.kills + rng.uniform(0.2, 1) * step
            while len(sink.received) < wanted and time.monotonic() - began < LIMIT:
                pause.wait(0.005)
            running.kill(rng.randrange(2))
        while states(store) != {"sent": MESSAGES}:
            assert time.monotonic() - began < LIMIT, states(store)
            while states(store).get("pending"):
                make_due(store, "pending")
                pause.wait(0.1)
            running.renew()  # so that what is leased still was held by a sender that was killed
            make_due(store, "leased")
    seconds = time.monotonic() - began

    times = Counter(sink.ids)
    spellings = defaultdict(set)
    for one in sink.received:
        spellings[one.message_id].add(one.body)
    repeated = sum(times.values()) - len(times)
    print(f"{MESSAGES} messages, {running.kills} kills, {sink.refused} refused, {repeated} repeated, {seconds:.1f} s")
    assert set(times) == set(bodies)
    assert all(spellings[name] == {body} for name, body in bodies.items())
    assert all(one.problem is None for one in sink.received)
    assert repeated <= max(MESSAGES // 100, KILLS)
    with store._database.read() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    store.close()

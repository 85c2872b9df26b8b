"""A watching process that is told to stop, at whatever moment, loses nothing, repeats nothing and keeps nothing back.

The full size: ``NIANSHEN_STOPS=50 pytest -s tests/nianshen/test_stops.py``
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from nianshen import config as settings
from nianshen.schedule import LEASE
from nianshen.store import NewMessage, Store, open_store
from tests.nianshen.test_watching import CONFIG, until
from tests.notifiers.receiver import SECRET, Answer, Received, Receiver

STOPS = int(os.environ.get("NIANSHEN_STOPS", "5"))
EACH = 25
"""Messages enqueued before each start. What a stop leaves is for the next process."""
GRACE = 30  # seconds


class Slow(Receiver):
    """Takes its time to answer, so that most stops find a message on its way."""

    def __init__(self) -> None:
        super().__init__()
        self._rng, self._pause = Random(5), threading.Event()

    def answer(self, received: Received) -> Answer:
        self._pause.wait(self._rng.uniform(0, 0.05))
        return super().answer(received)


@contextmanager
def watching(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has begun to watch; its log is a file, so that it waits for no reader."""
    command = [sys.executable, "-m", "nianshen", "watch"]
    environ = {**os.environ, "SECRET": SECRET}
    log = folder / "log"
    with log.open("wb") as written, subprocess.Popen(command, cwd=folder, env=environ, stderr=written) as process:  # noqa: S603
        try:
            until(lambda: log.stat().st_size > 0)
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a process that was told to stop."""
    process.send_signal(signal.SIGTERM)
    return process.wait(GRACE)


def until_all_are_sent(store: Store) -> None:
    """As long as it takes, if only it goes on."""
    while (before := store.outbox.waiting()).keys() != {"sent"}:
        until(lambda before=before: store.outbox.waiting() != before)  # type: ignore[misc]


@pytest.mark.timeout(120 + STOPS * (GRACE + 10))
def test_a_stop_at_any_moment_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    rng, left = Random(17), list[dict[str, int]]()
    with Slow() as sink:
        text = CONFIG.format(hook=sink.url, run="cycle").replace("type: webhook", "type: webhook, per_minute: 6000")
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        store = open_store(settings.load(tmp_path / "config.yaml", {"SECRET": SECRET}).database_url)
        for stop in range(STOPS):
            messages = [NewMessage(f"msg_{stop:02}_{one:02}", "ops", b"{}", []) for one in range(EACH)]
            store.enqueue([], messages, datetime.now(UTC))
            enough = len(sink.received) + rng.randrange(EACH)
            with watching(tmp_path) as process:
                until(lambda enough=enough: len(sink.received) >= enough)  # type: ignore[misc]
                assert ended(process) == 0
            lease = store.leases.get(LEASE)
            assert lease is None or lease.until <= datetime.now(UTC)
            left.append(store.outbox.waiting())
        with watching(tmp_path) as process:
            until_all_are_sent(store)
            assert ended(process) == 0
        store.close()

    stopped_early = sum(one.get("pending", 0) > 0 for one in left)
    print(f"{STOPS} stops, {stopped_early} with messages still waiting, {len(sink.received)} received")
    assert stopped_early > 0
    assert all("leased" not in one for one in left)
    assert sorted(map(str, sink.ids)) == sorted(
        f"msg_{stop:02}_{one:02}" for stop in range(STOPS) for one in range(EACH)
    )

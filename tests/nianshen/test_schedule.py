"""Cycles start when the configuration says, one at a time, and ``watch`` sends what waits until it is told to stop."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nianshen import config as settings
from nianshen.schedule import next_starts, timer
from nianshen.store import NewAlert, NewMessage, open_store
from tests.notifiers.receiver import SECRET, Receiver

CONFIG = """\
version: 1
storage: {{database: n.sqlite3, evidence: {{directory: evidence}}}}
portals: [{{id: city, name: 示例市, start_urls: ["http://127.0.0.1:1/nb/"]}}]
organisations: [{{id: edu, name: 示例市教育局, portal: city}}]
channels:
  ops: {{type: webhook, url: "{hook}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
schedule: {{jobs: [{{id: season, run: cycle, cron: "0 6,18 * * *"}}, {{id: week, run: cycle, cron: "30 7 * * mon"}}]}}
"""


def load(folder: Path, hook: str = "http://127.0.0.1:1/hook") -> settings.Config:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(hook=hook), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_jobs_start_at_local_times_soonest_first(tmp_path: Path) -> None:
    scheduler = timer(load(tmp_path), lambda: None, lambda *_: None)
    scheduler.start()
    try:
        starts = next_starts(scheduler)
    finally:
        scheduler.shutdown()

    assert [start for _, start in starts] == sorted(start for _, start in starts)
    hours = {job: (start.hour, start.minute, start.utcoffset()) for job, start in starts}
    assert hours["season"][0] in {6, 18}
    assert hours["week"] == (7, 30, timedelta(hours=8))
    assert dict(starts)["week"].weekday() == 0


def test_a_cycle_that_fails_is_complained_of_and_the_timer_goes_on(tmp_path: Path) -> None:
    said: list[tuple[str, BaseException | None]] = []
    failed = threading.Event()

    def cycle() -> None:
        raise OSError("disk")

    def complain(job: str, error: BaseException | None) -> None:
        said.append((job, error))
        failed.set()

    scheduler = timer(load(tmp_path), cycle, complain)
    scheduler.start()
    try:
        scheduler.modify_job("season", next_run_time=datetime.now(UTC))
        assert failed.wait(10)
        assert scheduler.running
        assert len(next_starts(scheduler)) == 2
    finally:
        scheduler.shutdown()
    assert [(job, type(error)) for job, error in said] == [("season", OSError)]


def test_two_jobs_due_together_run_one_after_the_other(tmp_path: Path) -> None:
    running, most, done = 0, 0, threading.Semaphore(0)

    def cycle() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.05)
        running -= 1
        done.release()

    scheduler = timer(load(tmp_path), cycle, lambda *_: None)
    scheduler.start()
    try:
        for job in ("season", "week"):
            scheduler.modify_job(job, next_run_time=datetime.now(UTC))
        assert done.acquire(timeout=10)
        assert done.acquire(timeout=10)
    finally:
        scheduler.shutdown()
    assert most == 1


def test_a_start_skipped_because_the_cycle_before_still_runs_is_complained_of(tmp_path: Path) -> None:
    said: list[str] = []
    begun, told, go = threading.Event(), threading.Event(), threading.Event()

    def cycle() -> None:
        begun.set()
        go.wait(10)

    def complain(job: str, error: BaseException | None) -> None:
        said.append(job)
        told.set()

    scheduler = timer(load(tmp_path), cycle, complain)
    scheduler.start()
    try:
        scheduler.modify_job("season", next_run_time=datetime.now(UTC))
        assert begun.wait(10)
        scheduler.modify_job("season", next_run_time=datetime.now(UTC))
        assert told.wait(10)
    finally:
        go.set()
        scheduler.shutdown()
    assert said == ["season"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watch_sends_what_waits_and_ends_when_told_to(tmp_path: Path, number: signal.Signals) -> None:
    with Receiver() as receiver:
        config = load(tmp_path, receiver.url)
        store = open_store(config.database_url)
        command = [sys.executable, "-m", "nianshen", "watch"]
        environ = {**os.environ, "SECRET": SECRET}
        with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE) as process:  # noqa: S603
            assert process.stderr is not None
            first = process.stderr.readline().decode()
            with store.transaction() as unit:
                alert = NewAlert("al_1", "portal/city", "system", None, None, ["blocked"])
                unit.enqueue([alert], [NewMessage("msg_1", "ops", b"{}", ["al_1"])], datetime.now(UTC))
            store.close()
            until(lambda: bool(receiver.received))
            until(lambda: _state(tmp_path) == "sent")
            process.send_signal(number)
            _, said = process.communicate(timeout=30)

        assert "season" in first
        assert (process.returncode, receiver.ids) == (0, ["msg_1"]), said.decode()
        assert receiver.received[0].problem is None


def _state(folder: Path) -> str:
    connection = sqlite3.connect(folder / "n.sqlite3")
    try:
        state: str = connection.execute("select state from outbox").fetchone()[0]
        return state
    finally:
        connection.close()

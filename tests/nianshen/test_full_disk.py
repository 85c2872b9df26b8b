"""A disk that fills up while nianshen watches: nothing is stored by halves, nothing is lost, and it is said at once."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text

from audit.change import Change, Event
from nianshen import config as settings
from nianshen import telling
from nianshen.alarming import ALARM_AFTER_SECONDS, TELL_AGAIN_SECONDS, TRY_AGAIN_SECONDS, Alarm, last_resorts
from nianshen.errors import StorageError
from nianshen.store import AuditRecord, NewMessage, Store, open_store, tables
from tests.nianshen.test_telling import NOW, finding, load, news
from tests.nianshen.test_watching import until
from tests.notifiers.receiver import SECRET, Answer, Receiver

CONFIG = """\
version: 1
storage: {{database: n.sqlite3, evidence: {{directory: evidence}}}}
portals: [{{id: city, name: 示例市, start_urls: ["http://127.0.0.1:1/nb/"]}}]
organisations: [{{id: edu, name: 示例市教育局, portal: city}}]
channels:
  ops: {{type: webhook, url: "{ops}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]{fallback}}}
  duty: {{type: webhook, url: "{duty}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
"""
HASTY = """\
import sys
from nianshen import alarming, watching
from nianshen.cli import call
alarming.ALARM_AFTER_SECONDS, watching.BEAT_SECONDS = 0.2, 0.05
sys.exit(call(["watch"]))
"""


def configured(folder: Path, ops: str, duty: str, fallback: str = ", fallback: duty") -> settings.Config:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(ops=ops, duty=duty, fallback=fallback), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


@contextmanager
def watching(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real watching process with a fast heart; what it says goes to a file of no size."""
    command = [sys.executable, "-c", HASTY]
    environ = {**os.environ, "SECRET": SECRET}
    with subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def test_a_full_disk_stops_nothing_loses_nothing_and_is_told_without_the_database(tmp_path: Path) -> None:
    with Receiver() as ops, Receiver() as duty:
        store = open_store(configured(tmp_path, ops.url, duty.url).database_url)
        store.enqueue([], [NewMessage("msg_0", "ops", b"{}", [])], datetime.now(UTC))
        with watching(tmp_path) as process:
            until(lambda: store.outbox.waiting() == {"sent": 1})
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            store.enqueue([], [NewMessage(f"msg_{one}", "ops", b"{}", []) for one in range(1, 6)], datetime.now(UTC))
            until(lambda: len(duty.received) > 0)
            during = (process.poll(), ops.ids, store.outbox.waiting())
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            until(lambda: store.outbox.waiting() == {"sent": 7})
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
        store.close()

    assert during == (None, ["msg_0"], {"sent": 1, "pending": 5})
    assert sorted(map(str, ops.ids)) == [f"msg_{one}" for one in range(6)]
    assert [(one.document["type"], one.problem) for one in duty.received] == [
        ("system.storage_failed", None),
        ("system.storage_recovered", None),
    ]
    assert code == 0


def test_a_full_database_keeps_findings_and_their_messages_together(tmp_path: Path) -> None:
    config = load(tmp_path, 40)
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    limit = pages(store) + 8

    def limited(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit}")

    event.listen(store._database.engine, "checkout", limited)
    stored = [run for run in range(40) if tell(store, config, run)]
    kept = counts(store)
    limit = 100_000
    late = [run for run in range(40) if run not in stored and tell(store, config, run)]

    assert 0 < len(stored) < 40
    assert kept == (len(stored),) * 3
    assert len(stored) + len(late) == 40
    assert counts(store) == (40, 40, 40)
    store.close()


def pages(store: Store) -> int:
    with store._database.read() as connection:
        return int(connection.execute(text("PRAGMA page_count")).scalar_one())


def tell(store: Store, config: settings.Config, run: int) -> bool:
    """Store a finding of a run and the message about it, as one; False if the disk was full."""
    found = replace(finding(), fingerprint=f"print-o{run}")
    record = AuditRecord(f"o{run}", 2025, NOW, "rules-1", [Change(Event.OPENED, found.fingerprint, found)])
    standing = [{"id": one.id, "name": one.name, "status": "error", "reason": None} for one in config.organisations]
    try:
        with store.transaction() as unit:
            unit.commit_audit(record)
            telling.enqueue(unit, config, NOW, [news(f"o{run}", run_id=f"run-{run}")], standing, lambda _: True)
    except StorageError as error:
        if "full" not in error.en:
            raise
        return False
    return True


def counts(store: Store) -> tuple[int, ...]:
    """Findings, alerts and messages."""
    with store._database.read() as connection:
        every = (tables.finding, tables.alert, tables.outbox)
        return tuple(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in every)


class Seconds:
    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


def test_the_alarm_waits_a_minute_is_told_once_a_day_and_tried_again_until_somebody_has_it(tmp_path: Path) -> None:
    seconds, said = Seconds(), list[str]()
    error = StorageError("磁盘已满", "the disk is full")
    with Receiver() as ops, Receiver([Answer(503)]) as duty:
        alarm = Alarm(configured(tmp_path, ops.url, duty.url), seconds, said.append)

        def heard_after(passed: float) -> int:
            seconds.passed += passed
            alarm.failing(error)
            return len(duty.received)

        heard = [heard_after(one) for one in (0, ALARM_AFTER_SECONDS - 1, 1, 1, TRY_AGAIN_SECONDS, 3600)]
        next_day = heard_after(TELL_AGAIN_SECONDS)

    assert heard == [0, 0, 1, 1, 2, 2]
    assert next_day == 3
    assert ops.received == []
    assert "磁盘已满" in duty.received[-1].document["data"]["alerts"][0]["message"]["zh"]
    assert len({one.message_id for one in duty.received}) == 3
    assert SECRET not in "".join(said)


@pytest.mark.parametrize(("fallback", "expected"), [(", fallback: duty", ["duty"]), ("", ["ops", "duty"])])
def test_the_alarm_goes_to_the_channels_that_stand_in_for_others_or_to_all(
    tmp_path: Path, fallback: str, expected: list[str]
) -> None:
    config = configured(tmp_path, "http://127.0.0.1:1/a", "http://127.0.0.1:1/b", fallback)

    assert list(last_resorts(config)) == expected


def test_a_store_that_only_stumbled_alarms_nobody(tmp_path: Path) -> None:
    seconds = Seconds()
    with Receiver() as ops, Receiver() as duty:
        config = configured(tmp_path, ops.url, duty.url)
        store = open_store(config.database_url)
        alarm = Alarm(config, seconds, print)
        alarm.failing(StorageError("占用", "locked"))
        with store.transaction() as unit:
            alarm.well(unit)
        alarm.forget()
        seconds.passed += ALARM_AFTER_SECONDS + 1
        alarm.failing(StorageError("占用", "locked"))
        store.close()

    assert (ops.received, duty.received) == ([], [])

"""The watching process sends what waits, runs what is due, says how it fares and ends when it is told to."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from nianshen import config as settings
from nianshen import pinging, telling, watching
from nianshen.config.model import Observe
from nianshen.config.problems import ConfigError
from nianshen.errors import Exit, words_for
from nianshen.schedule import LEASE
from nianshen.stopping import on_stop
from nianshen.store import JobRun, NewAlert, NewMessage, Store, database, open_store
from nianshen.supervising import Supervisor
from nianshen.watching import Watch
from notifiers.limits import Pace
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Retry
from notifiers.secret import Secret
from tests.notifiers.receiver import SECRET, Answer, Receiver

CONFIG = """\
version: 1
storage: {{database: n.sqlite3, evidence: {{directory: evidence}}}}
portals: [{{id: city, name: 示例市, start_urls: ["http://127.0.0.1:1/nb/"]}}]
organisations: [{{id: edu, name: 示例市教育局, portal: city}}]
channels:
  ops: {{type: webhook, url: "{hook}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
schedule: {{jobs: [{{id: season, run: {run}, cron: "0 6 1 1 *"}}]}}
"""


def configured(folder: Path, hook: str = "http://127.0.0.1:1/hook", run: str = "cycle") -> settings.Config:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(hook=hook, run=run), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


def until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it never came to that")


@contextmanager
def running(folder: Path, said: list[str]) -> Iterator[tuple[Watch, Store]]:
    config = configured(folder)
    store = open_store(config.database_url)
    watch = Watch(config, folder / "config.yaml", store, lambda who, text: said.append(f"{who}: {text}"))
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        yield watch, store
    finally:
        watch.stop()
        thread.join(60)
        store.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_watch_sends_what_waits_and_ends_when_told_to(tmp_path: Path, number: signal.Signals) -> None:
    with Receiver() as receiver:
        store = open_store(configured(tmp_path, receiver.url).database_url)
        command = [sys.executable, "-m", "nianshen", "watch"]
        environ = {**os.environ, "SECRET": SECRET}
        before = signal.signal(number, signal.SIG_DFL)  # the suite itself may have been started by nohup
        process = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE)  # noqa: S603
        signal.signal(number, before)
        with process:
            assert process.stderr is not None
            first = process.stderr.readline().decode()
            with store.transaction() as unit:
                alert = NewAlert("al_1", "portal/city", "system", None, None, ["blocked"])
                unit.enqueue([alert], [NewMessage("msg_1", "ops", b"{}", ["al_1"])], datetime.now(UTC))
            until(lambda: store.outbox.waiting() == {"sent": 1})
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
        held = store.leases.get(LEASE)
        store.close()

    assert "season" in first
    assert (process.returncode, receiver.ids) == (0, ["msg_1"]), said.decode()
    assert receiver.received[0].problem is None
    assert held is None or held.until <= datetime.now(UTC)


@pytest.mark.parametrize(("before", "heard"), [(signal.SIG_DFL, [1]), (signal.SIG_IGN, [])])
def test_a_terminal_that_goes_away_stops_it_unless_nohup_said_no(before: signal.Handlers, heard: list[int]) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    handlers, stops = [signal.getsignal(one) for one in numbers], list[int]()
    try:
        signal.signal(signal.SIGHUP, before)
        on_stop(lambda: stops.append(1))
        signal.raise_signal(signal.SIGHUP)
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)

    assert stops == heard


def test_a_log_nobody_reads_any_more_stops_nothing(tmp_path: Path) -> None:
    store = open_store(configured(tmp_path, run="selftest").database_url)
    command = [sys.executable, "-m", "nianshen", "watch"]
    environ = {**os.environ, "SECRET": SECRET}
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        now = datetime.now(UTC)
        store.jobs.record("season", now, state="due", late=False, due=now)
        until(lambda: [run.state for run in store.jobs.list(1)] == ["done"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    store.close()


def test_a_job_started_by_hand_runs_as_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "COMMANDS", {"cycle": ("config", "check")})
    monkeypatch.setenv("SECRET", SECRET)
    said: list[str] = []

    with running(tmp_path, said) as (_, store):
        now = datetime.now(UTC)
        store.jobs.record("season", now, state="due", late=False, due=now)
        until(lambda: [run.state for run in store.jobs.list(1)] == ["done"])

    assert any("exit 0" in line for line in said)


@pytest.mark.parametrize(
    ("run", "command", "topics"),
    [
        ("cycle", ("run", "--year", "none"), {"job_failed.season"}),  # a mistake is not tried again
        ("backup", ("db", "backup", "--rotate", "--year"), {"job_failed.season"}),
        ("cycle", ("run", "--fail-on", "error", "--replay", "none"), {"job_failed.season"}),
    ],
)
def test_a_job_that_fails_for_good_is_told_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, command: tuple[str, ...], topics: set[str]
) -> None:
    monkeypatch.setattr(watching, "COMMANDS", {run: command})
    monkeypatch.setenv("SECRET", SECRET)
    path = tmp_path / "config.yaml"
    path.write_text(
        CONFIG.format(hook="http://127.0.0.1:1/hook", run=run) + "routes: [{to: [ops]}]\n", encoding="utf-8"
    )
    config = settings.load(path, {"SECRET": SECRET})
    store = open_store(config.database_url)
    watch = Watch(config, path, store, lambda _who, _said: None)
    thread = threading.Thread(target=watch.run)
    thread.start()
    now = datetime.now(UTC)
    store.jobs.record("season", now, state="due", late=False, due=now)
    until(lambda: [run.state for run in store.jobs.list(1)] == ["failed"])
    watch.stop()
    thread.join(60)
    alerts = store.alerts.list()
    body = store.alerts.body(alerts[0].id, "ops") or b""
    store.close()

    assert {rule for one in alerts for rule in one.rules} == topics
    assert {one.channel for one in alerts} == {"ops"}
    assert "用法或配置有误 / wrong usage or configuration" in body.decode()


def test_what_a_job_told_itself_is_not_told_twice_and_a_run_elsewhere_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        CONFIG.format(hook="http://127.0.0.1:1/hook", run="backup") + "routes: [{to: [ops]}]\n", encoding="utf-8"
    )
    config = settings.load(path, {"SECRET": SECRET})
    store = open_store(config.database_url)
    watch = Watch(config, path, store, lambda _who, _said: None)
    now = datetime.now(UTC)
    run = JobRun("season", now, "failed", False, now, 1, 3, now, now, words_for(Exit.LOCKED))
    with store.transaction() as unit:
        watch._job_failed(unit, run)
        telling.tell_everybody(unit, config, now, "backup_failed", {"zh": "x", "en": "x"}, {"zh": "x", "en": "x"})
        watch._job_failed(unit, replace(run, said="exit 5"))
    alerts = store.alerts.list()
    store.close()

    assert [one.rules for one in alerts] == [("backup_failed",)]


def test_a_stop_ends_the_job_in_work_and_leaves_it_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "COMMANDS", {"cycle": ("watch",)})  # a command that does not end by itself
    monkeypatch.setenv("SECRET", SECRET)
    said: list[str] = []

    with running(tmp_path, said) as (_, store):
        now = datetime.now(UTC)
        store.jobs.record("season", now, state="due", late=False, due=now)
        until(lambda: any("started" in line for line in said))
        began = time.monotonic()

    assert time.monotonic() - began < watching.GRACE_SECONDS + 5
    reopened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    assert [(run.state, run.tries) for run in reopened.jobs.list(1)] == [("due", 0)]
    reopened.close()


def test_a_locked_database_stops_nothing_and_is_said_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(watching, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(watching, "SLOW_BEAT_SECONDS", 0.5)
    said: list[str] = []

    with running(tmp_path, said) as (watch, store):
        until(lambda: watch.problems() == [])
        other = sqlite3.connect(tmp_path / "n.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        until(lambda: any("locked" in one for one in watch.problems()))
        until(lambda: any(line.startswith("heart") and "locked" in line for line in said))
        other.execute("ROLLBACK")
        other.close()
        until(lambda: watch.problems() == [])
        now = datetime.now(UTC)
        assert store.jobs.record("season", now, state="skipped", late=False, due=now)


def test_a_timer_whose_thread_died_is_started_anew(tmp_path: Path) -> None:
    said: list[str] = []

    with running(tmp_path, said) as (watch, _):
        until(lambda: watch.problems() == [])
        assert watch._timer is not None
        watch._timer.shutdown(wait=True)
        assert any("timer" in one for one in watch.problems())
        until(lambda: watch.problems() == [])

    assert any(line.startswith("timer") for line in said)


def test_an_alert_that_waits_too_long_is_a_problem_unless_its_channel_rests(tmp_path: Path) -> None:
    config = configured(tmp_path)
    store = open_store(config.database_url)
    long_ago = datetime.now(UTC) - timedelta(minutes=20)
    store.enqueue([], [NewMessage("msg_1", "ops", b"{}", [])], long_ago)

    now = datetime.now(UTC)
    waiting = store.outbox.oldest_due(now)
    delivery = store.outbox.claim("ops", Wanted(Pace(600), now, now + timedelta(seconds=90)))
    assert isinstance(delivery, Delivery)
    store.outbox.settle(delivery, Retry(timedelta(minutes=2), "429", hold=True), now, now)

    assert (waiting, store.outbox.oldest_due(now)) == (long_ago, None)
    store.close()


def test_a_part_that_dies_is_started_again_and_all_end_together(tmp_path: Path) -> None:
    said: list[str] = []
    mark = tmp_path / "starts"
    dies = [sys.executable, "-c", f"open({str(mark)!r}, 'a').write('x')"]
    stays = [sys.executable, "-c", "import time; time.sleep(600)"]
    stop = threading.Event()
    supervisor = Supervisor({"dies": dies, "stays": stays}, said.append)
    thread = threading.Thread(target=supervisor.run, args=(stop,))
    thread.start()

    until(lambda: mark.exists() and len(mark.read_text()) >= 2)
    stop.set()
    thread.join(40)

    assert not thread.is_alive()
    assert said
    assert all(line.startswith("dies") for line in said)


def test_the_ping_goes_out_while_all_is_well_and_its_failure_is_said_once_and_without_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinging, "PING_SECONDS", 0.02)
    monkeypatch.setattr(pinging, "ASK_AGAIN_SECONDS", 0.02)
    said: list[str] = []
    stop, well = threading.Event(), threading.Event()
    with Receiver([Answer(200), Answer(503), Answer(503), Answer(200), Answer(503)]) as receiver:
        secret = f"{receiver.url}/T0PS3CRET"
        observe = Observe(ping=SecretStr(secret), allow_private_addresses=("127.0.0.0/8",))
        thread = threading.Thread(target=pinging.ping, args=(observe, stop, well.is_set, said.append))
        thread.start()
        assert receiver.received == []
        well.set()
        until(lambda: len(receiver.received) >= 5)
        stop.set()
        thread.join(60)
    with closing(pinging.Transport({"observe.ping": ["127.0.0.0/8"]}, lambda: datetime.now(UTC))) as line:
        refused = pinging._wrong(line, Secret(secret))

    assert {one.body for one in receiver.received} == {b""}
    assert [line.rpartition(": ")[2] for line in said[:2]] == ["HTTP 503", "HTTP 503"]
    assert refused is not None
    assert "T0PS3CRET" not in refused


def test_watch_pings_the_address_of_the_configuration(tmp_path: Path) -> None:
    with Receiver([Answer(200)]) as receiver:
        path = tmp_path / "config.yaml"
        observe = 'observe: {ping: "${PING_URL}", allow_private_addresses: [127.0.0.0/8]}\n'
        path.write_text(CONFIG.format(hook="http://127.0.0.1:1/hook", run="cycle") + observe, encoding="utf-8")
        config = settings.load(path, {"SECRET": SECRET, "PING_URL": f"{receiver.url}/T0PS3CRET"})
        store = open_store(config.database_url)
        watch = Watch(config, path, store, lambda _who, _text: None)
        monitor = threading.Thread(target=watch.run)
        monitor.start()
        until(lambda: len(receiver.received) > 0)
        watch.stop()
        monitor.join(60)
        store.close()

    assert "T0PS3CRET" not in str(config.redacted())


@pytest.mark.parametrize(
    ("url", "code"), [("https://hc.example/ping/T0PS3CRET", "CFG032"), ("${PLAIN}", "CFG043"), ("${NONE}", "CFG030")]
)
def test_a_ping_address_is_a_secret_and_encrypted(tmp_path: Path, url: str, code: str) -> None:
    path = tmp_path / "config.yaml"
    text = CONFIG.format(hook="http://127.0.0.1:1/hook", run="cycle")
    path.write_text(text + f'observe: {{ping: "{url}"}}\n', encoding="utf-8")

    with pytest.raises(ConfigError) as raised:
        settings.load(path, {"SECRET": SECRET, "PLAIN": "http://hc.example/ping"})

    assert code in str(raised.value)
    assert "T0PS3CRET" not in str(raised.value)

"""A log whose reader is there and does not read: it may lose lines, it never holds up what is to be sent."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nianshen import unhurried
from nianshen.store import NewMessage, open_store
from nianshen.unhurried import Unhurried
from tests.nianshen.test_watching import configured, until
from tests.notifiers.receiver import SECRET, Receiver

MESSAGES = 60


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("command", ["watch", "up"])
def test_what_waits_is_sent_though_nobody_reads_the_log(tmp_path: Path, command: str, form: str) -> None:
    with Receiver() as receiver, closing(open_store(configured(tmp_path, receiver.url).database_url)) as store:
        arguments = [sys.executable, "-m", "nianshen", command, "--log", form]
        environ = {**os.environ, "SECRET": SECRET}
        with subprocess.Popen(arguments, cwd=tmp_path, env=environ, stderr=subprocess.PIPE) as process:  # noqa: S603
            assert process.stderr is not None
            fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)  # full after some sixteen attempts
            messages = [NewMessage(f"msg_{one}", "ops", b"{}", []) for one in range(MESSAGES)]
            store.enqueue([], messages, datetime.now(UTC))
            try:
                until(lambda: store.outbox.waiting() == {"sent": MESSAGES})
                process.send_signal(signal.SIGTERM)
                _, said = process.communicate(timeout=60)
            finally:
                process.kill()

    assert process.returncode == 0
    if form == "json":
        told = [json.loads(line) for line in said.splitlines()]
        assert {one["message_id"] for one in told if "message_id" in one} == set(receiver.ids)


def test_a_job_does_not_wait_for_the_reader_either(tmp_path: Path) -> None:
    with closing(open_store(configured(tmp_path, run="selftest").database_url)) as store:
        arguments = [sys.executable, "-m", "nianshen", "watch"]
        environ = {**os.environ, "SECRET": SECRET}
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        os.write(writer, b"x" * 4096)
        with subprocess.Popen(arguments, cwd=tmp_path, env=environ, stderr=writer, stdout=writer) as process:  # noqa: S603
            now = datetime.now(UTC)
            store.jobs.record("season", now, state="due", late=False, due=now)
            try:
                until(lambda: [run.state for run in store.jobs.list(1)] == ["done"])
            finally:
                process.send_signal(signal.SIGTERM)
                code = process.wait(60)
                os.close(reader)
                os.close(writer)

    assert code == 0


def test_what_was_dropped_is_counted_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unhurried, "MOST_LINES", 3)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4095 + b"\n")
    with (
        Unhurried(writer, lambda count: f"{count} dropped\n") as stream,
        os.fdopen(reader, encoding="utf-8") as written,
    ):
        for number in range(10):
            print(number, file=stream, flush=True)
        written.readline()
        found = [written.readline().strip() for _ in range(4)]
        print("later", file=stream, flush=True)
        kept = len([one for one in found if one.isdigit()])
        if kept == 4:  # the first was on its way already
            found.append(written.readline().strip())
        last = written.readline()
        os.close(writer)

    assert found == [*map(str, range(kept)), f"{10 - kept} dropped"]
    assert last == "later\n"


def test_the_end_does_not_wait_for_a_reader_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unhurried, "LAST_WORDS_SECONDS", 0.05)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)

    with Unhurried(writer, str) as stream:
        print("unheard", file=stream, flush=True)

    os.close(reader)
    os.close(writer)

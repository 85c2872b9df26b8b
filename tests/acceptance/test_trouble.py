"""``run`` when something breaks: the right exit code, a clear word, and nothing lost or half written."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crawler.evidence import verify
from nianshen import config as settings
from nianshen import cycle
from nianshen.cli import call
from nianshen.errors import Exit
from tests.acceptance.town import Town, built, nianshen, write_config
from tests.notifiers.receiver import SECRET, Answer, Receiver

MORNING = "2026-02-04T08:00:00+08:00"


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town whose office calls the command line in this process, from its own folder."""
    monkeypatch.setenv("OFFICE_SECRET", SECRET)
    with built(tmp_path) as one:
        monkeypatch.chdir(tmp_path)
        yield one


def run(*more: str) -> int:
    return call(["run", "--year", "2025", "--now", MORNING, *more])


def test_a_receiver_that_is_down_loses_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cycle, "SEND_LIMIT", timedelta(seconds=2))
    with socket.socket() as shut:
        shut.bind(("127.0.0.1", 0))
        write_config(town, hook=f"http://127.0.0.1:{shut.getsockname()[1]}/hook")
        down = run()
    waiting = [one for one in town.alerts() if one["state"] == "pending"]
    write_config(town)
    told = capsys.readouterr().err

    up = run()

    assert (down, up) == (6, 3)  # in the second run only the unproven absence is left
    assert sorted((one["rules"], one["attempts"]) for one in waiting) == [(["A003"], 1), (["F009"], 1)]
    assert town.receiver.ids == [waiting[0]["message_id"]]
    assert town.told() == [("opened", "water", "A003"), ("opened", "fin", "F009")]
    said = capsys.readouterr()
    assert "消息已送达 1" in said.out
    hint = "nianshen alerts list says why"
    assert (told.count(hint), said.err.count(hint)) == (1, 0)


def test_retry_makes_what_waits_due_at_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "SEND_LIMIT", timedelta(seconds=2))
    with Receiver([Answer(410)]) as gone:
        write_config(town, hook=gone.url)
        assert run() == 6
    dead, _ = town.alerts()  # both in one message
    write_config(town)

    assert call(["alerts", "retry", dead["id"]]) == 0
    run()

    assert dead["state"] == "dead"
    assert town.receiver.ids == [dead["message_id"]]


def test_a_receiver_that_recovers_within_the_run_is_no_failure(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifiers.dispatcher.next_delay", lambda *_: timedelta(milliseconds=50))
    with Receiver([Answer(500)]) as receiver:
        write_config(town, hook=receiver.url)

        code = run()

        assert code == 3
        assert len(receiver.ids) == 2
        assert len(set(receiver.ids)) == 1
        assert receiver.received[0].body == receiver.received[1].body


def test_findings_count_only_where_they_are_asked_to(town: Town) -> None:
    assert run("--fail-on", "error") == 1
    assert run("--fail-on", "never") == 3


def test_a_second_instance_is_turned_away(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    (town.folder / "data/evidence").mkdir(parents=True)
    with (town.folder / "data/evidence/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        code = run()

    assert code == 8
    assert "另一个实例" in capsys.readouterr().err
    assert town.city.asked == []


def test_an_evidence_folder_that_cannot_be_written_stops_before_anything_is_asked(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    (town.folder / "data").mkdir()
    (town.folder / "data/evidence").write_text("in the way", encoding="utf-8")

    assert run() == 5

    said = capsys.readouterr().err
    assert str(town.folder / "data/evidence") in said
    assert "Traceback" not in said
    assert town.city.asked == []


def test_a_database_that_cannot_be_opened_stops_before_anything_is_asked(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    (town.folder / "data/nianshen.sqlite3").mkdir(parents=True)

    assert run() == 5

    said = capsys.readouterr().err
    assert "nianshen.sqlite3" in said
    assert "Traceback" not in said
    assert town.city.asked == []


def test_a_file_that_is_no_database_is_left_as_it_is(town: Town) -> None:
    (town.folder / "data").mkdir()
    (town.folder / "data/nianshen.sqlite3").write_bytes(b"my diary, not a database" * 99)

    assert run() == 5
    assert (town.folder / "data/nianshen.sqlite3").read_bytes() == b"my diary, not a database" * 99


def test_a_file_where_the_data_folder_should_be_is_a_storage_error(town: Town) -> None:
    (town.folder / "data").write_text("in the way", encoding="utf-8")

    assert run() == 5
    assert (town.folder / "data").read_text(encoding="utf-8") == "in the way"


def test_evidence_that_cannot_be_kept_claims_nothing_and_is_a_storage_error(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    (town.folder / "data/evidence").mkdir(parents=True)
    (town.folder / "data/evidence/blobs").write_text("no room", encoding="utf-8")

    code = run()

    status = town.status(MORNING)
    assert code == 5
    assert "blobs" in capsys.readouterr().err
    assert {one["status"] for one in status.values()} == {"unknown"}
    assert not any(event == "opened" for event, _, _ in town.told())


def test_a_crawler_that_is_killed_leaves_every_portal_unread(town: Town) -> None:
    def kill(event: Mapping[str, Any]) -> None:
        if event["event"] == "page":
            for child in children(os.getpid()):
                os.kill(child, signal.SIGKILL)

    config = settings.load(town.folder / "config.yaml", {"OFFICE_SECRET": SECRET})
    now = datetime(2026, 2, 4, tzinfo=UTC)

    result = cycle.run(config, year=2025, now=now, progress=kill, rng=Random(1))

    assert {one["reason"] for one in result.portals} == {"not_crawled"}
    assert result.codes == {Exit.PARTIAL}
    assert {(one["status"], one["reason"]) for one in town.status(MORNING).values()} == {("unknown", "not_crawled")}
    assert {event for event, _, _ in town.told()} == {"system"}
    assert verify(town.folder / "data/evidence") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_takes_its_crawler_along(town: Town, number: signal.Signals) -> None:
    path = town.folder / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("{delay: 0}", "{delay: 30}"), encoding="utf-8")
    command = [sys.executable, "-m", "nianshen", "run", "--year", "2025", "--now", MORNING]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
        while not town.city.asked and process.poll() is None:
            time.sleep(0.02)
        (crawler,) = children(process.pid)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130, said.decode()
    assert not Path(f"/proc/{crawler}").exists()
    assert "interrupted" in said.decode()
    database = sqlite3.connect(town.folder / "data/nianshen.sqlite3")
    assert database.execute("select state from run").fetchall() == [("interrupted",)]


def children(process: int) -> list[int]:
    """Processes that this one started and that still live."""
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in path.read_text(encoding="ascii").split()]


# --- configuration -------------------------------------------------------------------------------------------------


def test_a_new_configuration_is_written_and_accepted(tmp_path: Path) -> None:
    written = nianshen("init", cwd=tmp_path)
    checked = nianshen("config", "check", cwd=tmp_path)
    again = nianshen("init", cwd=tmp_path)

    assert (written.code, checked.code, again.code) == (0, 0, 2)
    assert "config.yaml" in written.out


def test_every_mistake_is_named_at_its_place(town: Town) -> None:
    path = town.folder / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("portal: county", "portal: country", 1)
        .replace("politeness: {delay: 0}", "polteness: {delay: 0}", 1)
        .replace("${OFFICE_SECRET}", "${OFFICE_SECRT}"),
        encoding="utf-8",
    )

    said = town.call("run")

    lines = [line for line in said.err.splitlines() if "config.yaml:" in line]
    assert said.code == 2
    assert len(lines) >= 3
    assert all(line.split("config.yaml:")[1].split(":")[0].isdigit() for line in lines)
    assert "politeness" in said.err
    assert "county" in said.err
    assert "OFFICE_SECRT" in said.err
    assert not (town.folder / "data").exists()


def test_without_a_configuration_the_way_to_one_is_shown(tmp_path: Path) -> None:
    said = nianshen("run", cwd=tmp_path)

    assert said.code == 2
    assert "config.yaml" in said.err


@pytest.mark.parametrize("now", ["tomorrow", "2026-13-01", "12:00"])
def test_a_time_that_is_none_is_a_usage_error(town: Town, now: str) -> None:
    assert call(["run", "--now", now]) == 2
    assert town.city.asked == []


def test_a_store_that_went_away_is_told_by_every_reading_command(town: Town) -> None:
    for command in (["status"], ["findings", "list"], ["alerts", "list"], ["db", "backup"]):
        assert call(command) == 5


def test_an_interrupted_store_keeps_what_earlier_runs_wrote(town: Town) -> None:
    run()
    before = sqlite3.connect(town.folder / "data/nianshen.sqlite3").execute("select count(*) from report").fetchone()
    shutil.rmtree(town.folder / "data/evidence/blobs")
    (town.folder / "data/evidence/blobs").write_text("no room", encoding="utf-8")

    run()

    after = sqlite3.connect(town.folder / "data/nianshen.sqlite3").execute("select count(*) from report").fetchone()
    assert after == before

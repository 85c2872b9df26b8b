"""A backup is whole and checked, or it is not there and somebody hears of it; a PostgreSQL is its operator's."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nianshen import config as settings
from nianshen.cli import call
from nianshen.config.problems import ConfigError
from nianshen.errors import StorageError
from nianshen.store import NewAlert, Store, backup, open_store, rotate, tables
from nianshen.watching import COMMANDS
from tests.notifiers.receiver import SECRET

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
CONFIG = """\
version: 1
storage: {{database: "{database}"{more}}}
portals: [{{id: city, name: 示例市, start_urls: ["http://127.0.0.1:1/nb/"]}}]
organisations: [{{id: edu, name: 示例市教育局, portal: city}}]
channels: {{ops: {{type: webhook, url: "https://o.example/hook", secret: "${{SECRET}}"}}}}
routes: [{{to: [ops]}}]
{jobs}
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and a store that knows one alert."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    with closing(open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")) as store:
        fill(store, 1)
    return tmp_path


def write(folder: Path, *, database: str = "n.sqlite3", more: str = "", jobs: str = "") -> Path:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(database=database, more=more, jobs=jobs), encoding="utf-8")
    return path


def fill(store: Store, count: int) -> None:
    alerts = [NewAlert(f"al_{number}", "f" * 200, "opened", "edu", 2025, ["A003"]) for number in range(count)]
    store.enqueue(alerts, [], NOW)


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def told(folder: Path) -> list[dict[str, Any]]:
    with closing(open_store(f"sqlite:///{folder / 'n.sqlite3'}")) as store, store._database.read() as connection:
        return [json.loads(body) for body in connection.execute(select(tables.outbox.c.body)).scalars()]


def test_the_rotated_copy_is_one_file_that_is_a_whole_store(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["db", "backup", "--rotate"]) == 0

    (name,) = copies(office / "data/backup")
    assert f"backup/{name}" in capsys.readouterr().out
    with closing(open_store(f"sqlite:///{office / 'data/backup' / name}", create=False)) as copy:
        assert [one.id for one in copy.alerts.list()] == ["al_0"]
    assert told(office) == []


def test_only_the_latest_copies_stay_and_nothing_else_is_touched(office: Path) -> None:
    folder = office / "copies"
    folder.mkdir()
    foreign = ["nianshen-20260101.sqlite3", "notes.txt", "nianshen-20260101T000000Z.sqlite3.gz"]
    rests = [".nianshen-20260101T000000Z.sqlite3.7.partial", ".nianshen-20260101T000000Z.sqlite3.7.partial-journal"]
    for name in (*foreign, *rests):
        (folder / name).write_text("x")
    url = f"sqlite:///{office / 'n.sqlite3'}"

    for day in range(4):
        rotate(url, folder, 2, NOW + timedelta(days=day))

    latest = ["nianshen-20260203T080000Z.sqlite3", "nianshen-20260204T080000Z.sqlite3"]
    assert copies(folder) == sorted([*foreign, *latest])


def test_a_damaged_database_gives_no_copy_and_costs_no_old_one(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite3"
    with closing(open_store(f"sqlite:///{path}")) as store:
        fill(store, 2000)
        rotate(f"sqlite:///{path}", tmp_path / "copies", 1, NOW)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2 // 4096 * 4096
    whole[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(whole)

    with pytest.raises(StorageError, match=r"integrity|damaged|malformed"):
        rotate(f"sqlite:///{path}", tmp_path / "copies", 1, NOW + timedelta(days=1))

    assert copies(tmp_path / "copies") == ["nianshen-20260201T080000Z.sqlite3"]


def test_a_copy_made_while_others_write_is_consistent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'n.sqlite3'}"
    with closing(open_store(url)) as store:
        fill(store, 1)
        stop = threading.Event()

        def write_on() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                with store.transaction() as unit:  # two rows that belong together
                    for half in "ab":
                        unit.enqueue([NewAlert(f"{number}{half}", "k", "opened", "edu", 2025, [])], [], NOW)

        writer = threading.Thread(target=write_on)
        writer.start()
        found = [backup(url, tmp_path / f"{number}.sqlite3") for number in range(5)]
        stop.set()
        writer.join()

    for path in found:
        with closing(sqlite3.connect(path)) as copy:
            assert copy.execute("SELECT count(*) % 2 FROM alert").fetchone() == (1,)
            assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_backup_that_fails_is_told_once_a_day_to_everybody(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "data").write_text("a file where the folder should be")

    codes = [call(["db", "backup", "--rotate"]) for _ in range(2)]

    (message,) = told(office)
    (alert,) = message["data"]["alerts"]
    assert codes == [5, 5]
    assert message["type"] == "system.backup_failed"
    assert "备份失败" in alert["message"]["zh"]
    assert "备份失败" in capsys.readouterr().err


def test_one_destination_at_a_time(office: Path) -> None:
    assert call(["db", "backup", "--rotate", "--to", "x.sqlite3"]) == 2
    assert call(["db", "backup", "--to", "x.sqlite3"]) == 0
    assert told(office) == []


def test_the_shipped_schedule_backs_up_every_day_and_shows_it(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["schedule", "list", "--format", "json"]) == 0

    jobs = {one["job"]: one for one in json.loads(capsys.readouterr().out)["jobs"]}
    assert jobs["backup"]["cron"] == "40 4 * * *"
    assert jobs["backup"]["next"] is not None


def test_the_job_is_the_command(office: Path) -> None:
    """As ``watch`` starts it."""
    path = office / "config.yaml"
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "nianshen", *COMMANDS["backup"], "--config", str(path)], cwd="/", check=False
    )

    assert done.returncode == 0
    assert len(copies(office / "data/backup")) == 1


def test_a_postgresql_is_left_to_its_operator_and_that_is_said(
    office: Path, postgresql: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql)
    write(office, database="${DATABASE_URL}")

    assert call(["schedule", "list", "--format", "json"]) == 0
    listed = capsys.readouterr()
    assert call(["db", "backup", "--rotate"]) == 5
    refused = capsys.readouterr()

    assert "backup" not in {one["job"] for one in json.loads(listed.out)["jobs"]}
    assert "pg_dump" in listed.err
    assert "pg_dump" in refused.err
    write(office, database="${DATABASE_URL}", jobs="schedule: {jobs: [{id: b, run: backup, cron: '0 1 * * *'}]}")
    with pytest.raises(ConfigError, match="CFG049") as raised:
        settings.load(office / "config.yaml", os.environ)
    assert raised.value.problems[0].line == 7

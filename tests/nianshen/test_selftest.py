"""The self-test holds now, and speaks up when the judging does not give what it must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from nianshen import selftest
from nianshen.cli import call
from nianshen.errors import Exit
from nianshen.store import open_store, tables
from tests.nianshen.test_reminding import load
from tests.notifiers.receiver import SECRET


def test_the_sample_gives_its_known_finding() -> None:
    assert selftest.difference() is None


def test_a_result_that_differs_is_named() -> None:
    said = selftest.difference((("A001", None, 1, 2),)) or ""

    assert "A003 requests/concluded/natural_person 17 18 ≠ A001 None 1 2" in said


def test_a_failed_self_test_is_told_once_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("nianshen.cli.selftest.difference", lambda: "clean: —")

    codes = [call(["selftest", "--config", str(tmp_path / "config.yaml")]) for _ in range(2)]

    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    with store._database.read() as connection:
        rows = connection.execute(select(tables.outbox.c.channel, tables.outbox.c.body)).all()
    store.close()
    assert codes == [Exit.INTERNAL, Exit.INTERNAL]
    assert [(row.channel, json.loads(row.body)["type"]) for row in rows] == [("office", "system.self_test_failed")]

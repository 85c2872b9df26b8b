"""``nianshen demo`` end to end: real crawls, a real database, real deliveries, all on loopback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nianshen.cli import NOUNS, call

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def test_the_demonstration_ends_with_every_status_it_set_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "kept"

    code = call(["demo", "--keep", str(folder)])
    shown = capsys.readouterr()
    config = str(folder / "config.yaml")
    assert call(["status", "--config", config, "--year", "2025", "--now", "2026-02-05T08:00", "--format", "json"]) == 0
    status = {one["id"]: one["status"] for one in json.loads(capsys.readouterr().out)["organisations"]}

    assert code == 0
    assert "18 + 0 ≠ 18 + 1" in shown.out
    assert "requests/concluded/natural_person" in shown.out
    assert "签名有效 4 条" in shown.out
    assert "portal_unreachable" in shown.out
    assert all(line in shown.out for line in _worked_finding().splitlines())
    assert status.pop("qingshi") in {"ok", "minor"}  # its file is dated only by the page that it hangs on
    assert status == {
        "edu": "ok",
        "water": "ok",
        "roads": "error",
        "civil": "late",
        "stats": "late",
        "culture": "missing",
        "finance": "minor",
        "farm": "minor",
        "housing": "ok",
        "county": "unknown",
    }


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")

    code = call(["demo", "--keep", str(tmp_path)])

    assert code == 2
    assert "未改动" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_tutorial_names_only_commands_that_exist() -> None:
    named = set(re.findall(r"nianshen ([a-z]+)", TUTORIAL.read_text(encoding="utf-8")))

    assert named
    assert named <= set(NOUNS)


def _worked_finding() -> str:
    """What the tutorial shows of the output."""
    shown = re.search(r"```text\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    return shown[1]

"""A newcomer's configuration is accepted as written and never overwrites another."""

from pathlib import Path

import pytest

from nianshen.cli import call
from nianshen.config import load


def test_written_file_passes_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["init", str(tmp_path / "new")]) == 0

    assert load(tmp_path / "new/config.yaml", {}).portals
    assert "nianshen config check" in capsys.readouterr().out


def test_written_file_passes_the_check_with_its_alerts_enabled(tmp_path: Path) -> None:
    call(["init", str(tmp_path)])
    path = tmp_path / "config.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("# channels:")
    path.write_text("\n".join(lines[:start] + [line[2:] for line in lines[start:]]), encoding="utf-8")

    config = load(path, {"OPS_WEBHOOK": "https://h.example/", "OPS_SECRET": "whsec_" + "QUJD" * 8})

    assert config.routes[0].to == ("ops",)


def test_existing_file_is_left_alone_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("mine", encoding="utf-8")

    refused = call(["init", str(tmp_path)])

    assert refused == 2
    assert path.read_text(encoding="utf-8") == "mine"
    assert "--force" in capsys.readouterr().err
    assert call(["init", str(tmp_path), "--force"]) == 0
    assert load(path, {}).version == 1


def test_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert call(["init", str(tmp_path / "file" / "below")]) == 5

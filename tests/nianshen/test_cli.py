"""The frame of the command line: exit codes, errors on stderr, fast start, safe output."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nianshen.cli.config as config_commands
from nianshen.cli import call
from nianshen.cli.output import Format, as_csv, render, safe
from nianshen.errors import Exit, LockedError, NianshenError, gravest

ROOT = Path(__file__).parents[2]
MENU = {"id": "编号", "name": "名称"}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 3], 3),
        ([3, 6], 6),
        ([6, 1], 1),
        ([1, 7], 7),
        ([7, 5], 5),
        ([5, 8], 8),
        ([8, 4], 4),
        ([4, 2], 2),
        ([2, 130], 130),
        ([130, 70], 70),
        ([3, 6, 1, 7, 5, 8, 4, 2, 130, 70, 0], 70),
    ],
)
def test_gravest_code_wins(codes: list[int], expected: int) -> None:
    assert gravest(codes) == expected


def test_number_that_is_no_exit_code_is_refused() -> None:
    with pytest.raises(ValueError, match="9"):
        gravest([9])


def test_config_check_lists_every_problem_and_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("sitee: 1\nwebb: 2\n", encoding="utf-8")

    code = call(["config", "check", "--config", str(path)])

    output = capsys.readouterr()
    assert code == Exit.USAGE
    assert output.out == ""
    assert f"{path}:1:1: CFG010" in output.err
    assert f"{path}:2:1: CFG010" in output.err


def test_config_check_accepts_the_shipped_file() -> None:
    assert call(["config", "check", "--config", str(ROOT / "config.yaml")]) == Exit.OK


def test_config_show_and_schema_print_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["config", "show", "--config", str(ROOT / "config.yaml")]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["organisations"][0]["id"] == "edu"
    assert call(["config", "schema"]) == Exit.OK
    assert "portals" in json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize("arguments", [["config", "chek"], ["config", "check", "--what"], ["init", "a", "b"]])
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(arguments) == Exit.USAGE
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (LockedError("另一实例在运行", "another instance runs", where="data"), 8, "data: 另一实例在运行 / another"),
        (NianshenError("甲\x1b[2J", "a", next_step=("乙", "b")), 70, "→ 乙 / b"),
        (KeyboardInterrupt(), 130, ""),
        (RuntimeError("password=hunter2"), 70, "RuntimeError"),
    ],
)
def test_each_error_has_its_code_and_words(
    error: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(config_commands, "print_schema", fail)

    assert call(["config", "schema"]) == code
    told = capsys.readouterr().err
    assert words in told
    assert "hunter2" not in told
    assert "\x1b" not in told


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["--version"]) == Exit.OK
    assert capsys.readouterr().out.startswith("nianshen ")


def test_check_starts_without_the_heavy_libraries() -> None:
    program = (
        "import sys; from nianshen.cli import call; call(['check', '--help'])\n"
        "print([name for name in ('scrapy', 'sqlalchemy', 'twisted') if name in sys.modules])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("noun", ["status", "findings", "alerts", "watch"])
def test_commands_that_judge_nothing_start_without_the_rules_and_the_readers(noun: str) -> None:
    heavy = ("audit.engine", "audit.reading", "bs4", "pdfplumber", "docx")
    program = f"import sys, nianshen.cli.{noun}\nprint([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_foreign_text_cannot_drive_the_terminal() -> None:
    assert safe("甲\x1b[31m\r\n\u202e乙\u200b") == "甲\\u001b[31m\\u000d\\u000a\\u202e乙\\u200b"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "＝1"])
def test_foreign_text_cannot_become_a_formula(text: str) -> None:
    assert as_csv({"id": "编号"}, [{"id": text}]).split("\r\n")[1].lstrip('"').startswith("'")


def test_rows_come_as_table_json_and_csv() -> None:
    rows: list[dict[str, object]] = [{"id": "edu", "name": "[red]教育局\x07"}, {"id": 7, "name": None}]

    table, document, sheet = (render(one, document={"rows": 2}, columns=MENU, rows=rows) for one in Format)

    assert "[red]教育局\\u0007" in table
    assert json.loads(document) == {"rows": 2}
    assert sheet.startswith("\ufeffid,name\r\nedu,")
    assert sheet.endswith("7,\r\n")

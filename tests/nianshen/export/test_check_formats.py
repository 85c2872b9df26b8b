"""``check --format``: every format carries the same findings, ends with the same code, and is there whole or not."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from bs4 import BeautifulSoup

from docs.generate import FOLDER
from nianshen.cli import call

REPORT = str(FOLDER / "examples" / "report.html")
WRONG = "requests/concluded/natural_person"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html", "csv", "xlsx"])
def test_every_format_goes_to_a_file_with_the_code_of_its_findings(form: str, tmp_path: Path) -> None:
    target = tmp_path / f"result.{form}"

    assert call(["check", REPORT, "--format", form, "--output", str(target)]) == 1

    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.stat().st_size > 100


def test_the_formats_name_the_same_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def printed(form: str) -> str:
        assert call(["check", REPORT, "--format", form, "--select", "A"]) == 1
        return capsys.readouterr().out

    (finding,) = json.loads(printed("json"))["documents"][0]["findings"]
    (result,) = json.loads(printed("sarif"))["runs"][0]["results"]
    (row,) = csv.DictReader(io.StringIO(printed("csv").removeprefix("\ufeff"), newline=""))
    (broken,) = BeautifulSoup(printed("html"), "lxml").select("td.broken")
    book = tmp_path / "book.xlsx"
    call(["check", REPORT, "--format", "xlsx", "--select", "A", "--output", str(book)])
    sheet = openpyxl.load_workbook(book)["问题"]

    assert finding["cell"] == WRONG
    assert result["properties"]["cell"] == row["单元格 cell"] == broken["title"] == WRONG
    assert WRONG in [cell.value for cell in sheet[2]]


def test_sarif_knows_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = call(["check", str(tmp_path / "nothing.html"), "--format", "sarif"])

    (invocation,) = json.loads(capsys.readouterr().out)["runs"][0]["invocations"]
    assert (code, invocation["exitCode"], invocation["executionSuccessful"]) == (3, 3, False)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--format", "xlsx"], 2, "--output"),
        (["--format", "docx"], 2, "docx"),
        (["--format", "html", "--output", "no/such/folder/a.html"], 5, "a.html"),
        (["--format", "csv", "--output", "/dev/full"], 5, "No space left"),
        (["--format", "xlsx", "--output", "/dev/full"], 5, "No space left"),
    ],
)
def test_what_cannot_be_written_says_why(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["check", REPORT, *arguments]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html", "csv"])
@pytest.mark.parametrize(("target", "code"), [("| true", 0), ("> /dev/full", 5)])
def test_a_reader_that_goes_away_or_a_full_disk_ends_without_a_traceback(form: str, target: str, code: int) -> None:
    command = f'"{sys.executable}" -m nianshen check "{REPORT}" --format {form} --fail-on never'

    ended = subprocess.run(  # noqa: S603 - our own command line
        ["/bin/bash", "-c", f"set -o pipefail; {command} {target}"], capture_output=True, text=True, check=False
    )

    assert "Traceback" not in ended.stderr
    assert ended.returncode == code

"""``nianshen export`` writes the findings of a year out of the store, marked and with their evidence."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from audit.finding import Kind
from audit.lifecycle import Change, Event
from audit.serialise import report_to_json
from nianshen.cli import call
from nianshen.store import AuditRecord, open_store
from tests.nianshen.export import making

NOW = datetime(2025, 2, 3, 8, 0, tzinfo=UTC)
SHA = "a" * 64
CONFIG = """\
version: 1
storage: {database: n.sqlite3}
portals:
  - {id: example, name: 示例门户, start_urls: ["https://www.example.gov.cn/nb/"]}
organisations:
  - {id: edu, name: =示例市教育局, portal: example}
  - {id: fin, name: 示例市财政局, portal: example}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A store with one report and three findings in it: open, waived, undecided."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    found = [making.finding(1), making.finding(2), making.finding(3, Kind.OPEN)]
    with store.transaction() as unit:
        unit.runs.begin("run-1", 2024, NOW)
        unit.reports.observe("edu", 2024, "https://e.cn/1", "example", SHA, None, NOW, NOW)
        document = report_to_json(making.report())
        reading = unit.readings.save("edu", 2024, SHA, NOW, "1", document, "https://e.cn/1")
        changes = [Change(Event.OPENED, one.fingerprint, one) for one in found]
        waived = {found[1].fingerprint}
        unit.commit_audit(AuditRecord("edu", 2024, NOW, "r1", changes, "findings", "run-1", reading, waived=waived))
    store.close()
    return path


def exported(config: Path, capsys: pytest.CaptureFixture[str], kind: str) -> str:
    assert call(["export", kind, "--config", str(config), "--year", "2024"]) == 0
    return capsys.readouterr().out


def test_csv_has_a_line_a_finding_with_state_and_evidence(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = exported(config, capsys, "csv").removeprefix("\ufeff")

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["状态 state"].split()[-1] for row in rows] == ["open", "waived", "open"]
    assert {row["证据 sha256"] for row in rows} == {SHA}
    assert {row["机关 agency"] for row in rows} == {"'=示例市教育局"}


def test_json_lines_hold_the_findings_whole(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in exported(config, capsys, "jsonl").splitlines()]

    assert [line["kind"] for line in lines] == ["fail", "fail", "open"]
    assert lines[0]["evidence"] == {"sha256": SHA, "captured_at": "2025-02-03T08:00:00+00:00", "url": "https://e.cn/1"}
    assert lines[0]["message"] == {"zh": "疑似有误 1", "en": "seems wrong 1"}


def test_sarif_suppresses_what_is_waived(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = json.loads(exported(config, capsys, "sarif"))["runs"]

    assert [len(result["suppressions"]) for result in run["results"]] == [0, 1, 0]
    assert {artifact["location"]["uri"] for artifact in run["artifacts"]} == {"https://e.cn/1"}


def test_the_workbook_lists_every_organisation_and_draws_the_report(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "year.xlsx"

    assert call(["export", "xlsx", "--config", str(config), "--year", "2024", "--output", str(target)]) == 0

    found = openpyxl.load_workbook(target)
    assert {row[1] for row in found["汇总"].iter_rows(min_row=2, values_only=True)} == {"edu", "fin"}
    assert found["汇总"]["E2"].value == "有错误 error"
    assert any(cell.value == "✖ ？ 3" for row in found.worksheets[3].iter_rows() for cell in row)


def test_the_page_draws_each_report_and_names_every_organisation(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = exported(config, capsys, "html")

    assert page.count("<article") == 2
    assert "有错误" in page
    assert "seems wrong 1" in page
    assert "seems wrong 2" not in page  # waived
    assert "=示例市教育局" in page


def test_a_year_without_findings_has_only_its_header(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["export", "csv", "--config", str(config), "--year", "2019"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["parquet"], 2, "parquet"),
        (["xlsx"], 2, "--output"),
        (["csv", "--output", "no/such/folder/a.csv"], 5, "a.csv"),
    ],
)
def test_what_cannot_be_exported_says_why(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert call(["export", *arguments, "--config", str(config)]) == code
    assert said in capsys.readouterr().err

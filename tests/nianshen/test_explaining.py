"""``check --explain``: what the reader saw, in words and as data; foreign text stays harmless."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from audit.form import load
from audit.reading import read
from audit.reading.confidence import REASONS, WHY
from audit.report import Cell, Locator, Report, RowMatch, State, Trouble
from nianshen.checking import Request, check
from nianshen.cli import call
from nianshen.explaining import explain_json, explain_lines
from tests.nianshen.office import report
from tests.nianshen.test_check_folder import SCHEMA

PAGE = report("edu")
MATCH = RowMatch(
    "received", "一、本年新收\x1b[31m", 0.93, ("similar", "order", "novel"), Locator(table=1, row=3, cell=0)
)


@pytest.fixture
def explained() -> Report:
    """A report with one row matched, one not found, a trouble, and second readings of every verdict."""
    found = read(PAGE)
    requests = replace(
        found.tables["requests"],
        matches=(MATCH,),
        missing=("granted",),
        reasons=("header_missing",),
        troubles=(Trouble("short_row", "requests/granted", "（一） | 3"),),
    )
    first = found.cell("requests/received/total")
    second = {
        "requests/received/total": first,
        "requests/carried_in/total": Cell("requests/carried_in/total", State.VALUE, 12345, "12345"),
        "requests/concluded/total": Cell("requests/concluded/total", State.ABSENT),
    }
    return replace(found, tables={**found.tables, "requests": requests}, second=second)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_row_of_the_form_is_accounted_for(explained: Report, lang: str) -> None:
    text = "\n".join(explain_lines(explained, lang))

    for table in load("2021").tables.values():
        assert [row.id for row in table.rows if row.id not in text] == []
    for column in load("2021").tables["requests"].columns:
        assert column.id in text


def test_it_says_how_a_row_was_matched_and_which_was_not(explained: Report) -> None:
    lines = list(explain_lines(explained, "zh"))

    (matched,) = [line for line in lines if line.lstrip().startswith("received ")]
    (missing,) = [line for line in lines if line.lstrip().startswith("granted ")]

    assert "0.93" in matched
    assert f"{WHY['similar'][0]}, {WHY['order'][0]}, novel" in matched
    assert "表 2 行 4 格 1" in matched
    assert missing.endswith("未找到")


def test_readings_dates_and_sources_are_told(explained: Report) -> None:
    text = "\n".join(explain_lines(explained, "en"))

    assert "2026-01-16 (source: meta pubdate)" in text
    assert f"lowered by: {REASONS['header_missing'][1]}" in text
    assert "requests/carried_in/total: the readings differ: first" in text
    assert "requests/concluded/total: first" in text
    assert "requests/received/total: both readings agree" in text


def test_the_same_stands_in_the_document(explained: Report) -> None:
    document = explain_json(explained)

    rows = {row["row"]: row for row in document["tables"]["requests"]["rows"]}
    assert rows["received"]["why"] == ["similar", "order", "novel"]
    assert rows["granted"] == {"row": "granted", "found": False}
    assert rows["concluded"] == {"row": "concluded", "found": True}
    assert [one["verdict"] for one in document["second"]] == ["agrees", "differs", "impossible"]


def test_only_who_asks_gets_it_and_the_schema_holds(explained: Report) -> None:
    checked = replace(check(PAGE, "a.html", Request()), report=explained)

    plain, full = checked.as_json(), checked.as_json(explain=True)

    assert "explain" not in plain["report"]
    jsonschema.Draft202012Validator(SCHEMA).validate({"schema": "nianshen.check/1", "documents": [plain, full]})


def test_the_option_prints_it_without_terminal_controls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.html").write_bytes(PAGE.replace("一、本年新收".encode(), "一、\x1b[31m本年新收".encode()))

    call(["check", str(tmp_path / "a.html"), "--explain", "--lang", "en"])
    told = capsys.readouterr().out

    assert "how it was read" in told
    assert "\x1b" not in told

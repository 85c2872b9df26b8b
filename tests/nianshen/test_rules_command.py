"""``nianshen rules`` lists and explains the catalogue."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from audit.engine import catalogue
from nianshen.cli import call
from nianshen.config import load
from nianshen.export.rule_page import as_markdown, as_text, drawings, waiver

CONFIG = """\
version: 1
portals:
  - {id: example, name: 示例门户, start_urls: ["https://www.example.gov.cn/nb/"]}
organisations:
  - {id: edu, name: 示例市教育局, portal: example}
"""


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert call(["rules", *arguments]) == 0
    return capsys.readouterr().out


def test_every_rule_is_listed_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(printed(capsys, "list", "--format", "json"))
    lines = list(csv.DictReader(io.StringIO(printed(capsys, "list", "--format", "csv").removeprefix("\ufeff"))))
    table = printed(capsys, "list")

    assert [rule["id"] for rule in listed["rules"]] == [line["id"] for line in lines] == list(catalogue())
    assert all(rule_id in table for rule_id in catalogue())
    assert {"severity", "basis", "mark", "title", "what"} <= set(listed["rules"][0])


def test_an_explanation_says_what_why_how_and_shows_the_broken_cell(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(capsys, "explain", "a003")

    headings = ("内容", "依据", "级别", "需要", "为什么", "例子 1", "看不出什么", "怎么改", "怎么豁免")
    assert all(f"{heading}" in page for heading in headings)
    assert "（已核原文）" in page
    assert "│      3 ✖ │" in page
    assert "空白 ？" in page


def test_an_explanation_speaks_english(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(capsys, "explain", "A003", "--lang", "en")

    assert "seen in its source" in page
    assert "How to put it right" in page


@pytest.mark.parametrize(("wrong", "meant"), [("A03", "A003"), ("Y01", "Y001"), ("zzz", "rules list")])
def test_an_unknown_rule_is_a_usage_error_that_helps(
    capsys: pytest.CaptureFixture[str], wrong: str, meant: str
) -> None:
    assert call(["rules", "explain", wrong]) == 2
    assert meant in capsys.readouterr().err


@pytest.mark.parametrize("rule_id", list(catalogue()))
def test_every_rule_can_be_explained_and_has_a_page(rule_id: str) -> None:
    assert rule_id in as_text(rule_id, "zh")
    assert rule_id in as_text(rule_id, "en")
    assert as_markdown(rule_id).startswith(f"# {rule_id} ")


def test_the_lines_to_waive_a_rule_are_a_valid_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + waiver("A003", "zh").replace("单位编号", "edu") + "\n", encoding="utf-8")

    (waived,) = load(path, {}).rules.waivers
    assert (waived.organisation, waived.rule) == ("edu", "A003")


def test_only_the_rows_an_example_names_are_drawn() -> None:
    firing, *_ = drawings("A003")

    (grid,) = firing.grids
    assert len(grid.rows) == 4
    assert sum("✖" in value for row in grid.rows for value in row) == 1

"""The documentation is true: generated pages are current, quoted output is real, links and commands exist."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest

from docs.generate import FOLDER, RULES, generated, help_of, left_over
from nianshen.cli import NOUNS, call
from nianshen.errors import Exit

ROOT = FOLDER.parent
PAGES = sorted([*ROOT.glob("*.md"), *FOLDER.rglob("*.md")])
GENERATED = generated()
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)\)")


def blocks(page: Path) -> list[tuple[str, str]]:
    return FENCE.findall(page.read_text(encoding="utf-8"))


def commands(page: Path) -> set[tuple[str, str]]:
    """Noun and following word of every quoted call of ``nianshen``."""
    lines = [line for kind, text in blocks(page) if kind == "sh" for line in text.splitlines()]
    calls = [re.search(r"(?:^|/)nianshen ([a-z]+)\s*(\S*)", line) for line in lines]
    return {(found[1], found[2]) for found in calls if found}


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_generated_page_is_current(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")

    assert written == GENERATED[name], "stale: run .venv/bin/python -m docs.generate"


def test_no_page_of_a_rule_is_left_over() -> None:
    assert left_over(GENERATED) == []


@pytest.mark.parametrize("name", sorted(name for name in GENERATED if name.startswith(f"{RULES}/")))
def test_a_page_of_a_rule_is_in_both_languages_with_balanced_tables(name: str) -> None:
    text = GENERATED[name]

    assert "**级别**" in text
    assert "**Severity**" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    tables = [list(group) for _, group in groupby(rows, key=lambda row: row.replace("\\|", "").count("|"))]
    assert all(len(table) >= 3 for table in tables)


@pytest.mark.parametrize(
    ("page", "arguments"),
    [
        (ROOT / "README.md", []),
        (FOLDER / "explanation" / "how-a-sum-is-judged.md", ["--select", "A", "--lang", "en"]),
    ],
)
def test_the_quoted_check_is_what_it_prints(
    page: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    code = call(["check", "docs/examples/report.html", *arguments])

    assert code == Exit.FINDINGS
    assert ("text", capsys.readouterr().out.strip() + "\n") in blocks(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_quoted_command_exists(page: Path) -> None:
    for noun, verb in commands(page):
        assert noun in NOUNS
        listed = help_of(noun).partition("\nCommands:\n")[2]
        assert not listed or f"  {verb} " in listed

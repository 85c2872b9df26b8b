"""CSV opens in a spreadsheet as text: no mojibake, no formula, no line lost."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nianshen.export.csv import csv_text
from nianshen.export.table import COLUMNS, HEADINGS, inert
from tests.nianshen.export import making


def lines() -> list[list[str]]:
    text = "".join(csv_text(making.documents()))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_there_is_one_line_a_finding_and_one_for_the_file_that_was_not_read() -> None:
    header, found, lost = lines()

    assert tuple(header) == HEADINGS
    row = dict(zip(COLUMNS, found, strict=True))
    assert (row["rule"], row["cell"], row["actual"], row["expected"]) == ("A003", making.WRONG, "3", "2")
    assert "无法读取" in lost[list(COLUMNS).index("outcome")]
    assert "没有这个文件" in lost[list(COLUMNS).index("message")]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " ="])
def test_foreign_text_never_begins_like_a_formula(start: str) -> None:
    value = inert(f'{start}HYPERLINK("x")')

    assert isinstance(value, str)
    assert value.startswith("'")
    assert value.isprintable()


def test_numbers_stay_numbers() -> None:
    assert inert(-2) == -2


def test_a_hostile_name_stays_in_its_cell() -> None:
    _, found, _ = lines()

    assert found[list(COLUMNS).index("agency")].startswith("'=cmd")
    assert not any("\n" in value or "\r" in value for value in found)


@given(value=st.text(max_size=60))
def test_no_text_at_all_runs_breaks_a_line_or_hides(value: str) -> None:
    written = str(inert(value))

    assert not written.lstrip(" ").startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert len(written.splitlines()) <= 1
    written.encode("utf-8")  # a lone surrogate would raise

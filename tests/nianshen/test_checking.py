"""One file to one document: pure, the same answer for the same bytes, and never an exception for what a file holds."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nianshen import checking
from nianshen.checking import Request, check
from tests.nianshen.office import report

PAGE = report("edu")
DUE = Request(kind="department", today=date(2026, 3, 1))


def test_the_same_bytes_give_the_same_document() -> None:
    first, second = check(PAGE, "a.html", Request()), check(PAGE, "a.html", Request())

    assert first.as_json() == second.as_json()
    assert first.sha256 == hashlib.sha256(PAGE).hexdigest()


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    document = check(data, "x", Request()).as_json()

    assert document["outcome"] in {"unreadable", "not_a_report"}
    assert document["error"]["message"]["zh"]


@given(st.integers(0, len(PAGE)))
def test_a_page_cut_off_anywhere_raises_nothing_and_is_never_clean(end: int) -> None:
    document = check(PAGE[:end], "x", Request())

    assert document.outcome != "clean" or _lost(document) == 0


def _lost(document: checking.Checked) -> int:
    assert document.report is not None
    return sum(cell.state.value in {"unreadable", "absent"} for cell in document.report.cells.values())


def test_one_byte_too_many_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_BYTES", len(PAGE))

    assert check(PAGE, "x", Request()).outcome == "clean"
    assert (check(PAGE + b" ", "x", Request()).error or {})["code"] == "too_large"


def test_without_a_day_nothing_is_due() -> None:
    undated = PAGE.decode().replace("2026-01-16", "").encode()

    waiting = check(undated, "x", DUE).judgement
    timeless = check(undated, "x", replace(DUE, today=None)).judgement

    assert waiting is not None
    assert timeless is not None
    assert [finding.rule for finding in waiting.findings] == ["F015"]
    assert timeless.findings == ()


def test_the_address_gives_a_date_of_its_own() -> None:
    document = check(PAGE, "x", Request(), url="https://e.cn/nb/202602/t20260203_1.html").as_json()

    assert document["report"]["dates"]["url"] == "2026-02-03"
    assert document["report"]["dates"]["declared"] == "2026-01-16"

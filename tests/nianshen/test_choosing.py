"""Of several captures the one that is the report is taken, and unreadable ones say why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from nianshen.choosing import Candidate, Organ, choose
from tests.nianshen.office import report

NOTICE = "<html><title>通知</title><body><p>全文见附件。</p></body></html>".encode()
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(400)
EDU = Organ(("示例市教育局", "市教育局"), {"示例市财政局"})
BASE = Candidate.of(
    {
        "portal": "city",
        "organisation": "edu",
        "year": 2025,
        "url": "https://e.cn/1.html",
        "title": "示例市教育局2025年政府信息公开工作年度报告",
        "list_date": "2026-01-20",
        "sha256": "page",
        "media_type": "text/html",
        "headers": {"Content-Type": "text/html"},
        "captured_at": "2026-02-04T00:00:00+00:00",
        "attachment_of": None,
        "why": [],
    }
)
FILE = replace(BASE, sha256="file", url="https://e.cn/1.pdf", attachment_of=BASE.url)
SHELF = {
    "page": report("edu"),
    "file": report("edu", skin="old"),
    "notice": NOTICE,
    "picture": PICTURE,
    "theirs": report("fin"),
    "last year": report("edu", year=2024),
}


def shelf(sha256: str) -> bytes:
    return SHELF[sha256]


def test_a_candidate_keeps_what_the_crawler_said() -> None:
    assert (BASE.captured_at, BASE.headers) == (datetime(2026, 2, 4, tzinfo=UTC), {"content-type": "text/html"})
    assert BASE.list_date == date(2026, 1, 20)


def test_a_page_goes_before_its_attachment_when_both_read_well() -> None:
    assert choose([FILE, BASE], shelf, EDU).candidate is BASE


def test_the_attachment_is_taken_when_the_page_is_only_a_cover() -> None:
    cover = replace(BASE, sha256="notice")

    found = choose([cover, FILE], shelf, EDU)

    assert found.candidate is FILE
    assert found.report is not None


def test_a_document_of_another_year_goes_behind_one_that_agrees() -> None:
    other = replace(BASE, sha256="last year", url="https://e.cn/0.html")

    assert choose([other, FILE], shelf, EDU).candidate is FILE
    assert "2024" in choose([other], shelf, EDU).why


@pytest.mark.parametrize("order", [1, -1])
def test_a_report_of_another_organ_is_never_taken_for_ours(order: int) -> None:
    theirs = replace(BASE, sha256="theirs", url="https://e.cn/fin.html")

    assert choose([theirs, FILE][::order], shelf, EDU).candidate is FILE
    alone = choose([theirs, replace(BASE, sha256="picture")][::order], shelf, EDU)
    assert (alone.candidate, alone.report) == (theirs, None)
    assert alone.stranger is not None
    assert "示例市财政局" in alone.why


def test_a_name_that_may_be_a_newer_one_of_ours_is_read() -> None:
    renamed = Organ(("示例市教育和体育局",))

    assert choose([BASE], shelf, renamed).report is not None


def test_nothing_readable_is_said_with_its_reason() -> None:
    picture = replace(BASE, sha256="picture")

    found = choose([picture, replace(FILE, sha256="notice")], shelf, EDU)

    assert found.report is None
    assert found.why
    assert found.candidate is picture


def test_the_same_bytes_under_two_addresses_are_read_once() -> None:
    asked: list[str] = []

    def blob(sha256: str) -> bytes:
        asked.append(sha256)
        return SHELF[sha256]

    choose([BASE, replace(BASE, url="https://e.cn/copy.html")], blob, EDU)

    assert asked == ["page"]


def test_choosing_from_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="candidate"):
        choose([], shelf, EDU)

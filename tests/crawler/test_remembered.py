"""What was seen in a page is remembered only as long as everything that the look depended on is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler import remembered
from crawler.cms.page import Link
from crawler.ledger import Visit
from crawler.looking import Onward, SeenList, SeenReport, look_at_list, look_at_report
from crawler.notes import Notes
from crawler.portal import Organisation, Portal
from crawler.probe import Reach
from crawler.remembered import Remembered
from crawler.select import Choice, Kind
from tests.crawler.site import REPORT, Site, crawl, listing, looks, organisation, portal, row, serve, timeless

FIN = "示例市财政局"
URL = "http://x.test/nb/"
LIST = listing(row(f"{FIN}2025年政府信息公开年度报告", "r.html"), tail='<a href="b.html">下一页</a>')
FACTS: dict[str, Any] = {
    "visit": Visit("p", "list", URL),
    "portal": Portal.from_json(portal("p", URL)),
    "organisations": (Organisation.from_json(organisation(FIN, "p", "fin")),),
    "years": (2024, 2025),
    "reach": Reach(),
    "onward": True,
}


def answer(body: str = LIST, url: str = URL, kind: str = "text/html", **meta: Any) -> Response:
    headers = {"Content-Type": kind}
    return Response(url, body=body.encode(), headers=headers, request=Request(url, meta=meta))


def test_a_list_is_remembered_as_it_was_seen(tmp_path: Path) -> None:
    first, second = Remembered(Notes(tmp_path / "p.notes")), Remembered(Notes(tmp_path / "p.notes"))

    seen = first.see(look_at_list, answer(), **FACTS)
    again = second.see(look_at_list, answer(), **FACTS)

    assert isinstance(seen, SeenList)
    assert seen.choices
    assert seen.listing.next
    assert again == seen
    assert (second.parsed, second.recalled) == (0, 1)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (REPORT.format(title=f"{FIN}2025年", extra='<a href="a.pdf">年度报告全文下载</a>'), SeenReport),
        ('<meta http-equiv="refresh" content="0; url=/there/">', Onward),
        (listing(row("2025年", "a.html"), row("2024年", "b.html"), row("2023年", "c.html")), type(None)),
    ],
)
def test_a_report_is_remembered_as_it_was_seen(tmp_path: Path, body: str, shown: type) -> None:
    choice = Choice(Kind.REPORT, Link("2025年", URL, date(2026, 1, 20)), "fin", 2025)
    facts: dict[str, Any] = {"visit": Visit("p", "report", URL, choice=choice), "choice": choice, "onward": True}

    seen = Remembered(Notes(tmp_path / "p.notes")).see(look_at_report, answer(body), **facts)
    second = Remembered(Notes(tmp_path / "p.notes"))

    assert isinstance(seen, shown)
    assert second.see(look_at_report, answer(body), **facts) == seen
    assert second.parsed == 0


@pytest.mark.parametrize(
    ("page", "facts"),
    [
        (answer(LIST + " "), {}),
        (answer(url="http://x.test/other/"), {}),
        (answer(kind="text/html; charset=gbk"), {}),
        (answer(redirect_urls=["http://x.test/"]), {}),
        (answer(render="", lost=["r.js"]), {}),
        (answer(), {"visit": Visit("p", "list", URL, number=2)}),
        (answer(), {"portal": Portal.from_json(portal("p", URL, cms="trs"))}),
        (answer(), {"organisations": (Organisation.from_json(organisation(FIN, "p", "fin", "财政局")),)}),
        (answer(), {"years": (2025, 2026)}),
        (answer(), {"reach": Reach(most_pages=3)}),
        (answer(), {"onward": False}),
    ],
)
def test_whatever_a_look_depends_on_makes_it_another(tmp_path: Path, page: Response, facts: Mapping[str, Any]) -> None:
    Remembered(Notes(tmp_path / "p.notes")).see(look_at_list, answer(), **FACTS)
    second = Remembered(Notes(tmp_path / "p.notes"))

    second.see(look_at_list, page, **{**FACTS, **facts})

    assert (second.parsed, second.recalled) == (1, 0)


def test_what_other_code_saw_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Remembered(Notes(tmp_path / "p.notes")).see(look_at_list, answer(), **FACTS)
    monkeypatch.setattr(remembered, "_code", lambda: "another")
    second = Remembered(Notes(tmp_path / "p.notes"))

    second.see(look_at_list, answer(), **FACTS)

    assert second.parsed == 1


@pytest.mark.parametrize("damage", [lambda data: data[:-2], lambda data: data.replace(b"2025", b"2024"), lambda _: b""])
def test_a_torn_or_altered_file_costs_a_look_and_nothing_else(tmp_path: Path, damage: Any) -> None:
    seen = Remembered(Notes(tmp_path / "p.notes")).see(look_at_list, answer(), **FACTS)
    path = tmp_path / "p.notes"
    path.write_bytes(damage(path.read_bytes()))
    second, third = Remembered(Notes(tmp_path / "p.notes")), Remembered(Notes(tmp_path / "p.notes"))

    assert second.see(look_at_list, answer(), **FACTS) == seen
    assert third.see(look_at_list, answer(), **FACTS) == seen
    assert (second.parsed, third.parsed) == (1, 0)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as one:
        one.put("/nb/", listing(row(f"{FIN}2025年政府信息公开年度报告", "r.html")))
        one.put("/nb/r.html", REPORT.format(title=f"{FIN}2025年", extra=""))
        yield one


def test_a_crawl_that_lost_its_memory_parses_again_and_gives_the_same_result(tmp_path: Path, site: Site) -> None:
    job = ([portal("a", site.url("/nb/"))], [organisation(FIN, "a", "fin")])
    first, second = crawl(tmp_path, *job), crawl(tmp_path, *job)
    (tmp_path / "evidence" / "looks" / "a.notes").unlink()

    third = crawl(tmp_path, *job)

    assert [looks(ran)["parsed"] for ran in (first, second, third)] == [2, 0, 2]
    assert timeless(first.result) == timeless(second.result) == timeless(third.result)

"""Whatever an address leads to or is made of: every order is carried out once, and the portal learns what became."""

from __future__ import annotations

import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from crawler.evidence import BlobStore
from crawler.run import Run
from tests.crawler.services import Entry, gkmlpt
from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

TITLE = "示例市教育局2025年政府信息公开年度报告"
OTHER = "示例市民政局2025年政府信息公开年度报告"
ORGANS = [organisation("示例市教育局", "p", "edu"), organisation("示例市民政局", "p", "civil")]


def crawled(site: Site, folder: Path, *paths: str) -> Ran:
    start = [site.url(path) for path in paths or ("/l/",)]
    return crawl(folder, [portal("p", start[0], start_urls=start)], ORGANS, timeout=5)


def page(number: int, pager: str) -> str:
    """A page of a report that goes on."""
    said = (
        REPORT.format(title=TITLE, extra="")
        if number == 1
        else f"<html><title>年度报告</title><p>第{'一二三'[number - 1]}段</p>"
    )
    return f"{said}<p>{pager}</p>"


PAGER = "<a href='/l/t1.html'>1</a> <a href='/l/t1_2.html'>2</a> <a href='/l/t1_3.html'>3</a>"


def put_in_pages(site: Site) -> None:
    for number, name in enumerate(("t1", "t1_2", "t1_3"), 1):
        site.put(f"/l/{name}.html", page(number, PAGER))


@pytest.mark.parametrize(("gone", "instead"), [("t1_2", "t1"), ("t1_3", "t1"), ("t1_2", "t1_3"), ("t1_3", "t1_2")])
def test_a_page_in_place_of_another_is_not_that_page(tmp_path: Path, gone: str, instead: str) -> None:
    with serve() as site:
        site.put("/l/", listing(row(TITLE, "t1.html"), row(OTHER, "o.html")))
        site.put("/l/o.html", REPORT.format(title=OTHER, extra=""))
        put_in_pages(site)
        site.put(f"/l/{gone}.html", Answer(b"", 302, {"Location": f"/l/{instead}.html"}))

        ran = crawled(site, tmp_path)

    (found,) = [one for one in ran.candidates("p") if one["organisation"] == "edu"]
    assert "further-pages" in _document(ran, found["sha256"])
    assert (ran.portal("p")["outcome"], ran.portal("p")["detail"].count("Error")) == ("found", 0)


@pytest.mark.parametrize(("shown", "again"), [("t1_2", 1), ("t1_3", 1), ("t1_3", 2)])
def test_a_page_that_shows_another_one_again_is_not_that_page(tmp_path: Path, shown: str, again: int) -> None:
    with serve() as site:
        site.put("/l/", listing(row(TITLE, "t1.html")))
        put_in_pages(site)
        site.put(f"/l/{shown}.html", page(again, PAGER))

        ran = crawled(site, tmp_path)

    (found,) = ran.candidates("p")
    assert "further-pages" in _document(ran, found["sha256"])


def test_two_addresses_of_a_report_in_pages_are_one_report(tmp_path: Path) -> None:
    with serve() as site:
        site.put("/l/", listing(row(TITLE, "old.html"), row(TITLE, "older.html"), row(TITLE, "t1.html")))
        put_in_pages(site)
        for name in ("old", "older"):
            site.put(f"/l/{name}.html", Answer(b"", 302, {"Location": "/l/t1.html"}))

        ran = crawled(site, tmp_path)

    (found,) = ran.candidates("p")
    assert "further-pages" not in _document(ran, found["sha256"])
    assert ran.portal("p")["outcome"] == "found"


BESIDE = """\
import sys, threading
from crawler.__main__ import main
from crawler.gathered import Gathered
document = Gathered.document
def watched(report):
    assert threading.current_thread() is not threading.main_thread()
    return document(report)
Gathered.document = watched
sys.exit(main(sys.argv[1:]))
"""


def test_a_report_is_put_together_beside_the_crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes as long as a portal likes; a crawl that waits for it would not hear that it is to end."""
    program, shell = tmp_path / "beside.py", tmp_path / "interpreter"
    program.write_text(BESIDE, encoding="utf-8")
    shell.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$3"\n', encoding="utf-8")
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with serve() as site:
        site.put("/l/", listing(row(TITLE, "t1.html")))
        put_in_pages(site)

        ran = crawled(site, tmp_path)

    assert (ran.portal("p")["outcome"], len(ran.candidates("p"))) == ("found", 1), ran.portal("p")["detail"]


def test_reports_in_pages_are_fetched_a_few_at_a_time(tmp_path: Path) -> None:
    """What arrived of a report is held until all of it did: thousands of them would not fit."""
    names = [f"示例市第{number}局" for number in range(40)]
    with serve() as site:
        titles = [f"{name}2025年政府信息公开年度报告" for name in names]
        site.put("/l/", listing(*(row(title, f"r{number}.html") for number, title in enumerate(titles))))
        for number in range(len(names)):
            site.put(f"/l/r{number}.html", page(1, f"<a href='/l/r{number}_2.html'>2</a>"))
            site.put(f"/l/r{number}_2.html", page(2, ""))

        ran = crawl(tmp_path, [portal("p", site.url("/l/"))], [organisation(name, "p", name) for name in names])

    asked = [path for _, path in site.asked if path.endswith("html")]
    held = max(accumulate(-1 if path.endswith("_2.html") else 1 for path in asked))
    assert (len(asked), len(ran.candidates("p"))) == (80, 40)
    assert held <= 10


@pytest.mark.parametrize("address", ["http://127.0.0.1:80index.html", "http://127.0.0.1:99999/r.html"])
def test_an_address_that_is_none_holds_nothing_else_up(tmp_path: Path, address: str) -> None:
    with serve() as site:
        site.put("/l/", listing(row(OTHER, address), row(TITLE, "r.html")))
        site.put("/l/r.html", REPORT.format(title=TITLE, extra=""))

        ran = crawled(site, tmp_path)

    assert [one["organisation"] for one in ran.candidates("p")] == ["edu"]
    assert ran.portal("p")["outcome"] == "report_unreachable"
    assert address in ran.portal("p")["detail"]
    assert [one for one in ran.portal("p")["lists"] if one["complete"]] == [{"organisation": "edu", "complete": True}]


def test_half_a_character_in_an_address_holds_nothing_else_up(tmp_path: Path) -> None:
    """JSON may have it, where HTML cannot."""
    entries = [Entry(OTHER, "/r/\ud800.html"), Entry(TITLE, "/l/r.html")]
    with serve() as site:
        for path, answer in gkmlpt(entries).items():
            site.serve(path, answer) if callable(answer) else site.put(path, answer)
        site.put("/l/r.html", REPORT.format(title=TITLE, extra=""))

        ran = crawled(site, tmp_path, "/gkmlpt/index")

    assert [one["organisation"] for one in ran.candidates("p")] == ["edu"]
    assert ran.portal("p")["outcome"] == "report_unreachable"
    assert [one["organisation"] for one in ran.portal("p")["lists"] if one["complete"]] == ["edu"]


@pytest.mark.parametrize("charset", ["hex", "idna", "undefined", "unicode_escape"])
def test_a_robots_txt_that_nobody_can_read_keeps_nobody_waiting(tmp_path: Path, charset: str) -> None:
    """The answer is not text of any kind, and says that it is of a kind that Python knows and the web does not."""
    with serve() as site:
        body = f'<meta charset="{charset}">\nUser-agent: *\nDisallow: /x\\ud800\n'.encode() + b"\xff\xff\x80\x81"
        site.put("/robots.txt", Answer(body))
        for name, title in (("a", TITLE), ("b", OTHER)):
            site.put(f"/{name}/", listing(row(title, "r.html")))
            site.put(f"/{name}/r.html", REPORT.format(title=title, extra=""))

        ran = crawled(site, tmp_path, "/a/", "/b/")

    assert ran.portal("p")["outcome"] == "found"


class _Row(dict[str, Any]):
    """A row of a job that counts how often it is read."""

    read = 0

    def __getitem__(self, key: str) -> Any:
        self.read += 1
        return super().__getitem__(key)


def test_a_job_of_many_portals_is_read_once(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(50)]
    known = [_Row({"portal": name, "organisation": name, "year": 2025, "url": "u"}) for name in names]
    job = {
        "run_id": "run-1",
        "year": 2025,
        "evidence": tmp_path,
        "result": tmp_path / "result",
        "portals": [portal(name, "http://x.test/") for name in names],
        "organisations": [organisation(name, name, name) for name in names],
        "known": known,
    }

    run = Run.from_json(job)

    assert max(one.read for one in known) <= 4
    for name, ledger in run.ledgers.items():
        assert [one.id for one in ledger.organisations] == [one.organisation for one in ledger.known] == [name]


def _document(ran: Ran, sha: str) -> str:
    return BlobStore(ran.evidence).read(sha).decode()

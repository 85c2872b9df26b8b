"""Portals whose list only a script makes, read by a real Chromium that reaches nothing but what the crawl fetches."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from crawler import browser
from crawler.cms import Page
from crawler.evidence import BlobStore, verify
from crawler.middlewares.render import unseen
from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve
from tests.programs import need

FIN = "示例市财政局"
SHELL = """<html><head><title>政府信息公开年报</title></head><body><div id="app"></div>
<script src="app.js"></script></body></html>"""
APP = """fetch("list.json").then(answer => answer.json()).then(rows => {
  document.getElementById("app").innerHTML = "<ul>" + rows.map(
    one => `<li><a href="${one.url}">${one.title}</a><span>2026-01-20</span></li>`).join("") + "</ul>%s";
});
%s"""
ROWS = json.dumps([{"url": "r.html", "title": f"{FIN}2025年政府信息公开年度报告"}]).encode()


@pytest.fixture(autouse=True)
def chromium() -> None:
    need(browser.found(), "Chromium")


def app(site: Site, *, pager: str = "", more: str = "") -> None:
    site.put("/nb/", SHELL)
    site.put("/nb/app.js", Answer((APP % (pager, more)).encode(), headers={"Content-Type": "text/javascript"}))
    site.put("/nb/list.json", Answer(ROWS, headers={"Content-Type": "application/json"}))
    site.put("/nb/r.html", REPORT.format(title=f"{FIN}2025年", extra=""))


def read(folder: Path, site: Site, **more: object) -> Ran:
    return crawl(folder, [portal("a", site.url("/nb/"))], [organisation(FIN, "a", "fin")], **more)


def lines(ran: Ran) -> list[dict[str, object]]:
    return [json.loads(line) for line in (ran.evidence / "manifest.jsonl").read_bytes().splitlines()]


def test_a_list_made_by_a_script_is_read_and_the_document_is_evidence(tmp_path: Path) -> None:
    with serve() as site:
        app(site)

        ran = read(tmp_path, site)

    made = next(line for line in lines(ran) if line["role"] == "rendered")
    raw = next(line for line in lines(ran) if line["url"] == made["url"])
    assert (ran.portal("a")["outcome"], ran.portal("a")["complete"]) == ("found", True)
    assert [one["organisation"] for one in ran.candidates("a")] == ["fin"]
    assert FIN in BlobStore(ran.evidence).read(str(made["sha256"])).decode()
    assert made["decoded_from"] == raw["sha256"]
    assert BlobStore(ran.evidence).read(str(raw["sha256"])).decode() == SHELL
    assert {"/nb/app.js", "/nb/list.json"} <= {path for _, path in site.asked}
    assert site.agents == {"nianshen/0.1 (+mailto:ops@example.org)"}
    assert verify(ran.evidence) == []


def test_the_browser_keeps_robots_delays_and_addresses(tmp_path: Path) -> None:
    with serve() as site, serve("127.0.0.2") as inside:
        inside.put("/secret.js", "x")
        inside.put("/secret.html", "x")
        asked = f"""import("{inside.url("/secret.js")}"); new WebSocket("ws://{inside.address}/ws");
        new Image().src = "{inside.url("/secret.png")}"; fetch("/admin/x.json");
        document.body.append(document.createElement("iframe"));
        document.querySelector("iframe").src = "{inside.url("/secret.html")}";"""
        app(site, more=asked)
        site.put("/robots.txt", Answer(b"User-agent: *\nDisallow: /admin/\nCrawl-delay: 0.2\n"))

        ran = read(tmp_path, site)

    times = [at for at, _ in site.asked[1:]]
    assert inside.asked == []
    assert "/admin/x.json" not in {path for _, path in site.asked}
    # Asked 0.2 s apart; a busy machine may notice one of them late, so that the next seems early.
    assert min(after - before for before, after in pairwise(times)) >= 0.1
    assert times[-1] - times[0] >= 0.2 * (len(times) - 1) - 0.1
    refused = {line["outcome"] for line in lines(ran) if line["role"] == "resource" and "outcome" in line}
    assert refused == {"robots_denied", "address_refused"}
    assert not ran.portal("a")["complete"]  # a service of the page was not asked: what it would have shown is unknown


def test_a_rendered_run_is_replayed_without_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as site:
        app(site)
        ran = read(tmp_path, site)
    monkeypatch.setenv("PATH", "/nonexistent")

    replayed = read(tmp_path, site, run_id="again", replay="run-1")

    assert replayed.result | {"run_id": "run-1"} == ran.result


@pytest.mark.parametrize(
    ("pager", "why"),
    [
        ("<div class='el-pagination'><li class='number'>1</li><li class='number'>2</li></div>", "list_incomplete"),
        ("<div class='el-pagination'><li class='number'>1</li></div>", None),
    ],
)
def test_a_pager_that_only_scripts_move_is_no_whole_list(tmp_path: Path, pager: str, why: str | None) -> None:
    with serve() as site:
        app(site, pager=pager)

        ran = read(tmp_path, site)

    assert ran.portal("a")["reason"] == why


def test_a_page_that_stays_empty_needs_more_than_a_browser(tmp_path: Path) -> None:
    with serve() as site:
        app(site)
        site.put("/nb/list.json", Answer(b"", 404))

        ran = read(tmp_path, site)

    assert ran.portal("a")["reason"] == "needs_render"


def test_a_page_that_sets_a_cookie_and_reloads_is_not_let_through(tmp_path: Path) -> None:
    with serve() as site:
        challenge = SHELL.replace(
            "</body>", "<script>setTimeout(()=>{document.cookie='a=1';location.reload()})</script>"
        )
        site.put("/nb/", challenge, listing(row(f"{FIN}2025年政府信息公开年度报告", "r.html")))
        site.put("/nb/app.js", Answer(b"", headers={"Content-Type": "text/javascript"}))

        ran = read(tmp_path, site)

    assert ran.portal("a")["reason"] in {"needs_render", "blocked"}
    assert [path for _, path in site.asked].count("/nb/") == 1


@pytest.mark.parametrize(
    "box", ["<div class='page'><a href='#'>下一页</a></div>", "<p class='pager'><span>2</span></p>"]
)
def test_signs_of_a_pager_by_script(box: str) -> None:
    assert unseen(Page("http://x.test/nb/", f"<html><body>{box}</body></html>"), ()) is not None

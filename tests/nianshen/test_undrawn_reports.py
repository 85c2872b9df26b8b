"""Reports whose text only a script draws: read by a real Chromium, and without one known to be unread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler import browser
from crawler.cms import Page
from crawler.evidence import BlobStore, verify
from crawler.undrawn import undrawn
from nianshen.choosing import Candidate, Found, Organ, choose
from tests.acceptance.town import YEAR, html, nianshen
from tests.crawler.site import Answer, Ran, Site, crawl, listing, organisation, portal, row, serve
from tests.notifiers.receiver import SECRET
from tests.programs import need

EDU, FIN, CIV = "示例市教育局", "示例市财政局", "示例市民政局"
SCRIPT, JSON = {"Content-Type": "text/javascript"}, {"Content-Type": "application/json"}
NAV = "<div class=nav><a href='/'>首页</a><a href='/x/'>政务公开</a></div><div class=foot>主办：示例市人民政府</div>"


def title(name: str) -> str:
    return f"{name}{YEAR}年政府信息公开工作年度报告"


def article(name: str) -> str:
    """What stands between the body's tags of the report."""
    return html(name).partition("<body>")[2].partition("</body>")[0]


def shell(name: str, inner: str) -> str:
    return f"<html><head><title>{title(name)}</title></head><body>{NAV}<h1>{title(name)}</h1>{inner}</body></html>"


APP = "fetch('{}').then(one => one.json()).then(one => {{ document.getElementById('zoom').innerHTML = one.content }});"


@pytest.fixture
def site() -> Iterator[Site]:
    """One report in its page, one whose page a script of its own fills, one that an outer script fills."""
    with serve() as site:
        site.put("/nb/", listing(*(row(title(name), f"{key}.html") for key, name in NAMES.items())))
        site.put("/nb/edu.html", html(EDU))
        site.put("/nb/fin.html", shell(FIN, f"<div id=zoom></div><script>{APP.format('/api/fin.json')}</script>"))
        site.put("/nb/civ.html", shell(CIV, "<div id=zoom class=article></div><script src='/js/civ.js'></script>"))
        site.put("/js/civ.js", Answer(APP.format("/api/civ.json").encode(), headers=SCRIPT))
        for key in ("fin", "civ"):
            body = json.dumps({"content": article(NAMES[key])}).encode()
            site.put(f"/api/{key}.json", Answer(body, headers=JSON))
        yield site


NAMES = {"edu": EDU, "fin": FIN, "civ": CIV}


def read(folder: Path, site: Site, **more: object) -> Ran:
    organs = [organisation(name, "a", key) for key, name in NAMES.items()]
    return crawl(folder, [portal("a", site.url("/nb/"))], organs, **more)


def taken(ran: Ran, key: str) -> Found:
    found = [Candidate.of(one) for one in ran.candidates("a") if one["organisation"] == key]
    return choose(found, BlobStore(ran.evidence).read, Organ((NAMES[key],)))


def test_a_browser_draws_the_report_and_what_it_drew_is_evidence(tmp_path: Path, site: Site) -> None:
    need(browser.found(), "Chromium")

    ran = read(tmp_path, site)

    assert ran.portal("a")["complete"], ran.portal("a")
    for key, name in NAMES.items():
        report = taken(ran, key).report
        assert report is not None, key
        assert (report.agency, report.year, len(report.cells)) == (name, YEAR, 200)
    assert verify(ran.evidence) == []
    drawn = [json.loads(line) for line in (ran.evidence / "manifest.jsonl").read_bytes().splitlines()]
    assert sorted(one["url"].rpartition("/")[2] for one in drawn if one["role"] == "rendered") == [
        "civ.html",
        "fin.html",
    ]


def test_a_run_with_a_browser_is_replayed_without_one(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(browser.found(), "Chromium")
    ran = read(tmp_path, site)
    monkeypatch.setenv("PATH", "/nonexistent")

    again = read(tmp_path, site, run_id="again", replay="run-1")

    assert again.result | {"run_id": "run-1"} == ran.result


@pytest.mark.parametrize("answer", [Answer(b"", 403), Answer(b'{"content": ""}', headers=JSON)])
def test_a_report_that_stays_empty_in_a_browser_is_not_read_and_not_absent(
    tmp_path: Path, site: Site, answer: Answer
) -> None:
    need(browser.found(), "Chromium")
    site.put("/api/fin.json", answer)

    ran = read(tmp_path, site)

    lists = {one["organisation"]: one["complete"] for one in ran.portal("a")["lists"]}
    assert (ran.portal("a")["outcome"], ran.portal("a")["reason"]) == ("report_undrawn", "needs_render")
    assert lists == {"edu": True, "fin": False, "civ": True}


CONFIG = """\
version: 1
storage: {{database: data/n.sqlite3, evidence: {{directory: data/evidence}}}}
portals:
  - id: a
    name: 示例市人民政府
    start_urls: ["{url}"]
    politeness: {{delay: 0}}
    allow_private_addresses: [127.0.0.0/8]
organisations:
  - {{id: edu, name: 示例市教育局, kind: department, region: 示例市, portal: a}}
  - {{id: fin, name: 示例市财政局, kind: department, region: 示例市, portal: a}}
  - {{id: civ, name: 示例市民政局, kind: department, region: 示例市, portal: a}}
"""


def test_without_a_browser_it_is_unread_neither_missing_nor_late(tmp_path: Path, site: Site) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.format(url=site.url("/nb/")), encoding="utf-8")
    nowhere = {"PATH": "/nonexistent", "SECRET": SECRET}

    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):  # long after the due date, and often enough
        ran = nianshen("run", "--year", str(YEAR), "--now", f"{day}T08:00:00+08:00", cwd=tmp_path, environ=nowhere)
        assert ran.code == 3, ran.err

    said = nianshen("status", "--year", str(YEAR), "--format", "json", cwd=tmp_path).document
    portals = nianshen("portals", "list", "--format", "json", cwd=tmp_path)
    standing = {one["id"]: (one["status"], one["reason"]) for one in said["organisations"]}
    assert standing == {"edu": ("ok", None), "fin": ("unknown", "needs_render"), "civ": ("unknown", "needs_render")}
    assert "fin.html" in portals.out or "civ.html" in portals.out


@pytest.mark.parametrize(
    "inner",
    [
        "<div id=app></div><script src=/app.js></script>",
        "<div class=TRS_Editor></div><script src=/app.js></script>",
        "<div id=ucapcontent></div><script>axios.get('/a')</script>",
        "<div id=x></div><script>$.get('/a', d => $('#x').html(d))</script>",
        "<div class=article><div v-html='detail.content'></div></div>",
        "<div>{{ detail.content }}</div>",
    ],
)
def test_signs_of_a_text_that_is_not_there_yet(inner: str) -> None:
    assert undrawn(Page("http://x.test/a.html", shell(EDU, inner)))


@pytest.mark.parametrize(
    "inner",
    [
        article(EDU),
        "<div id=zoom><img src=a.jpg></div><script src=/app.js></script>",
        f"<div id=zoom></div><div>{'本机关认真落实条例。' * 100}</div><script src=/app.js></script>",
        "<div id=zoom></div>",
        "<div id=top></div><script src=/app.js></script><p>年报见公告栏。</p>",
        f"<div id=zoom></div><script>var c = {json.dumps({'content': article(EDU)})}; $.get('/n')</script>",
        "<div id=zoom></div><script>var c = '<p>一、总体情况</p>'; $.get('/n')</script>",
    ],
)
def test_a_page_that_has_its_text_or_no_script_for_it_is_left_alone(inner: str) -> None:
    assert undrawn(Page("http://x.test/a.html", shell(EDU, inner))) is None

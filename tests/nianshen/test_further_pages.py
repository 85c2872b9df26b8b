"""A report that a portal spreads over several pages: fetched politely, kept page by page, and judged as one."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from audit.context import Context
from audit.engine import judge
from audit.reading import NotAReport, read
from audit.report import Report
from crawler.article import MOST_PAGES, Part, joined
from crawler.evidence import BlobStore, verify
from nianshen.choosing import Candidate, Found, Organ, choose
from tests import generator
from tests.acceptance.town import html
from tests.crawler.site import Answer, Ran, Site, crawl, listing, organisation, portal, row, serve
from tests.nianshen.office import MORNING, NEXT_DAY, opened, report

PAGERS = {
    "words": "<div class=page>共{n}页 {back} <a href='{u2}'>下一页</a></div>",
    "numbers": "<p>[<b>{i}</b>] <a href='{u2}'>[2]</a></p>",
    "script": "<script>createPageHTML({n}, {j}, 't1', 'html');</script>",
}


def torn(html: str, cuts: int | list[int], rng: random.Random, pager: str, *, inside: bool) -> list[str]:
    """The page cut so often, or at these places of its article; each page with all that stands around it."""
    whole = BeautifulSoup(html, "lxml")
    count = len(_content(whole).find_all(recursive=False))
    places = sorted(rng.sample(range(1, count), min(cuts, count - 1))) if isinstance(cuts, int) else cuts
    pages = []
    for number, (start, end) in enumerate(zip([0, *places], [*places, count], strict=True)):
        soup = copy.copy(whole)
        box = _content(soup)
        for index, child in enumerate(box.find_all(recursive=False)):
            if not start <= index < end:
                child.decompose()
        said = pager.format(n=len(places) + 1, i=number + 1, j=number, u2="t1_1.html", back="上一页")
        turn = BeautifulSoup(f"{said}<span>浏览次数：{rng.randrange(999)}</span>", "html.parser")
        (box if inside else box.parent).append(turn)
        pages.append(str(soup))
    return pages


def _content(soup: BeautifulSoup) -> Tag:
    """The box whose children are the paragraphs and tables of the report."""
    box = soup.find_all("table")[-1].parent
    assert isinstance(box, Tag)
    return box


def parts(pages: list[str]) -> list[Part]:
    return [
        Part(number, f"http://x.test/nb/t1{f'_{number}' * bool(number)}.html", text, "", "t", begins=False)
        for number, text in enumerate(pages)
    ]


def said(report: Report) -> object:
    cells = {key: (cell.state, cell.value) for key, cell in report.cells.items()}
    texts = {key: "".join(one.text.split()) for key, one in report.sections.items() if key != "other_matters"}
    return report.agency, report.year, report.dates.declared, cells, texts


def accused(report: Report) -> set[str]:
    findings = judge(report, Context(), select=("S", "C", "A", "N")).findings
    return {one.rule for one in findings if one.kind.value == "fail"}


@pytest.mark.parametrize("pager", PAGERS)
@pytest.mark.parametrize("skin", generator.SKINS)
@pytest.mark.parametrize("inside", [True, False])
def test_the_pages_together_read_as_the_one_page_would(skin: str, pager: str, inside: bool) -> None:
    rng = random.Random(f"{skin} {pager}")
    for _ in range(2):
        html = generator.page(generator.publication(rng, "2021"), skin)
        pages = torn(html, rng.randrange(1, 5), rng, PAGERS[pager], inside=inside)

        report = read(joined(parts(pages), whole=True).encode())

        assert said(report) == said(read(html.encode()))
        assert report.sections["other_matters"].present
        assert report.troubles == ()


@pytest.mark.parametrize("skin", generator.SKINS)
def test_some_of_the_pages_accuse_nobody_of_what_stands_on_the_others(skin: str) -> None:
    rng = random.Random(skin)
    page = generator.page(generator.publication(rng, "2021", activity=12), skin)
    blamed = accused(read(page.encode()))
    for cuts in range(1, 6):
        pages = parts(torn(page, cuts, rng, PAGERS["words"], inside=False))
        for count in range(2, len(pages)):
            try:
                report = read(joined(pages[:count], whole=False).encode())
            except NotAReport:  # less than a report is no report: nobody is accused of it
                continue

            assert accused(report) <= blamed, (cuts, count)


NAMES = {
    "trs": "示例市教育局",
    "trs from one": "示例市水利局",
    "next alone": "示例市财政局",
    "numbers": "示例市民政局",
    "query": "示例市司法局",
    "gbk": "示例市审计局",
    "names of sections": "示例市统计局",
    "first and last": "示例市体育局",
}
BROKEN = {
    "a page fails": "示例市林业局",
    "a page is gone": "示例市商务局",
    "a page is another report": "示例市信访局",
    "next is a neighbour": "示例市气象局",
    "without end": "示例市粮食局",
}


def title(name: str) -> str:
    return f"{name}2025年政府信息公开工作年度报告"


def three(name: str) -> list[str]:
    """The report of an organ on three pages, ``@`` where the pager stands: two tables, one table, words."""
    page = html(name, skin="old")
    places = [
        at
        for at, one in enumerate(_content(BeautifulSoup(page, "lxml")).find_all(recursive=False))
        if one.name == "table"
    ]
    return torn(page, [places[1], places[2] + 1], random.Random(name), "@", inside=False)


def put(site: Site, first: str, texts: list[str], names: list[str], pagers: list[str], encoding: str = "utf-8") -> None:
    for name, text, pager in zip(names, texts, pagers, strict=True):
        body = text.replace("@", pager).replace("charset=utf-8", f"charset={encoding}")
        site.put(f"/r/{name}", Answer.page(body, encoding))


def publish(site: Site) -> None:
    """One report a kind of pager, and every page with the articles beside it, which nobody may ask for."""
    beside = "<p>上一篇：<a href='/x/before.html'>工作要点</a> 下一篇：<a href='/x/after.html'>公开指南</a></p>"
    called = ["<script>createPageHTML(3, {}, 't2_11', 'html');</script>" + beside] * 3
    put(site, "", three(NAMES["trs"]), ["trs.html"] * 0 + ["t2_11.html", "t2_11_1.html", "t2_11_2.html"],
        [one.format(number) for number, one in enumerate(called)])  # fmt: skip
    called = ["<script>createPageHTML('p', 3, {}, 't3_11', 'shtml', 3);</script>"] * 3
    put(site, "", three(NAMES["trs from one"]), ["t3_11.shtml", "t3_11_2.shtml", "t3_11_3.shtml"],
        [one.format(number + 1) for number, one in enumerate(called)])  # fmt: skip
    put(site, "", three(NAMES["next alone"]), ["n.html", "n_2.html", "n_3.html"],
        ["<a href=n_2.html>下一页</a>" + beside, "<a href=n.html>上一页</a><a href=n_3.html>下一页</a>",
         "<a href=n_2.html>上一页</a><a>下一页</a>"])  # fmt: skip
    numbers = "[<b>1</b>][<a href='m_2.html'>2</a>][<a href='m_3.html'>3</a>]"
    put(site, "", three(NAMES["numbers"]), ["m.html", "m_2.html", "m_3.html"], [numbers] * 3)
    query = "<a href='?id=7&page=1'>1</a><a href='?id=7&page=2'>2</a><a href='?id=7&page=3'>3</a>"
    put(site, "", three(NAMES["query"]), ["q.jsp?id=7", "q.jsp?id=7&page=2", "q.jsp?id=7&page=3"], [query] * 3)
    site.put("/r/q.jsp?id=7&page=1", site.answers["/r/q.jsp?id=7"][0])
    gbk = ["<a href=g_1.html>下一页&gt;</a>", "<a href=g_2.html>下一页</a>", ""]
    put(site, "", three(NAMES["gbk"]), ["g.html", "g_1.html", "g_2.html"], gbk, "gbk")
    named = "<a href=s.html>一、总体情况</a><a href=s_2.html>第2页：主动公开</a><a href=s_3.html>第3页：其他</a>下一页"
    put(site, "", three(NAMES["names of sections"]), ["s.html", "s_2.html", "s_3.html"], [named] * 3)
    ends = "<a href=l.html>首页</a><a href=l_3.html>尾页</a><span>下一页</span>"
    put(site, "", three(NAMES["first and last"]), ["l.html", "l_2.html", "l_3.html"], [ends] * 3)


def publish_broken(site: Site) -> None:
    pager = "<a href=f.html>1</a><a href=f_2.html>2</a><a href=f_3.html>3</a>"
    put(site, "", three(BROKEN["a page fails"]), ["f.html", "f_2.html", "f_3.html"], [pager] * 3)
    site.put("/r/f_2.html", Answer(b"", 403))
    put(
        site,
        "",
        three(BROKEN["a page is gone"]),
        ["d.html", "d_2.html", "d_3.html"],
        [pager.replace("=f", "=d")] * 3,
    )
    site.put("/r/d_3.html", Answer(b"", 404))
    one, *_ = three(BROKEN["a page is another report"])
    site.put("/r/o.html", one.replace("@", "<a href=o_2.html>下一页</a>"))
    site.put("/r/o_2.html", html("示例市教育局"))
    one, *_ = three(BROKEN["next is a neighbour"])
    site.put("/r/v.html", one.replace("@", "<a href=w.html>下一页</a>"))
    one, *_ = three(BROKEN["without end"])
    for number in range(1, MOST_PAGES + 1):
        name = f"e_{number}.html" if number > 1 else "e.html"
        site.put(f"/r/{name}", one.replace("@", f"<a href=e_{number + 1}.html>下一页</a>"))


FIRST = {
    "trs": "t2_11.html", "trs from one": "t3_11.shtml", "next alone": "n.html", "numbers": "m.html",
    "query": "q.jsp?id=7", "gbk": "g.html", "names of sections": "s.html", "first and last": "l.html",
    "a page fails": "f.html", "a page is gone": "d.html", "a page is another report": "o.html",
    "next is a neighbour": "v.html", "without end": "e.html",
}  # fmt: skip
PORTALS = {"whole": NAMES, "broken": BROKEN}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def ran(folder: Path) -> Iterator[Ran]:
    with serve() as site:
        publish(site)
        publish_broken(site)
        for name, organs in PORTALS.items():
            site.put(f"/{name}/", listing(*(row(title(organs[key]), f"/r/{FIRST[key]}") for key in organs)))
        portals = [portal(name, site.url(f"/{name}/")) for name in PORTALS]
        organs = [organisation(one, name, key) for name, ours in PORTALS.items() for key, one in ours.items()]
        yield crawl(folder, portals, organs)


def taken(ran: Ran, key: str) -> Found:
    """What the hall takes for the report."""
    found = [Candidate.of(one) for one in ran.result["candidates"] if one["organisation"] == key]
    return choose(found, BlobStore(ran.evidence).read, Organ(((NAMES | BROKEN)[key],)))


@pytest.mark.parametrize("key", NAMES)
def test_all_pages_are_fetched_and_read_as_one_report(ran: Ran, key: str) -> None:
    (one,) = [one for one in ran.result["candidates"] if one["organisation"] == key]

    report = taken(ran, key).report

    assert one["url"].endswith(FIRST[key])
    assert report is not None, taken(ran, key).why
    assert said(report) == said(read(html(NAMES[key], skin="old").encode()))
    assert report.troubles == ()


def test_every_page_is_evidence_of_the_whole(ran: Ran) -> None:
    (one,) = [one for one in ran.result["candidates"] if one["organisation"] == "numbers"]
    lines = [json.loads(line) for line in (ran.evidence / "manifest.jsonl").read_bytes().splitlines()]
    sources = [line["decoded_from"] for line in lines if line.get("sha256") == one["sha256"]]

    pages = [line["url"].rpartition("/")[2] for sha in sources for line in lines if line.get("sha256") == sha]

    assert pages == ["m.html", "m_2.html", "m_3.html"]
    assert verify(ran.evidence) == []
    assert ran.portal("whole")["complete"]


@pytest.mark.parametrize("key", BROKEN)
def test_what_stands_on_a_page_that_cannot_be_had_is_open_and_never_missing(ran: Ran, key: str) -> None:
    report = taken(ran, key).report

    assert report is not None
    assert [one.kind for one in report.troubles] == ["continued"]
    assert not accused(report) & {"S001", "S004", "S008", "S009", "N001"}


def test_a_page_that_failed_is_named_and_makes_nobody_absent(ran: Ran) -> None:
    row_ = ran.portal("broken")

    assert (row_["outcome"], row_["complete"]) == ("report_unreachable", False)
    assert "HTTP 403" in row_["detail"]
    assert {one["organisation"] for one in ran.result["candidates"]} == set(NAMES | BROKEN)


def test_a_run_is_replayed_with_the_same_documents(ran: Ran, folder: Path) -> None:
    document = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    portals, organs = document["portals"], document["organisations"]

    again = crawl(folder, portals, organs, run_id="again", replay="run-1")

    assert again.result | {"run_id": "run-1"} == ran.result


def test_a_report_read_whole_stands_while_one_of_its_pages_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, monkeypatch) as office:
        page = report("edu").decode()
        pages = parts(torn(page, 3, random.Random(1), PAGERS["words"], inside=False))
        office.publish("edu", joined(pages, whole=True).encode())
        office.run(MORNING)
        office.publish("edu", joined(pages[:-1], whole=False).encode())
        office.unfetched = {"edu"}

        office.run(NEXT_DAY)

        assert office.standing(NEXT_DAY)["edu"] == ("ok", None)
        assert [one for one in office.told() if one[1] == "edu"] == []

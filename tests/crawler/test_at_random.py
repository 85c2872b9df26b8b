"""Portals made up at random: no report goes to a wrong organ, year or day, and none is missed on a list that is whole.

``NIANSHEN_PORTALS`` says how many, ``NIANSHEN_PORTAL_SEED`` which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

import pytest

from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, organisation, portal, serve

PORTALS = int(os.environ.get("NIANSHEN_PORTALS", "48"))
SEED = os.environ.get("NIANSHEN_PORTAL_SEED", "portals")
YEARS = (2025, 2024, 2023)
KINDS = {"示例市人民政府": "government", "青石镇人民政府": "township"}
OURS = (*KINDS, "示例市人民政府办公室", "示例市教育局", "示例市财政局", "示例市民政局", "示例市住房和城乡建设局")
STRANGERS = (
    "示例市教育考试院", "示例市教育局考试中心", "示例市财政局国库支付中心", "示例市住房公积金管理中心", "甲县教育局",
    "甲县人民政府", "示例市人民政府政务服务中心", "示例市体育局", "青石镇中心卫生院", "乙市财政局",
)  # fmt: skip
NEIGHBOURS = (
    "{n}2025年法治政府建设年度报告", "图解：{n}2025年政府信息公开工作年度报告", "{n}2025年度部门决算公开",
    "示例市政府网站工作年度报表（2025年度）", "关于做好2025年政府信息公开工作年度报告编制工作的通知",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A report: ``number`` tells its address and its day; ``said`` whether its title names its organ."""

    organ: str
    year: int
    number: int
    title: str
    link: str
    said: bool

    @property
    def day(self) -> str:
        return f"{self.year + 1}-01-{10 + self.number % 18}"

    @property
    def a(self) -> str:
        return f"<a {self.link.format(h=f'/r/{self.number}.html')}>{self.title}</a>"

    @property
    def beside(self) -> str:
        """The organ, where the title does not name it."""
        return "" if self.said else self.organ


Layout = Callable[[Sequence[Entry]], str]
TITLES = {
    True: (
        "{n}{y}年政府信息公开工作年度报告", "{y}年{n}信息公开年报", "{n}政府信息公开年度报告（{y}年）",
        "{n}：{y}年度政府信息公开工作报告", "关于发布《{n}{y}年政府信息公开年度报告》的公告",
        "{y}年政府信息公开工作年度报告（{n}）",
    ),
    False: ("{y}年政府信息公开工作年度报告", "{y}年政府信息公开年度报告"),
}  # fmt: skip
LINKS = (
    'href="{h}"', "href='/nb/..{h}'", "href=' {h} '", 'href="#" onclick="location.href=\'{h}\'"', "data-href='{h}'",
    "href=\"javascript:openUrl('{h}',1)\"", 'href="javascript:void(0)" onclick="window.open(\'{h}\')"',
)  # fmt: skip


def each(template: str) -> Layout:
    """Every entry in the same shape, one after the other."""
    return lambda entries: "".join(template.format(a=one.a, d=one.day, o=one.beside) for one in entries)


def paired(opening: str, template: str, closing: str) -> Layout:
    """Two entries in one row."""
    return lambda entries: "".join(
        f"{opening}{each(template)(entries[at : at + 2])}{closing}" for at in range(0, len(entries), 2)
    )


def inside(opening: str, layout: Layout, closing: str) -> Layout:
    return lambda entries: f"{opening}{layout(entries)}{closing}"


LAYOUTS: tuple[Layout, ...] = (
    inside("<ul>", each("<li><span>{o}</span>{a}<i>{d}</i></li>"), "</ul>"),
    inside("<UL>", each("<LI>{o} {a}<SPAN>{d}</SPAN></LI>"), "</UL>"),
    inside("<table>", each("<tr><td>{d}</td><td>{o}</td><td>{a}</td></tr>"), "</table>"),
    inside("<table>", each("<tr><td>{a}</td><td>{o}</td><td>{d}</td></tr>"), "</table>"),
    inside("<table>", paired("<tr>", "<td>{o}</td><td>{a}</td><td>{d}</td>", "</tr>"), "</table>"),
    inside("<table>", paired("<tr>", "<td>{d}</td><td>{a}</td><td>{o}</td>", "</tr>"), "</table>"),
    inside("<table>", paired("<tr>", "<td>{a}<i>{o}</i> ({d})</td>", "</tr>"), "</table>"),
    inside("<ul>", paired("<li>", "<b>{o}</b>{a}<span>{d}</span> ", "</li>"), "</ul>"),
    inside("<p>", each("{o} {a} {d}<br>"), "</p>"),
    inside("<p>", each("{d} {a} ({o})<br>"), "</p>"),
    inside("<dl>", each("<dt>{a}</dt><dd>发布机构：{o} 日期：{d}</dd>"), "</dl>"),
    each("<div class=item><em>{o}</em><div>{a}</div><div>{d}</div></div>"),
    each("<div class=card><h4>{a}</h4><p>发布机构：{o}</p><p>{d}</p></div>"),
)


def one_page(
    site: Site, show: Callable[[Sequence[Entry]], str], entries: Sequence[Entry], put: Callable[..., None]
) -> None:
    put("/nb/", show(entries))


def three_pages(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    size = -(-len(entries) // 3)
    for page in range(3):
        pager = f"<script>createPageHTML(3, {page}, 'index', 'html');</script>"
        put(f"/nb/{f'index_{page}.html' * bool(page)}", show(entries[page * size : (page + 1) * size]) + pager)


def words(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    half = -(-len(entries) // 2)
    put("/nb/", show(entries[:half]) + "<a href='/nb/?page=2'>下一页</a>")
    put("/nb/?page=2", show(entries[half:]) + "<a href='/nb/'>上一页</a><span>下一页</span>")


def years(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    put("/nb/", "".join(f"<a href='/nb/{year}/'>{year}年</a>" for year in YEARS))
    for year in YEARS:
        put(f"/nb/{year}/", show([one for one in entries if one.year == year]))


def year_select(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    """Only a script opens the other years."""
    options = "".join(f"<option>{year}年</option>" for year in YEARS)
    put("/nb/", f"<select onchange=go()>{options}</select>{show([one for one in entries if one.year == 2024])}")


def parts(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    tabs = "<div><a href='/bm/nb/'>市政府部门</a><a href='/xz/nb/'>乡镇（街道）</a></div>"
    for path, town in (("/nb/", None), ("/bm/nb/", False), ("/xz/nb/", True)):
        put(path, tabs + show([one for one in entries if ("镇" in one.organ) is town]))


def organs(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    names = list(dict.fromkeys(one.organ for one in entries))
    put("/nb/", "".join(f"<li><a href='/o{at}/'>{name}</a></li>" for at, name in enumerate(names)))
    for at, name in enumerate(names):
        put(f"/o{at}/", f"<h2>{name}</h2>{show([one for one in entries if one.organ == name])}")


def framed(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    put("/nb/", "<iframe src='/in/list.html' width=900 height=800></iframe>")
    put("/in/list.html", show(entries))


def in_script(site: Site, show: Layout, entries: Sequence[Entry], put: Callable[..., None]) -> None:
    rows = ",".join(f"{{t:'{one.title}',u:'/r/{one.number}.html',o:'{one.organ}'}}" for one in entries)
    put("/nb/", f"<ul id=l></ul><script>var rows=[{rows}];show(rows)</script>")


WAYS = (one_page, one_page, three_pages, words, years, year_select, parts, organs, framed, in_script)


@dataclass(frozen=True)
class Town:
    """A portal at random, and what is true of it."""

    name: str
    ours: tuple[str, ...]
    entries: tuple[Entry, ...]

    def publish(self, site: Site, rng: Random) -> None:
        layout, way, encoding = rng.choice(LAYOUTS), rng.choice(WAYS), rng.choice(("utf-8", "gbk", "utf-16", "mixed"))
        beside = "".join(
            f"<li><a href='/x/{at}.html'>{text.format(n=self.ours[0])}</a><i>2026-02-01</i></li>"
            for at, text in enumerate(rng.sample(NEIGHBOURS, 2))
        )

        def put(path: str, inner: str) -> None:
            page = (
                f"<html><head><title>政府信息公开年报</title></head><body>{inner}<ul>{beside}</ul>",
                "<div>主办：示例市人民政府办公室</div></body></html>",
            )
            first, last = ("utf-8", "gbk") if encoding == "mixed" else (encoding, encoding)
            data = "".join(page).encode(first) if first == last else page[0].encode(first) + page[1].encode(last)
            site.put(path, Answer(data, headers={"Content-Type": "text/html; charset=utf-8"}))

        way(site, layout, self.entries, put)
        for one in self.entries:
            site.put(f"/r/{one.number}.html", REPORT.format(title=f"{one.organ}{one.year}年", extra=""))


def town(name: str, rng: Random) -> Town:
    ours = tuple(rng.sample(OURS, rng.randrange(2, 5)))
    absent, said = rng.choice((*ours, None)), rng.random() < 0.6
    title, link = rng.choice(TITLES[said]), rng.choice(LINKS)
    every = [(organ, year) for organ in (*ours, *rng.sample(STRANGERS, 3)) for year in YEARS]
    there = [one for one in every if one != (absent, YEARS[0])]
    rng.shuffle(there)
    return Town(
        name,
        ours,
        tuple(
            Entry(organ, year, number, title.format(n=organ, y=year), link, said)
            for number, (organ, year) in enumerate(there)
        ),
    )


TOWNS = [town(f"p{number}", Random(f"{SEED} {number}")) for number in range(PORTALS)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    portals, organisations = [], []
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/nonexistent")  # no browser: what scripts hide is to be noticed, not drawn
        for one in TOWNS:
            site = stack.enter_context(serve())
            one.publish(site, Random(f"{SEED} {one.name}"))
            portals.append(portal(one.name, site.url("/nb/")))
            organisations += [
                organisation(name, one.name, f"{one.name}/{name}", kind=KINDS.get(name, "department"))
                for name in one.ours
            ]
        yield crawl(tmp_path_factory.mktemp("random"), portals, organisations)


@pytest.mark.parametrize("town", TOWNS, ids=lambda one: one.name)
def test_a_report_goes_to_its_organ_its_year_and_its_day(ran: Ran, town: Town) -> None:
    for one in ran.candidates(town.name):
        entry = town.entries[int(re.findall(r"\d+", one["url"].rpartition("/")[2])[0])]

        assert (one["organisation"], one["year"]) == (f"{town.name}/{entry.organ}", entry.year)
        assert one["list_date"] in {None, entry.day}


@pytest.mark.parametrize("town", TOWNS, ids=lambda one: one.name)
def test_nobody_is_absent_from_a_list_who_is_on_it(ran: Ran, town: Town) -> None:
    found = {one["organisation"] for one in ran.candidates(town.name) if one["year"] == YEARS[0]}
    published = {f"{town.name}/{one.organ}" for one in town.entries if one.year == YEARS[0]}

    absent = {one["organisation"] for one in ran.portal(town.name)["lists"] if one["complete"]} - found

    assert absent & published == set(), ran.portal(town.name)


def test_most_of_them_are_read_whole(ran: Ran) -> None:
    whole = [one for one in TOWNS if ran.portal(one.name)["complete"]]

    assert len(whole) >= PORTALS * 0.6

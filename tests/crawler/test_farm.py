"""Portals of many makes in one run: who is found on them, whose absence is proven, and what could not be read."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from crawler.evidence import verify
from tests.crawler.site import REPORT, Answer, Ran, crawl, listing, organisation, portal, row, serve

EDU, FIN, CIV = "示例市教育局", "示例市财政局", "示例市民政局"
Pages = Mapping[str, str | Answer | tuple[Answer, ...]]


def title(name: str, year: int = 2025) -> str:
    return f"{name}{year}年政府信息公开工作年度报告"


E, F, OLD = row(title(EDU), "/r/e.html"), row(title(FIN), "/r/f.html"), row(title(CIV, 2021), "/r/o.html")
BARE = "2025年政府信息公开工作年度报告"
COLUMN = '<a href="/nb/">政府信息公开年报</a>'
GONE = Answer(b"", 404)
HEAD = "<html><title>政府信息公开年报</title><body>"


def paged(tail: str, name: str = "index_{}.html", numbers: tuple[int, int, int] = (0, 1, 2)) -> Pages:
    """Three pages of a list with a pager that is told the number of the page."""
    first, second, third = (tail.replace("@", str(number)) for number in numbers)
    return {
        "/nb/": listing(E, tail=first),
        f"/nb/{name.format(1 + numbers[0])}": listing(F, tail=second),
        f"/nb/{name.format(2 + numbers[0])}": listing(OLD, tail=third),
    }


def page(head: str, *, start: str = "/nb/", **more: str | Answer) -> Pages:
    return {start: head} | {path.replace("_", "/"): answer for path, answer in more.items()}


# Every portal here shows the reports of EDU and FIN, and a whole list without one of CIV for 2025.
WHOLE: dict[str, Pages] = {
    "trs": paged('<script>createPageHTML(3, @, "index", "html");</script>'),
    "trs quoted": paged('<script>createPageHTML("3","@","index","shtml");</script>', "index_{}.shtml"),
    "trs hidden in a comment": paged('<script><!--\ncreatePageHTML(3,@,"index","html");\n//--></script>'),
    "trs variables": paged("<script>var countPage = 3;//共几页\nvar currentPage = @;</script>"),
    "trs variables and a name": paged(
        '<script>var countPage=3,currentPage=@;createPageHTML(countPage,currentPage,"list","htm")</script>',
        "list_{}.htm",
    ),
    "names built by a script": paged(
        "<script>var countPage=3;var currentPage=@;document.write('<a href=\"default_'+i+'.htm\">')</script>",
        "default_{}.htm",
    ),
    "element first": paged("<script>createPageHTML('p',3,@,'index','html',3)</script>", numbers=(1, 2, 3)),
    "element first from zero": {
        **paged("<script>createPageHTML('p',3,@,'index','html',3)</script>"),
        "/nb/index_3.html": GONE,  # asked for first: most that write it so count from one
    },
    "a place line on every page": paged(
        f'<div class="crumbs">当前位置：<a href="/">首页</a> &gt; {COLUMN}</div>'
        '<script>createPageHTML(3, @, "index", "html");</script>'
    ),
    "arrow behind the word": {
        "/nb/": listing(E, tail='<a href="b.html">下一页&gt;</a>'),
        "/nb/b.html": listing(F, tail='<a href="c.html">下一页 »</a>'),
        "/nb/c.html": listing(OLD, tail='<a href="/nb/">下一页&gt;</a>'),
    },
    "numbers in brackets": {
        "/nb/": listing(E, tail='<a href="p_2.html">[2]</a>'),
        "/nb/p_2.html": listing(F + OLD),
    },
    "next as a picture": {
        "/nb/": listing(E, tail='<a href="p_2.html"><img src="n.gif" alt="下一页"></a>'),
        "/nb/p_2.html": listing(F + OLD),
    },
    "a select of pages": {
        "/nb/": listing(E, tail='<select><option value="/nb/">1</option><option value="p_2.html">2</option></select>'),
        "/nb/p_2.html": listing(F + OLD),
    },
    "dated divs": page(
        f"{HEAD}<div><div><a href='/r/e.html'><b>{title(EDU)}</b></a><i>2026-01-20</i></div>"
        f"<div><a href='/r/f.html'>{title(FIN)}<em>2026-01-20</em></a></div></div>"
    ),
    "an organ spanning rows": page(
        f"{HEAD}<table><tr><td rowspan=2>{EDU}</td><td><a href='/r/e.html'>2025年</a></td></tr>"
        "<tr><td><a href='/r/o.html'>2021年</a></td></tr>"
        f"<tr><td rowspan=2>{FIN}</td><td><a href='/r/o.html'>2021年</a></td></tr>"
        "<tr><td><a href='/r/f.html'>2025年</a></td></tr></table>"
    ),
    "organs as headings": page(
        f"{HEAD}<div><div>{EDU}</div><ul><li><a href='/r/e.html'>{BARE}</a></li></ul></div>"
        f"<h2>{FIN}</h2><ul><li><a href='/r/f.html'>{BARE}</a></li></ul>"
    ),
    "years as columns": page(
        f"{HEAD}<table><tr><th>单位</th><th>2021</th><th>2025</th></tr>"
        f"<tr><td>{EDU}</td><td><a href='/r/o.html'>查看</a></td><td><a href='/r/e.html'>查看</a></td></tr>"
        f"<tr><td>{FIN}</td><td><a href='/r/o.html'>查看</a></td><td><a href='/r/f.html'>查看</a></td></tr></table>"
    ),
    "links opened by a script": page(
        f"{HEAD}<ul><li><a href='#' onclick=\"window.open('/r/e.html')\">{title(EDU)}</a>2026-01-20</li>"
        f"<li><a href=\"javascript:window.open('/r/f.html')\">{title(FIN)}</a>2026-01-20</li></ul>"
    ),
    "the organ behind a label": page(
        f"{HEAD}<table><tr><td><a href='/r/e.html'>{BARE}</a></td><td>2026-01-20</td><td>发布机构：{EDU}</td></tr>"
        f"<tr><td><a href='/r/f.html'>{BARE}</a></td><td>2026-01-20</td><td>{FIN}</td></tr></table>"
    ),
    "gbk with a broken sign": page(
        "",
        start="/x/",
        _nb_=Answer(listing(E, F).encode("gbk") + b"\xff", 200, {"Content-Type": "text/html; charset=utf-8"}),
    ),
    "utf-8 with a sign cut in two": page(
        "", start="/x/", _nb_=Answer(listing(E, F).encode().replace(b"</ul>", "<li>示".encode()[:-1] + b"</li></ul>"))
    ),
    "a count of all rows": page(listing(E, F, '<li><a href="z.html">公开指南</a></li>', tail="<p>共3条记录</p>")),
    "gbk without a charset": page(
        "", start="/x/", _nb_=Answer(listing(E, F).encode("gbk"), 200, {"Content-Type": "text/html"})
    ),
    "column linked from a home with one report": page(
        listing(E, tail=COLUMN, title="首页"), start="/", _nb_=listing(E, F)
    ),
    "column linked from a heading": page(
        listing(E, tail=f"<h3>{COLUMN}</h3>", title="公开平台"), start="/", _nb_=listing(E, F)
    ),
    "more behind a heading": page(
        f"{HEAD}<div><h3>政府信息公开年报</h3><a href='/nb/'>更多&gt;&gt;</a></div><ul>{E}</ul>",
        start="/",
        _nb_=listing(E, F),
    ),
    "years below the column's name": page(
        f'{HEAD}<h2>信息公开年报</h2><p><a href="2025/">2025年度</a> <a href="2021/">2021年度</a></p>',
        _nb_2025_=listing(E, F),
        _nb_2021_=listing(OLD),
    ),
    "the column's name in a plain box": page(
        f"<title>示例市人民政府</title><div>历年年报</div><ul>{row(f'{EDU}2025年年报', '/r/e.html')}"
        f"{row(f'{FIN}2025年年报', '/r/f.html')}{row(f'{CIV}2021年年报', '/r/o.html')}</ul>"
    ),
    "column, then years": page(
        f"<title>公开</title>{COLUMN}",
        start="/",
        _nb_=listing('<li><a href="2025/">2025年</a></li>'),
        _nb_2025_=listing(E, F),
    ),
    "kinds of organs below the column": page(
        listing('<li><a href="bm/">市政府部门</a></li><li><a href="xz/">乡镇（街道）</a></li>', E),
        _nb_bm_=listing(E, F),
        _nb_xz_=listing(row(title("示例市青石镇人民政府"), "/r/x.html")),
    ),
    "years of publication": page(
        listing('<li><a href="2026/">2026</a></li><li><a href="2025/">2025</a></li>'),
        _nb_2026_=listing(E, F),
        _nb_2025_=listing(row(title(EDU, 2024), "/r/e.html")),
    ),
    "organs, then years": page(
        listing(
            *(f'<li><a href="/{path}/">{name}</a></li>' for path, name in (("edu", EDU), ("fin", FIN), ("civ", CIV)))
        ),
        _edu_=listing('<li><a href="2025/">2025年</a></li>'),
        _edu_2025_=listing(row("政府信息公开工作年度报告", "/r/e.html")),
        _fin_=listing(row(BARE, "/r/f.html")),
        _civ_=listing(row("2021年政府信息公开工作年度报告", "/r/o.html")),
    ),
    "frameset": page("<title>年报</title><frameset><frame src='/in/'></frameset>", _in_=listing(E, F)),
    "meta refresh": page("<meta http-equiv=refresh content='0; url=/in/'>", _in_=listing(E, F)),
    "script sends on": page("<script>window.location.href='/in/';</script>", _in_=listing(E, F)),
    "base": page(
        f"<base href='/r/'><title>年报</title><ul>{row(title(EDU), 'e.html')}{row(title(FIN), 'f.html')}</ul>"
    ),
    "an address that is none": page(listing(E, F, row("示例市体育局2025年政府信息公开年报", "http://a b:99999/"))),
    "report behind a refresh": page(
        listing(row(title(EDU), "/r/d.html"), F), **{"_r_d.html": "<meta http-equiv='refresh' content='0;url=e.html'>"}
    ),
    "report inside a frame": page(
        listing(row(title(EDU), "/r/d.html"), F), **{"_r_d.html": "<body><iframe src='e.html'></iframe></body>"}
    ),
    "last year's report is gone": page(listing(E, F, row(title(EDU, 2024), "/r/gone.html")), **{"_r_gone.html": GONE}),
    "an unclear link of years ago": page(listing(E, F, row("2018年政府信息公开工作年度报告", "/r/x.html"))),
    "a lost file beside a report": page(
        listing(row(title(EDU), "/r/a.html"), F),
        **{
            "_r_a.html": REPORT.format(title=title(EDU), extra="<a href='no.pdf'>年度报告</a>"),
            "_r_no.pdf": GONE,
        },
    ),
    "a cookie set on the way": {
        "/nb/": (
            Answer(b"", 302, {"Location": "/nb/", "Set-Cookie": "CT6T=1; path=/"}),
            Answer.page(listing(E, F)),
        )
    },
    "robots with a mark in front": page(
        listing(E, F), **{"_robots.txt": Answer("\ufeffUser-agent: *\nDisallow: /admin\n".encode())}
    ),
}
START = {name: "/" for name, pages in WHOLE.items() if "/" in pages}

# Every portal here cannot prove an absence.
NOT_WHOLE: dict[str, tuple[Pages, str]] = {
    "numbers by script": (
        page(listing(E, tail='<a href="javascript:void(0)" onclick="go(2)">2</a>')),
        "list_incomplete",
    ),
    "pages drawn by script": (page(listing(E, tail="<script>laypage({pages: 3})</script>")), "list_incomplete"),
    "a button for more": (page(listing(E, tail='<button onclick="m()">加载更多</button>')), "list_incomplete"),
    "records from a service": (page(listing(E, tail='<script>"/jpage/dataproxy.jsp"</script>')), "list_incomplete"),
    "an unknown pager script": (
        page(listing(E, tail='<script>createPageHTML("x", {n:3})</script>')),
        "list_incomplete",
    ),
    "a pager of millions": (
        page(listing(E, tail='<script>createPageHTML(99999999,0,"index","html")</script>')),
        "list_incomplete",
    ),
    "a pager without end": (
        {f"/nb/{q}": listing(E, tail=f'<a href="?page={n}">下一页</a>') for q, n in (("", 2), ("?page=2", 3))},
        "list_incomplete",
    ),
    "a page cut in the middle": (page(f"{HEAD}<ul>{E}<li><a href='/r/"), "list_incomplete"),
    "one start page empty": (page(listing(E, F), _civ_=listing(title="年度报告")), "list_empty"),
    "sent to the front page": (
        {"/nb/": Answer(b"", 302, {"Location": "/"}), "/": f"<title>首页</title><ul>{E}</ul>"},
        "layout_changed",
    ),
    "not found in other words": (page("<p>抱歉，没有找到您要访问的页面！</p>"), "layout_changed"),
    "too large once unpacked": (
        page("", start="/x/", _nb_=Answer(gzip.compress(bytes(60_000_000), 1), 200, {"Content-Encoding": "gzip"})),
        "layout_changed",
    ),
    "redirects in a circle": (page("", start="/x/", _nb_=Answer(b"", 302, {"Location": "/nb/"})), "portal_unreachable"),
    "a cookie set by script": (page("<script>document.cookie='a=1';location.reload()</script>"), "blocked"),
    "robots forbid the list": (
        page("", start="/x/", **{"_robots.txt": Answer("\ufeffUser-agent: *\nDisallow: /nb/\n".encode())}),
        "robots_denied",
    ),
}

SECRET = "a row without an address"
ROW = page(f"{HEAD}<ul><li><span data-id=7>{title(EDU)}</span>2026-01-20</li>{F}</ul>")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """All portals in one run, under a path with a space and Chinese signs."""
    portals, organisations = [], []
    with ExitStack() as stack:
        for name, pages in ({SECRET: ROW} | WHOLE | {name: pages for name, (pages, _) in NOT_WHOLE.items()}).items():
            site = stack.enter_context(serve())
            for path, who in (("/r/e.html", EDU), ("/r/f.html", FIN)):
                body = gzip.compress(REPORT.format(title=title(who), extra="").encode())
                site.put(path, Answer(body, 200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}))
            for path, answer in pages.items():
                site.put(path, *(answer if isinstance(answer, tuple) else (answer,)))
            starts = [site.url(START.get(name, "/nb/"))] + [site.url("/civ/")] * (name == "one start page empty")
            portals.append(portal(name, "", start_urls=starts))
            organisations += [organisation(who, name, f"{name}/{who}") for who in (EDU, FIN, CIV)]
        yield crawl(tmp_path_factory.mktemp("证据 库"), portals, organisations)


@pytest.mark.parametrize("name", WHOLE)
def test_every_report_is_found_and_an_absence_is_proven(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    found = {one["organisation"] for one in ran.candidates(name) if one["year"] == 2025}

    assert (row_["outcome"], row_["complete"]) == ("found", True), row_
    assert found == {f"{name}/{EDU}", f"{name}/{FIN}"}
    assert {one["organisation"]: one["complete"] for one in row_["lists"]}[f"{name}/{CIV}"]


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_a_list_not_seen_whole_proves_nothing(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    assert (row_["reason"], row_["complete"]) == (NOT_WHOLE[name][1], False), row_
    assert not any(one["complete"] for one in row_["lists"])


def test_a_row_whose_address_only_a_script_knows_is_not_an_absence(ran: Ran) -> None:
    lists = {one["organisation"]: one["complete"] for one in ran.portal(SECRET)["lists"]}

    assert lists == {f"{SECRET}/{EDU}": False, f"{SECRET}/{FIN}": True, f"{SECRET}/{CIV}": True}


def test_an_unpacked_report_is_tied_to_the_bytes_of_the_wire(ran: Ran) -> None:
    manifest = (ran.evidence / "manifest.jsonl").read_text(encoding="utf-8")

    assert verify(ran.evidence) == []
    assert all(f'"sha256":"{one["sha256"]}"' in manifest for one in ran.result["candidates"])

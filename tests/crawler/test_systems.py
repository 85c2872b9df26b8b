"""Publishing systems over HTTP: all reports found on each, and no broken one that passes for a list read whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.crawler.services import (
    CHANNEL,
    Entry,
    Place,
    aspx,
    catalogue,
    data,
    epoint,
    gkmlpt,
    jpaas,
    trs,
    truecms,
    ucap,
)
from tests.crawler.site import (
    REPORT,
    Answer,
    Asked,
    Ran,
    Service,
    crawl,
    listing,
    looks,
    organisation,
    portal,
    row,
    serve,
    timeless,
)

EDU, FIN, CIV = "示例市教育局", "示例市财政局", "示例市民政局"
Pages = Mapping[str, str | Answer]
COLUMN = "<html><head><title>政府信息公开年报</title></head><body>{}</body></html>"


PAPERS = {"e25": (EDU, 2025), "f25": (FIN, 2025), "e24": (EDU, 2024), "f24": (FIN, 2024)}


def title(key: str) -> str:
    name, year = PAPERS[key]
    return f"{name}{year}年政府信息公开工作年度报告"


def rowed(key: str) -> str:
    return row(title(key), f"/r/{key}.html")


E, F, OLD = rowed("e25"), rowed("f25"), rowed("e24")
C = f"{CIV}2021年政府信息公开工作年度报告"


# --- Hanweb JPAGE -----------------------------------------------------------------------------------------------------

PROXY = "/module/web/jpage/dataproxy.jsp"
FIELDS = (
    "col=1&appid=1&webid=7&path=%2F&columnid=11&sourceContentType=1"
    "&unitid=22&webname=%E7%A4%BA%E4%BE%8B&permissiontype=0"
)
JPAGE = (
    "<script>$('#22').jpage({perPage:1, totalRecord:3, proxyUrl:'" + PROXY + "', ajaxParam:{col:1,appid:1,webid:7,"
    "path:'/',columnid:11,sourceContentType:1,unitid:'22',webname:'示例',permissiontype:0}})</script>"
)


def store(*rows: str, total: int | None = 3, chain: str | None = None) -> str:
    count = "" if total is None else f"<totalrecord>{total}</totalrecord>"
    onward = "" if chain is None else f"<nextgroup><![CDATA[{chain}]]></nextgroup>"
    records = "".join(f"<record><![CDATA[{one}]]></record>" for one in rows)
    return f"<datastore>{count}{onward}<recordset>{records}</recordset></datastore>"


def group(number: int, step: int = 1) -> str:
    first = (number - 1) * step + 1
    return f"{PROXY}?startrecord={first}&endrecord={number * step}&perpage={step}&page={number}"


def column(*rows: str, tail: str = JPAGE, **more: str | None) -> str:
    return COLUMN.format(f'<div id="22"><script type="text/xml">{store(*rows, **more)}</script></div>{tail}')  # type: ignore[arg-type]


def more(number: int, columnid: str = "11") -> str:
    return f"{PROXY}?page={number}&appid=1&webid=7&path=/&columnid={columnid}&unitid=22&permissiontype=0"


def chain(number: int, columnid: str = "11") -> str:
    return f'<a href="{more(number, columnid).replace("&", "&amp;")}"></a>'


BROKEN_LINES = f"<li><a href='/r/e25.html'\n title='{title('e25')}'>{EDU}…</a><span>2026-\n01-20</span></li>"
POSTED = {f"{group(2)} {FIELDS}": store(F), f"{group(3)} {FIELDS}": store(OLD)}
HANWEB: dict[str, Pages] = {
    "all in the page": {"/nb/": column(E, F, OLD)},
    "POST by fields": {"/nb/": column(BROKEN_LINES)} | POSTED,
    "GET by address": {
        "/nb/": column(E, tail=f"<script>var u='{PROXY}?columnid=11&unitid=22'</script>"),
        **{
            f"{PROXY}?columnid=11&unitid=22&{group(n).partition('?')[2]}": Answer(
                store(one).encode(), 200, {"Content-Type": "text/xml"}, "/nb/"
            )
            for n, one in ((2, F), (3, OLD))
        },
    },
    "a chain of groups": {
        "/nb/": column(E, tail="", chain=chain(2)),
        more(2): store(F, chain=chain(3)),
        more(3): store(OLD.replace("/r/", "../r/"), chain=""),
    },
    "nothing in the page, and groups cut by the server": {
        "/nb/": COLUMN.format(JPAGE.replace("totalRecord:3, ", "")),
        f"{group(1, 100)} {FIELDS}": store(E, F),
        f"{group(2, 2)} {FIELDS}": store(OLD),
    },
    "a side box with records of its own": {
        "/col/col11/index.html": COLUMN.format(
            f"<script type='text/xml'>{store(row('机构改革', '/art/2026/1/1/art_9_1.html'), total=80)}</script>"
            f"<script type='text/xml'>{store(E, F, row('公开指南', '/art/2026/1/1/art_11_2.html'))}</script>{JPAGE}"
        )
    },
}
HANWEB_BROKEN: dict[str, tuple[Pages, str]] = {
    "a group fails": ({"/nb/": column(E)} | POSTED | {f"{group(3)} {FIELDS}": Answer(b"", 404)}, "list_incomplete"),
    "no records but a page": (
        {"/nb/": column(E)} | POSTED | {f"{group(2)} {FIELDS}": listing(F)},
        "list_incomplete",
    ),
    "a total larger than seen": (
        {"/nb/": column(E, total=None, tail="", chain=chain(2)), more(2): store(F, total=9)},
        "list_incomplete",
    ),
    "a challenge": (
        {
            "/nb/": COLUMN.format(JPAGE),
            f"{group(1, 100)} {FIELDS}": "<script>document.cookie='__jsl_clearance=1';location.reload()</script>",
        },
        "blocked",
    ),
    "an empty reply": ({"/nb/": column(E)} | POSTED | {f"{group(2)} {FIELDS}": Answer(b"")}, "list_incomplete"),
    "the same group for every number": (
        {"/nb/": column(E)} | dict.fromkeys(POSTED, store(E)),
        "list_incomplete",
    ),
    "a total that changes": (
        {"/nb/": column(E)} | POSTED | {f"{group(3)} {FIELDS}": store(OLD, total=2)},
        "list_incomplete",
    ),
    "encrypted numbers": ({"/nb/": column(E, tail="", chain=chain(2, "k%2FxQ"))}, "list_incomplete"),
    "an entry without an address": (
        {"/nb/": column(E, F, f"<li><a onclick='show(7)'>{C}</a></li>")},
        "list_incomplete",
    ),
}

# --- The others, rebuilt ---------------------------------------------------------------------------------------------

PAPERED = [Entry(title(key), f"/r/{key}.html") for key in PAPERS]
OLD_YEARS = range(2008, 2019)
NEIGHBOURS = [
    Entry(C, "/x/c21.html", "2022-01-20"),
    Entry(f"{CIV}2025年法治政府建设年度报告", "/x/law.html"),
    Entry("【图解】示例市民政局2025年政府信息公开工作年度报告", "/x/picture.html"),
    Entry(f"{CIV}2025年度部门决算", "/x/money.html"),
    Entry(f"{CIV}政府网站工作年度报表（2025年）", "/x/site.html"),
    Entry("甲县民政局2025年政府信息公开工作年度报告", "/x/county.html"),
    *(
        Entry(f"{EDU}{year}年政府信息公开工作年度报告", f"/x/{year}.html", f"{year + 1}-01-20")
        for year in range(2008, 2019)
    ),
]
ENTRIES = [PAPERED[0], NEIGHBOURS[0], PAPERED[1], *NEIGHBOURS[1:8], *PAPERED[2:], *NEIGHBOURS[8:]]
BARE = [Entry(f"{year}年政府信息公开工作年度报告", f"/r/{key}.html", organ=who) for key, (who, year) in PAPERS.items()]
LEAKS = [Entry("2025年政府信息公开工作年度报告", f"/art/2026/1/20/art_99_{place}.html") for place in (1, 2)]
IN_COLUMN = [Entry("公开指南", "/art/2026/1/1/art_11_7.html")]
QUERY = "{'webId':'w1','pageId':'p1','tplSetId':'t1','tagId':'内容列表','pageType':'column','parseType':'bulidstatic'}"
UNIT = f'<div class="unit" queryData="{QUERY}"></div>'
SEARCH = f"$.get('/common/search/{CHANNEL}?_isAgg=true&_isJson=true&_pageSize=20&_template=index&page=1')"
BUILT = f"var channelId='{CHANNEL}';$.get('/searchList/'+channelId+'?_isAgg=true&_isJson=true')"
DOTNET = "<script>function __doPostBack(a,b){}</script>"


UNIT_SERVICE = "/api-gateway/jpaas-publish-server/front/page/build/unit"


def first_page_only(pages: Mapping[str, Place], parameter: str) -> Service:
    """The endpoint of ``pages`` if it ignored the number of the page."""
    service = next(place for place in pages.values() if not isinstance(place, str | Answer))
    fixed = {"paramJson": "{}", "page": "1"}[parameter]
    return lambda asked: service(asked | {parameter: fixed})


def postbacks(_: Asked) -> Answer:
    """An old page whose address carries no number."""
    state = "<input type=hidden name=__VIEWSTATE value=x>"
    return Answer.page(COLUMN.format(f"{state}<table>{''.join(one.row for one in ENTRIES[:5])}</table>{told(1, 4)}"))


def words(number: int, count: int) -> str:
    later = f"<a href='InfoPublic.aspx?cid=1019&pid=971&page={number + 1}&kw='>下一页</a>" if number < count else ""
    return f"{later}<span>共{count}页</span>"


def told(number: int, count: int) -> str:
    return f"{DOTNET}<a href=\"javascript:__doPostBack('pager','{number + 1}')\">下一页</a> 第{number}/{count}页"


SYSTEMS: dict[str, dict[str, Mapping[str, Place]]] = {
    "hanweb": HANWEB,
    "trs": {
        "count first": trs(ENTRIES, '<script>createPageHTML(N, C, "index", "htm")</script>', "index_#.htm"),
        "element first": trs(
            ENTRIES,
            f"<script>createPageHTML('page_div',N, C,'list','shtml',{len(ENTRIES)})</script>",
            "list_#.shtml",
            base=1,
        ),
        "an address beside": trs(
            ENTRIES,
            "<input id=pageParam url='/nb/list.shtml'><script>createPageHTML('paging',N,'x')</script>",
            "list_#.shtml",
            base=1,
        ),
    },
    "jpaas": {
        "an attribute": jpaas(ENTRIES, query=UNIT),
        "a script": jpaas(ENTRIES, query=f"<script>var queryData = {QUERY};</script>"),
        "one page": jpaas(ENTRIES, query=UNIT, size=50),
    },
    "hanweb_xxgk": {
        "rows of an area": catalogue(ENTRIES),
    },
    "ucap": {
        "a service in full": ucap(ENTRIES, script=SEARCH),
        "an address that a script builds": ucap(ENTRIES, script=BUILT, path="/searchList/", size=20),
        "organs among the fields": ucap(BARE + NEIGHBOURS, script=SEARCH, size=20),
    },
    "gkmlpt": {
        "a tree": gkmlpt(ENTRIES),
        "a district's own tree": gkmlpt(BARE + NEIGHBOURS, prefix="/lhq", name="政府信息公开工作年度报告"),
        "more than a hundred": gkmlpt(
            [
                *NEIGHBOURS,
                *(Entry(f"示例市第{place}小学2019年度报告", f"/x/s{place}.html") for place in range(100)),
                *PAPERED,
            ]
        ),
    },
    "epoint": {
        "a script of the site": epoint(ENTRIES),
        "the site on the page": epoint(ENTRIES, inline=True, size=5),
        "organs in a field": epoint(BARE + NEIGHBOURS),
    },
    "truecms": {
        "as many as the page shows": truecms(ENTRIES),
        "no total": truecms(ENTRIES, told=False),
        "fewer at once": truecms(ENTRIES, most=5, step=5),
    },
    "aspx": {"words": aspx(ENTRIES, pager=words), "a postback beside a number": aspx(ENTRIES, pager=told)},
}
START = {"aspx": "/InfoPublic.aspx?cid=1019&pid=971&page=1&kw="}
BROKEN: dict[str, dict[str, tuple[Mapping[str, Place], str]]] = {
    "hanweb": HANWEB_BROKEN,
    "jpaas": {
        "a gateway that refuses": (
            jpaas(ENTRIES, query=UNIT) | {UNIT_SERVICE: lambda _: data({"success": False, "code": "500"})},
            "list_incomplete",
        ),
        "a unit without a list": (
            jpaas(ENTRIES, query=UNIT)
            | {UNIT_SERVICE: lambda _: data({"success": True, "data": {"html": "<p>暂无</p>"}})},
            "list_incomplete",
        ),
        "the same page for every number": (
            jpaas(ENTRIES, query=UNIT) | {UNIT_SERVICE: first_page_only(jpaas(ENTRIES, query=UNIT), "paramJson")},
            "list_incomplete",
        ),
    },
    "hanweb_xxgk": {
        "an area that says less": (
            catalogue(ENTRIES) | {"/module/xxgk/search.jsp": lambda _: Answer.page("<p>系统繁忙</p>")},
            "list_incomplete",
        )
    },
    "ucap": {
        "a token is wanted": (
            ucap(ENTRIES, script=SEARCH) | {f"/common/search/{CHANNEL}": lambda _: data({"code": 401, "msg": "token"})},
            "list_incomplete",
        ),
        "a page of another shape": (
            ucap(ENTRIES, script=SEARCH) | {f"/common/search/{CHANNEL}": lambda _: Answer.page("<p>登录</p>")},
            "list_incomplete",
        ),
        "the first page for every number": (
            ucap(ENTRIES, script=SEARCH)
            | {f"/common/search/{CHANNEL}": first_page_only(ucap(ENTRIES, script=SEARCH), "page")},
            "list_incomplete",
        ),
    },
    "gkmlpt": {
        "fewer than the column counts": (gkmlpt(ENTRIES, count=len(ENTRIES) + 3), "list_incomplete"),
        "no such column in the tree": (gkmlpt(ENTRIES, name="政府信息公开制度"), "list_incomplete"),
        "a refusal": (
            gkmlpt(ENTRIES) | {"/gkmlpt/api/all/103": lambda _: Answer.page("<p>访问被拒绝</p>", status=403)},
            "blocked",
        ),
    },
    "epoint": {
        "no guid": (
            epoint(ENTRIES) | {"/js/webBuilderCommon.js": lambda _: Answer(b"var a = 1;" * 40)},
            "list_incomplete",
        ),
        "an error in place of rows": (
            epoint(ENTRIES)
            | {"/EpointWebBuilder/rest/lightfrontaction/getgovinfolist": lambda _: data({"status": {"code": 0}})},
            "list_incomplete",
        ),
    },
    "truecms": {
        "no records": (
            truecms(ENTRIES)
            | {
                "/truecms/messageController/getMessage.do": lambda _: Answer(
                    b'cb({"result":"<datastore></datastore>"})'
                )
            },
            "list_incomplete",
        ),
        "more than it gives": (truecms(ENTRIES, most=5, step=15), "portal_unreachable"),
    },
    "aspx": {
        "a postback alone": (
            {"/InfoPublic.aspx": postbacks},
            "list_incomplete",
        )
    },
}
LEAKING = catalogue([*ENTRIES[1:], *IN_COLUMN], leaks=LEAKS)
WHOLE = {f"{system}: {name}": pages for system, shapes in SYSTEMS.items() for name, pages in shapes.items()}
NOT_WHOLE = {f"{system}: {name}": shape for system, shapes in BROKEN.items() for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ran, Ran]]:
    """All portals in two runs over the same pages; an address that a portal did not prepare fails the tests."""
    portals, organisations, sites = [], [], {}
    with ExitStack() as stack:
        broken = {name: pages for name, (pages, _) in NOT_WHOLE.items()}
        for name, pages in (WHOLE | broken | {"leaking": LEAKING}).items():
            site = sites[name] = stack.enter_context(serve())
            for key in PAPERS:
                site.put(f"/r/{key}.html", REPORT.format(title=title(key), extra=""))
            for path, answer in pages.items():
                if isinstance(answer, str | Answer):
                    site.put(path, answer)
                else:
                    site.serve(path, answer)
            portals.append(portal(name, site.url(START.get(name.partition(":")[0], next(iter(pages))))))
            ours = (EDU,) if name == "leaking" else (EDU, FIN, CIV)
            organisations += [organisation(who, name, f"{name}/{who}") for who in ours]
        folder = tmp_path_factory.mktemp("systems")
        yield crawl(folder, portals, organisations), crawl(folder, portals, organisations)
        assert {name: site.unknown for name, site in sites.items() if site.unknown} == {}


@pytest.fixture(scope="module")
def ran(runs: tuple[Ran, Ran]) -> Ran:
    return runs[0]


def test_pages_with_the_same_bytes_are_not_parsed_again_and_give_the_same_result(runs: tuple[Ran, Ran]) -> None:
    first, second = runs

    assert looks(first)["parsed"] > len(WHOLE)
    assert looks(second)["parsed"] == 0
    assert timeless(second.result) == timeless(first.result)


@pytest.mark.parametrize("name", WHOLE)
def test_every_report_is_found_and_an_absence_is_proven(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    found = {
        one["url"].rpartition("/")[2].removesuffix(".html"): (one["organisation"].partition("/")[2], one["year"])
        for one in ran.candidates(name)
    }

    assert (row_["outcome"], row_["complete"]) == ("found", True), row_
    assert row_["systems"] == [name.partition(":")[0]]
    assert found == {key: paper for key, paper in PAPERS.items() if key in found or not name.startswith("hanweb:")}
    assert {"e25", "f25"} <= found.keys()
    assert {one["organisation"]: one["complete"] for one in row_["lists"]}[f"{name}/{CIV}"]


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_a_list_not_seen_whole_proves_nothing(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    assert (row_["reason"], row_["complete"]) == (NOT_WHOLE[name][1], False), row_
    assert not any(one["complete"] for one in row_["lists"])


def test_what_leaked_in_from_another_column_is_nobodys_report_and_nobodys_absence(ran: Ran) -> None:
    found = {one["url"].rpartition("/")[2] for one in ran.candidates("leaking")}

    assert found == {"e24.html"}
    assert {one["url"].rpartition("/")[2] for one in ran.result["review"] if one["portal"] == "leaking"} == {
        "art_99_1.html",
        "art_99_2.html",
    }
    assert not any(one["complete"] for one in ran.portal("leaking")["lists"])

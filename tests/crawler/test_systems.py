"""Publishing systems over HTTP: all reports found on each, and no broken one that passes for a list read whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.crawler.site import REPORT, Answer, Ran, crawl, listing, organisation, portal, row, serve

EDU, FIN, CIV = "示例市教育局", "示例市财政局", "示例市民政局"
Pages = Mapping[str, str | Answer]
COLUMN = "<html><head><title>政府信息公开年报</title></head><body>{}</body></html>"


def title(name: str, year: int = 2025) -> str:
    return f"{name}{year}年政府信息公开工作年度报告"


def data(value: object, *, only_from: str | None = None) -> Answer:
    """A JSON reply."""
    return Answer(json.dumps(value).encode(), 200, {"Content-Type": "application/json"}, only_from)


E, F, OLD = row(title(EDU), "/r/e.html"), row(title(FIN), "/r/f.html"), row(title(CIV, 2021), "/r/o.html")


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


BROKEN_LINES = f"<li><a href='/r/e.html'\n title='{title(EDU)}'>{EDU}…</a><span>2026-\n01-20</span></li>"
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
        {"/nb/": column(E, F, f"<li><a onclick='show(7)'>{title(CIV)}</a></li>")},
        "list_incomplete",
    ),
}

SYSTEMS = {"hanweb": HANWEB}
BROKEN = {"hanweb": HANWEB_BROKEN}
WHOLE = {f"{system}: {name}": pages for system, shapes in SYSTEMS.items() for name, pages in shapes.items()}
NOT_WHOLE = {f"{system}: {name}": shape for system, shapes in BROKEN.items() for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """All portals in one run; an address that a portal did not prepare fails the tests."""
    portals, organisations, sites = [], [], {}
    with ExitStack() as stack:
        for name, pages in (WHOLE | {name: pages for name, (pages, _) in NOT_WHOLE.items()}).items():
            site = sites[name] = stack.enter_context(serve())
            for path, who in (("/r/e.html", EDU), ("/r/f.html", FIN)):
                site.put(path, REPORT.format(title=title(who), extra=""))
            for path, answer in pages.items():
                site.put(path, answer)
            portals.append(portal(name, site.url(next(iter(pages)))))
            organisations += [organisation(who, name, f"{name}/{who}") for who in (EDU, FIN, CIV)]
        yield crawl(tmp_path_factory.mktemp("systems"), portals, organisations)
        assert {name: site.unknown for name, site in sites.items() if site.unknown} == {}


@pytest.mark.parametrize("name", WHOLE)
def test_every_report_is_found_and_an_absence_is_proven(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    found = {one["organisation"] for one in ran.candidates(name) if one["year"] == 2025}

    assert (row_["outcome"], row_["complete"]) == ("found", True), row_
    assert row_["systems"] == [name.partition(":")[0]]
    assert found == {f"{name}/{EDU}", f"{name}/{FIN}"}
    assert {one["organisation"]: one["complete"] for one in row_["lists"]}[f"{name}/{CIV}"]


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_a_list_not_seen_whole_proves_nothing(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    assert (row_["reason"], row_["complete"]) == (NOT_WHOLE[name][1], False), row_
    assert not any(one["complete"] for one in row_["lists"])

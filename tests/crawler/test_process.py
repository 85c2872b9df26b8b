"""The crawl process as the hall starts it, against portals on loopback."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawler.evidence import BlobStore, verify
from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

EDU, FIN, GOV = "示例市教育局", "示例市财政局", "示例市人民政府"


@dataclass(frozen=True)
class Town:
    ran: Ran
    sites: dict[str, Site]


def report(title: str, extra: str = "") -> str:
    return REPORT.format(title=title, extra=extra)


def trs(site: Site) -> None:
    pager = '<script>createPageHTML(2, {}, "index", "html");</script>'
    site.put("/robots.txt", Answer(b"User-agent: *\nDisallow: /admin\nCrawl-delay: 0.15\n"))
    site.put(
        "/nb/",
        listing(
            row(f"{EDU}2025年政府信息公开工作…", "./202601/t20260120_1.html").replace(
                "<a ", f'<a title="{EDU}2025年政府信息公开工作年度报告" '
            ),
            row("示例市教育局2025年法治政府建设年度报告", "./x.html"),
            row("示例市人民政府办公室2025年政府信息公开工作年度报告", "./office.html"),
            tail=pager.format(0),
        ),
    )
    site.put("/nb/index_1.html", listing(
        row(f"{GOV}二〇二五年政府信息公开工作年度报告", "./202603/t20260320_2.html", "2026-03-20"),
        row(f"{EDU}2021年度政府信息公开年度报告", "./old.html", "2022-01-20"),
        tail=pager.format(1),
    ))  # fmt: skip
    site.put("/nb/202601/t20260120_1.html", report(f"{EDU}2025年政府信息公开工作年度报告"))
    site.put("/nb/202603/t20260320_2.html", report(f"{GOV}2025年政府信息公开工作年度报告"))


def gbk(site: Site) -> None:
    def page(text: str) -> Answer:
        return Answer.page(text, "gb18030", declared="utf-8")

    tail = '<div>共2页 <a href="list.html">首页</a><a href="list_2.html">下一页</a><a href="list_2.html">尾页</a></div>'
    site.put("/gk/list.html", page(listing(row("2025年政府信息公开年度报告", "a.html"), tail=tail)))
    site.put("/gk/list_2.html", page(listing(row("2024年政府信息公开年度报告", "b.pdf"), title="年度报告")))
    files = '<a href="a.pdf">附件：年度报告全文</a><a href="w.docx">年度报告下载</a><a href="s.doc">申请表</a>'
    site.put("/gk/a.html", page(report("2025年", files)))
    site.put("/gk/w.docx", Answer(b"", 404))
    site.put("/gk/a.pdf", Answer(b"%PDF-1.4 a", headers={"Content-Type": "application/pdf"}))
    site.put("/gk/b.pdf", Answer(b"%PDF-1.4 b", headers={"Content-Type": "application/octet-stream"}))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Many portals in one run: each test reads its own row."""
    fin = row(f"{FIN}2025年政府信息公开年度报告", "r.html")
    with ExitStack() as stack:
        names = (
            "trs",
            "gbk",
            "empty",
            "page2",
            "robots",
            "waf",
            "soft",
            "private",
            "busy",
            "lost",
            "many",
            "script",
            "home",
            "folder",
        )
        sites = {name: stack.enter_context(serve()) for name in names}
        inside = stack.enter_context(serve("127.0.0.2"))
        inside.put("/nb/", listing(fin))
        trs(sites["trs"])
        gbk(sites["gbk"])
        sites["empty"].put("/nb/", listing(tail='<p>当前位置：<a href="/nb/">政府信息公开年报</a></p>'))
        sites["page2"].put("/nb/", listing(fin, tail='<script>createPageHTML(2, 0, "index", "html");</script>'))
        sites["page2"].put("/nb/index_1.html", Answer(b"", 500))
        sites["page2"].put("/nb/r.html", report("x"))
        sites["robots"].put("/robots.txt", Answer(b"", 503))
        sites["waf"].put("/nb/", Answer(b"<script>document.cookie='__jsl_clearance=1'</script>", 521))
        sites["soft"].put("/nb/", "<html><title>404</title><body>您访问的页面不存在</body></html>")
        sites["private"].put("/nb/", Answer(b"", 302, {"Location": inside.url("/nb/")}))
        sites["busy"].put("/nb/", Answer(b"", 429, {"Retry-After": "1"}), Answer.page(listing(fin)))
        sites["busy"].put("/nb/r.html", report("x"))
        sites["lost"].put("/nb/", listing(fin))
        sites["lost"].put("/nb/r.html", "<html><body>页面不存在</body></html>")
        sites["home"].put("/nb/", listing(fin))
        sites["home"].put("/nb/r.html", Answer(b"", 302, {"Location": "/"}))
        sites["home"].put("/", "<html><body>首页</body></html>")
        sites["folder"].put(
            "/nb/", listing('<li><a href="25/">2025年</a></li>', row(f"{FIN}2024年政府信息公开年报", "o.html"))
        )
        sites["folder"].put("/nb/25/", listing())
        sites["folder"].put("/nb/o.html", report("x"))
        other = row(f"{EDU}2025年政府信息公开年度报告", "e.html")
        sites["many"].put("/nb/", listing(fin, other))
        sites["many"].put("/nb/r.html", report("x"))
        sites["many"].put("/nb/e.html", Answer(b"", 404))
        sites["script"].put("/nb/", '<html><title>年报</title><body><div id="app"></div></body></html>')
        portals = [portal(name, site.url("/nb/")) for name, site in sites.items()]
        portals[1] = portal("gbk", sites["gbk"].url("/gk/list.html"))
        with socket.socket() as shut:
            shut.bind(("127.0.0.1", 0))
            closed = shut.getsockname()[1]
        portals.append(portal("refused", f"http://127.0.0.1:{closed}/nb/"))
        portals.append(portal("strange", sites["busy"].url("/nb/"), cms="tsr"))
        portals.append(portal("unlisted", sites["busy"].url("/nb/"), allow_private_addresses=[]))
        organisations = [
            organisation(EDU, "trs", "edu", "市教育局"),
            organisation(GOV, "trs", "gov", kind="government"),
            organisation(FIN, "trs", "fin"),
            organisation(EDU, "many", "many-edu"),
            *(organisation(FIN, one["id"], f"{one['id']}-fin", "市财政局") for one in portals if one["id"] != "trs"),
        ]
        ran = crawl(tmp_path_factory.mktemp("town"), portals, organisations)
        yield Town(ran, sites | {"inside": inside})


def test_a_paged_utf8_list_is_read_whole_and_its_reports_are_kept(town: Town) -> None:
    row_ = town.ran.portal("trs")

    found = {(one["organisation"], one["year"]) for one in town.ran.candidates("trs")}

    assert (row_["outcome"], row_["reason"], row_["complete"]) == ("found", None, True)
    assert (row_["pages_expected"], row_["pages_seen"], row_["items"]) == (2, 2, 5)
    assert found == {("edu", 2025), ("gov", 2025)}
    assert {(one["organisation"], one["complete"]) for one in row_["lists"]} == {
        ("edu", True),
        ("gov", True),
        ("fin", True),
    }


def test_the_files_beside_a_report_and_the_title_of_its_list_are_told(town: Town) -> None:
    site = town.sites["gbk"]
    files = {one["name"]: one for one in town.ran.result["files"]}

    assert {name: one["outcome"] for name, one in files.items()} == {"a.pdf": "ok", "w.docx": "gone"}
    assert files["w.docx"]["page"] == site.url("/gk/a.html")
    assert {one["column"] for one in town.ran.candidates("trs")} == {"政府信息公开年报"}


def test_a_report_of_another_year_is_listed_but_not_fetched(town: Town) -> None:
    listed = {(one["organisation"], one["year"]) for one in town.ran.result["listed"] if one["portal"] == "trs"}

    assert ("edu", 2021) in listed
    assert not any(path.endswith("old.html") for _, path in town.sites["trs"].asked)


def test_a_candidate_can_be_read_back_from_the_evidence(town: Town) -> None:
    one = next(one for one in town.ran.candidates("trs") if one["organisation"] == "edu")

    body = BlobStore(town.ran.evidence).read(one["sha256"])

    assert EDU in body.decode()
    assert (one["list_date"], one["media_type"], one["attachment_of"]) == ("2026-01-20", "text/html", None)
    assert one["why"]


def test_a_gbk_site_with_a_lying_header_and_attachments_is_read(town: Town) -> None:
    row_ = town.ran.portal("gbk")

    found = {(one["year"], one["media_type"], bool(one["attachment_of"])) for one in town.ran.candidates("gbk")}

    assert (row_["outcome"], row_["pages_seen"]) == ("found", 2)
    assert found == {(2025, "text/html", False), (2025, "application/pdf", True), (2024, "application/pdf", False)}


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("empty", "empty_list", "list_empty"),
        ("page2", "incomplete_pages", "list_incomplete"),
        ("robots", "robots_unreachable", "robots_denied"),
        ("waf", "blocked", "blocked"),
        ("soft", "soft_404", "layout_changed"),
        ("private", "address_refused", "portal_unreachable"),
        ("unlisted", "address_refused", "portal_unreachable"),
        ("refused", "connection", "portal_unreachable"),
        ("lost", "report_unreachable", "list_incomplete"),
        ("script", "needs_render", "needs_render"),
        ("home", "report_unreachable", "list_incomplete"),
        ("folder", "empty_list", "list_empty"),
        ("strange", "code_error", "not_crawled"),
    ],
)
def test_what_could_not_be_read_is_named(town: Town, name: str, outcome: str, reason: str) -> None:
    row_ = town.ran.portal(name)

    assert (row_["outcome"], row_["reason"], row_["complete"]) == (outcome, reason, False), row_
    assert not any(one["complete"] for one in row_["lists"])
    assert row_["detail"]


def test_a_report_that_cannot_be_fetched_spoils_only_its_own_organisation(town: Town) -> None:
    lists = {one["organisation"]: one["complete"] for one in town.ran.portal("many")["lists"]}

    assert lists == {"many-edu": False, "many-fin": True}
    assert town.ran.portal("many")["outcome"] == "report_unreachable"


def test_a_private_address_reached_by_redirect_is_never_asked(town: Town) -> None:
    assert town.sites["inside"].asked == []


def test_robots_that_cannot_be_had_forbid_the_crawl(town: Town) -> None:
    assert {path for _, path in town.sites["robots"].asked} == {"/robots.txt"}


def test_retry_after_is_waited_for(town: Town) -> None:
    times = [at for at, path in town.sites["busy"].asked if path == "/nb/"]

    assert town.ran.portal("busy")["outcome"] == "found"
    assert times[1] - times[0] >= 1.0


def test_crawl_delay_of_robots_is_kept(town: Town) -> None:
    times = [at for at, path in town.sites["trs"].asked if path != "/robots.txt"]

    assert times[-1] - times[1] >= 0.15 * (len(times) - 2) - 0.15


def test_nothing_was_asked_that_no_page_offered(town: Town) -> None:
    assert {name: site.unknown for name, site in town.sites.items() if site.unknown} == {}


def test_the_crawler_says_who_it_is(town: Town) -> None:
    assert town.sites["trs"].agents == {"nianshen/0.1 (+mailto:ops@example.org)"}


def test_every_fetch_is_evidence_that_verifies(town: Town) -> None:
    assert verify(town.ran.evidence) == []
    assert town.ran.code == 0
    assert {event["event"] for event in town.ran.events} >= {"page", "report", "portal"}


def test_two_hosts_of_a_group_share_its_delay(tmp_path: Path) -> None:
    with serve() as one, serve() as two:
        for site in (one, two):
            site.put("/nb/", listing(row("2025年政府信息公开年度报告", "r.html")))
            site.put("/nb/r.html", report("x"))
        manners = {"delay": 0.1, "concurrency": 1, "robots": "ignore"}
        portals = [
            portal(name, site.url("/nb/"), group="g", politeness=manners) for name, site in (("a", one), ("b", two))
        ]

        ran = crawl(tmp_path, portals, [organisation(EDU, "a", "edu"), organisation(FIN, "b", "fin")])

        times = sorted(at for site in (one, two) for at, _ in site.asked)
        assert {row_["outcome"] for row_ in ran.result["portals"]} == {"found"}
        assert times[-1] - times[0] >= 0.1 * (len(times) - 1) - 0.05
        assert "robots.txt" in ran.portal("a")["detail"]


def test_a_terminated_crawl_still_leaves_a_result(tmp_path: Path) -> None:
    def stop(process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGTERM)

    with serve() as site:
        site.put("/nb/", listing(row("2025年政府信息公开年度报告", "r.html")))
        slow = portal("a", site.url("/nb/"), politeness={"delay": 30, "concurrency": 1, "robots": "obey"})

        ran = crawl(tmp_path, [slow], [organisation(EDU, "a", "edu")], meanwhile=stop)

        assert (ran.code, ran.portal("a")["reason"], ran.portal("a")["complete"]) == (0, "list_incomplete", False)

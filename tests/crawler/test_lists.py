"""Publishing systems and pagers: what a page says of the rest of its list."""

from __future__ import annotations

import pytest

from crawler.attached import attachments, is_folder
from crawler.cms import Link, Page, PageLink, pick
from crawler.follow import plan
from crawler.ledger import Visit
from crawler.portal import Organisation
from crawler.select import Choice, Kind
from tests.crawler.site import listing, row

BASE = "http://www.example.test/nb/"
ENTRY = row("2025年政府信息公开年度报告", "a.html")
EDU = Organisation("edu", "示例市教育局", region="示例市")
FIN = Organisation("fin", "示例市财政局", region="示例市")


def parse(tail: str, url: str = BASE, number: int = 1, cms: str = "auto"):  # type: ignore[no-untyped-def]
    page = Page(url, listing(ENTRY, tail=tail), number)
    return pick(cms, page).parse(page)


@pytest.mark.parametrize(
    ("tail", "pages", "second", "last"),
    [
        ('<script>createPageHTML(10, 0, "index", "html");</script>', 10, "index_1.html", "index_9.html"),
        ("<script>createPageHTML(3, 0, 'index', 'htm')</script>", 3, "index_1.htm", "index_2.htm"),
        ("<script>createPageHTML('page_div',4, 1,'list','shtml',57);</script>", 4, "list_2.shtml", "list_4.shtml"),
        ("<script>var countPage = 3//共3页\nvar currentPage = 0;</script>", 3, "index_1.html", "index_2.html"),
        ('<a href="index_1.html">下一页</a><a href="index_4.html">末页</a>', 5, "index_1.html", "index_4.html"),
        ('<a href="list_2.html">下页</a><a href="list_7.html">尾页</a>', 7, "list_2.html", "list_7.html"),
        ('共3页 <a href="?page=2">下一页</a>', 3, "?page=2", "?page=3"),
        ('<a href="?page=1">1</a><a href="?page=2">2</a><a href="?page=9">9</a>', 9, "?page=2", "?page=9"),
    ],
)
def test_a_pager_gives_every_page(tail: str, pages: int, second: str, last: str) -> None:
    found = parse(tail)

    assert found.pages == pages
    assert (found.next[0].url, found.next[-1].url) == (BASE + second, BASE + last)
    assert [link.number for link in found.next] == list(range(2, pages + 1))


@pytest.mark.parametrize(
    ("title", "rows", "folder"),
    [
        ("2025年政府信息公开年度报告", row("示例市民政局2025年政府信息公开年度报告", "b.html"), True),
        ("2025年政府信息公开年度报告", row("示例市民政局2024年政府信息公开年度报告", "b.html"), False),
        ("示例市教育局2025年政府信息公开年度报告", row("示例市民政局2025年政府信息公开年度报告", "b.html"), False),
        ("2025年政府信息公开年度报告", row("示例市民政局2025年政府信息公开年度报告.pdf", "b.html"), True),
        ("2025年政府信息公开年度报告", row("示例市民政局2025年政府信息公开年度报告", "b.pdf"), False),
        ("2025年", row("示例市民政局2024年政府信息公开年度报告", "b.html"), True),
    ],
)
def test_what_named_no_organ_may_be_the_list_of_a_year(title: str, rows: str, folder: bool) -> None:
    choice = Choice(Kind.REPORT, Link(title, f"{BASE}a.html"), "edu", 2025)

    assert is_folder(Page(f"{BASE}a.html", listing(rows)), choice) is folder


def test_a_list_without_a_pager_is_one_page() -> None:
    found = parse("")

    assert (found.page, found.pages, found.next, found.unresolved) == (1, 1, (), None)


def test_a_chain_without_a_count_is_followed_link_by_link() -> None:
    found = parse('<a href="more.html">下一页</a>')

    assert (found.pages, found.next) == (None, (PageLink(BASE + "more.html", 2),))


@pytest.mark.parametrize(
    "tail", ['<a href="javascript:go(2)">下一页</a>', "共5页", '共5页<a href="#" onclick="go(2)">下一页</a>']
)
def test_a_pager_that_cannot_be_followed_is_said(tail: str) -> None:
    assert parse(tail).unresolved


def test_the_element_first_script_offers_a_spare_for_sites_that_count_from_zero() -> None:
    found = parse("<script>createPageHTML('p', 3, 1, 'list', 'shtml', 40)</script>")

    assert found.next[-1].alternate == BASE + "list_1.shtml"
    assert found.total == 40


def test_a_commented_pager_script_is_not_believed() -> None:
    tail = '<!-- createPageHTML(9, 0, "index", "html"); --><script>createPageHTML(2, 0, "index", "html");</script>'

    assert parse(tail).pages == 2


def test_auto_takes_the_trs_reader_only_for_its_marks() -> None:
    marked = Page(BASE, listing(tail='<script>createPageHTML(1, 0, "index", "html")</script>'))

    assert pick("auto", marked).NAME == "trs"
    assert pick("auto", Page(BASE, listing())).NAME == "static"


def test_an_unknown_system_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="static"):
        pick("tsr")


def test_a_truncated_title_is_completed_from_its_attribute() -> None:
    text = '<ul><li><a href="a.html" title="示例市教育局2025年政府信息公开年度报告">示例市教育局2025年…</a></li></ul>'

    (item,) = pick("static").parse(Page(BASE, text)).items

    assert item.title == "示例市教育局2025年政府信息公开年度报告"


def test_the_organ_column_and_the_date_of_a_row_are_read() -> None:
    text = (
        "<table><tr><td>示例市教育局</td><td><a href='a.html'>2025年政府信息公开年报</a></td>"
        "<td>2026年1月9日</td></tr></table>"
    )

    (item,) = pick("static").parse(Page(BASE, text)).items

    assert (item.organ, str(item.date)) == ("示例市教育局", "2026-01-09")


def test_folders_of_wanted_years_and_of_organisations_are_followed_one_level() -> None:
    text = listing(
        '<li><a href="2025/">2025年</a></li><li><a href="2019/">2019年</a></li><li><a href="edu/">示例市教育局</a></li>'
    )
    page, visit = Page(BASE, text), Visit("p", "list", BASE)

    found = plan(page, pick("static").parse(page), visit, (EDU, FIN), {2024, 2025})

    assert found.folder_urls == (BASE + "2025/", BASE + "edu/")
    assert [(one.year, one.owner, one.depth) for one in found.folders] == [(2025, None, 1), (None, "edu", 1)]


def test_the_column_link_of_a_platform_page_and_its_frame_are_followed() -> None:
    text = '<a href="/nb/list.html">政府信息公开年报</a><iframe src="/inner.html"></iframe><iframe src="http://x.test/"></iframe>'
    page, visit = Page(BASE, text), Visit("p", "list", BASE)

    found = plan(page, pick("static").parse(page), visit, (EDU,), {2025})

    assert found.folder_urls == ("http://www.example.test/nb/list.html", "http://www.example.test/inner.html")


def test_an_organ_tree_gives_each_year_to_the_organ_of_its_row() -> None:
    text = "<title>政府信息公开年报</title><table>" + "".join(
        f"<tr><td>{one.name}</td><td><a href='{one.id}-25.html'>2025年</a></td></tr>" for one in (EDU, FIN)
    )
    page = Page(BASE, text)

    found = plan(page, pick("static").parse(page), Visit("p", "list", BASE), (EDU, FIN), {2025})

    assert {(one.kind, one.organisation, one.year) for one in found.choices} == {
        (Kind.REPORT, "edu", 2025),
        (Kind.REPORT, "fin", 2025),
    }
    assert found.folders == ()


def test_attachments_are_found_where_sites_hide_them() -> None:
    text = """<a href="r.pdf">年度报告</a><iframe src="/pdfjs/viewer.html?file=/f.pdf"></iframe><embed src="e.pdf">
    <object data="o.docx"></object><span onclick="window.open('w.wps')">下载</span>
    <a href="form.doc">依申请公开申请表</a><a href="law.pdf">示例条例</a>"""

    found = [link.url.rsplit("/", 1)[-1] for link in attachments(Page(BASE, text))]

    assert found == ["r.pdf", "f.pdf", "e.pdf", "o.docx", "w.wps"]


def test_one_title_at_two_addresses_belongs_to_nobody_though_the_portal_has_one_organisation() -> None:
    bare = "2025年政府信息公开年度报告"
    page = Page(BASE, listing(row(bare, "a.html"), row(bare, "b.html"), row("2024年政府信息公开年度报告", "c.html")))

    found = plan(page, pick("static").parse(page), Visit("p", "list", BASE), (EDU,), {2025})

    assert [(one.kind, one.organisation, one.suspects) for one in found.choices] == [
        (Kind.AMBIGUOUS, None, ("edu",)),
        (Kind.AMBIGUOUS, None, ("edu",)),
        (Kind.REPORT, "edu", ()),
    ]


@pytest.mark.parametrize(
    ("rows", "least", "most"),
    [
        (listing(*(row(f"示例市{one}局2025年政府信息公开年报", f"{one}.html") for one in "甲乙丙")), 1.0, 1.0),
        (listing(row("市长调研", "a.html")), 0.0, 0.4),
        (listing("<li><a href='a.html'>年报</a></li>"), 0.0, 0.0),
    ],
)
def test_a_plain_list_says_how_sure_it_is(rows: str, least: float, most: float) -> None:
    assert least <= pick("static").parse(Page(BASE, rows)).score <= most


@pytest.mark.parametrize("shown", [True, False])
def test_a_title_that_a_script_repeats_is_not_hidden_and_one_it_alone_knows_is(shown: bool) -> None:
    title = "示例市教育局2025年政府信息公开年报"
    tail = f"<script>var all=[{{title:'{title}'}}]</script>"

    found = pick("static").parse(
        Page(BASE, listing(row(title if shown else "示例市财政局2025年年报", "a.html"), tail=tail))
    )

    assert bool(found.undrawn) is not shown

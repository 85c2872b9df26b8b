"""The slim page of a report answers what is asked of it as the whole page does."""

from __future__ import annotations

import random

import pytest

from crawler.article import may_go_on
from crawler.attached import attachments, holds_report, is_folder, tucked
from crawler.cms import Link, Page
from crawler.follow import forward
from crawler.select import Choice, Kind
from crawler.slim import report_page
from tests import generator

URL = "http://x.test/nb/a.html"
YEAR = Choice(Kind.REPORT, Link("2025年", URL), "edu", 2025, 1.0)
FILLER = f"<p>{'本机关认真落实政府信息公开条例。' * 400}</p>"
HEAD = "<html><head><title>年报</title></head><body>"


def report(skin: str = "trs") -> str:
    return generator.page(generator.publication(random.Random(7), "2021", activity=400), skin)


@pytest.mark.parametrize("skin", generator.SKINS)
def test_a_report_that_offers_nothing_besides_needs_no_soup(skin: str) -> None:
    page = Page(URL, report(skin))

    assert report_page(URL, page.text).page is None
    assert (forward(page), attachments(page), is_folder(page, YEAR)) == (None, (), False)


@pytest.mark.parametrize(
    "inner",
    [
        '<a href="a.pdf">附件：年度报告全文</a>',
        '<a href="&#97;&#46;pdf" title="年度报告下载">…</a>',
        '<a href="down.jsp?name=%61.pdf">年度报告下载</a>',
        "<div onclick=\"window.open('/f/b.docx')\">年度报告全文</div>",
        '<a href="#" onclick="down(\'/f/b.wps\')">下载<b>年度报告</b></a>',
        '<script>var pdfUrl = "/f/c.pdf"; PDFObject.embed(pdfUrl)</script>',
        '<a href="/down?id=7">2025年年度报告.pdf</a>',
        '<a href="/down?id=7" title="年度报告.docx">下载</a>',
        '<script>var other = "/f/c.pdf"</script>',
        '<iframe src="/viewer.html?file=/f/d.pdf"></iframe>',
        '<iframe src="/inner.html"></iframe>',
        '<object data="/f/e.pdf"><embed src="/f/e.pdf"></object>',
        '<object><param name="src" value="/f/e.pdf"></object>',
        '<iframe data-src="/f/e.pdf" src="about:blank"></iframe>',
        "<a href=\"javascript:down('/f/f.pdf')\">年度报告下载</a>",
        '<a href="/attach/7/">附件下载</a>',
        '<input type="hidden" id="path" value="/f/g.pdf"><div data-url="/f/h.pdf"></div>',
        '<base href="http://y.test/z/"><a href="a.doc">2025年年报</a>',
        "<ul><li><a href='1.html'>一</a></li><li><a href='2.html'>二</a></li></ul>",
        "<table><tr><td><a href='1.html'>一</a></td></tr></table>",
        "<p><a href='1.html'>一</a></p>",
        "<!-- 总体情况 主动公开政府信息 收到和处理政府信息公开申请 -->",
        "<script>'总体情况 主动公开政府信息 收到和处理政府信息公开申请'</script>",
        '<a href="x.doc">申请表</a><a href="z.doc">文件</a>',
    ],
)
@pytest.mark.parametrize("around", [f"{HEAD}{FILLER}", report().rpartition("</body>")[0]])
def test_the_slim_page_answers_as_the_whole_one(inner: str, around: str) -> None:
    whole = Page(URL, f"{around}{inner}</body></html>")

    slim = report_page(URL, whole.text).page

    assert (slim is None) <= holds_report(whole)
    answers = (forward(slim), attachments(slim), tucked(slim), is_folder(slim, YEAR)) if slim else (None, (), (), False)
    assert answers == (forward(whole), attachments(whole), tucked(whole), is_folder(whole, YEAR))
    if slim:
        assert holds_report(slim) == holds_report(whole)


@pytest.mark.parametrize(
    "text",
    [
        "<html><meta http-equiv=refresh content='0;url=/b.html'></html>",
        f"{HEAD}<script>{' ' * 6000}location='/b.html'</script></body>",
        f'<?xml version="1.0" encoding="gb2312"?>{HEAD}短</body>',
        "",
        " " * 6000,
        f"{FILLER}\x00",
    ],
)
def test_a_page_without_much_text_is_asked_itself(text: str) -> None:
    page = report_page(URL, text).page

    assert page is not None
    assert page.text == text


def test_a_declared_encoding_does_not_matter_to_decoded_text() -> None:
    text = f'<?xml version="1.0" encoding="gb2312"?>{report()}'

    assert report_page(URL, text).page is None


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ('<script>createPageHTML(3, 0, "t20260120_1", "html");</script>', True),
        ("<A href=b.html>下一页</A>", True),
        ("<a>下頁</a>", True),
        ("<a href=b.html> 2 </a>", True),
        ("<A HREF=b.html>[ 2 ]</A>", True),
        ("<a href=b.html>第2页</a>", True),
        ("<a href=b.html>12</a>", False),
        ("<a href=b.html>表2</a>", False),
        ("<td>2</td><a href=b.html>返回</a>", False),
    ],
)
def test_what_may_go_on_is_seen_without_a_parser(text: str, may: bool) -> None:
    assert may_go_on(text) is may

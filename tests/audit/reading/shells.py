"""Article pages around one report, as eight publishing systems build them: what differs is never the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape

from nianshen.demo import pages
from nianshen.demo.narrative import Publication

PORTAL = "样例市人民政府门户网站"
NAVIGATION = "<ul class='nav'><li><a href='/'>首页</a></li><li><a href='/zwgk/'>政务公开</a></li></ul>"
CRUMBS = "<a href='/'>首页</a>{0}<a href='/zwgk/'>政务公开</a>{0}<a href='/zwgk/nb/'>政府信息公开年报</a>"
FOOTER = "<div class='footer'><p>主办：样例市人民政府办公室</p><p>Copyright © 2008-2026 版权所有</p></div>"


def content(report: Publication) -> str:
    """The report as its editor holds it: title outside, sections and tables inside."""
    return pages.body(report, pages.TRS)


def _page(report: Publication, head: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(report.title)}_{PORTAL}</title>{head}</head>'
        f"<body>{NAVIGATION}{body}{FOOTER}</body></html>"
    )


def _tags(report: Publication, date: str) -> str:
    return (
        f'<meta name="SiteName" content="{PORTAL}"><meta name="ColumnName" content="政府信息公开年报">'
        f'<meta name="ArticleTitle" content="{escape(report.title)}"><meta name="PubDate" content="{date}">'
        f'<meta name="ContentSource" content="{escape(report.agency)}">'
    )


def trs(report: Publication) -> str:
    crumbs = f"<div class='crumbs'>当前位置：{CRUMBS.format(' &gt; ')}</div>"
    return _page(
        report,
        _tags(report, f"{report.published} 09:30"),
        f"{crumbs}<h1>{escape(report.title)}</h1><div class='TRS_Editor'>{content(report)}</div>",
    )


def jpage(report: Publication) -> str:
    """Hanweb: the article in comments of the system, the day in a line of spans, numbers of readers beside it."""
    day = report.published
    facts = (f"信息来源：{report.agency}", f"发布日期：{day:%Y年%m月%d日 10:23:11}", "浏览次数：2026")
    line = "".join(f"<span>{fact}</span>" for fact in facts)
    return _page(
        report,
        "<meta name='description' content=''>",
        f"<table class='dqwz'><tr><td>您现在的位置：{CRUMBS.format('<i></i>')}</td></tr></table>"
        f"<table><tr><td class='title'><!--<$[信息名称]>begin-->{escape(report.title)}<!--<$[信息名称]>end--></td></tr>"
        f"<tr><td>{line}</td></tr>"
        f"<tr><td><div id='zoom'><!--ZJEG_RSS.content.begin-->{content(report)}</div></td></tr></table>",
    )


def jpaas(report: Publication) -> str:
    """Hanweb's platform: a catalogue table of the article above it, the label of the day in a th."""
    catalogue = (
        "<table class='xxgk'><tr><th>索引号</th><td>00000000/2026-00012</td><th>信息分类</th><td>年度报告</td></tr>"
        f"<tr><th>发布机构</th><td>{report.agency}</td><th>发布日期</th><td>{report.published}</td></tr>"
        "<tr><th>文号</th><td></td><th>有效期</th><td>2099-12-31</td></tr></table>"
    )
    path = "".join(f"<li>{link}</li>" for link in CRUMBS.format("|").split("|"))
    return _page(
        report,
        "",
        f"<div class='bread'><span>您的位置</span>：<ul>{path}</ul></div>"
        f"{catalogue}<div class='main-txt'><h2>{escape(report.title)}</h2>{content(report)}</div>",
    )


def ucap(report: Publication) -> str:
    crumbs = f"<div class='BreadcrumbNav'>{CRUMBS.format('')}</div>"
    return _page(
        report,
        f"<meta name='catalogs' content='c100'><meta name='firstpublishedtime' content='{report.published}-10:23:00'>",
        f"{crumbs}<div><UCAPTITLE>{escape(report.title)}</UCAPTITLE></div>"
        f"<div>时间：<PUBLISHTIME>{report.published} 10:23</PUBLISHTIME></div>"
        f"<div id='UCAP-CONTENT'><UCAPCONTENT>{content(report)}</UCAPCONTENT></div>",
    )


def _epoch(report: Publication) -> int:
    # 00:30 in Shanghai is still the day before in UTC.
    days = (report.published - report.published.replace(1970, 1, 1)).days
    return ((days * 24 - 8) * 60 + 30) * 60


def gkmlpt(report: Publication) -> str:
    """The article in a script that the reader's browser draws; beside it the tree of columns with titles of its own."""
    detail = {
        "id": 103,
        "title": report.title,
        "publisher": report.agency,
        "first_publish_time": _epoch(report),
        "content": content(report),
    }
    script = json.dumps(detail).replace("<", "\\u003c").replace("/", "\\/")
    return _page(
        report,
        f"<script>window._CONFIG = {{SID: '755001', TREE: [{{name: '首页'}}], DETAIL: {script}}};</script>",
        "<table><tr><td>索引号</td><td>1</td></tr></table><div id='app'></div>",
    )


def epoint(report: Publication) -> str:
    return _page(
        report,
        "",
        f"<div class='ewb-location'><span>当前位置：</span>{CRUMBS.format('<em>/</em>')}</div>"
        f"<h3>{escape(report.title)}</h3>"
        f"<p>【信息时间：{report.published:%Y/%m/%d} &nbsp;阅读次数：<span>318</span>】</p>"
        f"<div class='ewb-content'>{content(report)}</div>",
    )


def aspx(report: Publication) -> str:
    """Tables in tables, upper-case tags, attributes without quotes, the state of the page in a hidden field."""
    day = report.published
    body = pages.body(report, pages.OLD)
    return (
        f"<HTML><HEAD><TITLE>{PORTAL}</TITLE></HEAD><BODY><FORM name=form1>"
        "<INPUT type=hidden name=__VIEWSTATE value=dDwtMTA3>"
        f"<TABLE width=1000><TR><TD>{NAVIGATION}</TD></TR>"
        "<TR><TD>您所在的位置：首页&gt;政务公开&gt;政府信息公开年报</TD></TR>"
        f"<TR><TD><TABLE><TR><TD align=middle><B>{escape(report.title)}</B></TD></TR>"
        f"<TR><TD>发布时间 : {day.year}-{day.month}-{day.day}</TD></TR>"
        f"<TR><TD>{body}</TD></TR></TABLE></TD></TR></TABLE>"
        f"{FOOTER}</FORM></BODY></HTML>"
    )


def reply(report: Publication) -> str:
    """No page at all: the answer of an interface, the article escaped in it."""
    article = {
        "title": report.title,
        "publishedTimeStr": f"{report.published} 10:00:00",
        "contentHtml": content(report),
    }
    return json.dumps({"code": 200, "data": {"total": 1, "results": [article]}}, ensure_ascii=False)


SHELLS: dict[str, Callable[[Publication], str]] = {
    shell.__name__: shell for shell in (trs, jpage, jpaas, ucap, gkmlpt, epoint, aspx, reply)
}
PATH = ("首页", "政务公开", "政府信息公开年报")

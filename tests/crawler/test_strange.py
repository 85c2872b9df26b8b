"""Portals as nobody would build them, and many did: every report found with its owner and year, or an honest doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.crawler.site import REPORT, Answer, Ran, crawl, listing, organisation, portal, row, serve

EDU, FIN, CIV = "示例市教育局", "示例市财政局", "示例市民政局"
PAPERS = {"e25": (EDU, 2025), "e24": (EDU, 2024), "f25": (FIN, 2025), "f24": (FIN, 2024)}
Pages = Mapping[str, str | Answer]
HEAD = "<html><head><title>政府信息公开年报</title></head><body>"
END = "</body></html>"
TABS = "<div class=tabs><span class=on onclick=part(1)>市政府部门</span><span onclick=part(2)>乡镇街道</span></div>"
PDF = Answer(b"%PDF-1.4\n%%EOF", 200, {"Content-Type": "application/pdf"})


def title(key: str, phrase: str = "政府信息公开工作年度报告") -> str:
    name, year = PAPERS[key]
    return f"{name}{year}年{phrase}"


def href(key: str) -> str:
    return f"/r/{key}.html"


ROWS = {key: row(title(key), href(key)) for key in PAPERS}
E25, E24, F25, F24 = ROWS.values()
NEIGHBOURS = (
    row(f"{EDU}2025年法治政府建设年度报告", "/x/law.html")
    + row("图解：示例市民政局2025年政府信息公开工作年度报告", "/x/pic.html")
    + row(f"{CIV}2025年度部门决算公开", "/x/money.html")
    + row("示例市政府网站工作年度报表（2025年度）", "/x/site.html")
    + row(f"{CIV}2021年政府信息公开工作年度报告", "/x/c21.html")
)
ALL = E25 + E24 + F25 + F24 + NEIGHBOURS


def bare(key: str) -> str:
    """A row that names no organ."""
    return row(f"{PAPERS[key][1]}年政府信息公开工作年度报告", href(key))


def body(inner: str) -> str:
    return f"{HEAD}{inner}{END}"


def by(template: str, *, tail: str = "") -> str:
    """All papers in one shape: ``{t}`` the title, ``{h}`` the address, ``{n}`` the organ, ``{y}`` the year."""
    return (
        "".join(
            template.format(t=title(key), h=href(key), n=name, y=year, k=key) for key, (name, year) in PAPERS.items()
        )
        + tail
    )


# Every portal shows the reports of EDU and FIN for 2025 and 2024, and none of CIV for 2025.
WHOLE: dict[str, Pages] = {
    "a table opened by openUrl": {
        "/nb/": body(
            "<table>"
            + by("<tr><td>{n}</td><td><a onclick=\"openUrl('{h}')\">{t}</a></td><td>[2026-01-18]</td></tr>")
            + f"</table><ul>{NEIGHBOURS}</ul>"
        )
    },
    "javascript openUrl with two arguments": {
        "/nb/": body("<ul>" + by("<li><a href=\"javascript:openUrl('{h}','_blank');\">{t}</a></li>") + "</ul>")
    },
    "addresses in data": {
        "/nb/": body("<ul>" + by('<li><a data-href="{h}">{t}</a><span>2026-01-18</span></li>') + "</ul>")
    },
    "rows that are clicked": {
        "/nb/": body(
            "<ul>" + by("<li onclick=\"location.href='{h}'\"><p>{t}</p><span>2026-01-18</span></li>") + "</ul>"
        )
    },
    "cells that are clicked": {
        "/nb/": body(
            "<table>" + by("<tr><td onclick=\"window.open('{h}')\">{t}</td><td>2026-01-18</td></tr>") + "</table>"
        )
    },
    "days without a year below years": {
        "/nb/": body(
            f"<h4>2026年</h4><ul><li><a href='{href('e25')}'>{title('e25')}</a><span>01-18</span></li>"
            f"<li><a href='{href('f25')}'>{title('f25')}</a><span>[01-19]</span></li></ul>"
            f"<h4>2025年</h4><ul><li><a href='{href('e24')}'>{title('e24')}</a><span>01-18</span></li>"
            f"<li><a href='{href('f24')}'>{title('f24')}</a><span>01/19</span></li></ul>"
        )
    },
    "titles cut, whole in the attribute": {
        "/nb/": body("<ul>" + by('<li><a href="{h}" title="{t}">{n}{y}年政府信…</a><i>2026-01-18</i></li>') + "</ul>")
    },
    "titles cut without a sign": {
        "/nb/": body("<ul>" + by('<li><a href="{h}">{n}{y}年政府信息公开工作年</a><i>2026-01-18</i></li>') + "</ul>")
    },
    "an accordion of organs": {
        "/nb/": body(
            "".join(
                f"<dl><dt>{name}</dt><dd><a href='/r/{sign}25.html'>2025年</a>"
                f"<a href='/r/{sign}24.html'>2024年</a></dd></dl>"
                for name, sign in ((EDU, "e"), (FIN, "f"))
            )
        )
    },
    "organs in strong, years in spans": {
        "/nb/": body(
            "".join(
                f"<div><p><strong>{name}</strong></p><p><span><a href='/r/{sign}25.html'>2025年度报告</a></span>"
                f"<span><a href='/r/{sign}24.html'>2024年度报告</a></span></p></div>"
                for name, sign in ((EDU, "e"), (FIN, "f"))
            )
        )
    },
    "tabs of years with names of organs": {
        "/nb/": body(
            "<ul class=tabs><li>2025年</li><li>2024年</li></ul>"
            f"<div><ul><li><a href='/r/e25.html'>{EDU}</a></li><li><a href='/r/f25.html'>{FIN}</a></li></ul></div>"
            f"<div><ul><li><a href='/r/e24.html'>{EDU}</a></li><li><a href='/r/f24.html'>{FIN}</a></li></ul></div>"
        )
    },
    "headings of years above names of organs": {
        "/nb/": body(
            "".join(
                f"<h3>{year}年</h3><ul><li><a href='/r/e{year - 2000}.html'>{EDU}</a></li>"
                f"<li><a href='/r/f{year - 2000}.html'>{FIN}</a></li></ul>"
                for year in (2025, 2024)
            )
        )
    },
    "a select of years": {
        "/nb/": body(
            "<select onchange='location=this.value'><option>请选择</option><option value='/nb/2025/'>2025年</option>"
            "<option value='/nb/2024/'>2024年</option></select>"
        ),
        "/nb/2025/": listing(E25, F25, NEIGHBOURS),
        "/nb/2024/": listing(E24, F24),
    },
    "a select of organs": {
        "/nb/": body(
            f"<select onchange='go(this)'><option value=''>全部</option><option value='/edu/'>{EDU}</option>"
            f"<option value='/fin/'>{FIN}</option></select>"
        ),
        "/edu/": listing(bare("e25"), bare("e24")),
        "/fin/": listing(bare("f25"), bare("f24")),
    },
    "folders of organs opened by clicks": {
        "/nb/": body(
            f"<ul><li onclick=\"window.location='/edu/'\">{EDU}</li>"
            f"<li onclick=\"window.location='/fin/'\">{FIN}</li></ul>"
        ),
        "/edu/": listing(bare("e25"), bare("e24")),
        "/fin/": listing(bare("f25"), bare("f24")),
    },
    "the organ in the breadcrumb": {
        "/nb/": listing(f"<li><a href='/edu/'>{EDU}</a></li>", f"<li><a href='/fin/'>{FIN}</a></li>"),
        "/edu/": body(
            f"<div>当前位置：<a href='/'>首页</a> &gt; <a href='/edu/'>{EDU}</a> &gt; <a href='/edu/nb/'>年报</a></div>"
            f"<ul>{bare('e25')}{bare('e24')}</ul>"
        ),
        "/edu/nb/": body(f"<ul>{E25}{E24}</ul>"),
        "/fin/": body(f"<div class=pos>您的位置：首页 » {FIN} » 年报</div><ul>{bare('f25')}{bare('f24')}</ul>"),
    },
    "protocol-relative and base": {
        "/nb/": "<html><head><title>年报</title><base href='/r/'></head><body><ul>"
        + by("<li><a href='{k}.html'>{t}</a></li>")
        + "</ul></body></html>"
    },
    "pages by ?page= and only next": {
        "/nb/": listing(E25, E24, tail='<a>上一页</a> <a href="?page=2">下一页</a>'),
        "/nb/?page=2": listing(F25, F24, NEIGHBOURS, tail='<a href="?page=1">上一页</a> <span>下一页</span>'),
    },
    "list_2.shtml by numbers": {
        "/nb/list.shtml": listing(E25, E24, tail='<b>1</b> <a href="list_2.shtml">2</a> <a href="list_3.shtml">3</a>'),
        "/nb/list_2.shtml": listing(F25, F24, tail='<a href="list.shtml">1</a> <b>2</b> <a href="list_3.shtml">3</a>'),
        "/nb/list_3.shtml": listing(
            NEIGHBOURS, tail='<a href="list.shtml">1</a> <a href="list_2.shtml">2</a> <b>3</b>'
        ),
    },
    "older beside": {
        "/nb/": listing(
            ALL,
            *(row(f"{EDU}{year}年政府信息公开工作年度报告", f"/x/{year}.html") for year in range(2008, 2019)),
            row("2018年度网站工作报表", "/x/old.html"),
        )
    },
    "years in brackets": {
        "/nb/": body(
            "<ul>"
            + by("<li><a href='{h}'>{n}政府信息公开工作年度报告（{y}年）</a><span>2026年1月18日</span></li>")
            + "</ul>"
        )
    },
    "years as 年度 in front": {
        "/nb/": body("<ul>" + by("<li><a href='{h}'>{y}年度{n}信息公开工作年报</a></li>") + "</ul>")
    },
    "Chinese years": {
        "/nb/": listing(
            row(f"{EDU}二〇二五年度政府信息公开工作报告", href("e25")),
            row(f"{EDU}二○二四年度政府信息公开工作报告", href("e24")),
            row(f"{FIN}二零二五年度政府信息公开工作报告", href("f25")),
            row(f"{FIN}二O二四年度政府信息公开工作报告", href("f24")),
        )
    },
    "a report on the state of the work": {
        "/nb/": body("<ul>" + by("<li><a href='{h}'>{n}关于{y}年度政府信息公开工作情况的报告</a></li>") + "</ul>")
    },
    "the organ before a colon": {
        "/nb/": body("<ul>" + by("<li><a href='{h}'>{n}：{y}年政府信息公开年度报告</a></li>") + "</ul>")
    },
    "政务公开": {"/nb/": body("<ul>" + by("<li><a href='{h}'>{n}{y}年政务公开工作年度报告</a></li>") + "</ul>")},
    "a corrected version": {
        "/nb/": listing(
            ALL, row(f"【更正】{title('e25')}", "/r/e25.html?v=2"), row(f"{title('f25')}（修订稿）", href("f25"))
        ),
        "/r/e25.html?v=2": REPORT.format(title=title("e25"), extra=""),
    },
    "in the navigation and in the list": {
        "/nb/": body(f"<div class=nav><a href='{href('e25')}'>{title('e25')}</a></div><ul>{ALL}</ul>")
    },
    "a viewer of files": {
        "/nb/": body(f"<ul>{row(title('e25'), '/v/e.html')}{E24}{F25}{F24}</ul>"),
        "/v/e.html": body("<iframe src='/pdfjs/web/viewer.html?file=%2Fr%2Fe25.pdf'></iframe>"),
        "/r/e25.pdf": PDF,
    },
    "an object with a file": {
        "/nb/": body(f"<ul>{row(title('e25'), '/v/e.html')}{E24}{F25}{F24}</ul>"),
        "/v/e.html": body("<object data='/r/e25.pdf'></object>"),
        "/r/e25.pdf": PDF,
    },
    "a file behind a service": {
        "/nb/": body(f"<ul>{row(title('e25'), '/v/e.html')}{E24}{F25}{F24}</ul>"),
        "/v/e.html": body(f"<p>现予公布。</p><a href='/down?id=e25'>{title('e25')}.pdf</a>"),
        "/down?id=e25": PDF,
    },
    "the list links files": {
        "/nb/": body(f"<ul>{row(title('e25'), '/r/e25.pdf')}{E24}{F25}{F24}</ul>"),
        "/r/e25.pdf": PDF,
    },
    "a list in a frame beside a report": {
        "/nb/": body(f"<div>{E25}</div><iframe src='/static/list.html' width=900 height=600></iframe>"),
        "/static/list.html": listing(E24, F25, F24, NEIGHBOURS),
    },
    "a frame called static": {
        "/nb/": body("<iframe src='/static/statlist/index.html'></iframe>"),
        "/static/statlist/index.html": listing(ALL),
    },
    "a gbk table": {
        "/nb/": Answer(
            body("<table>" + by("<tr><td><a href='{h}'>{t}</a></td><td>2026-01-18</td></tr>") + "</table>").encode(
                "gbk"
            ),
            200,
            {"Content-Type": "text/html; charset=ISO-8859-1"},
        )
    },
    "another place in a side box": {
        "/nb/": body(
            f"<ul>{ALL}</ul><div class=side><h3>友情链接</h3><ul>"
            f"{row('甲县民政局2025年政府信息公开工作年度报告', '/x/a.html')}</ul></div>"
        )
    },
    "a list of divs": {
        "/nb/": body(
            "".join(by("<div class=item><div class=t><a href='{h}'>{t}</a></div><div class=d>01-18</div></div>"))
        )
    },
    "one page, and a dead next": {
        "/nb/": listing(ALL, tail='<a href="/nb/">首页</a><a class="disabled">下一页</a><a href="/nb/">尾页</a>')
    },
    "one page, of one": {"/nb/": listing(ALL, tail='共1页 <a href="javascript:void(0)">下一页</a>')},
    "a list sent by a plain script": {
        "/nb/": "<html><title>年报</title><script>self.location.replace('list.html')</script></html>",
        "/nb/list.html": listing(ALL),
    },
    "columns by kind of organ": {
        "/nb/": body(
            "<ul><li><a href='/nb/zf/'>市政府年报</a></li><li><a href='/nb/bm/'>部门年报</a></li>"
            "<li><a href='/nb/xz/'>乡镇（街道）政府信息公开年报</a></li></ul>"
        ),
        "/nb/zf/": listing(row("示例市人民政府2025年政府信息公开工作年度报告", "/x/gov.html")),
        "/nb/bm/": listing(E25, E24, F25, F24, NEIGHBOURS),
        "/nb/xz/": listing(row("青石镇人民政府2025年政府信息公开工作年度报告", "/x/town.html")),
    },
    "a part of the column at an address of its own": {
        "/bm/nb/": body(
            f"<p><a href='/bm/nb/'>市政府部门</a> <a href='/xz/nb/'>乡镇（街道）</a></p><ul>{E25}{E24}</ul>"
        ),
        "/xz/nb/": listing(F25, F24, NEIGHBOURS, title="乡镇（街道）"),
    },
    "a part of the column below another one": {
        "/nb/": body("<p><a href='/bm/nb/'>市政府部门</a></p>"),
        "/bm/nb/": listing(E25, E24, F25, F24, NEIGHBOURS, title="市政府部门"),
    },
    "a list in lines of one paragraph": {
        "/nb/": body("<p>" + by("[{n}]<a href='{h}'>{y}年政府信息公开工作年度报告</a> 2026-01-18<br>") + "</p>"),
    },
    "two entries in one row of a table": {
        "/nb/": body(
            "<table><tr>"
            + "</tr><tr>".join(
                "".join(
                    f"<td>{PAPERS[key][0]}</td><td><a href='{href(key)}'>{PAPERS[key][1]}年政府信息公开年报</a></td>"
                    for key in pair
                )
                for pair in (("e25", "f25"), ("f24", "e24"))
            )
            + "</tr></table>"
        ),
    },
    "parts of the column that a click shows": {
        "/nb/": body(f"{TABS}<div><div><ul>{E25}{E24}</ul></div><div><ul>{F25}{F24}{NEIGHBOURS}</ul></div></div>")
    },
    "rows that a script of the page makes clickable": {
        "/nb/": body(f"<ul>{ALL}</ul><script>function to(x){{location.href='/a/${{x}}.html'}}</script>"),
    },
    "a footer in another encoding": {
        "/nb/": Answer(
            body(f"<ul>{ALL}</ul>").removesuffix(END).encode()
            + f"<div>{'主办单位示例市人民政府办公室' * 9}</div>{END}".encode("gbk"),
            200,
            {"Content-Type": "text/html; charset=gbk"},
        )
    },
    "a year's list under the name of a report": {
        "/nb/": body(
            "<ul><li><a href='/nb/2025n/'>2025年政府信息公开工作年度报告</a></li>"
            "<li><a href='/nb/2024n/'>2024年政府信息公开工作年度报告</a></li></ul>"
        ),
        "/nb/2025n/": listing(E25, F25, title="2025年政府信息公开工作年度报告"),
        "/nb/2024n/": listing(E24, F24, title="2024年政府信息公开工作年度报告"),
    },
    "reports that name their organ only themselves": {
        "/nb/": body("<ul>" + by("<li><a href='{h}'>{y}年政府信息公开工作年度报告</a></li>") + "</ul>"),
    },
    "years with a count": {
        "/nb/": body("<ul><li><a href='/nb/2025/'>2025年(2)</a></li><li><a href='/nb/2024/'>2024年（2）</a></li></ul>"),
        "/nb/2025/": listing(E25, F25),
        "/nb/2024/": listing(E24, F24),
    },
    "organs below years, reports without a year": {
        "/nb/": body(
            "".join(
                f"<div class=y>{year}年</div><div class=o><a href='/y/e{year - 2000}.html'>{EDU}</a>"
                f"<a href='/y/f{year - 2000}.html'>{FIN}</a></div>"
                for year in (2025, 2024)
            )
        ),
        **{
            f"/y/{sign}{year - 2000}.html": REPORT.format(
                title="政府信息公开工作年度报告", extra=f"<i>{sign}{year - 2000}</i>"
            )
            for sign in "ef"
            for year in (2025, 2024)
        },
    },
    "links between breaks": {"/nb/": body("<p>" + by("<a href='{h}'>{t}</a><br>") + "</p>")},
    "titles cut behind a bullet": {
        "/nb/": body("<ul>" + by("<li><a href='{h}'><span title='{t}'>· {n}{y}年政府...</span></a></li>") + "</ul>")
    },
    "the organ as a mark before": {
        "/nb/": body(
            "<ul>" + by("<li>[{n}] <a href='{h}'>{y}年政府信息公开工作年度报告</a><i>2026-01-18</i></li>") + "</ul>"
        )
    },
    "the organ in words of the row": {
        "/nb/": body(
            "<table>"
            + by("<tr><td>1</td><td>{n}</td><td>2026-01-18</td><td><a href='{h}'>{y}年度报告</a></td></tr>")
            + "</table>"
        )
    },
    "a pager of another name": {
        "/nb/": listing(E25, E24, tail="<script>makePageNav(2, 0, 'index', 'html')</script>"),
        "/nb/index_1.html": listing(F25, F24, tail="<script>makePageNav(2, 1, 'index', 'html')</script>"),
    },
    "a next in the head": {
        "/nb/": "<html><head><title>年报</title><link rel=next href='?p=2'></head><body><ul>"
        + E25
        + E24
        + "</ul></body></html>",
        "/nb/?p=2": listing(F25, F24),
    },
    "another block's more": {
        "/nb/": listing(
            E25, E24, tail="<a href='index_1.html'>下一页</a><div>通知公告 <a href='/gg/'>查看更多</a></div>"
        ),
        "/nb/index_1.html": listing(F25, F24, tail="<div>通知公告 <a href='/gg/'>查看更多</a></div>"),
    },
    "a cover that links the report": {
        "/nb/": body(f"<ul>{row(title('e25'), '/v/e.html')}{E24}{F25}{F24}</ul>"),
        "/v/e.html": body(
            f"<p>现将年报公布如下。</p><p><a href='/r/e25.html'>{title('e25')}</a></p>"
            f"<div><a href='/r/f25.html'>{title('f25')}</a><a href='/r/e24.html'>{title('e24')}</a></div>"
        ),
    },
    "a way by a front page of the organ": {
        "/nb/": listing(f"<li><a href='/edu/'>{EDU}</a></li>", f"<li><a href='/fin/'>{FIN}</a></li>"),
        "/edu/": "<html><title>示例市教育局信息公开目录</title><body><a href='/edu/nb/'>政府信息公开年报</a><ul>"
        + row("市教育局召开会议", "/x/1.html")
        + "</ul></body></html>",
        "/edu/nb/": listing(bare("e25"), bare("e24")),
        "/fin/": listing(bare("f25"), bare("f24")),
    },
    "a frameset with a tree": {
        "/nb/": "<html><title>年报</title><frameset><frame src='/left.html'><frame src='/main.html'></frameset></html>",
        "/left.html": body(f"<ul><li><a href='/fin/'>{FIN}</a></li></ul>"),
        "/main.html": listing(E25, E24),
        "/fin/": listing(bare("f25"), bare("f24")),
    },
    "the organ's page by a breadcrumb alone": {
        "/nb/": body(
            f"<div class=crumb>您现在的位置： 首页 &gt;&gt; {EDU} &gt;&gt; 政府信息公开年报</div>"
            f"<ul>{bare('e25')}{bare('e24')}</ul><ul><li><a href='/fin/'>示例市财政局</a></li></ul>"
        ),
        "/fin/": listing(bare("f25"), bare("f24"), title="示例市财政局-年报"),
    },
    "a tree in a script beside the first organ's list": {
        "/nb/": body(
            "<ul id=tree></ul><script>var nodes=[{id:1,pId:0,name:'市级部门'},"
            "{id:2,pId:1,name:'示例市教育局',url:'/edu/'},{id:3,pId:1,name:'示例市财政局',url:'/fin/'}];draw(nodes)</script>"
            f"<ul>{E25}{E24}{row('示例市教育局2023年政府信息公开工作年度报告', '/x/e23.html')}</ul>"
        ),
        "/edu/": listing(bare("e25"), bare("e24")),
        "/fin/": listing(bare("f25"), bare("f24")),
    },
    "a tree beside the first organ's list": {
        "/nb/": body(
            f"<div class=tree><a href='/nb/'>{EDU}</a><a href='/fin/'>{FIN}</a></div><h3>{EDU}</h3>"
            f"<ul>{bare('e25')}{bare('e24')}</ul>"
        ),
        "/fin/": listing(bare("f25"), bare("f24")),
    },
    "more behind a few": {
        "/nb/": body(f"<div><ul>{E25}{E24}</ul><a href='/nb/all.html'>更多</a></div>"),
        "/nb/all.html": listing(ALL),
    },
    "the word 查看 in a list": {
        "/nb/": body("<ul>" + by("<li>{t} <a href='{h}'>查看</a></li>") + "</ul>"),
    },
    "the word 下载 in a table": {
        "/nb/": body(
            "<table><tr><th>单位</th><th>名称</th><th>操作</th></tr>"
            + by("<tr><td>{n}</td><td>{y}年政府信息公开工作年度报告</td><td><a href='{h}'>下载</a></td></tr>")
            + "</table>"
        ),
    },
    "pictures for years": {
        "/nb/": body(
            "<table><tr><th>单位</th><th>2025年</th><th>2024年</th></tr>"
            + "".join(
                f"<tr><td>{name}</td><td><a href='/r/{sign}25.html'><img src=i.png></a></td>"
                f"<td><a href='/r/{sign}24.html'><img src=i.png></a></td></tr>"
                for name, sign in ((EDU, "e"), (FIN, "f"))
            )
            + "</table>"
        ),
    },
    "the organ in a link of its own": {
        "/nb/": body(
            "<ul>"
            + by("<li><a href='/x/o.html'>[{n}]</a><a href='{h}'>{y}年政府信息公开工作年度报告</a></li>")
            + "</ul>"
        ),
    },
    "dead links to other organs beside": {
        "/nb/": body(f"<div>{E25}</div><ul>{ALL}</ul><div><a href='/sport/'>示例市体育局</a></div>"),
    },
}

# None of these may prove an absence; the reason is what CONTRACT section 6 calls it.
NOT_WHOLE: dict[str, tuple[Pages, set[str]]] = {
    "a count in an input": (
        {"/nb/": listing(E25, tail="<input type=hidden id=pageCount value=3><div id=pager></div>")},
        {"list_incomplete"},
    ),
    "pages by a form": (
        {"/nb/": listing(E25, tail='<form method=post><a onclick="document.forms[0].submit()">下一页</a></form>')},
        {"list_incomplete"},
    ),
    "numbers without addresses": (
        {
            "/nb/": listing(
                E25, tail="<ul class=pagination><li class=active>1</li><li data-page=2>2</li><li>3</li></ul>"
            )
        },
        {"list_incomplete"},
    ),
    "a next that a script binds": (
        {"/nb/": listing(E25, tail="<div class=page><a>上一页</a><a class=next>下一页</a></div>")},
        {"list_incomplete"},
    ),
    "more, bound by a script": ({"/nb/": listing(E25, tail="<div class=more>加载更多</div>")}, {"list_incomplete"}),
    "layui": (
        {"/nb/": listing(E25, tail="<script>laypage.render({elem:'p',count: 45,limit: 15})</script>")},
        {"list_incomplete"},
    ),
    "a list filled by a request": (
        {
            "/nb/": body(
                "<ul id=list></ul><script>$.getJSON('/api/list',function(d){$('#list').html(draw(d))})</script>"
            )
        },
        {"needs_render"},
    ),
    "a list filled by a request beside a report": (
        {
            "/nb/": body(
                f"<div>{E25}</div><ul id='list'></ul><script>fetch('/api/list').then(function(d)"
                "{document.getElementById('list').innerHTML=draw(d)})</script>"
            )
        },
        {"list_incomplete", "needs_render"},
    ),
    "templates of a framework": (
        {
            "/nb/": body(
                f"<div>{E25}</div><ul><li v-for='one in list'><a :href='one.url'>{{{{one.title}}}}</a></li></ul>"
            )
        },
        {"list_incomplete", "needs_render"},
    ),
    "an app": (
        {"/nb/": body("<div id=app></div><script src='/app.js'></script>")},
        {"needs_render"},
    ),
    "a tree from a service": (
        {
            "/nb/": body(
                "<ul id=tree></ul><script>$.fn.zTree.init($('#tree'),{async:{enable:true,url:'/tree.json'}})</script>"
            )
        },
        {"needs_render"},
    ),
    "the wanted year behind a script": (
        {
            "/nb/": body(
                f"<ul class=tabs><li onclick='show(25)'>2025年</li><li class=on>2024年</li></ul><ul>{E24}{F24}</ul>"
            )
        },
        {"list_incomplete"},
    ),
    "the wanted year in a select of a script": (
        {
            "/nb/": body(
                "<select id=y><option value=2025>2025年</option><option selected value=2024>2024年</option></select>"
                f"<ul>{E24}{F24}</ul>"
            )
        },
        {"list_incomplete"},
    ),
    "the wanted year empty": (
        {
            "/nb/": body("<ul><li><a href='/nb/2025/'>2025年</a></li><li><a href='/nb/2024/'>2024年</a></li></ul>"),
            "/nb/2025/": listing(title="2025年"),
            "/nb/2024/": listing(E24, F24),
        },
        {"list_empty"},
    ),
    "a page of the list is the front page": (
        {
            "/nb/": listing(E25, tail='<a href="?page=2">下一页</a>'),
            "/nb/?page=2": "<html><title>示例市人民政府</title><body><ul>"
            + row("市长调研", "/x/1.html")
            + "</ul></body></html>",
        },
        {"list_incomplete"},
    ),
    "a page of the list is lost politely": (
        {
            "/nb/": listing(E25, tail='<a href="?page=2">下一页</a>'),
            "/nb/?page=2": "<html><title>提示信息</title><body>您访问的页面找不到了"
            + "<p>关于本站</p>" * 10
            + "</body></html>",
        },
        {"list_incomplete"},
    ),
    "lost in a full skin": (
        {
            "/nb/": "<html><title>404-示例市人民政府</title><body>"
            + "<a href='/x/'>新闻中心</a>" * 600
            + "<p>页面不存在</p></body></html>"
        },
        {"layout_changed"},
    ),
    "a block page in a full skin": (
        {"/nb/": "<html><title>访问被拦截</title><body>您的请求被拦截，" + "请联系管理员。" * 10 + "</body></html>"},
        {"blocked"},
    ),
    "the wanted year in a select, and as many rows as years": (
        {
            "/nb/": body(
                "<select onchange=go()><option>2025年</option><option>2024年</option><option>2023年</option></select>"
                f"<div>{title('e24')} <a href='/r/e24.html'>{title('e24')}</a></div>"
                f"<div><a href='/r/f24.html'>{title('f24')}</a></div>"
                f"<div><a href='/x/c23.html'>{CIV}2023年政府信息公开工作年度报告</a></div>"
            )
        },
        {"list_incomplete"},
    ),
    "entries of organs in a script": (
        {
            "/nb/": body(
                "<ul id=l></ul><script>var l=["
                f"{{title:'{EDU}政府信息公开年报（2025年）',url:'/r/e25.html',org:'{EDU}'}},"
                f"{{title:'{FIN}政府信息公开年报（2024年）',url:'/r/f24.html',org:'{FIN}'}}];draw(l)</script>"
            )
        },
        {"needs_render", "list_empty"},
    ),
    "a list that a script adds to": (
        {
            "/nb/": body(
                f"<ul id=more>{E25}{E24}{F24}</ul><script>fetch('/api/list').then(r=>r.json()).then(d=>"
                "{document.getElementById('more').innerHTML+=draw(d)})</script>"
            )
        },
        {"list_incomplete"},
    ),
    "an empty list that a script writes": (
        {"/nb/": body("<ul id=l></ul><script>function cb(d){$('#l').html(d)}</script><script src=/j.js></script>")},
        {"needs_render"},
    ),
    "parts of the column behind a script": (
        {"/nb/": body(f"{TABS}<ul>{E25}{E24}{F24}</ul>")},
        {"list_incomplete"},
    ),
    "an empty column": ({"/nb/": body("<h2>政府信息公开年报</h2><ul></ul><p>暂无数据</p>")}, {"list_empty"}),
    "a column of news": (
        {"/nb/": "<html><title>工作动态</title><body><ul>" + row("市长调研", "/x/1.html") + "</ul></body></html>"},
        {"layout_changed"},
    ),
    "maintenance": (
        {"/nb/": "<html><title>系统维护</title><body>网站正在升级维护，请稍后访问。</body></html>"},
        {"layout_changed", "portal_unreachable"},
    ),
    "titles in a script": (
        {
            "/nb/": body(
                f"<ul>{E25}{E24}{F24}{F25}</ul>"
                f"<script>var more=[{{title:'{CIV}2025年政府信息公开工作年度报告',id:7}}]</script>"
            )
        },
        {"list_incomplete"},
    ),
    "all titles in a script": (
        {
            "/nb/": body(
                f"<div id=l></div><script>var l=[{{'title':'{title('e25')}','url':'/r/e25.html'}}];draw(l)</script>"
            )
        },
        {"needs_render"},
    ),
    "javascript is wanted": (
        {"/nb/": "<html><script src='/j.js'></script><body><noscript>请启用JavaScript</noscript></body></html>"},
        {"needs_render", "blocked"},
    ),
    "a firewall": (
        {"/nb/": "<html><title>提示</title><body>当前访问疑似黑客攻击，已被网站管理员拦截</body></html>"},
        {"blocked"},
    ),
    "denied in English": (
        {"/nb/": "<html><title>Access Denied</title><body>Access Denied. Incident ID: 7</body></html>"},
        {"blocked"},
    ),
}

# What the scripts of those pages ask for; where a browser is at hand, it gets nothing from them.
ASKED_BY_SCRIPTS = ("/app.js", "/j.js", "/api/list", "/tree.json")

# Reports nobody can give to an organisation by what the list says: a person looks, and nothing is absent.
DOUBTFUL: dict[str, Pages] = {
    "titles without an organ, there and on the page": {
        "/nb/": listing(
            row("2025年政府信息公开工作年度报告", "/x/a.html"), row("2025年政府信息公开工作年度报告", "/x/b.html")
        ),
        "/x/a.html": REPORT.format(title="2025年政府信息公开工作年度报告", extra=""),
        "/x/b.html": REPORT.format(title="2025年政府信息公开工作年度报告", extra=""),
    },
    "a title without a year": {"/nb/": listing(row("政府信息公开工作年度报告", "/x/a.html"), E24, F24)},
    "a row that is a block without an address": {
        "/nb/": listing(E24, F24, tail=f"<div class=item data-id=7>{CIV}2025年政府信息公开工作年度报告</div>")
    },
    "a year mistyped as the next one": {
        "/nb/": listing(E24, F24, row(f"{CIV}2026年政府信息公开工作年度报告", "/x/c26.html")),
    },
    "a year mistyped as the last one": {
        "/nb/": listing(
            E24,
            F24,
            row(f"{CIV}2024年政府信息公开工作年度报告", href("c24"), "2025-01-20"),
            row(f"{CIV}2024年政府信息公开工作年度报告", href("c25"), "2026-01-20"),
        ),
        href("c24"): REPORT.format(title="2024", extra=""),
        href("c25"): REPORT.format(title="2024", extra=""),
    },
    "its own page beside the list is lost": {
        "/nb/": body(f"<ul>{E24}{F24}{NEIGHBOURS}</ul><div><a href='/civ/'>{CIV}</a></div>"),
        "/civ/": Answer(b"", 404),
    },
    "a tree of names in a script": {
        "/nb/": body(
            f"<ul>{E24}{F24}{NEIGHBOURS.replace(CIV, FIN)}</ul><script>var t=[{{id:7,name:'{CIV}'}}]</script>"
        ),
    },
    "the office of another place": {
        "/nb/": body(f"<h3>甲县</h3><ul>{row('民政局2025年政府信息公开工作年度报告', '/x/c.html')}</ul><ul>{E24}</ul>"),
    },
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """All portals in one run."""
    portals, organisations = [], []
    with ExitStack() as stack:
        for name, pages in (WHOLE | {name: pages for name, (pages, _) in NOT_WHOLE.items()} | DOUBTFUL).items():
            site = stack.enter_context(serve())
            for key in PAPERS:
                site.put(href(key), REPORT.format(title=title(key), extra=""))
            for path in ASKED_BY_SCRIPTS:
                site.put(path, Answer(b"", 404))
            for path, answer in pages.items():
                site.put(path, answer)
            portals.append(portal(name, site.url(next(iter(pages)))))
            organisations += [organisation(who, name, f"{name}/{who}") for who in (EDU, FIN, CIV)]
        yield crawl(tmp_path_factory.mktemp("strange"), portals, organisations)


def taken(ran: Ran, name: str) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = {}
    for one in ran.candidates(name):
        key = (one["organisation"].partition("/")[2], one["year"])
        found.setdefault(key, set()).add(one["url"].split("/", 3)[3])
    return found


@pytest.mark.parametrize("name", WHOLE)
def test_every_report_is_found_with_its_owner_and_year(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    found = taken(ran, name)

    assert set(found) == set(PAPERS.values()), row_
    for key, paper in PAPERS.items():
        assert any(key in url for url in found[paper]), found
        assert not any(other in url for url in found[paper] for other in PAPERS if other != key), found
    assert row_["complete"], row_
    assert {one["organisation"]: one["complete"] for one in row_["lists"]}[f"{name}/{CIV}"]


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_what_was_not_read_whole_proves_nothing(ran: Ran, name: str) -> None:
    row_ = ran.portal(name)

    assert row_["reason"] in NOT_WHOLE[name][1], row_
    assert not row_["complete"]
    assert not any(one["complete"] for one in row_["lists"])


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_doubt_is_nobodys_report_and_nobodys_absence(ran: Ran, name: str) -> None:
    lists = {one["organisation"]: one["complete"] for one in ran.portal(name)["lists"]}

    assert not [paper for paper in taken(ran, name) if paper[1] == 2025]
    assert not lists[f"{name}/{CIV}"]

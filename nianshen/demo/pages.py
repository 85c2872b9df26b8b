"""Reports as web pages, in the skins of two publishing systems of the field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from nianshen.demo import narrative
from nianshen.demo.layout import Box, Rows, official_tables
from nianshen.demo.narrative import Publication

HEADINGS = (
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a publishing system writes a heading, a paragraph, a table and a cell of it."""

    heading: Callable[[str], str]
    paragraph: Callable[[str], str]
    table: str
    cell: Callable[[Box], str]


def body(publication: Publication, style: Style) -> str:
    """The content of a report: title line excluded, preamble, six sections, three tables."""
    tables = official_tables(publication.form, publication.printed)
    sections: tuple[list[str], ...] = (
        [style.paragraph(text) for text in narrative.overview(publication)],
        [table_html(tables["disclosure"], style)],
        [table_html(tables["requests"], style)],
        [table_html(tables["disputes"], style)],
        [style.paragraph(text) for text in narrative.problems(publication)],
        [style.paragraph(text) for text in narrative.other_matters(publication)],
    )
    parts = [style.paragraph(text) for text in narrative.preamble(publication)]
    for heading, content in zip(HEADINGS, sections, strict=True):
        parts += [style.heading(heading), *content]
    return "\n".join(parts)


def table_html(rows: Rows, style: Style) -> str:
    """One table in the markup of a style."""
    lines = "\n".join("<tr>" + "".join(style.cell(box) for box in row) + "</tr>" for row in rows)
    return f"{style.table}\n<tbody>\n{lines}\n</tbody></table>"


def spans(box: Box) -> str:
    """The ``rowspan`` and ``colspan`` attributes a box needs, with a leading space."""
    row = f' rowspan="{box.rowspan}"' if box.rowspan > 1 else ""
    return row + (f' colspan="{box.colspan}"' if box.colspan > 1 else "")


def _trs_cell(box: Box) -> str:
    align = "center" if box.cell or box.head else "left"
    return f'<td{spans(box)} style="text-align: {align};"><p>{escape(box.text) or "&nbsp;"}</p></td>'


def _old_cell(box: Box) -> str:
    align = "middle" if box.cell or box.head else "left"
    text = escape(box.text) or "&nbsp;"
    return f'<td{spans(box)} style="FONT-SIZE: 12pt; FONT-FAMILY: 宋体" align={align}>{text}</td>'


TRS = Style(
    heading=lambda text: f'<p style="text-indent: 2em;"><strong>{escape(text)}</strong></p>',
    paragraph=lambda text: f'<p style="text-indent: 2em;">{escape(text)}</p>',
    table='<table border="1" cellspacing="0" cellpadding="0" style="border-collapse: collapse; width: 100%;">',
    cell=_trs_cell,
)

OLD = Style(
    heading=lambda text: f"<P>　　<B>{escape(text)}</B></P>",
    paragraph=lambda text: f"<P>　　{escape(text)}</P>",
    table='<TABLE border=1 cellSpacing=0 borderColor=#000000 cellPadding=3 width="96%" align=center>',
    cell=_old_cell,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list page: link text, address relative to the list, date as printed."""

    title: str
    href: str
    day: str


def trs_article(publication: Publication, portal: str) -> str:
    """An article page of the TRS kind: meta tags, breadcrumbs, ``TRS_Editor``."""
    day = publication.published.isoformat()
    content = f'<div class="TRS_Editor">\n{body(publication, TRS)}\n</div>'
    return trs_page(publication.title, portal, _trs_frame(publication.title, publication.agency, day, content), day)


def trs_notice(title: str, source: str, day: str, paragraphs: Sequence[str], portal: str) -> str:
    """An article that is no yearly report of this duty, or only its cover."""
    text = "\n".join(TRS.paragraph(line) if not line.startswith("<") else line for line in paragraphs)
    return trs_page(
        title,
        portal,
        _trs_frame(title, source, day, f'<div class="TRS_Editor">\n{text}\n</div>'),
        day,
        source,
    )


def trs_page(title: str, portal: str, content: str, day: str = "", source: str = "") -> str:
    """The page around the content: navigation above, footer below."""
    meta = f'<meta name="PubDate" content="{day} 09:30">\n' if day else ""
    meta += f'<meta name="ContentSource" content="{escape(source)}">\n' if source else ""
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="UTF-8">
<title>{escape(title)}_{escape(portal)}</title>
<meta name="SiteName" content="{escape(portal)}">
<meta name="SiteDomain" content="127.0.0.1">
<meta name="ArticleTitle" content="{escape(title)}">
{meta}<link rel="stylesheet" href="/images/style.css">
</head>
<body>
<div class="header"><h2>{escape(portal)}</h2>
<ul class="nav"><li><a href="/">首页</a></li><li><a href="/zwgk/">政务公开</a></li>
<li><a href="/zwfw/">政务服务</a></li><li><a href="/hdjl/">互动交流</a></li></ul></div>
<div class="crumbs">当前位置：<a href="/">首页</a> &gt; <a href="/zwgk/">政务公开</a> &gt;
<a href="/zwgk/zfxxgknb/">政府信息公开年报</a></div>
<div class="main">
{content}
</div>
<div class="footer"><p>主办：{escape(portal)}　政府网站标识码：0000000001</p>
<p><a href="/wzdt/">网站地图</a>　<a href="/lxwm/">联系我们</a></p></div>
</body>
</html>
"""


def _trs_frame(title: str, source: str, day: str, content: str) -> str:
    return f"""<h1 class="article-title">{escape(title)}</h1>
<div class="article-info"><span>发布时间：{day}</span><span>来源：{escape(source)}</span>
<span>字体：大 中 小</span></div>
{content}
<div class="share"><a href="javascript:void(0)">打印</a> <a href="javascript:window.close()">关闭</a></div>"""


def trs_list(portal: str, column: str, entries: Sequence[Entry], page: int, pages: int) -> str:
    """A list page of the TRS kind: its pager is drawn by ``createPageHTML(pages, page, "index", "html")``."""
    lines = "\n".join(
        f'<li><a href="{escape(entry.href)}" title="{escape(entry.title)}">{escape(entry.title)}</a>'
        f"<span>{entry.day}</span></li>"
        for entry in entries
    )
    content = f"""<h3>{escape(column)}</h3>
<ul class="list">
{lines}
</ul>
<div class="page"><script>createPageHTML({pages}, {page}, "index", "html");</script></div>"""
    return trs_page(column, portal, content)


def old_article(publication: Publication, portal: str) -> str:
    """An article page of an old site: tables for layout, no meta tags, the date in a line under the title."""
    day = publication.published
    line = f"发布日期：{day.year}年{day.month}月{day.day}日　来源：{publication.agency}"
    return old_page(
        publication.title,
        portal,
        f"""<tr><td align="center"><font size="4"><b>{escape(publication.title)}</b></font></td></tr>
<tr><td align="center" class="info">{escape(line)}</td></tr>
<tr><td id="zoom">
{body(publication, OLD)}
</td></tr>""",
    )


def old_notice(
    title: str,
    source: str,
    day: str,
    paragraphs: Sequence[str],
    portal: str,
    attachment: tuple[str, str] | None = None,
) -> str:
    """An article of the old site without a report in its text; ``attachment`` is its link text and address."""
    text = "\n".join(OLD.paragraph(line) for line in paragraphs)
    if attachment:
        label, href = attachment
        text += f'\n<P>　　<a href="{escape(href)}" target="_blank">{escape(label)}</a></P>'
    return old_page(
        title,
        portal,
        f"""<tr><td align="center"><font size="4"><b>{escape(title)}</b></font></td></tr>
<tr><td align="center" class="info">发布日期：{day}　来源：{escape(source)}</td></tr>
<tr><td id="zoom">{text}</td></tr>""",
    )


def old_list(portal: str, column: str, entries: Sequence[Entry], page: int, pages: int) -> str:
    """A list page of the old site: a table row a link, ``list_2.html`` behind 下一页."""
    names = ["", "list.html", *(f"list_{number}.html" for number in range(2, pages + 1))]
    lines = "\n".join(
        f'<tr><td width="80%">·<a href="{escape(entry.href)}" target="_blank">{escape(entry.title)}</a></td>'
        f"<td>[{entry.day}]</td></tr>"
        for entry in entries
    )
    after = (
        f'<a href="{names[page + 1]}">下一页</a>　<a href="{names[pages]}">尾页</a>' if page < pages else "下一页　尾页"
    )
    before = f'<a href="{names[1]}">首页</a>　<a href="{names[page - 1]}">上一页</a>' if page > 1 else "首页　上一页"
    pager = f"共{pages}页　第{page}页　{before}　{after}"
    return old_page(
        column,
        portal,
        f"""<tr><td><b>{escape(column)}</b></td></tr>
<tr><td><table width="100%" border="0">{lines}</table></td></tr>
<tr><td align="center">{pager}</td></tr>""",
    )


def old_page(title: str, portal: str, rows: str) -> str:
    """The layout tables around the content of the old site."""
    return f"""<html><head><title>{escape(title)}-{escape(portal)}</title>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head>
<body bgcolor="#ffffff">
<table width="960" border="0" align="center" cellpadding="0" cellspacing="0">
<tr><td height="80"><b>{escape(portal)}</b></td></tr>
<tr><td><a href="/">网站首页</a> | <a href="/gk/list.html">信息公开</a> | <a href="/bszn/">办事指南</a>
| <a href="/zxft/">在线访谈</a></td></tr>
<tr><td>您现在的位置：<a href="/">首页</a>→<a href="/gk/list.html">政府信息公开年度报告</a></td></tr>
{rows}
<tr><td align="center" bgcolor="#eeeeee">版权所有：{escape(portal)}　建议使用1024*768分辨率浏览</td></tr>
</table></body></html>
"""

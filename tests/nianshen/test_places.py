"""Every place where a portal may keep a report, over real HTTP: found, given to its organ and its year, and read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docx
import pytest

from audit.report import State
from crawler.evidence import BlobStore
from nianshen.choosing import Candidate, Found, Organ, choose
from nianshen.demo import narrative, pages
from nianshen.demo.layout import Rows, official_tables
from nianshen.demo.narrative import Publication
from nianshen.demo.pdf import report_pdf
from tests.acceptance.town import html, publication
from tests.crawler.site import Answer, Ran, crawl, listing, organisation, portal, row, serve

YEAR = 2025
PDF, WORD = "application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DUTIES = """教育 水利 财政 民政 司法 审计 统计 体育 林业 商务 信访 气象 粮食 地震 档案 园林 物价 房产 交通运输 自然资源
    生态环境 农业农村 应急管理 医疗保障 城市管理 机关事务 政务服务 大数据 国防动员 供销合作 邮政管理 烟草专卖 海洋渔业
    知识产权 广播电视 口岸管理 公积金管理 人民防空""".split()  # noqa: SIM905 - a list of words


def saved(package: Any) -> bytes:
    target = io.BytesIO()
    package.save(target)
    return target.getvalue()


def word(made: Publication) -> bytes:
    """The report as DOCX."""
    package, tables = docx.Document(), official_tables(made.form, made.printed)
    bodies: tuple[list[str] | Rows, ...] = (
        narrative.overview(made), tables["disclosure"], tables["requests"], tables["disputes"],
        narrative.problems(made), narrative.other_matters(made),
    )  # fmt: skip
    package.add_heading(made.title, 0)
    for heading, body in zip(pages.HEADINGS, bodies, strict=True):
        package.add_paragraph(heading)
        if isinstance(body, list):
            for text in body:
                package.add_paragraph(text)
        else:
            _table(package, body)
    return saved(package)


def _table(package: Any, rows: Rows) -> None:
    width = sum(box.colspan for box in rows[0])
    grid, taken = package.add_table(len(rows), width), set[tuple[int, int]]()
    for at, boxes in enumerate(rows):
        column = 0
        for box in boxes:
            while (at, column) in taken:
                column += 1
            end = at + box.rowspan - 1, column + box.colspan - 1
            taken |= {(y, x) for y in range(at, end[0] + 1) for x in range(column, end[1] + 1)}
            grid.cell(at, column).merge(grid.cell(*end)).text = box.text


@dataclass(frozen=True)
class Place:
    """Where a report is kept. ``cover`` is what the page behind the list holds, ``/f/@.pdf`` standing for the file.

    Without a ``cover`` the list itself leads to ``href``. ``paths`` are where the file is served; ``beside`` are
    other pages that it takes, ``media`` what the file is.
    """

    cover: str | None = None
    href: str = "/v/@.html"
    paths: tuple[str, ...] = ("/f/@.pdf",)
    beside: Mapping[str, str] = field(default_factory=dict)
    media: str = PDF
    headers: Mapping[str, str] = field(default_factory=dict)


VIEWER = "/static/pdfjs/web/viewer.html"
PLACES: dict[str, Place] = {
    # 1. a link
    "a link": Place("<p>附件：<a href='/f/@.pdf'>政府信息公开工作年度报告.pdf</a></p>"),
    "a link that says only 附件": Place("<p><a href='/f/@.pdf'>附件</a></p>"),
    "a link relative to a base": Place("<base href='/f/'><a href='@.pdf'>点击下载</a>"),
    "a link with a Chinese name": Place(
        "<a href='/f/@年度报告（全文）.pdf'>附件下载</a>",
        paths=("/f/@%E5%B9%B4%E5%BA%A6%E6%8A%A5%E5%91%8A%EF%BC%88%E5%85%A8%E6%96%87%EF%BC%89.pdf",),
    ),
    "a picture as a link": Place("<a href='/f/@.pdf'><img src='/i/pdf.gif' alt='下载'></a>"),
    "a Word file": Place("<a href='/f/@.docx'>附件1：年度报告.docx</a>", paths=("/f/@.docx",), media=WORD),
    # 2. a viewer that is given the file
    "a viewer in a frame": Place(f"<iframe src='{VIEWER}?file=%2Ff%2F@.pdf'></iframe>"),
    "a viewer with a whole address": Place(f"<iframe src='{VIEWER}?file=//HOST/f/@.pdf#page=1'></iframe>"),
    "a viewer behind a link": Place(f"<a href='{VIEWER}?file=/f/@.pdf' target=_blank>查看全文</a>"),
    "a viewer behind the list": Place(href=f"{VIEWER}?file=/f/@.pdf"),
    "a viewer given a service": Place(f"<iframe src='{VIEWER}?file=%2Fdown%3Fid%3D@'></iframe>", paths=("/down?id=@",)),
    "a viewer given its file behind a mark": Place(f"<iframe src='{VIEWER}#/f/@.pdf'></iframe>"),
    # 3. embed and object
    "an embed": Place("<embed src='/f/@.pdf' type='application/pdf' width=800>"),
    "an object": Place("<object data='/f/@.pdf' type='application/pdf'><p>请安装阅读器</p></object>"),
    "an object with a parameter": Place("<object classid='clsid:CA8A9780'><param name=src value='/f/@.pdf'></object>"),
    # 4. a frame
    "a frame": Place("<iframe src='/f/@.pdf' width=100% height=900></iframe>"),
    "a frame within a frame": Place(
        "<iframe src='/v/@_in.html' width=900 height=900></iframe>",
        beside={"/v/@_in.html": "<html><body><embed src='/f/@.pdf'></body></html>"},
    ),
    "a frame that waits for its address": Place("<iframe data-src='/f/@.pdf' src='about:blank'></iframe>"),
    # 5. clicks and windows
    "a click": Place("<span onclick=\"window.open('/f/@.pdf','_blank')\">全文下载</span>"),
    "a link that is a script": Place("<a href=\"javascript:downloadFile('/f/@.pdf')\">年度报告下载</a>"),
    "a button": Place("<button type=button onclick=\"location.href='/f/@.pdf'\">下载</button>"),
    "a window opened at once": Place("<script>window.open('/f/@.pdf');</script>"),
    # 6. variables of a script
    "a variable": Place("<div id=pdf></div><script>var pdfUrl = '/f/@.pdf'; show(pdfUrl);</script>"),
    "a variable of any name": Place("<div id=show></div><script>var src1 = \"/f/@.pdf\"; $('#show').load(v)</script>"),
    "an option of a viewer": Place("<div id=pdf></div><script>new Pdfh5('#pdf', {pdfurl: '/f/@.pdf'});</script>"),
    "an address escaped for JSON": Place(
        '<script>var info = {"title":"年报","files":[{"name":"a","path":"\\/f\\/@.pdf"}]};</script>'
    ),
    "PDFObject": Place("<div id=pdf></div><script>PDFObject.embed('/f/@.pdf', '#pdf');</script>"),
    # 7. services
    "a service": Place("<a href='/down?id=@'>附件：年度报告.pdf</a>", paths=("/down?id=@",)),
    "a service that names nothing": Place(
        "<a href='/attach/@/download'>附件下载</a>",
        paths=("/attach/@/download",),
        headers={"Content-Type": "application/octet-stream", "Content-Disposition": "attachment; filename=n.pdf"},
    ),
    "a service with the file's name": Place(
        "<a href='/downfile.jsp?classid=0&amp;filename=@.pdf'>下载</a>",
        paths=("/downfile.jsp?classid=0&filename=@.pdf",),
    ),
    # entries of the list that are the report
    "the list's own link": Place(href="/f/@.pdf"),
    "the list's link to a service": Place(href="/down?id=@", paths=("/down?id=@",)),
    "the list's Word file": Place(href="/f/@.docx", paths=("/f/@.docx",), media=WORD),
    # fields nobody sees
    "a hidden field": Place("<div id=pdf></div><input type=hidden id=pdfPath value='/f/@.pdf'>"),
    "an attribute": Place("<div class=pdf-box data-url='/f/@.pdf'></div>"),
    "a tag in the head": Place("<meta name=citation_pdf_url content='/f/@.pdf'>"),
}

NAMES = {place: f"示例市{duty}局" for place, duty in zip(PLACES, DUTIES, strict=False)}


OTHERS = {"page": "示例市文物局", "picture": "示例市旅游局"}


def title(name: str) -> str:
    return f"{name}{YEAR}年政府信息公开工作年度报告"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """All places on one portal."""
    assert len(NAMES) == len(PLACES)
    with serve() as site:
        rows = []
        for number, (key, place) in enumerate(PLACES.items()):
            filled = _filler(str(100 + number), site.address)
            made = publication(NAMES[key])
            data = word(made) if place.media == WORD else report_pdf(made)
            for path in place.paths:
                site.put(filled(path), Answer(data, headers={"Content-Type": place.media, **place.headers}))
            for path, text in place.beside.items():
                site.put(filled(path), filled(text))
            if place.cover is not None:
                site.put(filled(place.href), _cover(made.title, filled(place.cover)))
            rows.append(row(title(NAMES[key]), filled(place.href)))
        rows += [row(title(name), f"/v/{key}.html") for key, name in OTHERS.items()]
        site.put("/v/page.html", html(OTHERS["page"]).replace("</body>", "<a href='/x.pdf'>办事指南.pdf</a></body>"))
        site.put(
            "/v/picture.html", _cover(title(OTHERS["picture"]), "<img src=a.jpg><script>var f='/f/0.pdf'</script>")
        )
        site.put("/f/0.pdf", Answer(b"", 404))
        site.put("/nb/", listing(*rows))
        organs = [organisation(name, "a", key) for key, name in (NAMES | OTHERS).items()]
        yield crawl(tmp_path_factory.mktemp("places"), [portal("a", site.url("/nb/"))], organs)


def _filler(number: str, address: str) -> Callable[[str], str]:
    return lambda text: text.replace("@", number).replace("HOST", address)


def _cover(name: str, content: str) -> str:
    return (
        f"<html><head><title>{name}</title></head><body><div class=nav><a href='/'>首页</a></div><h1>{name}</h1>"
        f"<p>发布时间：2026-01-20</p><div id=zoom>{content}</div><p>上一篇：<a href='/x/1.html'>工作动态</a></p>"
        "<div class=foot><a href='/x/2.pdf'>使用说明.pdf</a></div></body></html>"
    )


def read(ran: Ran, key: str) -> Found:
    """What the hall takes for the report."""
    found = [Candidate.of(one) for one in ran.candidates("a") if one["organisation"] == key]
    return choose(found, BlobStore(ran.evidence).read, Organ((NAMES[key],)))


@pytest.mark.parametrize("key", PLACES)
def test_the_report_is_found_wherever_it_is_kept_and_is_read(ran: Ran, key: str) -> None:
    (file,) = [one for one in ran.candidates("a") if one["organisation"] == key and one["media_type"] != "text/html"]

    found = read(ran, key)

    assert (file["media_type"], file["year"], found.candidate.url) == (PLACES[key].media, YEAR, file["url"])
    assert found.report is not None, found.why
    assert (found.report.agency, found.report.year, found.published_as) == (NAMES[key], YEAR, "attachment")
    assert all(cell.state is State.VALUE for cell in found.report.cells.values())


def test_no_place_makes_the_portal_incomplete(ran: Ran) -> None:
    assert ran.portal("a")["complete"], ran.portal("a")["detail"]
    assert all(one["complete"] for one in ran.portal("a")["lists"])


def test_a_report_on_its_page_fetches_no_other_file(ran: Ran) -> None:
    assert [one["media_type"] for one in ran.candidates("a") if one["organisation"] == "page"] == ["text/html"]


def test_a_file_that_only_a_script_speaks_of_was_promised_to_nobody(ran: Ran) -> None:
    assert [one["media_type"] for one in ran.candidates("a") if one["organisation"] == "picture"] == ["text/html"]
    assert [one for one in ran.result["files"] if one["outcome"] != "ok"] == []

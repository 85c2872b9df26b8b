"""Where to go from a page: reports to fetch, folders and frames to read, attachments that are the report. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from bs4 import Tag

from crawler.cms.page import Link, ListPage, Page, clean
from crawler.cms.static import COLUMN_NAME, title_of
from crawler.ledger import Visit
from crawler.media import DOCUMENT
from crawler.portal import Organisation
from crawler.select import Choice, Kind, choose, in_report_column, match, owner_in_title, year_of

_YEAR_FOLDER = re.compile(r"^(20\d{2})年?度?$")
_REPORT_FILE = re.compile(r"公开.{0,8}报告|年度报告|年报|下载|附件|全文|正文|WORD|PDF", re.IGNORECASE)
_OTHER_FILE = re.compile(r"申请表|指南|目录|流程|办法|阅读器|reader|说明|决算|预算|公开申请|委托书", re.IGNORECASE)
_SCRIPTED = re.compile(r"['\"(=]([^'\"()<>\s=]+\.(?:pdf|docx?|wps))(?=['\")&?]|$)", re.IGNORECASE)
_APP = re.compile(
    r"<div[^>]+id=[\"']?(?:app|root)\b|jpage/dataproxy\.jsp|queryData\s*=|window\._CONFIG|_isAgg=true|EWB-FRONT", re.I
)
_REPORT_PARTS = ("总体情况", "主动公开政府信息", "收到和处理政府信息公开申请")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list page leads to. ``is_report``: the folder turned out to be the report itself."""

    choices: tuple[Choice, ...]
    folders: tuple[Visit, ...] = ()
    folder_urls: tuple[str, ...] = ()
    names_column: bool = False
    is_report: bool = False
    needs_render: str | None = None


def plan(
    page: Page, listing: ListPage, visit: Visit, organisations: Sequence[Organisation], years: Collection[int]
) -> Plan:
    """Judge the links of a list page and find the folders one level down that hold the rest."""
    headings = [clean(tag.get_text()) for tag in page.soup.find_all(["h1", "h2", "h3"])]
    column = in_report_column(page.title, *headings) or visit.depth > 0
    owner = visit.owner or next(
        (who for text in (*headings, page.title) if (who := owner_in_title(text, organisations))), None
    )
    choices = tuple(
        choice
        for link in listing.items
        if (choice := choose(link, organisations, column=column, owner=owner, year=visit.year)).kind
        is not Kind.NOT_A_REPORT
    )
    folders = list(_folders(page, visit, organisations, years, {choice.link.url for choice in choices}))
    if not choices and visit.depth == 0:
        folders += [(replace(visit, depth=1, list_url=url), url) for url in listing.frames]
    is_report = not choices and visit.depth > 0 and all(part in clean(page.soup.get_text()) for part in _REPORT_PARTS)
    app = _APP.search(page.text) if not listing.items and not folders and not is_report else None
    return Plan(
        choices=choices,
        folders=tuple(folder for folder, _ in folders),
        folder_urls=tuple(url for _, url in folders),
        names_column=column,
        is_report=is_report,
        needs_render=f"列表由脚本生成 / the list is made by a script: {app[0][:40]}" if app else None,
    )


def report_of(page: Page, visit: Visit, organisations: Sequence[Organisation]) -> Choice:
    """The choice for a folder page that is the report itself."""
    heading = page.soup.find("h1")
    title = clean(heading.get_text()) if heading else page.title
    link = Link(title or page.title, page.url)
    return choose(link, organisations, column=True, owner=visit.owner, year=visit.year)


def attachments(page: Page) -> tuple[Link, ...]:
    """Documents a report's page links, embeds, frames or opens by script, if they may be the report; five at most."""
    found: dict[str, str] = {}
    for anchor in page.soup.find_all("a", href=True):
        _note(found, page, str(anchor["href"]), title_of(anchor) or "附件")
    for name, attribute in (("iframe", "src"), ("frame", "src"), ("embed", "src"), ("object", "data")):
        for tag in page.soup.find_all(name, attrs={attribute: True}):
            _note(found, page, _viewed(str(tag[attribute])), "全文")
    for tag in page.soup.find_all(True, onclick=True):
        for href in _SCRIPTED.findall(str(tag["onclick"])):
            _note(found, page, href, clean(tag.get_text()) or "附件")
    for script in page.soup.find_all("script"):
        for href in _SCRIPTED.findall(script.get_text()):
            _note(found, page, href, "附件") if _in_script(script) else None
    return tuple(Link(title, url) for url, title in found.items())[:5]


def _note(found: dict[str, str], page: Page, href: str, title: str) -> None:
    url = page.resolve(href)
    if url is None or not DOCUMENT.search(urlsplit(url).path):
        return
    said = f"{title} {unquote(urlsplit(url).path.rsplit('/', 1)[-1])}"
    if _OTHER_FILE.search(said) or not (_REPORT_FILE.search(title) or year_of(title)):
        return
    found.setdefault(url, title)


def _viewed(src: str) -> str:
    """The document behind a viewer's address: ``viewer.html?file=/a.pdf``."""
    for _, value in parse_qsl(urlsplit(src).query):
        if DOCUMENT.search(value):
            return value
    return src


def _in_script(script: Tag) -> bool:
    return bool(re.search(r"window\.open|pdf(?:Url|Path|file)|PDFObject|embed", script.get_text(), re.IGNORECASE))


def _folders(
    page: Page,
    visit: Visit,
    organisations: Sequence[Organisation],
    years: Collection[int],
    reports: set[str],
) -> Iterator[tuple[Visit, str]]:
    if visit.depth > 0:
        return
    for anchor in page.soup.find_all("a", href=True):
        url, title = page.resolve(str(anchor["href"])), title_of(anchor)
        if (
            not url
            or url in reports
            or url == page.url
            or not page.same_host(url)
            or DOCUMENT.search(urlsplit(url).path)
        ):
            continue
        below = Visit(visit.portal, "list", url, depth=1, owner=visit.owner)
        folder = _YEAR_FOLDER.match(title)
        if folder and int(folder[1]) in years:
            yield replace(below, year=int(folder[1])), url
        elif not folder and not reports and COLUMN_NAME.match(title):
            yield below, url
        elif not folder and not reports and 2 < len(title) < 40:
            kind, who, _, _ = match(title, organisations)
            if kind is Kind.REPORT:
                yield replace(below, owner=who), url

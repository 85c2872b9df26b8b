"""What a report's page holds: the report itself, documents that are it, or the way to it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bs4 import Tag

from crawler.cms.links import behind_viewer, frames, title_of
from crawler.cms.page import Link, Page, clean
from crawler.cms.static import REPORT_WORDS
from crawler.media import DOCUMENT, names_document
from crawler.select import Choice, organ_in, year_of

REPORT_PARTS = ("总体情况", "主动公开政府信息", "收到和处理政府信息公开申请")
_REPORT_FILE = re.compile(r"公开.{0,8}报告|年度报告|年报|下载|附件|全文|正文|WORD|PDF", re.IGNORECASE)
_OTHER_FILE = re.compile(
    r"申请表|指南|目录|流程|办法|阅读器|reader|说明|决算|预算|公开申请|委托书|tracemonkey|demo|sample|manual|help",
    re.IGNORECASE,
)
_SCRIPTED = re.compile(r"['\"(=]([^'\"()<>\s=]+\.(?:pdf|docx?|wps))(?=['\")&?#]|$)", re.IGNORECASE)
_DOWNLOAD = re.compile(
    r"^(?:点击|点此|立即)?(?:附件[\d一二三四五]?[:：]?)?(?:下载|查看|浏览)?(?:附件|全文|原文|正文|文件|报告)?(?:下载)?$"
)
_SERVICE = re.compile(r"down|attach|file|annex|oss/|upload", re.IGNORECASE)
_MOST = 5


def holds_report(page: Page) -> bool:
    """The page itself shows the text of a report."""
    text = clean(page.soup.get_text())
    return all(part in text for part in REPORT_PARTS)


def begins_report(page: Page) -> bool:
    """The page shows a report from its beginning on, whatever its links are called."""
    linked = {id(text) for anchor in page.soup.find_all("a") for text in anchor.find_all(string=True)}
    text = clean("".join(text for text in page.soup.find_all(string=True) if id(text) not in linked))
    return all(part in text for part in REPORT_PARTS)


def speaks_of_report(page: Page) -> bool:
    """The page shows a part of a report at least."""
    text = clean(page.soup.get_text())
    return any(part in text for part in REPORT_PARTS)


def is_folder(page: Page, choice: Choice) -> bool:
    """A link that said no more than a year or a name led to a list, not to a report; so may one that named no organ."""
    if holds_report(page):
        return False
    if REPORT_WORDS.search(choice.link.title):
        return not organ_in(choice.link.title) and _lists_reports(page, choice.year)
    if attachments(page):
        return False
    return any(anchor.find_parent(["li", "tr", "dd"]) for anchor in page.soup.find_all("a", href=True))


def _lists_reports(page: Page, year: int | None) -> bool:
    """A row of a list, or several links to pages, are called the reports of organs of this year."""
    named = [
        anchor
        for anchor in page.soup.find_all("a", href=True)
        if not names_document(str(anchor["href"]))
        and REPORT_WORDS.search(title := title_of(anchor))
        and (year_of(title), bool(organ_in(title))) == (year, True)
    ]
    found = {page.resolve(str(anchor["href"])) for anchor in named} - {None, page.url}
    return len(found) > 1 or any(anchor.find_parent(["li", "tr", "dd"]) for anchor in named if found)


def attachments(page: Page, *, any_file: bool = True) -> tuple[Link, ...]:
    """Documents a report's page links, embeds, frames or opens by a click, if they may be the report; five at most.

    Where nothing says what it is and the page has no report, ``any_file`` may be it.
    """
    links = _attachments(page, sure=False)
    return links or (() if holds_report(page) or not any_file else _attachments(page, sure=True))


def tucked(page: Page) -> tuple[Link, ...]:
    """Documents that a page without a report and without any on offer names where only its scripts look for them."""
    if holds_report(page) or attachments(page):
        return ()
    found: dict[str, str] = {}
    for href in _kept_for_scripts(page):
        url = page.resolve(behind_viewer(href))
        if url and names_document(url) and not _OTHER_FILE.search(unquote(urlsplit(url).path)):
            found.setdefault(url, "全文")
    return _few(found)


def covered(page: Page, choice: Choice) -> tuple[Link, ...]:
    """The pages that a cover without a report links by the very name of the report it was taken for."""
    if holds_report(page):
        return ()
    whose = organ_in(choice.link.title)
    for anchor in page.soup.find_all("a", href=True):
        url, title = page.resolve(str(anchor["href"])), title_of(anchor)
        same = REPORT_WORDS.search(title) and year_of(title) == choice.year and organ_in(title) == whose
        if url and url != page.url and same:
            return (Link(title, url),)
    return ()


def _attachments(page: Page, *, sure: bool) -> tuple[Link, ...]:
    found: dict[str, str] = {}
    for anchor in page.soup.find_all("a", href=True):
        href, title = str(anchor["href"]), title_of(anchor) or "附件"
        for address in _SCRIPTED.findall(href) if href.lower().lstrip().startswith("javascript:") else (href,):
            _note(found, page, address, title, sure=sure)
    for href in _shown_in(page):
        _note(found, page, href, "全文")
    if sure and not found:
        # The report stands in a page inside of this page, or behind a service that does not say what it sends.
        found |= dict.fromkeys(frames(page), "全文")
        found |= {} if found else dict(_services(page))
    for tag in page.soup.find_all(True, onclick=True):
        for href in _SCRIPTED.findall(str(tag["onclick"])):
            _note(found, page, href, clean(tag.get_text()) or "附件")
    return _few(found)


def _shown_in(page: Page) -> Iterator[str]:
    """What frames and embedded objects show, now or once the page has run."""
    for name, attributes in (("iframe", _SOURCES), ("frame", _SOURCES), ("embed", _SOURCES), ("object", ("data",))):
        for tag in page.soup.find_all(name):
            yield from (str(tag[one]) for one in attributes if tag.get(one))
    for tag in page.soup.find_all("param", value=True):
        yield str(tag["value"])


_SOURCES = ("src", "data-src")


def _services(page: Page) -> Iterator[tuple[str, str]]:
    """Links that say no more than that a file lies behind them."""
    for anchor in page.soup.find_all("a", href=True):
        url, title = page.resolve(str(anchor["href"])), title_of(anchor)
        if url and title and _DOWNLOAD.match(title) and _SERVICE.search(url.partition("://")[2].partition("/")[2]):
            yield url, title


def _kept_for_scripts(page: Page) -> Iterator[str]:
    """Addresses of documents in scripts, hidden fields, tags of the head and attributes of a script's own."""
    for script in page.soup.find_all("script"):
        yield from _SCRIPTED.findall(script.get_text().replace("\\/", "/"))
    for tag in page.soup.find_all(_holds_address):
        yield from (str(value) for name, value in tag.attrs.items() if _for_scripts(tag, name))


def _holds_address(tag: Tag) -> bool:
    return any(_for_scripts(tag, name) and names_document(str(value)) for name, value in tag.attrs.items())


def _for_scripts(tag: Tag, name: str) -> bool:
    return name.startswith("data-") or (tag.name, name) in {("input", "value"), ("meta", "content")}


def _note(found: dict[str, str], page: Page, href: str, title: str, *, sure: bool = False) -> None:
    """Keep a document that may be the report; ``sure``: the page has no report, so any document may be it."""
    viewed = behind_viewer(href)
    url = page.resolve(viewed)
    if url is None or not (names_document(url) or DOCUMENT.search(title) or viewed != href):
        return
    said = f"{title} {unquote(urlsplit(url).path.rsplit('/', 1)[-1])}"
    if _OTHER_FILE.search(said) or not (sure or _REPORT_FILE.search(title) or year_of(title)):
        return
    found.setdefault(url, title)


def _few(found: dict[str, str]) -> tuple[Link, ...]:
    return tuple(Link(title, url) for url, title in found.items())[:_MOST]

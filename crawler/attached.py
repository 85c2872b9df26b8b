"""What a report's page holds: the report itself, documents that are it, or the way to it. Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from bs4 import Tag

from crawler.cms.links import frames, title_of
from crawler.cms.page import Link, Page, clean
from crawler.cms.static import REPORT_WORDS
from crawler.media import DOCUMENT, names_document
from crawler.select import Choice, organ_in, year_of

REPORT_PARTS = ("总体情况", "主动公开政府信息", "收到和处理政府信息公开申请")
_REPORT_FILE = re.compile(r"公开.{0,8}报告|年度报告|年报|下载|附件|全文|正文|WORD|PDF", re.IGNORECASE)
_OTHER_FILE = re.compile(r"申请表|指南|目录|流程|办法|阅读器|reader|说明|决算|预算|公开申请|委托书", re.IGNORECASE)
_SCRIPTED = re.compile(r"['\"(=]([^'\"()<>\s=]+\.(?:pdf|docx?|wps))(?=['\")&?]|$)", re.IGNORECASE)


def holds_report(page: Page) -> bool:
    """The page itself shows the text of a report."""
    text = clean(page.soup.get_text())
    return all(part in text for part in REPORT_PARTS)


def is_folder(page: Page, choice: Choice) -> bool:
    """A link that said no more than a year or a name led to a list, not to a report."""
    if REPORT_WORDS.search(choice.link.title) or holds_report(page) or attachments(page):
        return False
    return any(anchor.find_parent(["li", "tr", "dd"]) for anchor in page.soup.find_all("a", href=True))


def attachments(page: Page) -> tuple[Link, ...]:
    """Documents a report's page links, embeds, frames or opens by script, if they may be the report; five at most.

    Where nothing says what it is and the page has no report, any document may be it.
    """
    links = _attachments(page, sure=False)
    return links or (() if holds_report(page) else _attachments(page, sure=True))


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
        _note(found, page, str(anchor["href"]), title_of(anchor) or "附件", sure=sure)
    for name, attribute in (("iframe", "src"), ("frame", "src"), ("embed", "src"), ("object", "data")):
        for tag in page.soup.find_all(name, attrs={attribute: True}):
            _note(found, page, _viewed(str(tag[attribute])), "全文")
    if sure and not found:
        # The report stands in a page inside of this page.
        found |= dict.fromkeys(frames(page), "全文")
    for tag in page.soup.find_all(True, onclick=True):
        for href in _SCRIPTED.findall(str(tag["onclick"])):
            _note(found, page, href, clean(tag.get_text()) or "附件")
    for script in page.soup.find_all("script"):
        for href in _SCRIPTED.findall(script.get_text()):
            _note(found, page, href, "附件") if _in_script(script) else None
    return tuple(Link(title, url) for url, title in found.items())[:5]


def _note(found: dict[str, str], page: Page, href: str, title: str, *, sure: bool = False) -> None:
    """Keep a document that may be the report; ``sure``: the page has no report, so any document may be it."""
    url = page.resolve(href)
    if url is None or not (names_document(url) or DOCUMENT.search(title)):
        return
    said = f"{title} {unquote(urlsplit(url).path.rsplit('/', 1)[-1])}"
    if _OTHER_FILE.search(said) or not (sure or _REPORT_FILE.search(title) or year_of(title)):
        return
    found.setdefault(url, title)


def _viewed(src: str) -> str:
    """The document behind a viewer's address: ``viewer.html?file=/a.pdf``."""
    if DOCUMENT.search(urlsplit(src).path):
        return src
    for _, value in parse_qsl(urlsplit(src).query):
        if DOCUMENT.search(urlsplit(value).path):
            return value
    return src


def _in_script(script: Tag) -> bool:
    return bool(re.search(r"window\.open|pdf(?:Url|Path|file)|PDFObject|embed", script.get_text(), re.IGNORECASE))

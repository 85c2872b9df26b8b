"""TrueCMS: JSONP around a datastore of records. Servers refuse more records at once than their own pages show."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urljoin

from crawler.cms import foreign, static
from crawler.cms.page import ListPage, Page, PageLink
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "truecms"

_PROXY = re.compile(r"proxyUrl\s*:\s*[\"']([^\"'\s]{1,300}getMessage\.do[^\"'\s]{0,300})[\"']")
_COLUMN = re.compile(r"columnId\s*:\s*[\"']([\w-]{1,80})[\"']")
_STEP = re.compile(r"\bperPage\s*:\s*[\"']?(\d{1,3})\b", re.IGNORECASE)
_SMALLEST = 10


def recognise(page: Page) -> float:
    """Sure by the address of the service."""
    return 0.95 if "messageController/getMessage.do" in page.text else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """A column's page, a reply, or a plain list where neither is there."""
    if page.within:
        try:
            return _records(page)
        except foreign.Malformed as error:
            return ListPage((), page=page.number, unresolved=str(error), system=NAME, reply=True)
    proxy, column = _PROXY.search(page.text), _COLUMN.search(page.text)
    if proxy is None or column is None:
        return replace(static.parse(page), system=NAME)
    told = _STEP.search(page.text)
    step = max(int(told[1]), 1) if told else _SMALLEST
    url = foreign.with_query(urljoin(page.base, proxy[1]), columnId=column[1], callback="cb")
    return ListPage((), next=(_nth(url, 1, step, page.url),), system=NAME, hollow=True)


def _records(page: Page) -> ListPage:
    reply = foreign.json_of(page.text)
    text = reply.get("result")
    if not isinstance(text, str) or "<record" not in text:
        raise foreign.Malformed("接口没有给出记录 / the service gave no records")
    fragments = foreign.records(text)
    items, lost = foreign.links(page, fragments)
    told = foreign.first_between(text, "<totalrecord>", "</totalrecord>")
    total = foreign.number_in(told) if told else foreign.number_in(reply.get("total"))
    step = foreign.number_in(foreign.query_of(page.url).get("perpage")) or _SMALLEST
    pages = max(-(-total // step), 1) if total is not None else None
    last = pages if pages is not None else page.number + (len(fragments) >= step)
    further = range(page.number + 1, min(last, MAX_PAGES) + 1)
    return ListPage(
        items,
        page=page.number,
        pages=pages,
        total=total,
        rows=len(fragments),
        next=tuple(_nth(page.url, number, step, page.within) for number in further),
        unresolved=f"{lost}条没有可用的链接 / {lost} entries without an address" if lost else None,
        system=NAME,
        reply=True,
    )


def _nth(url: str, number: int, step: int, referer: str) -> PageLink:
    start = (number - 1) * step + 1
    asked = foreign.with_query(url, startrecord=start, endrecord=start + step - 1, perpage=step)
    return PageLink(asked, number, referer=referer)

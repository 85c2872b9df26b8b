"""Hanweb 信息公开目录: ``search.jsp`` draws the rows of an area's catalogue, page by page, as pieces of HTML.

It may answer with the whole area: entries of other columns are marked, and never taken for an organisation's own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode, urljoin

from crawler.cms import foreign, static
from crawler.cms.page import ListPage, Page, PageLink, clean
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "hanweb_xxgk"

_SEARCH = re.compile(r"[\"']([^\"'\s]{0,200}/module/xxgk/search\.jsp)([^;]{0,1000})")
_PLACE = re.compile(r"/module/xxgk/(?:tree|search)\.jsp\b([^<>]{0,1000})")
_OWN_COLUMN = re.compile(r"/col/?(?:col)?(\d+)")
_PAGES = re.compile(r"共(\d{1,5})页")
_TOTAL = re.compile(r"共(?:有|计)?(\d{1,6})(?:条|个?记录)")
_FIELDS = ("area", "jdid", "divid", "infotypeId", "standardXxgk")


def recognise(page: Page) -> float:
    """Sure by the address of the search; its tree alone may belong to a page that is something else."""
    if "/module/xxgk/search.jsp" in page.text:
        return 0.93
    return 0.6 if "/module/xxgk/tree.jsp" in page.text else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """A catalogue's page, a piece of rows, or a plain list where neither is there."""
    if page.within:
        return _rows(page)
    fields = _fields(page)
    plain = static.parse(page)
    if not fields.get("area") and not fields.get("infotypeId"):
        return replace(plain, system=NAME)
    named = _SEARCH.search(page.text)
    url = urljoin(page.base, named[1] if named else "/module/xxgk/search.jsp")
    return ListPage((), next=(_nth(page.url, url, fields, 1),), system=NAME, hollow=True)


def _nth(referer: str, url: str, fields: dict[str, str], number: int) -> PageLink:
    ordered = {"isAllList": "1", "texttype": "0", "fbtime": "-1", "currpage": str(number)}
    where = foreign.with_query(url, **ordered, sortfield=",createdatetime:0")
    body = urlencode({name: fields.get(name, "") for name in _FIELDS} | {"currpage": str(number)})
    return PageLink(where, number, body=body, referer=referer)


def _rows(page: Page) -> ListPage:
    rows = page.soup.find_all("tr", class_=re.compile("^tr_main_value_(?:odd|even)$"))
    text = clean(page.soup.get_text())
    pages, total = _PAGES.search(text), _TOTAL.search(text)
    if not rows and not pages:
        return ListPage(
            (), page=page.number, unresolved="没有目录的行 / no rows of a catalogue", system=NAME, reply=True
        )
    items, lost = foreign.links(page, [str(row) for row in rows])
    own = _OWN_COLUMN.search(page.within)
    count = int(pages[1]) if pages else 1
    fields = foreign.query_of(f"?{page.asked}")
    further = range(page.number + 1, min(count, MAX_PAGES) + 1)
    why = f"{lost}条没有可用的链接 / {lost} entries without an address" if lost else None
    return ListPage(
        foreign.mark_leaks(items, own[1] if own else None),
        page=page.number,
        pages=count,
        total=int(total[1]) if total else None,
        rows=len(rows),
        next=tuple(_nth(page.within, page.url, fields, number) for number in further),
        unresolved=why or (None if pages else "没有写明页数 / the count of pages is not told"),
        system=NAME,
        reply=True,
    )


def _fields(page: Page) -> dict[str, str]:
    """Area, type of information and place, as the page's own address and its scripts name them."""
    found: dict[str, str] = {}
    places = [page.url, *(place[1].replace("&amp;", "&") for place in _PLACE.finditer(page.text))]
    places += [call[2].replace("&amp;", "&") for call in _SEARCH.finditer(page.text)]
    for place in places:
        for name in _FIELDS:
            value = re.search(rf"(?:\b|_xxgk){name}[\"']?\s*[=:]\s*[\"']?([\w-]{{1,64}})", place)
            if value and name not in found:
                found[name] = value[1]
    asked = foreign.query_of(page.url).get("number", "")
    return found | ({"infotypeId": asked} if re.fullmatch(r"\w{1,40}", asked) else {})

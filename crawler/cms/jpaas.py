"""Hanweb JPaaS (集约化平台): units of a page name their query; a JSON service sends the HTML of each.

Further pages are asked for inside of ``paramJson`` only; a bare page number is ignored.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag

from crawler.cms import foreign, static
from crawler.cms.page import ListPage, Page, PageLink
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "jpaas"

_SERVICE = "/api-gateway/jpaas-publish-server/front/page/build/unit"
_KEY = re.compile(
    r"[\"']?\b(webId|pageId|tplSetId|tagId|pageType|parseType|editType)[\"']?\s*[:=]\s*[\"']([^\"'<>]{1,200})[\"']"
)
_ASSIGNED = re.compile(r"queryData\s*=\s*\{([^{}]{1,2000})\}", re.IGNORECASE)
_ANY_SERVICE = re.compile(r"[\"'](/[\w/.-]{0,80}front/page/build/unit)\b")
_LIST_UNIT = re.compile(r"列表|内容|list", re.IGNORECASE)
_NEEDED = {"webId", "pageId", "tplSetId"}


def recognise(page: Page) -> float:
    """Sure by a query of a unit, or by the service's address."""
    if re.search(r"queryData\s*=", page.text, re.IGNORECASE) and "webId" in page.text:
        return 0.96
    return 0.8 if "jpaas-publish-server" in page.text or "AuthorizedRead/unitbuild" in page.text else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """A page with its units, the reply for one of them, or a plain list where neither is there."""
    if page.within:
        try:
            return _unit(page)
        except foreign.Malformed as error:
            return ListPage((), page=page.number, unresolved=str(error), system=NAME, reply=True)
    queries = _queries(page)
    plain = static.parse(page)
    if not queries:
        return replace(plain, system=NAME)
    named = _ANY_SERVICE.search(page.text)
    service = urljoin(page.base, named[1] if named else _SERVICE)
    asked = tuple(PageLink(foreign.with_query(service, **query), 1, referer=page.url) for query in queries)
    return ListPage((), next=asked, frames=plain.frames, system=NAME, hollow=True)


def _unit(page: Page) -> ListPage:
    reply = foreign.json_of(page.text)
    data = reply.get("data")
    markup = data if isinstance(data, str) else foreign.dig(data, "html")
    if reply.get("success") is False or not isinstance(markup, str):
        raise foreign.Malformed("接口没有给出列表 / the service gave no list")
    soup = BeautifulSoup(markup, "lxml")
    pager = next((tag for tag in soup.find_all(class_="pagination") if tag.get("count")), None)
    rows = [tag for tag in soup.find_all(["li", "tr", "dd"]) if tag.find("a") and not tag.find(["li", "tr", "dd"])]
    if pager is not None:
        rows = [row for row in rows if pager not in row.parents]
    if not rows:
        rows = [tag for tag in soup.find_all("div") if tag.find("a", href=True) and not tag.find("div")]
    items, lost = foreign.links(page, [str(row) for row in rows])
    listing = ListPage(
        items,
        page=page.number,
        rows=len(rows),
        system=NAME,
        reply=True,
        unresolved=f"{lost}条没有可用的链接 / {lost} entries without an address" if lost else None,
    )
    return _paged(page, listing, pager)


def _paged(page: Page, listing: ListPage, pager: Tag | None) -> ListPage:
    """The pages that follow, by the sizes the pager carries; without one the unit is all there is, if it has rows."""
    if pager is None:
        why = None if listing.items else "单元里没有列表 / no list in the unit"
        return replace(listing, unresolved=listing.unresolved or why)
    size, total = foreign.number_in(pager.get("rows")), foreign.number_in(pager.get("count"))
    if not size or total is None:
        return replace(listing, unresolved="看不懂的翻页 / a pager not understood")
    count = max(-(-total // size), 1)
    further = tuple(
        PageLink(
            foreign.with_query(page.url, paramJson=json.dumps({"pageNo": number, "pageSize": size})),
            number,
            referer=page.within,
        )
        for number in range(page.number + 1, min(count, MAX_PAGES) + 1)
    )
    return replace(listing, pages=count, total=total, next=further)


def _queries(page: Page) -> tuple[dict[str, str], ...]:
    """What each unit asks for; units called a list come before the others, and then alone."""
    texts = [str(tag["querydata"]) for tag in page.soup.find_all(True, attrs={"querydata": True})]
    texts += [found[1] for script in page.soup.find_all("script") for found in _ASSIGNED.finditer(script.get_text())]
    found = {
        tuple(sorted(query.items())): query for text in texts if (query := dict(_KEY.findall(text))).keys() >= _NEEDED
    }
    lists = [query for query in found.values() if _LIST_UNIT.search(query.get("tagId", ""))]
    chosen = lists or list(found.values())
    return tuple({"parseType": "bulidstatic", "pageType": "column"} | query for query in chosen)

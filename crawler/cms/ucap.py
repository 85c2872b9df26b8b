"""Ucap (开普云): a channel's entries come as JSON from ``common/search/{channel}`` (``searchList``, ``search``).

In the reply ``rows`` is the size of a page and ``total`` the entries of the channel.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urljoin, urlsplit

from crawler.cms import foreign, static
from crawler.cms.page import Link, ListPage, Page, PageLink, clean
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "ucap"

_SEARCH = r"/?(?:[\w-]{1,40}/)?(?:common/search|searchList|search)/"
_WHOLE = re.compile(
    rf"[\"']((?:https?://[\w.:-]{{1,200}})?{_SEARCH}[0-9a-f]{{32}}(?:\?[^\"'\s<>]{{0,400}})?)[\"'?+&]", re.I
)
_BUILT = re.compile(rf"[\"']({_SEARCH})[\"']\s*\+")
_CHANNEL = re.compile(r"(?:channelId|channel_id)[\"']?\s*[:=]\s*[\"']([0-9a-f]{32})[\"']", re.IGNORECASE)
_ADDRESS = re.compile(rf"{_SEARCH}[0-9a-f]{{32}}$", re.IGNORECASE)
_SIZE = 20
_ORGANS = ("fbjg", "fwjg", "publisher", "发布机构", "发文机关", "公开主体")


def recognise(page: Page) -> float:
    """Sure by the service's address with its parameters, likely by the marks of the system."""
    if "_isAgg=" in page.text and (_WHOLE.search(page.text) or _BUILT.search(page.text)):
        return 0.96
    if _ADDRESS.search(urlsplit(page.url).path) and page.text.lstrip().startswith("{"):
        return 0.96
    return 0.2 if "UCAP-CONTENT" in page.text else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """A channel's page, a reply, or a plain list where neither is there."""
    if page.within or (_ADDRESS.search(urlsplit(page.url).path) and page.text.lstrip().startswith("{")):
        try:
            return _results(page)
        except foreign.Malformed as error:
            return ListPage((), page=page.number, unresolved=str(error), system=NAME, reply=True)
    asked = _service(page)
    plain = static.parse(page)
    if asked is None:
        return replace(plain, system=NAME)
    return ListPage((), next=(PageLink(asked, 1, referer=page.url),), frames=plain.frames, system=NAME, hollow=True)


def _results(page: Page) -> ListPage:
    data = foreign.dig(foreign.json_of(page.text), "data")
    results, total = foreign.rows_of(foreign.dig(data, "results")), foreign.number_in(foreign.dig(data, "total"))
    if total is None:
        raise foreign.Malformed("没有总数 / no total")
    items = tuple(
        Link(title, url, foreign.day_in(one, "publishedTimeStr", "publishedTime"), _organ(one))
        for one in results
        if (title := clean(foreign.text_in(one, "title"))) and (url := page.resolve(foreign.text_in(one, "url")))
    )
    # A server may send fewer than asked for; what the first page holds is then the size of each.
    sizes = (foreign.query_of(page.url).get("_pageSize"), foreign.dig(data, "rows"))
    asked = next((size for size in map(foreign.number_in, sizes) if size), _SIZE)
    size = len(results) if page.number == 1 and 0 < len(results) < min(asked, total) else asked
    pages = max(-(-total // size), 1)
    known = (
        ()
        if page.number > 1
        else tuple(
            PageLink(foreign.with_query(page.url, page=number), number, referer=page.within)
            for number in range(2, min(pages, MAX_PAGES) + 1)
        )
    )
    lost = len(results) - len(items)
    return ListPage(
        items,
        page=page.number,
        pages=pages if page.number == 1 else None,
        total=total,
        rows=len(results),
        next=known,
        unresolved=f"{lost}条没有标题或链接 / {lost} entries without title or address" if lost else None,
        system=NAME,
        reply=True,
    )


def _organ(result: dict[str, object]) -> str:
    """The publisher, kept among the fields of the result's domain."""
    metas = result.get("domainMetaList")
    for meta in metas if isinstance(metas, list) else ():
        fields = foreign.dig(meta, "resultList")
        for one in fields if isinstance(fields, list) else (meta,):
            if isinstance(one, dict) and (one.get("key") in _ORGANS or one.get("name") in _ORGANS):
                return clean(foreign.text_in(one, "value"))
    return ""


def _service(page: Page) -> str | None:
    whole, built = _WHOLE.search(page.text), _BUILT.search(page.text)
    channel = _CHANNEL.search(page.text)
    meta = page.soup.find("meta", attrs={"name": re.compile("^channelid$", re.IGNORECASE)})
    own = str(meta["content"]) if meta and re.fullmatch(r"[0-9a-f]{32}", str(meta.get("content"))) else None
    own = own or (channel[1] if channel else None)
    if whole:
        url = urljoin(page.base, unescape(whole[1]))
    elif built and own:
        url = urljoin(page.base, built[1] + own)
    else:
        return None
    size = foreign.number_in(foreign.query_of(url).get("_pageSize")) or _SIZE
    return foreign.with_query(url, _isAgg="true", _isJson="true", _pageSize=size, _template="index", page=1)

"""Hanweb (大汉) JPAGE: the first group of records stands in a script of the column, the rest comes from dataproxy.jsp.

Two forms: a ``<nextgroup>`` in each group leads to the next one, or the script names what to send. Servers differ in
what they obey, ``startrecord`` or ``page``; both are sent, and say the same.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urlencode, urljoin

from crawler.cms import foreign, static
from crawler.cms.page import ListPage, Page, PageLink
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "hanweb"

_PROXY = re.compile(r"[\"']([^\"'\s]{0,300}/jpage/dataproxy\.jsp(?:\?[^\"'\s]{0,1000})?)")
_FIELD = re.compile(
    r"\b(col|appid|webid|path|columnid|sourceContentType|unitid|webname|permissiontype)[\"']?\s*:\s*"
    r"(?:\"([^\"]{0,200})\"|'([^']{0,200})'|(\d{1,12})\b)",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\btotalRecord[\"']?\s*[:=]\s*[\"']?(\d{1,7})\b", re.IGNORECASE)
_OWN_COLUMN = re.compile(r"/col/?(?:col)?(\d+)")
_FULL_STEP = 100
"""Records asked for at once where the page shows none; servers cut more than some 300 silently."""


def recognise(page: Page) -> float:
    """Sure by the address of the service, or by a datastore inside of the page."""
    if _PROXY.search(page.text) or re.search(r"<datastore>", page.text[:300], re.IGNORECASE):
        return 0.95
    return 0.9 if "<datastore>" in page.text and "<recordset>" in page.text else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """A column with its first group, or one of the groups that follow; a plain list where neither is there."""
    if page.within:
        return _group(page)
    store, proxy = _own_store(page), _PROXY.search(page.text)
    if store is None and proxy is None:
        return replace(static.parse(page), system=NAME)
    fragments = foreign.records(store or "")
    items, lost = foreign.links(page, fragments)
    total = _total(store or "") or _total_in_script(page)
    listing = ListPage(
        foreign.mark_leaks(items, _own_column(page.url)),
        total=total,
        rows=len(fragments),
        system=NAME,
        further=True,
        frames=static.parse(page).frames,
        unresolved=_unlinked(lost),
    )
    if fragments and total is not None and len(fragments) >= total:
        return replace(listing, pages=1)
    return _begun(page, listing, store or "", proxy[1] if proxy else None)


def _begun(page: Page, listing: ListPage, store: str, proxy: str | None) -> ListPage:
    """A column that shows its first group, or none, with the way to the others."""
    chain = foreign.first_between(store, "<nextgroup>", "</nextgroup>")
    if chain is not None:
        return _chained(page, listing, chain)
    asked = _service(page, proxy) if proxy else None
    if asked is None:
        return replace(
            listing, unresolved="列表由接口提供，但页面没有写明参数 / the service's parameters are not there"
        )
    if not listing.rows:
        return replace(listing, hollow=True, rows=None, next=(_nth(asked, 1, _FULL_STEP),))
    return _counted(listing, asked, listing.rows)


def _group(page: Page) -> ListPage:
    """A group the service sent."""
    if "<record" not in page.text.lower() and "<datastore" not in page.text.lower():
        return ListPage((), unresolved="接口的回复不是记录 / the service sent no records", system=NAME, reply=True)
    fragments = foreign.records(page.text)
    items, lost = foreign.links(page, fragments)
    total = _total(page.text)
    listing = ListPage(
        foreign.mark_leaks(items, _own_column(page.within)),
        page=page.number,
        total=total,
        rows=len(fragments),
        system=NAME,
        reply=True,
        unresolved=_unlinked(lost),
    )
    chain = foreign.first_between(page.text, "<nextgroup>", "</nextgroup>")
    step = foreign.number_in(foreign.query_of(page.url).get("perpage"))
    if chain is not None and not step:
        return _chained(page, listing, chain)
    if not step or not fragments:
        return listing
    if page.number == 1 and len(fragments) < step and (total is None or len(fragments) < total):
        # The server cut the group: ask on in groups of the size it does give.
        step = len(fragments) if total else step
    return _counted(listing, PageLink(page.url, body=page.asked, referer=page.within), step)


def _chained(page: Page, listing: ListPage, chain: str) -> ListPage:
    found = re.search(r"href\s*=\s*[\"']([^\"']{1,2000})[\"']", chain)
    if found is None:
        return listing
    url = urljoin(page.base, unescape(found[1]))
    if not foreign.query_of(url).get("columnid", "0").isdecimal():
        return replace(listing, unresolved="翻页参数加密 / the pager's parameters are encrypted")
    return replace(listing, next=(PageLink(url, page.number + 1, referer=page.within or page.url),))


def _counted(listing: ListPage, asked: PageLink, step: int) -> ListPage:
    """The groups that follow, by the total if the service tells it, else one by one until a group is not full."""
    if listing.total is None:
        more = (_nth(asked, listing.page + 1, step),) if (listing.rows or 0) >= step else ()
        return replace(listing, next=more)
    count = -(-listing.total // step)
    if count > MAX_PAGES:
        return replace(listing, pages=count, unresolved=f"共{count}组，太多 / {count} groups, too many")
    further = tuple(_nth(asked, number, step) for number in range(listing.page + 1, count + 1))
    return replace(listing, pages=max(count, 1), next=further)


def _nth(asked: PageLink, number: int, step: int) -> PageLink:
    first_record = (number - 1) * step + 1
    url = foreign.with_query(asked.url, startrecord=first_record, endrecord=number * step, perpage=step, page=number)
    return replace(asked, url=url, number=number)


def _service(page: Page, proxy: str) -> PageLink | None:
    """The service with what it wants to know: in its address, or in the fields the script sends."""
    url = urljoin(page.base, unescape(proxy))
    fields = {name: text or quoted or digits for name, text, quoted, digits in _FIELD.findall(page.text)}
    column = foreign.query_of(url).get("columnid") or fields.get("columnid", "")
    if not column.isdecimal():
        return None
    body = "" if "columnid" in foreign.query_of(url) else urlencode(fields)
    return PageLink(url, body=body, referer=page.url)


def _own_store(page: Page) -> str | None:
    """The page's datastore; of several the one of the page's own column, for side boxes have theirs too."""
    stores = [store for part in page.text.split("<datastore>")[1:] if (store := part.split("</datastore>")[0])]
    own = _own_column(page.url)
    mine = [store for store in stores if own and re.search(rf"columnid=0*{own}\b|/art_{own}_", store)]
    return next(iter(mine or stores), None)


def _own_column(url: str) -> str | None:
    found = _OWN_COLUMN.search(url)
    return found[1] if found else None


def _total(text: str) -> int | None:
    return foreign.number_in(foreign.first_between(text, "<totalrecord>", "</totalrecord>"))


def _total_in_script(page: Page) -> int | None:
    found = _TOTAL.search(page.text)
    return int(found[1]) if found else None


def _unlinked(lost: int) -> str | None:
    return f"{lost}条没有可用的链接 / {lost} entries without an address" if lost else None

"""Old ASP.NET lists: plain rows; pages by ``page=`` in the address, or by a postback, which is not a link."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from crawler.cms import foreign, static
from crawler.cms.page import ListPage, Page, PageLink, clean
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "aspx"

_POSTBACK_PAGER = re.compile(
    r"__doPostBack\([^)]{0,200}(?:pager|page\$|gridview|datalist|lbtn?next|lnk|下一)", re.IGNORECASE
)
_PARAMETER = re.compile(r"^(?:page|p|pageno|pageindex|pagenum|currentpage|curpage|currpage|pn)$", re.IGNORECASE)
_PAGES = re.compile(r"共有?(\d{1,4})页|总页数[::]?(\d{1,4})|\d{1,4}/共?(\d{1,4})页")


def recognise(page: Page) -> float:
    """Likely by the state that such pages carry along, or by the ending of the address."""
    if "__VIEWSTATE" in page.text:
        return 0.7
    return 0.5 if urlsplit(page.url).path.lower().endswith(".aspx") else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """Rows and pager as written; pages the text counts are asked for by the number in the page's own address."""
    plain = replace(static.parse(page), system=NAME)
    own = next((name for name in foreign.query_of(page.url) if _PARAMETER.match(name)), None)
    said = _PAGES.search(clean(page.soup.get_text(" ")))
    count = int(next(group for group in said.groups() if group)) if said else None
    if plain.next or count is None or count <= page.number:
        return plain
    if own and foreign.query_of(page.url)[own] == str(page.number) and count <= MAX_PAGES:
        further = range(page.number + 1, count + 1)
        links = tuple(PageLink(foreign.with_query(page.url, **{own: number}), number) for number in further)
        return replace(plain, pages=count, next=links, unresolved=None)
    if _POSTBACK_PAGER.search(page.text):
        return replace(plain, pages=count, unresolved=f"翻页靠回发表单，共{count}页 / pages turn by postback: {count}")
    return plain

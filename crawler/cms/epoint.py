"""Epoint (新点) EWB: a small script of the site names its project and guid; rows come as JSON for a POST of JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urljoin

from crawler.cms import foreign, static
from crawler.cms.page import Link, ListPage, Page, PageLink, clean
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "epoint"

_SITE = re.compile(r"siteInfo\s*=\s*\{([^{}]{1,1000})\}")
_FIELD = re.compile(r"[\"']?(projectName|siteGuid)[\"']?\s*:\s*[\"']([\w./-]{1,120})[\"']")
_SCRIPT = re.compile(r"(?:^|/)js/webBuilderCommon\.js(?:$|\?)")
_PLACE = re.compile(r"\b(categorynum|deptcode)[\"']?\s*[:=]\s*[\"']([\w-]{0,60})[\"']", re.IGNORECASE)
_SIZE = 20
_JSON = "application/json"


def recognise(page: Page) -> float:
    """Sure by the service's name, or by the system's script on a page of its directory."""
    if "getgovinfolist" in page.text or ("webBuilderCommon.js" in page.text and _asked_for(page)["categorynum"]):
        return 0.94
    return 0.3 if "EWB-FRONT" in page.text or "webBuilderCommon.js" in page.text else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """A directory's page, the script that names the site, a reply, or a plain list where none of them is there."""
    if page.within:
        try:
            return _named(page) if _SCRIPT.search(page.url) else _rows(page)
        except foreign.Malformed as error:
            return ListPage((), page=page.number, unresolved=str(error), system=NAME, reply=True)
    where = _asked_for(page)
    if not where["categorynum"]:
        return replace(static.parse(page), system=NAME)
    if site := _site(page.text):
        return ListPage((), next=(_nth(page.base, site, where, 1, page.url),), system=NAME, hollow=True)
    sources = (str(tag["src"]) for tag in page.soup.find_all("script", src=True))
    script = next((url for src in sources if _SCRIPT.search(src) and (url := page.resolve(src))), None)
    if script is None:
        return ListPage((), unresolved="没有站点信息 / the site's guid is not told", system=NAME)
    # The script's address carries what only this page knows, for the script is read without the page.
    onward = PageLink(foreign.with_query(script, **where), 1, referer=page.url)
    return ListPage((), next=(onward,), system=NAME, hollow=True)


def _named(page: Page) -> ListPage:
    site = _site(page.text)
    if site is None:
        raise foreign.Malformed("没有站点信息 / the site's guid is not told")
    where = {name: foreign.query_of(page.url).get(name, "") for name in ("categorynum", "deptcode")}
    asked = _nth(page.within, site, where, 1, page.within)
    return ListPage((), next=(asked,), system=NAME, hollow=True, reply=True)


def _rows(page: Page) -> ListPage:
    custom = foreign.json_of(page.text).get("custom")
    if isinstance(custom, str):
        custom = foreign.json_of(custom)
    rows, total = foreign.rows_of(foreign.dig(custom, "data")), foreign.number_in(foreign.dig(custom, "total"))
    items = tuple(
        Link(title, url, foreign.day_in(one, "infodate", "date"), clean(foreign.text_in(one, "deptname", "ouname")))
        for one in rows
        if (title := clean(foreign.text_in(one, "realtitle", "title")))
        and (url := page.resolve(foreign.text_in(one, "infourl")))
    )
    size = len(rows) if page.number == 1 and total and 0 < len(rows) < min(_SIZE, total) else _SIZE
    pages = max(-(-total // size), 1) if total is not None else None
    last = page.number + 1 if total is None and len(rows) == _SIZE else pages or page.number
    further = range(page.number + 1, min(last, MAX_PAGES) + 1) if page.number == 1 or total is None else ()
    lost = len(rows) - len(items)
    return ListPage(
        items,
        page=page.number,
        pages=pages if page.number == 1 else None,
        total=total,
        rows=len(rows),
        next=tuple(_again(page, number) for number in further),
        unresolved=f"{lost}条没有标题或链接 / {lost} entries without title or address" if lost else None,
        system=NAME,
        reply=True,
    )


def _nth(base: str, site: dict[str, str], where: dict[str, str], number: int, referer: str) -> PageLink:
    url = urljoin(base, f"/{site['projectName'].strip('/')}/rest/lightfrontaction/getgovinfolist")
    asked = where | {"siteGuid": site["siteGuid"], "pageIndex": number, "pageSize": _SIZE}
    return PageLink(url, number, body=json.dumps(asked), content_type=_JSON, referer=referer)


def _again(page: Page, number: int) -> PageLink:
    body = json.dumps(foreign.json_of(page.asked) | {"pageIndex": number})
    return PageLink(page.url, number, body=body, content_type=_JSON, referer=page.within)


def _site(text: str) -> dict[str, str] | None:
    found = _SITE.search(text)
    fields = dict(_FIELD.findall(found[1])) if found else {}
    return fields if len(fields) == 2 else None


def _asked_for(page: Page) -> dict[str, str]:
    """The directory's number and department: of the page's address, else of its script."""
    query = foreign.query_of(page.url)
    written = {name.lower(): value for name, value in _PLACE.findall(page.text)}
    return {name: query.get(name) or written.get(name, "") for name in ("categorynum", "deptcode")}

"""TRS WCM (拓尔思) static lists: ``index.html``, ``index_1.html`` … with the number of pages inside a script."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from crawler.cms import static
from crawler.cms.page import ListPage, Page, PageLink
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "trs"

# createPageHTML(10, 0, "index", "html"): pages, current from 0, name, extension. Many sites call it otherwise.
_COUNT_FIRST = re.compile(
    r"\b\w*page\w*\(\s*['\"]?(\d+)['\"]?\s*,\s*['\"]?(\d+)['\"]?\s*,\s*['\"]([\w./-]+)['\"]\s*,\s*['\"]\.?(s?html?)['\"]",
    re.IGNORECASE,
)
# createPageHTML(countPage, currentPage, "index", "html"): the same with variables.
_NAMED = re.compile(
    r"createPageHTML\(\s*[a-z_]\w*\s*,\s*[a-z_]\w*\s*,\s*['\"]([\w./-]+)['\"]\s*,\s*['\"]\.?(\w+)['\"]", re.I
)
# createPageHTML('page_div', 4, 1, 'xxgk_list', 'shtml', 57): element, pages, current from 1, name, extension, items.
_ELEMENT_FIRST = re.compile(
    r"createPageHTML\(\s*['\"]([\w-]+)['\"]\s*,\s*['\"]?(\d+)['\"]?\s*,\s*['\"]?(\d+)['\"]?\s*,\s*['\"]([\w./-]+)['\"]"
    r"\s*,\s*['\"]\.?(\w+)['\"](?:\s*,\s*['\"]?(\d+))?"
)
# createPageHTML('paging', 4, ...) beside <input id="pageParam" url="/nb/list.shtml">: pages by _2 from there.
_ADDRESS_BESIDE = re.compile(r"createPageHTML\(\s*['\"]paging['\"]\s*,\s*['\"]?(\d+)")
_ANY_CALL = re.compile(r"createPageHTML\(([^)]*\d[^)]*)\)")
# "index_" + i + ".htm" in a pager written into the page.
_BUILT_NAME = re.compile(r"['\"]\.?/?([\w-]+)_['\"]\s*\+")
_BUILT_EXTENSION = re.compile(r"\+\s*['\"]\.(s?html?)['\"]")
_COUNT = re.compile(r"(?:var\s+)?(?:countPage|maxpage|m_nPageCount|totalPages?)\s*=\s*['\"]?(\d+)", re.IGNORECASE)
_CURRENT = re.compile(r"(?:var\s+)?(?:currentPage|m_nCurrPage)\s*=\s*['\"]?(\d+)", re.IGNORECASE)
_FILE = re.compile(r"^(.*?)(?:_\d+)?\.(s?html?)$", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->|/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)


def recognise(page: Page) -> float:
    """Sure if the pager script is there; likely by the marks the system leaves in addresses and classes."""
    if _COUNT_FIRST.search(page.text) or _ELEMENT_FIRST.search(page.text):
        return 0.95
    if _ANY_CALL.search(page.text) or re.search(r"\b(?:countPage|m_nPageCount)\s*=", page.text):
        return 0.85
    return 0.4 if re.search(r"TRS_|/t20\d{6}_\d+\.s?html?", page.text) else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """The list on the page; falls back to the written pager (下一页, 尾页) where no script tells."""
    plain = static.parse(page)
    text = _COMMENT.sub("", page.text) if "createPageHTML(" in _COMMENT.sub("", page.text) else page.text
    found = _COUNT_FIRST.search(text)
    if found:
        count, current = int(found[1]), int(found[2]) + 1
        names = {number: f"{found[3]}_{number - 1}.{found[4]}" for number in _further(count)}
        return _paged(page, plain, count, current, names)
    found = _ELEMENT_FIRST.search(text)
    if found:
        count, current = int(found[2]), max(int(found[3]), 1)
        stem, extension = found[4], found[5]
        names = {number: f"{stem}_{number}.{extension}" for number in _further(count)}
        # Some installations count from 0 with the same script: then the last name is missing and _1 is page 2.
        spare = f"{stem}_1.{extension}"
        total = int(found[6]) if found[6] else None
        return replace(_paged(page, plain, count, current, names, spare), total=total)
    beside, held = _ADDRESS_BESIDE.search(text), page.soup.find(id="pageParam", url=True)
    if beside and held:
        count, (stem, extension) = int(beside[1]), _file_of(str(held["url"]))
        folder = str(held["url"]).rpartition("/")[0]
        names = {number: f"{folder}/{stem}_{number}.{extension}" for number in _further(count)}
        return _paged(page, plain, count, page.number, names)
    counted = _COUNT.search(text)
    if counted:
        count = int(counted[1])
        at = _CURRENT.search(text)
        stem, extension = _built_file(text) or _file_of(page.url)
        names = {number: f"{stem}_{number - 1}.{extension}" for number in _further(count)}
        return _paged(page, plain, count, int(at[1]) + 1 if at else page.number, names)
    unknown = _ANY_CALL.search(text)
    if unknown and not plain.next and max(map(int, re.findall(r"\d+", unknown[1]))) > 1:
        return replace(plain, unresolved=f"看不懂的翻页脚本 / a pager script not understood: {unknown[0]}", system=NAME)
    return replace(plain, system=NAME)


def _paged(
    page: Page, plain: ListPage, count: int, current: int, names: dict[int, str], spare: str | None = None
) -> ListPage:
    if count > MAX_PAGES:
        return replace(
            plain, page=current, pages=count, next=(), unresolved=f"写着共{count}页，太多 / {count} pages", system=NAME
        )
    links = tuple(
        PageLink(
            urljoin(page.base, name),
            number,
            urljoin(page.base, spare) if spare and number == count else None,
        )
        for number, name in names.items()
        if number != current
    )
    return replace(plain, page=current, pages=max(count, 1), next=links, unresolved=None, total=None, system=NAME)


def _further(count: int) -> range:
    return range(2, min(count, MAX_PAGES) + 1)


def _built_file(text: str) -> tuple[str, str] | None:
    """Stem and extension of further pages as a script of the page names them."""
    called = _NAMED.search(text)
    if called:
        return called[1], called[2]
    stem, extension = _BUILT_NAME.search(text), _BUILT_EXTENSION.search(text)
    return (stem[1], extension[1]) if stem and extension else None


def _file_of(url: str) -> tuple[str, str]:
    """Stem and extension of the list's first page: ``index`` and ``html`` for a folder."""
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    found = _FILE.match(name)
    return (found[1], found[2]) if found else ("index", "html")

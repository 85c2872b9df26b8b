"""Plain lists of any make: rows with a link, and a pager in words, numbers or ``?page=``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from crawler.cms.page import Link, ListPage, Page, PageLink, clean, date_in_url, find_date
from crawler.portal import Portal

NAME = "static"

_REPORT = re.compile(r"公开.{0,12}(?:年度报告|年报|工作报告)|年度报告|年报")
# The column's own name, as breadcrumbs and menus repeat it on every page.
COLUMN_NAME = re.compile(
    r"^(?:法定主动公开内容)?(?:政府|政务)?信息公开(?:工作)?(?:年报|年度报告|年度工作报告)$|^(?:公开)?年报$|^年度报告$"
)
_YEAR_ONLY = re.compile(r"^(?:20\d{2})年?(?:度)?(?:年报|年度报告|报告)?$")
_ORGAN_END = re.compile(
    r"(?:局|委|委员会|办|办公室|办公厅|厅|政府|街道|办事处|镇|乡|管委会|中心|院|处|大队|支队|公司|党校|联合会)$"
)
_PAGER_WORD = re.compile(
    r"^(?:上一?页|下一?页|前一页|后一页|首页|第一页|尾页|末页|最后一?页|[<>«»‹›]+|\d{1,4}|next|prev)$", re.I
)
_NEXT = re.compile(r"^(?:下一?页|后一页|next)[>»›]*$|^[>»›]$", re.IGNORECASE)
_LAST = re.compile(r"^(?:尾页|末页|最后一?页)$|^(?:>>|»»)$")
_OF_PAGES = re.compile(r"共(\d{1,4})页|(?:第)?\d{1,4}/(\d{1,4})页|页次[::]?\d{1,4}/(\d{1,4})")
_OF_ITEMS = re.compile(r"共(?:有)?(\d{1,6})(?:条|篇|项|个?记录)")
_NUMBER = (
    re.compile(r"(?i)([?&](?:page|p|pageno|pageindex|pagenum|currentpage|curpage|currpage|pn)=)(\d+)"),
    re.compile(r"(?i)([_-])(\d{1,4})(?=\.(?:s?html?|aspx?|jsp|php)(?:$|\?))"),
    re.compile(r"(?i)(/)(\d{1,4})(?=(?:\.(?:s?html?))?/?$)"),
)
_FRAME_NOISE = re.compile(r"visitcount|login|tree\.jsp|share|footer|header|top\.|search|stat|count|weather|video", re.I)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "dt", "caption")
_MAX_PAGES = 500


def recognise(page: Page) -> float:  # noqa: ARG001 -- every system answers for a page
    """Takes whatever no other system claims."""
    return 0.1


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """Rows that look like entries, the pager, and same-host frames that may hold the real list."""
    items = tuple(_items(page))
    number, pages, links, unresolved = _pager(page)
    text = clean(page.soup.get_text())
    total = _OF_ITEMS.search(text)
    return ListPage(
        items=items,
        page=number,
        pages=pages,
        total=int(total[1]) if total else None,
        next=links,
        frames=tuple(_frames(page)),
        unresolved=unresolved,
        system=NAME,
    )


def title_of(anchor: Tag) -> str:
    """What the link says; its ``title`` attribute if the printed text was cut short by the site."""
    text, whole = clean(anchor.get_text()), clean(str(anchor.get("title") or ""))
    cut = text.endswith(("…", "...", "..", "···"))
    if whole and (cut or not text or (len(whole) > len(text) and whole.startswith(text))):
        return whole
    return text


def _items(page: Page) -> Iterator[Link]:
    seen: set[tuple[str, str]] = set()
    for anchor in page.soup.find_all("a", href=True):
        url, title = page.resolve(str(anchor["href"])), title_of(anchor)
        if url is None or not title or COLUMN_NAME.match(title) or _PAGER_WORD.match(title) or (url, title) in seen:
            continue
        row = _row(anchor)
        context = clean(row.get_text()) if row else title
        day = find_date(row.get_text(" ").replace(anchor.get_text(), "")) if row else None
        if not (_REPORT.search(title) or _YEAR_ONLY.match(title) or (row and day)):
            continue
        seen.add((url, title))
        yield Link(title, url, day or date_in_url(url), _organ(anchor, row), context[:200])


def _row(anchor: Tag) -> Tag | None:
    """The list row the link stands in: the nearest li, tr, dd or p that does not hold a whole list."""
    for parent in anchor.parents:
        if parent.name in {"li", "tr", "dd", "p"}:
            return parent if len(parent.find_all(["li", "tr"], limit=1)) == 0 else None
        if parent.name in {"ul", "ol", "table", "body", "dl"}:
            return None
    return None


def _organ(anchor: Tag, row: Tag | None) -> str:
    """The organisation named in another cell of the row, or in the heading right above the list."""
    if row is not None and row.name == "tr":
        cells = [clean(cell.get_text()) for cell in row.find_all(["td", "th"]) if anchor not in cell.descendants]
        for cell in cells:
            if _ORGAN_END.search(cell):
                return cell
    for box in anchor.parents:
        if box.name not in {"ul", "ol", "dl", "table", "div", "section"}:
            continue
        before = box.find_previous_sibling()
        if isinstance(before, Tag) and before.name in _HEADINGS:
            heading = clean(before.get_text())
            return heading if len(heading) <= 40 else ""
    return ""


def _frames(page: Page) -> Iterator[str]:
    for frame in page.soup.find_all(["iframe", "frame"], src=True):
        url = page.resolve(str(frame["src"]))
        if url and page.same_host(url) and not _FRAME_NOISE.search(url) and url != page.url:
            yield url


def _pager(page: Page) -> tuple[int, int | None, tuple[PageLink, ...], str | None]:
    """Number of this page, count of pages, addresses of the others, and why they could not be had."""
    onward, last, dead, numbers = _pager_links(page)
    said = _said(page.soup)
    if onward is None:
        numbered = [(number, url) for number, url in numbers if number > page.number]
        if numbered:
            most = max(said or 0, *(number for number, _ in numbers))
            missing = most - page.number > len({number for number, _ in numbered})
            template = _template(numbered[0][1], numbered[0][0]) if missing else None
            links = template and _series(template, page.number, most)
            return page.number, most, links or tuple(PageLink(url, n) for n, url in numbered), None
        why = "翻页链接靠脚本 / the pager needs a script" if dead and (said is None or said > page.number) else None
        if why is None and said is not None and said > page.number:
            why = f"写着共{said}页但没有翻页链接 / says {said} pages, has no pager"
        return page.number, max(said or 0, page.number), (), why
    onward_template = _template(onward, page.number + 1)
    count = said
    if count is None and last and onward_template:
        counted = onward_template.number_of(last)
        count = counted if counted and counted > page.number else None
    if count and onward_template and count <= _MAX_PAGES:
        return page.number, count, _series(onward_template, page.number, count), None
    return page.number, count, (PageLink(onward, page.number + 1),), None


def _pager_links(page: Page) -> tuple[str | None, str | None, bool, list[tuple[int, str]]]:
    onward: str | None = None
    last: str | None = None
    dead = False
    numbers: list[tuple[int, str]] = []
    for anchor in page.soup.find_all("a"):
        word = clean(anchor.get_text())
        if not _PAGER_WORD.match(word):
            continue
        href = str(anchor.get("href") or "")
        url = page.resolve(href)
        usable = url is not None and not href.strip().startswith("#") and page.same_host(url)
        if _NEXT.match(word):
            if usable and url != page.url:
                onward = url
            elif "disabled" not in str(anchor.get("class")) and (
                href.lower().startswith("javascript") or anchor.get("onclick")
            ):
                dead = True
        elif _LAST.match(word) and usable:
            last = url
        elif word.isdigit() and usable and url and any(rule.search(url) for rule in _NUMBER):
            numbers.append((int(word), url))
    return onward, last, dead, sorted(set(numbers))


def _said(soup: BeautifulSoup) -> int | None:
    found = _OF_PAGES.search(clean(soup.get_text()))
    return int(next(group for group in found.groups() if group)) if found else None


class _Template:
    """An address with a hole for the page number; ``offset`` is the number written for page 1 minus one."""

    def __init__(self, rule: re.Pattern[str], url: str, offset: int) -> None:
        self._rule, self._url, self._offset = rule, url, offset

    def url(self, number: int) -> str:
        return self._rule.sub(lambda found: f"{found[1]}{number + self._offset}", self._url, count=1)

    def number_of(self, url: str) -> int | None:
        found = self._rule.search(url)
        same = urlsplit(url).path.rsplit("/", 1)[0] == urlsplit(self._url).path.rsplit("/", 1)[0]
        return int(found[2]) - self._offset if found and same else None


def _template(url: str, number: int) -> _Template | None:
    for rule in _NUMBER:
        found = rule.search(url)
        if found and -1 <= int(found[2]) - number <= 0:
            return _Template(rule, url, int(found[2]) - number)
    return None


def _series(template: _Template, current: int, count: int) -> tuple[PageLink, ...]:
    return tuple(PageLink(template.url(number), number) for number in range(current + 1, count + 1))

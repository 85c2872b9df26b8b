"""Plain lists of any make: rows with a link, and a pager in words, numbers or ``?page=``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from bs4 import Tag

from crawler.cms.page import Link, ListPage, Page, PageLink, clean, date_in_url, find_date
from crawler.portal import Portal

NAME = "static"

REPORT_WORDS = re.compile(r"公开.{0,12}(?:年度报告|年报|工作报告)|年度报告|年报")
# The column's own name, as breadcrumbs and menus repeat it on every page.
COLUMN_NAME = re.compile(
    r"^(?:法定主动公开内容)?(?:政府|政务)?信息公开(?:工作)?(?:年报|年度报告|年度工作报告)$|^(?:公开)?年报$|^年度报告$"
)
_YEAR_ONLY = re.compile(r"^(?:20\d{2})年?(?:度)?(?:年报|年度报告|报告)?$")
_ORGAN_END = re.compile(
    r"(?:局|委|委员会|办|办公室|办公厅|厅|政府|街道|办事处|镇|乡|管委会|中心|院|处|大队|支队|公司|党校|联合会)$"
)
_LOOK = re.compile(r"^(?:点击)?(?:查看|查阅|下载|浏览|详情|链接|打开|全文|PDF|√|✓)(?:详情|全文)?$", re.IGNORECASE)
_SCRIPTED = re.compile(
    r"['\"]([^'\"\s]*(?:\.(?:s?html?|aspx?|jsp|php|pdf|docx?|wps)|/)(?:[?#][^'\"]*)?)['\"]", re.IGNORECASE
)
_ORGAN_LABEL = re.compile(r"^(?:发布|公开|制发|责任|报送)?(?:机构|单位|部门|主体)[::]|^(?:信息)?来源[::]|^作者[::]")
_PAGER_WORD = re.compile(
    r"^(?:上一?[页頁]|下一?[页頁]|前一?页|后一?页|首页|第一页|尾页|末页|最后一?页|加载更多|查看更多|点击加载更多|第?\d{1,4}页?|next(?:page)?|prev(?:ious)?|last)$",
    re.I,
)
_PAGER_FRAME = "[]()【】<>«»‹›→←▶◀|·:: "
_NEXT = re.compile(r"^(?:下一?[页頁]|后一?页|加载更多|查看更多|点击加载更多|next(?:page)?)$", re.IGNORECASE)
_LAST = re.compile(r"^(?:尾页|末页|最后一?页|last)$", re.IGNORECASE)
_ARROWS = {
    ">": "next",
    "»": "next",
    "›": "next",
    ">>": "last",
    "»»": "last",
    "<": "",
    "<<": "",
    "«": "",
    "‹": "",
    "««": "",
}
_OF_PAGES = re.compile(
    r"共有?(\d{1,4})页|总(?:共|计)?(\d{1,4})页|总页数[::]?(\d{1,4})|(?:第)?\d{1,4}页?/共?(\d{1,4})页|页次[::]?\d{1,4}/(\d{1,4})"
)
_OF_ITEMS = re.compile(r"共(?:有|计)?(\d{1,6})(?:条|篇|个?记录)")
_SCRIPT_PAGES = re.compile(
    r"\b(?:page_?count|total_?pages?|pages|count_?page|max_?page|page_?num(?:s|ber)?|page_?total)[\"']?\s*[:=]\s*[\"']?(\d{1,5})\b",
    re.IGNORECASE,
)
_SERVED_BY_SCRIPT = re.compile(
    r"jpage/dataproxy\.jsp|queryData\s*=|_isAgg=true|lightfrontaction/getgovinfolist|messageController/getMessage"
)
_NUMBER = (
    re.compile(r"(?i)([?&](?:page|p|pageno|pageindex|pagenum|currentpage|curpage|currpage|pn)=)(\d+)"),
    re.compile(r"(?i)([_-])(\d{1,4})(?=\.(?:s?html?|aspx?|jsp|php)(?:$|\?))"),
    re.compile(r"(?i)(/)(\d{1,4})(?=(?:\.(?:s?html?))?/?$)"),
)
FRAME_NOISE = re.compile(r"visitcount|login|tree\.jsp|share|footer|header|top\.|search|stat|count|weather|video", re.I)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "dt", "caption")
MAX_PAGES = 500
"""A list that claims more is not followed: it would keep a server busy for hours."""


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


def target(page: Page, anchor: Tag) -> str | None:
    """Where a link leads, be it by ``window.open('/a.html')``; None if only the site's own script knows."""
    href = str(anchor.get("href") or "").strip()
    if href and not href.startswith("#") and not href.lower().startswith("javascript"):
        return page.resolve(href)
    found = _SCRIPTED.search(f"{href} {anchor.get('onclick') or ''}")
    return page.resolve(found[1]) if found else None


def organ_beside(anchor: Tag) -> str:
    """The organisation named in the row the link stands in, or above its list."""
    return _organ(anchor, _row(anchor))


def _column_year(anchor: Tag, row: Tag) -> str | None:
    """The year at the head of the column a 查看 stands in."""
    cells = row.find_all(["td", "th"], recursive=False)
    place = next((index for index, cell in enumerate(cells) if anchor in cell.descendants), None)
    head = row.find_parent("table")
    first = head.find("tr") if head else None
    heads = first.find_all(["td", "th"]) if first else []
    if place is None or len(heads) != len(cells):
        return None
    text = clean(heads[place].get_text())
    return text if _YEAR_ONLY.match(text) else None


def _items(page: Page) -> Iterator[Link]:
    """Links that look like entries, and all that stand in one list with one that does."""
    entries = list(_entries(page))
    yield from (link for _, link in entries)
    boxes = {id(row.parent): row.parent for row, _ in entries if row is not None and row.name in {"li", "tr", "dd"}}
    known = {link.url for _, link in entries}
    for box in filter(None, boxes.values()):
        for row in box.find_all(["li", "tr", "dd"], recursive=False):
            anchor = row.find("a")
            url = target(page, anchor) if anchor and _word(anchor) is None else None
            if anchor and url and url not in known and title_of(anchor) and not COLUMN_NAME.match(title_of(anchor)):
                known.add(url)
                yield Link(
                    title_of(anchor),
                    url,
                    find_date(row.get_text(" ")),
                    _organ(anchor, row),
                    clean(row.get_text())[:200],
                )


def _entries(page: Page) -> Iterator[tuple[Tag | None, Link]]:
    seen: set[tuple[str, str]] = set()
    for anchor in page.soup.find_all("a"):
        row, url, title = _row(anchor), target(page, anchor), title_of(anchor)
        if row is not None and row.name == "tr" and _LOOK.match(title):
            title = _column_year(anchor, row) or title
        word = _word(anchor) is not None and not _YEAR_ONLY.match(title)
        if url is None or not title or word or (url, title) in seen:
            continue
        context = clean(row.get_text()) if row else title
        # The date at the end of the row; inside of the link too, if a span of its own holds it.
        day = (
            find_date(row.get_text(" ").replace(anchor.get_text(" "), "")) or find_date(anchor.get_text(" "))
            if row
            else None
        )
        if COLUMN_NAME.match(title) and not day:
            continue
        if not (REPORT_WORDS.search(title) or _YEAR_ONLY.match(title) or (row and day)):
            continue
        seen.add((url, title))
        yield row, Link(title, url, day or date_in_url(url), _organ(anchor, row), context[:200])


def _row(anchor: Tag) -> Tag | None:
    """The list row the link stands in: the nearest li, tr, dd, p or dated div that does not hold a whole list."""
    for parent in anchor.parents:
        if parent.name in {"li", "tr", "dd", "p"}:
            return parent if len(parent.find_all(["li", "tr"], limit=1)) == 0 else None
        if parent.name == "div" and len(parent.find_all("a", limit=3)) < 3 and find_date(parent.get_text(" ")):
            return parent
        if parent.name in {"ul", "ol", "table", "body", "dl"}:
            return None
    return None


def _organ(anchor: Tag, row: Tag | None) -> str:
    """The organisation named beside the link, in a cell that spans its row, or in the heading above the list."""
    if row is not None:
        beside = ["td", "th"] if row.name == "tr" else ["span", "em", "i", "b", "strong", "label"]
        cells = [
            cell for cell in row.find_all(beside) if anchor not in cell.descendants and cell not in anchor.descendants
        ]
        if row.name == "tr":
            cells += _cells_above(row)
        for cell in cells:
            text = _ORGAN_LABEL.sub("", clean(cell.get_text()).strip("[]【】()·:"))
            if _ORGAN_END.search(text) and len(text) <= 40:
                return text
    for box in anchor.parents:
        if box.name not in {"ul", "ol", "dl", "table", "div", "section"}:
            continue
        before = box.find_previous_sibling()
        if isinstance(before, Tag) and before.name in _HEADINGS:
            heading = clean(before.get_text())
            return heading if len(heading) <= 40 else ""
        if (
            isinstance(before, Tag)
            and before.name in {"div", "p", "strong", "span", "b", "a"}
            and not before.find("li")
        ):
            heading = clean(before.get_text())
            if len(heading) <= 30 and _ORGAN_END.search(heading):
                return heading
    return ""


def _cells_above(row: Tag) -> Iterator[Tag]:
    """Cells of earlier rows that reach down to this one, then the nearest row that is a heading of its own."""
    for distance, above in enumerate(row.find_previous_siblings("tr"), start=1):
        cells = above.find_all(["td", "th"])
        for cell in cells:
            span = str(cell.get("rowspan") or "1")
            if span.isdecimal() and int(span) > distance:
                yield cell
        if len(cells) == 1 and not cells[0].find("a"):
            yield cells[0]
            return


def _frames(page: Page) -> Iterator[str]:
    for frame in page.soup.find_all(["iframe", "frame"], src=True):
        url = page.resolve(str(frame["src"]))
        if url and page.same_host(url) and not FRAME_NOISE.search(url) and url != page.url:
            yield url


@dataclass(frozen=True, slots=True)
class _Found:
    """What the links of a pager say: next and last page, numbered pages, and whether some need a script."""

    onward: str | None
    last: str | None
    dead: bool
    numbers: tuple[tuple[int, str], ...]


def _pager(page: Page) -> tuple[int, int | None, tuple[PageLink, ...], str | None]:
    """Number of this page, count of pages, addresses of the others, and why they could not be had."""
    found, said = _pager_links(page), _said(page)
    if found.onward is None:
        return _unlinked(page, found, said)
    template = _template(found.onward, page.number + 1)
    count = said
    if count is None and found.last and template:
        counted = template.number_of(found.last)
        count = counted if counted and counted > page.number else None
    if count and count > MAX_PAGES:
        return page.number, count, (), f"写着共{count}页，太多 / says {count} pages, too many"
    if count and template:
        return page.number, count, _series(template, page.number, count), None
    return page.number, count, (PageLink(found.onward, page.number + 1),), None


def _unlinked(page: Page, found: _Found, said: int | None) -> tuple[int, int | None, tuple[PageLink, ...], str | None]:
    """A pager without a next link: numbers only, or a script, or no pager at all."""
    numbered = [(number, url) for number, url in found.numbers if number > page.number]
    if numbered:
        most = max(said or 0, *(number for number, _ in found.numbers))
        missing = most - page.number > len({number for number, _ in numbered})
        template = _template(numbered[0][1], numbered[0][0]) if missing else None
        if template and most <= MAX_PAGES:
            return page.number, most, _series(template, page.number, most), None
        return page.number, most, tuple(PageLink(url, n) for n, url in numbered), None
    more = said is None or said > page.number
    why = None
    if found.dead and more:
        why = "翻页链接靠脚本 / the pager needs a script"
    elif said is not None and more:
        why = f"写着共{said}页但没有翻页链接 / says {said} pages, has no pager"
    elif said is None and found.last and found.last != page.url:
        return page.number, None, (PageLink(found.last, page.number + 1),), None
    elif said is None and (sign := _by_script(page)):
        why = f"列表由脚本翻页 / a script turns the pages: {sign}"
    return page.number, max(said or 0, page.number), (), why


def _by_script(page: Page) -> str | None:
    """The sign of a pager or a list that only a script completes."""
    if served := _SERVED_BY_SCRIPT.search(page.text):
        return served[0]
    for script in page.soup.find_all("script"):
        for found in _SCRIPT_PAGES.finditer(script.get_text()):
            if page.number < int(found[1]):
                return found[0]
    return None


def _word(tag: Tag) -> str | None:
    """The pager word a tag says or shows: ``next``, ``last``, a number, or another; None if it is no pager's."""
    image = tag.find("img", alt=True)
    text = clean(tag.get_text()) or clean(str(tag.get("title") or (image and image.get("alt")) or ""))
    if text in _ARROWS:
        return _ARROWS[text]
    word = text.strip(_PAGER_FRAME)
    if not _PAGER_WORD.match(word):
        return None
    if _NEXT.match(word):
        return "next"
    return "last" if _LAST.match(word) else word.strip("第页") if word.strip("第页").isdigit() else ""


def _pager_links(page: Page) -> _Found:
    onward: str | None = None
    last: str | None = None
    dead = False
    numbers: set[tuple[int, str]] = set()
    for tag in page.soup.find_all(["a", "button", "span", "input", "li", "em", "i"]):
        word = _word(tag) if tag.name != "input" else _word_of_input(tag)
        if not word or (tag.name != "a" and not tag.get("onclick")):
            continue
        href = str(tag.get("href") or "")
        url = page.resolve(href) if href else None
        scripted = href.lower().startswith("javascript") or bool(tag.get("onclick"))
        usable = url is not None and not href.strip().startswith("#") and page.same_column(url)
        here = usable and url == page.url
        # A next page that only a script or another host has is a page not seen.
        lost = (scripted or (url is not None and not usable)) and "disabled" not in str(tag.get("class"))
        if word == "next":
            onward = url if usable and not here else onward
            dead |= not usable and lost
        elif word == "last":
            last = url if usable else last
        elif word.isdigit() and not _YEAR_ONLY.match(word):
            if usable and url and any(rule.search(url) for rule in _NUMBER):
                numbers.add((int(word), url))
            dead |= scripted and not usable and int(word) == page.number + 1
    for option in page.soup.find_all("option"):
        word = _word(option)
        if word and word.isdigit() and not _YEAR_ONLY.match(word) and int(word) > page.number:
            value = str(option.get("value") or "")
            url = page.resolve(value) if re.search(r"[./?]", value) else None
            numbers |= {(int(word), url)} if url and page.same_column(url) else set()
            dead |= url is None
    return _Found(onward, last, dead, tuple(sorted(numbers)))


def _word_of_input(tag: Tag) -> str | None:
    word = clean(str(tag.get("value") or "")).strip(_PAGER_FRAME)
    return "next" if _NEXT.match(word) else None


def _said(page: Page) -> int | None:
    found = _OF_PAGES.search(clean(page.soup.get_text(" ")))
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

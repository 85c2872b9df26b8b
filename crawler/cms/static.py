"""Plain lists of any make: rows with a link, and a pager in words, numbers or ``?page=``. Says how sure it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bs4 import Tag

from crawler.cms.beside import day_beside, said_beside
from crawler.cms.links import frames, leads, row_of, target, title_of
from crawler.cms.page import Link, ListPage, Page, clean, date_in_url
from crawler.cms.pager import YEAR_ONLY, read_pager, word_of
from crawler.cms.scripted import added_by_script, filled_by_script, titles_in_script
from crawler.portal import Portal

NAME = "static"

REPORT_WORDS = re.compile(r"公开.{0,12}(?:年度报告|年报|工作报告)|公开.{0,8}报告|年度报告|年报")
# The column's own name, as breadcrumbs and menus repeat it on every page.
COLUMN_NAME = re.compile(
    r"^(?:法定主动公开内容|历年)?(?:(?:政府|政务)?信息公开(?:工作)?(?:年报|年度报告|年度工作报告)|(?:公开)?年报|年度报告)$"
)
COLUMN_WORDS = re.compile("年报|年度报告|年度工作报告")
ORGAN_END = re.compile(
    r"(?:局|委|委员会|办|办公室|办公厅|厅|政府|街道|办事处|镇|乡|管委会|中心|院|处|所|站|署|馆|社|队|公司|集团|银行|党校|学校|[联协学总]合?会"
    r"|(?<=[一-龥]{2})(?:开发|园|新|示范|保税|高新)区)$"
)
_LOOK = re.compile(r"^(?:点击)?(?:查看|查阅|下载|浏览|详情|链接|打开|全文|PDF|√|✓)(?:详情|全文)?$", re.IGNORECASE)
_ORGAN_LABEL = re.compile(
    r"(?:发布|公开|制发|责任|报送)(?:机构|单位|部门|主体)[::]|^(?:机构|单位|部门|主体)[::]|^(?:信息)?来源[::]|^作者[::]"
)
_NEXT_LABEL = re.compile(r"(?:发布|成文|公开|生成)?(?:日期|时间)[::]|索引号|文号|20\d\d[-./年]")
_OF_ITEMS = re.compile(r"共(?:有|计)?(\d{1,6})(?:条|篇|个?记录)")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "dt", "caption")
_ENOUGH = 3
"""Entries in one box from which on it is a list beyond doubt."""

SURE = 0.75
"""From this score on the entries are taken for the whole list of the page."""
_MORE = re.compile(r"[\[【]?(?:查看)?(?:更多|more)[\]】]?[>+»…]*$", re.IGNORECASE)
_FARTHEST = 40
_LONGEST_LABEL = 40
# A heading of nothing but such words names the column or a year of it, and nobody.
_OF_COLUMN = re.compile(
    r"(?:20\d{2}年?度?(?:\(\d{1,3}\))?|法定|主动|历年|各年度?|往年|年度|年报|报告|情况|政府|政务|信息|公开|工作|列表|目录|专栏|栏目|平台|内容|的|[\s·:,、-])+"
)
YEAR_LABEL = re.compile(r"^(20\d{2})年?度?(?:\(\d{1,3}\))?$")


def recognise(page: Page) -> float:  # noqa: ARG001 -- every system answers for a page
    """Takes whatever no other system claims."""
    return 0.1


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """Rows that look like entries, the pager, and same-host frames that may hold the real list."""
    entries = list(_entries(page))
    items = (*(link for _, link in entries), *_beside(page, entries))
    sure = _sureness(entries)
    number, pages, links, unresolved = read_pager(page, len(items))
    # A few links on a page whose list a script has yet to fill are not that list.
    undrawn = (titles_in_script(page) or added_by_script(page)) if items else None
    undrawn = undrawn or (filled_by_script(page) if items and sure < SURE else None)
    text = clean(page.soup.get_text())
    total = _OF_ITEMS.search(text)
    return ListPage(
        items=items,
        page=number,
        pages=pages,
        total=int(total[1]) if total else None,
        next=links,
        frames=tuple(frames(page)),
        unresolved=unresolved or undrawn,
        undrawn=undrawn,
        system=NAME,
        score=sure,
    )


def organ_beside(anchor: Tag) -> str:
    """The organisation named in the row the link stands in, or above its list."""
    return _organ(anchor, row_of(anchor))


def _named_in(row: Tag) -> str:
    """The report a row names beside its 查看, 下载 or icon, unless another link says it."""
    pieces = [clean(piece) for piece in row.find_all(string=True) if piece.find_parent("a") is None]
    return next((piece for piece in pieces if REPORT_WORDS.search(piece)), "")


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
    return text if YEAR_ONLY.match(text) else None


def _beside(page: Page, entries: Sequence[tuple[Tag | None, Link]]) -> Iterator[Link]:
    """What stands in one list with a link that looks like an entry is one as well."""
    boxes = {id(row.parent): row.parent for row, _ in entries if row is not None and row.name in {"li", "tr", "dd"}}
    known = {link.url for _, link in entries}
    for box in filter(None, boxes.values()):
        for row in box.find_all(["li", "tr", "dd"], recursive=False):
            anchor = row.find("a")
            url = target(page, anchor) if anchor and word_of(anchor) is None else None
            if anchor and url and url not in known and title_of(anchor) and not COLUMN_NAME.match(title_of(anchor)):
                known.add(url)
                yield Link(
                    title_of(anchor),
                    url,
                    day_beside(row, anchor, _is_entry),
                    _organ(anchor, row),
                    clean(row.get_text())[:200],
                    year=year_above(anchor),
                )


def _sureness(entries: Sequence[tuple[Tag | None, Link]]) -> float:
    """How surely the entries are a list: many in one box, called reports, with dates. 0..1, 0 without any."""
    if not entries:
        return 0.0
    box, most = Counter(id(row.parent) if row is not None else 0 for row, _ in entries).most_common(1)[0]
    main = [link for row, link in entries if (id(row.parent) if row is not None else 0) == box]
    named = sum(bool(REPORT_WORDS.search(link.title) or YEAR_ONLY.match(link.title)) for link in main) / most
    dated = sum(link.date is not None for link in main) / most
    return round(0.5 * min(most, _ENOUGH) / _ENOUGH + 0.3 * named + 0.2 * dated, 2)


def _entries(page: Page) -> Iterator[tuple[Tag | None, Link]]:
    seen: set[tuple[str, str]] = set()
    for anchor in leads(page):
        row, url, title = row_of(anchor), target(page, anchor), title_of(anchor)
        if row is not None and (not title or _LOOK.match(title)):
            title = _column_year(anchor, row) or _named_in(row) or title
        word = word_of(anchor) is not None and not YEAR_ONLY.match(title)
        if url is None or not title or word or (url, title) in seen:
            continue
        context = clean(row.get_text()) if row else title
        day = day_beside(row, anchor, _is_entry) if row else None
        if COLUMN_NAME.match(title) and not day:
            continue
        above = None if re.search(r"20\d{2}", title) else year_above(anchor)
        named = REPORT_WORDS.search(title) or YEAR_ONLY.match(title) or (above and ORGAN_END.search(title))
        if not named and not (row and day):
            continue
        seen.add((url, title))
        yield row, Link(title, url, day or date_in_url(url), _organ(anchor, row), context[:200], year=above)


def _organ(anchor: Tag, row: Tag | None) -> str:
    """The organisation named beside the link, in a cell that spans its row, or in the heading above the list."""
    said = said_beside(row, anchor, lambda text: bool(_organ_label(text)), _is_entry) if row is not None else ()
    if label := next(filter(None, map(_organ_label, said)), None):
        return label
    for label, is_heading in _labels_above(anchor):
        if (is_heading and not _OF_COLUMN.fullmatch(label)) or (len(label) <= 30 and ORGAN_END.search(label)):
            return label
    return ""


def _organ_label(text: str) -> str:
    """The organ that a piece of a row names, behind its label or in brackets; empty if it names none."""
    said = clean(text).strip("[]【】()·:").rpartition("[" if "[" in text else "【")[2]
    named = _ORGAN_LABEL.search(said)
    label = _NEXT_LABEL.split(said[named.end() if named else 0 :])[0]
    return label if ORGAN_END.search(label) and len(label) <= _LONGEST_LABEL else ""


def _is_entry(title: str) -> bool:
    return bool(REPORT_WORDS.search(title) or YEAR_ONLY.match(title))


def year_above(anchor: Tag) -> int | None:
    """The year at the head of the list a link stands in: 2025年, 2025年度."""
    found = next((found for label, _ in _labels_above(anchor) if (found := YEAR_LABEL.match(label))), None)
    return int(found[1]) if found else None


def _labels_above(anchor: Tag) -> Iterator[tuple[str, bool]]:
    """What stands in front of the link's paragraph, list or box, the nearest first; whether it is a heading."""
    for box in anchor.parents:
        if box.name in {"p", "dd"}:
            # Past other paragraphs that hold links as well.
            befores = box.find_previous_siblings(limit=_FARTHEST)
            before = next((one for one in befores if one.name == "dt" or one.find("a") is None), None)
            allowed: tuple[str, ...] = ("p", "dt")
        elif box.name in {"ul", "ol", "dl", "table", "div", "section"}:
            before = box.find_previous_sibling()
            allowed = ("div", "p", "strong", "span", "b", "a", *_HEADINGS)
        else:
            continue
        if before is None or before.name not in allowed or before.find("li"):
            continue
        if len([one for one in before.find_all("a", limit=3) if not _MORE.fullmatch(clean(one.get_text()))]) > 1:
            continue  # a row of tabs names nobody
        text = _MORE.sub("", clean(before.get_text())).strip("[]【】()·:")
        if text and len(text) <= _LONGEST_LABEL:
            yield text, before.name in _HEADINGS

"""The folders of a list: years, organisations, kinds of them, and the reports' column itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bs4 import Tag

from crawler.cms.links import leads, target, title_of
from crawler.cms.page import Page, clean
from crawler.cms.static import COLUMN_NAME, REPORT_WORDS, YEAR_LABEL
from crawler.ledger import Visit
from crawler.media import names_document
from crawler.portal import Organisation
from crawler.select import Choice, Kind, match, year_of

DEEPEST = 3
"""Levels of folders below a start page."""

# Sub-columns of the reports' column: 市政府部门, 县（市、区）, 乡镇街道.
_CATEGORY = re.compile(
    r"^各?(?:(?:省|市|县|区|州)?(?:级|直|属|本级)?(?:政府)?(?:工作|组成|直属)?(?:部门|单位|机关|机构)|(?:县|市|区|[(、)]){2,6}(?:政府|人民政府)?"
    r"|(?:省|市|县|区|州)?(?:人民)?政府|(?:乡|镇|街|道|[(、)]){2,6}|(?:开发|功能|园|新)区|(?:垂直管理|双管|驻\w)?单位)"
    r"(?:(?:政府)?(?:信息)?(?:公开)?(?:工作)?(?:年报|年度报告))?$"
)
_NODE = re.compile(r"\{[^{}]{1,600}\}")
_NODE_NAME = re.compile(r"[\"']([^\"'{}<>]{3,40})[\"']")
_NODE_ADDRESS = re.compile(r"[\"']((?:https?:/)?\.{0,2}/[^\"'\s<>]{1,300})[\"']")
_YEAR = re.compile(r"20\d\d")
_MORE = re.compile(r"^(?:查看)?更多$|^more$", re.IGNORECASE)
_CHOSEN = re.compile(r"\b(?:on|cur|current|active|selected|sel|hover|now)\b", re.IGNORECASE)
_PANELS = ("div", "section", "ul", "ol", "dl", "table")
_TABS = re.compile(r"tab|year|switch", re.IGNORECASE)


def folders_of(
    page: Page,
    visit: Visit,
    organisations: Sequence[Organisation],
    years: Collection[int],
    choices: Sequence[Choice],
    *,
    own: bool,
) -> Iterator[tuple[Visit, str]]:
    """Years, organisations, and the reports' column, one level further down. ``own``: the page is that column.

    A page may show the list of one organisation beside the links to all others: those whose report of this season is
    not there yet are followed, and what is not found that way casts doubt on them alone.
    """
    if visit.depth >= DEEPEST:
        return
    reports = {choice.link.url for choice in choices}
    there = {choice.organisation for choice in choices if choice.year == max(years, default=None)}
    for anchor in leads(page):
        url, title = target(page, anchor), title_of(anchor)
        if not url or url in reports or url == visit.list_url or not _leads_down(page, url):
            continue
        below = replace(visit, list_url=url, number=1, depth=visit.depth + 1, system=None, body="", hops=0)
        folder = YEAR_LABEL.match(title)
        if folder and visit.year is None and int(folder[1]) in years:
            yield replace(below, year=int(folder[1])), url
        elif folder and visit.year is None and int(folder[1]) == max(years) + 1:
            yield below, url  # folders by the year of publication: it says nothing of the year reported
        elif not folder and _is_column(page, anchor, title, url, reports, own):
            yield below, url
        elif not folder and own and _is_tab(page, title, url):
            yield replace(below, optional=visit.optional or bool(reports)), url
        elif not folder and own and (who := _one_of(title, organisations)) and who not in there:
            yield replace(below, owner=who, optional=visit.optional or bool(reports)), url
    for who, address in organs_in_script(page, organisations).items() if own else ():
        if address and who not in there and _leads_down(page, address):
            below = replace(visit, list_url=address, number=1, depth=visit.depth + 1, system=None, body="", hops=0)
            yield replace(below, owner=who, optional=visit.optional or bool(reports)), address


def organs_in_script(page: Page, organisations: Sequence[Organisation]) -> dict[str, str | None]:
    """Organisations that a script of the page knows and the page does not show, with their address if it is told.

    ``var nodes = [{name: "示例市教育局", url: "/edu/"}]``: a tree that only a script draws.
    """
    scripts = [script.get_text() for script in page.soup.find_all("script") if "{" in script.get_text()]
    if not scripts:
        return {}
    drawn = clean(
        "".join(text for text in page.soup.find_all(string=True) if text.parent and text.parent.name != "script")
    )
    found: dict[str, str | None] = {}
    for node in (node for text in scripts for node in _NODE.findall(text)):
        who = next((who for name in _NODE_NAME.findall(node) if (who := _one_of(name, organisations))), None)
        if who and not any(name in drawn for one in organisations if one.id == who for name in one.names):
            address = None if _is_entry(node) else _NODE_ADDRESS.search(node)
            found[who] = page.resolve(address[1]) if address else found.get(who)
    return found


def _is_entry(node: str) -> bool:
    """An entry of a list names its organ as well: its title or its day tells it from a place in a tree."""
    said = [clean(text) for text in _NODE_NAME.findall(node) if "/" not in text]
    return any(_YEAR.search(text) or (REPORT_WORDS.search(text) and not COLUMN_NAME.match(text)) for text in said)


def _one_of(title: str, organisations: Sequence[Organisation]) -> str | None:
    """The organisation a short text names beyond doubt."""
    if not 2 < len(title) < 40:
        return None
    kind, who, _, _ = match(title, organisations)
    return who if kind is Kind.REPORT else None


def _leads_down(page: Page, url: str) -> bool:
    if url == page.url or names_document(url) or urlsplit(url).path in {"", "/"}:
        return False
    return page.same_column(url)


def _is_column(page: Page, anchor: Tag, title: str, url: str, reports: Collection[str], own: bool) -> bool:
    """The link leads to the reports' column, or from it to one of its parts."""
    if own and _CATEGORY.match(title) and not COLUMN_NAME.match(title):
        return urlsplit(url).path.startswith(urlsplit(page.url).path.rpartition("/")[0] + "/")
    return (not own and bool(COLUMN_NAME.match(title))) or _more_of_column(page, anchor, title, reports)


def _is_tab(page: Page, title: str, url: str) -> bool:
    """A part of the column that stands elsewhere: 乡镇街道, at an address whose folder is called as this one's is."""
    here, there = (urlsplit(one).path.rpartition("/")[0].rpartition("/")[2] for one in (page.url, url))
    return bool(_CATEGORY.match(title)) and not COLUMN_NAME.match(title) and bool(here) and here == there


def _more_of_column(page: Page, anchor: Tag, title: str, reports: Collection[str]) -> bool:
    """更多 beside a block that is headed 政府信息公开年报, or right behind links to reports."""
    if not _MORE.match(title.strip("+>»[]·.… ")):
        return False
    for box in list(anchor.parents)[:3]:
        words = [
            clean(tag.get_text())
            for tag in box.find_all(["h2", "h3", "h4", "h5", "span", "strong", "b", "p", "div", "a"], limit=12)
        ]
        if any(COLUMN_NAME.match(word) for word in words):
            return True
    for box in list(anchor.parents)[:2]:
        if box.name != "body" and any(target(page, link) in reports for link in box.find_all("a")):
            return True
    return False


def hidden_year(page: Page, choices: Sequence[Choice], year: int | None, visit: Visit) -> str | None:
    """The tab or option of the wanted year, if only a script can open it and the page shows nothing of that year."""
    if year is None or visit.year is not None or any(choice.year == year for choice in choices):
        return None
    for tag in page.soup.find_all(["a", "li", "option", "button", "span", "div", "dd"]):
        folder = YEAR_LABEL.match(clean(tag.get_text()))
        if not folder or int(folder[1]) != year or tag.find(["a", "button"]) or target(page, tag):
            continue
        if _is_control(tag) and not _has_panels(tag, year):
            return f"{year}年的列表只有脚本能打开 / only a script opens the list of {year}"
    return None


def hidden_part(page: Page) -> str | None:
    """The tab of a part of the column (乡镇街道), if only a script can open it and the page holds no box for each."""
    for tag in page.soup.find_all(["a", "li", "button", "span", "div"]):
        name = clean(tag.get_text())
        if not _is_part(name) or tag.find(["a", "button", "li"]) or target(page, tag) or not _is_control(tag):
            continue
        row = next((box for box in tag.parents if len(_part_labels(box)) > 1), None)
        if row is None or row.name == "body" or row.find(["ul", "table"], recursive=False) is not None:
            continue
        boxes = [box for box in row.find_next_siblings(_PANELS) if box.find("a")]
        if len(boxes) == 1:
            boxes = [box for box in boxes[0].find_all(_PANELS, recursive=False) if box.find("a")]
        if len(boxes) < len(_part_labels(row)):
            return f"“{name}”的列表只有脚本能打开 / only a script opens the list of {name}"
    return None


def _is_part(name: str) -> bool:
    return bool(_CATEGORY.match(name)) and not COLUMN_NAME.match(name)


def _part_labels(box: Tag) -> list[str]:
    return [text for piece in box.stripped_strings if _is_part(text := clean(piece))]


def _is_control(tag: Tag) -> bool:
    """Something to click that is not what the page shows already."""
    if tag.has_attr("selected") or _CHOSEN.search(" ".join(tag.get_attribute_list("class"))):
        return False
    boxes = " ".join(one for box in list(tag.parents)[:2] for one in box.get_attribute_list("class"))
    held = tag.get("onclick") or any(name.startswith("data-") for name in tag.attrs)
    return bool(tag.name in {"a", "option", "button"} or held or _TABS.search(boxes))


def _has_panels(tag: Tag, year: int) -> bool:
    """The page holds a box of links for each of the years; a click only shows another one.

    Entries of a list may be as many boxes: the one in the place of the year names no other year.
    """
    row = next((box for box in tag.parents if len(_year_labels(box)) > 1), None)
    if row is None:
        return False
    labels = [int(text[:4]) for text in _year_labels(row)]
    boxes = [box for box in row.find_next_siblings(_PANELS) if box.find("a")]
    if len(boxes) == 1:
        boxes = [box for box in boxes[0].find_all(_PANELS, recursive=False) if box.find("a")]
    if len(boxes) != len(labels):
        return False
    own = boxes[labels.index(year)]
    return not {year_of(title_of(anchor)) for anchor in own.find_all("a")} - {None, year}


def _year_labels(box: Tag) -> list[str]:
    return [text for piece in box.stripped_strings if YEAR_LABEL.match(text := clean(piece))]

"""The rest of a list: how many pages it has, where they are, or why that cannot be told. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bs4 import Tag

from crawler.cms.page import Page, PageLink, clean

YEAR_ONLY = re.compile(r"^(?:20\d{2})年?(?:度)?(?:年报|年度报告|报告)?$")
MAX_PAGES = 500
"""A list that claims more is not followed: it would keep a server busy for hours."""

_PAGER_WORD = re.compile(
    r"^(?:上一?[页頁]|下一?[页頁]|前一?页|后一?页|首页|第一页|尾页|末页|最后一?页|加载更多|查看更多|点击(?:加载|查看)更多|第?\d{1,4}页?|next(?:page)?|prev(?:ious)?|last)$",
    re.I,
)
_PAGER_FRAME = "[]()【】<>«»‹›→←▶◀|·:: "
_NEXT = re.compile(r"^(?:下一?[页頁]|后一?页|next(?:page)?)$", re.IGNORECASE)
_MORE = re.compile(r"^(?:点击)?(?:加载|查看)更多$")
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
_SCRIPT_PAGES = re.compile(
    r"\b(?:page_?count|total_?pages?|pages|count_?page|max_?page|page_?num(?:s|ber)?|page_?total)[\"']?\s*[:=]\s*[\"']?(\d{1,5})\b",
    re.IGNORECASE,
)
_SCRIPT_PAGER = re.compile(r"lay_?page|paginat|pager\b|paging|page_?size|\blimit\b", re.IGNORECASE)
_SCRIPT_ENTRIES = re.compile(
    r"\b(?:count|total(?:_?(?:count|records?|num|size|items))?|record_?count)[\"']?\s*[:=]\s*[\"']?(\d{1,6})\b",
    re.IGNORECASE,
)
_DISABLED = re.compile(
    r"disab|gray|grey|\bno(?:ne|-?(?:more|next|page|link))?\b|unable|forbid|\bend\b|hide|hidden", re.IGNORECASE
)
_SLIDES = re.compile(r"slid|swip|banner|focus|carousel|dot|calend|\bcal\b|rank", re.IGNORECASE)
_SERVED_BY_SCRIPT = re.compile(
    r"jpage/dataproxy\.jsp|queryData\s*=|_isAgg=true|lightfrontaction/getgovinfolist|messageController/getMessage"
)
_NUMBER = (
    re.compile(r"(?i)([?&](?:page|p|pageno|pageindex|pagenum|currentpage|curpage|currpage|pn)=)(\d+)"),
    re.compile(r"(?i)([_-])(\d{1,4})(?=\.(?:s?html?|aspx?|jsp|php)(?:$|\?))"),
    re.compile(r"(?i)(/)(\d{1,4})(?=(?:\.(?:s?html?))?/?$)"),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the links of a pager say: next and last page, numbered pages, and whether some need a script."""

    onward: str | None
    last: str | None
    dead: bool
    numbers: tuple[tuple[int, str], ...]


def read_pager(page: Page, entries: int) -> tuple[int, int | None, tuple[PageLink, ...], str | None]:
    """Number of this page, count of pages, addresses of the others, and why they could not be had.

    ``entries`` is how many of the list the page shows.
    """
    found, said = _pager_links(page), _said(page)
    if found.onward is None:
        return _unlinked(page, found, said, entries)
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


def _unlinked(
    page: Page, found: _Found, said: int | None, entries: int
) -> tuple[int, int | None, tuple[PageLink, ...], str | None]:
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
    elif said is None and (sign := _by_script(page, entries)):
        why = f"列表由脚本翻页 / a script turns the pages: {sign}"
    return page.number, max(said or 0, page.number), (), why


def _by_script(page: Page, entries: int) -> str | None:
    """The sign of a pager or a list that only a script completes."""
    if served := _SERVED_BY_SCRIPT.search(page.text):
        return served[0]
    texts = [script.get_text() for script in page.soup.find_all("script")]
    texts += [f"{tag.get('id') or tag.get('name')}={tag.get('value')}" for tag in page.soup.find_all("input")]
    for text in texts:
        for found in _SCRIPT_PAGES.finditer(text):
            if page.number < int(found[1]):
                return found[0]
        for found in _SCRIPT_ENTRIES.finditer(text) if _SCRIPT_PAGER.search(text) else ():
            if entries < int(found[1]):
                return found[0]
    return None


def word_of(tag: Tag) -> str | None:
    """The pager word a tag says or shows: ``next``, ``more``, ``last``, a number, or another; None if no pager's."""
    text = clean(tag.get_text()) or clean(str(tag.get("title") or _alternative(tag)))
    if text in _ARROWS:
        return _ARROWS[text]
    word = text.strip(_PAGER_FRAME)
    if not _PAGER_WORD.match(word):
        return None
    if _NEXT.match(word):
        return "next"
    if _MORE.match(word):
        return "more"
    return "last" if _LAST.match(word) else word.strip("第页") if word.strip("第页").isdigit() else ""


def _alternative(tag: Tag) -> str:
    """What is said in place of an image that the tag shows."""
    image = tag.find("img", alt=True)
    return str(image["alt"]) if image else ""


def _pager_links(page: Page) -> _Found:
    onward: str | None = None
    last: str | None = None
    dead = False
    numbers: set[tuple[int, str]] = set()
    for tag in page.soup.find_all(["a", "button", "span", "input", "li", "em", "i", "div", "p"]):
        word = word_of(tag) if tag.name != "input" else _word_of_input(tag)
        if not word or tag.find(["a", "button"]) is not None:
            continue
        href = str(tag.get("href") or "")
        url = page.resolve(href) if href else None
        usable = url is not None and not href.strip().startswith("#") and page.same_column(url)
        # Another list's 更多 is not the next page of this one.
        usable = usable and (word != "more" or _same_folder(page, url))
        if word in {"next", "more"} and usable and url != page.url:
            onward = onward if word == "more" and onward else url
        elif word in {"next", "more"}:
            dead |= not usable and _needs_script(page, tag, word, url)
        elif word == "last":
            last = url if usable else last
        elif word.isdigit() and not YEAR_ONLY.match(word):
            if usable and url and any(rule.search(url) for rule in _NUMBER):
                numbers.add((int(word), url))
            dead |= not usable and int(word) == page.number + 1 and (_scripted(tag) or _follows_own(page, tag))
    for tag in page.soup.find_all(["link", "a"], rel="next", href=True):
        onward = onward or page.resolve(str(tag["href"]))
    for option in page.soup.find_all("option"):
        word = word_of(option)
        if word and word.isdigit() and not YEAR_ONLY.match(word) and int(word) > page.number:
            value = str(option.get("value") or "")
            url = page.resolve(value) if re.search(r"[./?]", value) else None
            numbers |= {(int(word), url)} if url and page.same_column(url) else set()
            dead |= url is None
    return _Found(onward, last, dead, tuple(sorted(numbers)))


def _scripted(tag: Tag) -> bool:
    return str(tag.get("href") or "").lower().startswith("javascript") or bool(tag.get("onclick"))


def _needs_script(page: Page, tag: Tag, word: str, url: str | None) -> bool:
    """Whether a next page is there that only a script or another host has."""
    if any(_DISABLED.search(" ".join(one.get_attribute_list("class"))) for one in (tag, tag.parent) if one is not None):
        return False
    if tag.has_attr("disabled"):
        return False
    if _does_nothing(tag) and page.number > 1:
        # This list gave its earlier next pages an address: without one, it is the last.
        return False
    if word == "more":
        return url is None or not page.same_host(url)
    return _scripted(tag) or url is not None or (tag.name in {"a", "button"} and not _counted(tag))


def _does_nothing(tag: Tag) -> bool:
    href = str(tag.get("href") or "").replace(" ", "").rstrip(";").lower()
    return not tag.get("onclick") and href in {"", "#", "javascript:", "javascript:void(0)"}


def _counted(tag: Tag) -> bool:
    """Numbers stand beside a word without an address: they show how many pages there are."""
    return any(clean(one.get_text()).isdigit() for one in _neighbours(tag))


def _follows_own(page: Page, tag: Tag) -> bool:
    """The number after this page's own in one row of numbers, which is a pager if nothing says otherwise."""
    box = tag.parent
    if box is None or _SLIDES.search(f"{' '.join(box.get_attribute_list('class'))} {box.get('id') or ''}"):
        return False
    return any(clean(one.get_text()).strip(_PAGER_FRAME) == str(page.number) for one in _neighbours(tag))


def _neighbours(tag: Tag) -> list[Tag]:
    """The tags in one row with this one: its siblings, and if it is alone in a list item, those of the item."""
    siblings = [*tag.find_previous_siblings(), *tag.find_next_siblings()]
    around = tag.parent
    if not siblings and around is not None and around.name == "li":
        siblings = [*around.find_previous_siblings(), *around.find_next_siblings()]
    return siblings


def _same_folder(page: Page, url: str | None) -> bool:
    return url is not None and urlsplit(url).path.rpartition("/")[0] == urlsplit(page.url).path.rpartition("/")[0]


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

"""A report that goes on over several pages: which they are, and the one document that they make together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit

from bs4 import Comment, Tag
from bs4.element import NavigableString, PageElement

from crawler.cms import trs
from crawler.cms.links import target
from crawler.cms.page import Page, PageLink, clean
from crawler.cms.pager import word_of

MOST_PAGES = 12
"""No report is longer; what a pager claims beyond is not asked for."""
_ONWARD = ("createpagehtml", "下页", "下一页", "下頁", "下一頁")
_TWO = re.compile(r"2\s*[\]】)页]?\s*</a")
_BEFORE_TWO = tuple(">[【(第")

_FILE = re.compile(r"^(?P<stem>.*?)(?P<extension>\.(?:s?html?|aspx?|jsp|php))?$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?P<stem>.+)[_-](?P<number>\d{1,2})$")
_QUERY = re.compile(r"(?i)(?:^|(?<=&))(?:page|p|pageno|pageindex|pagenum|currentpage|curpage|pn)=(\d{1,2})(?:&|$)")
_OF_PAGER = re.compile(r"[\s\d共第页頁条上下一首尾末前后:：/|<>«»‹›\[\]()（）【】.…·-]*")
_PAGE_NUMBER = re.compile(r"[-_—(\[（第]*\d{1,2}页?[)\]）]?$")
_FRAME = re.compile(r"次数|浏览|阅读|访问|点击|日期|时间|来源|作者|编辑|字[号体]|打印|关闭|分享|主办|版权")
_DATA_TABLE = 12
_LONG = 15


@dataclass(frozen=True, slots=True)
class Part:
    """A page of a report as it was captured; ``place`` orders it among the others.

    ``begins``: it shows a report from its beginning on.
    """

    place: int
    url: str
    text: str
    sha: str
    title: str
    begins: bool


def may_go_on(text: str) -> bool:
    """Whether a page has any sign of further ones: a pager's script or word, or a link that says 2. Quick."""
    low = text.lower()
    if any(word in low for word in _ONWARD):
        return True
    starts = (found.start() for found in _TWO.finditer(low))
    return any(low[max(0, start - 20) : start].rstrip()[-1:] in _BEFORE_TWO for start in starts)


def further(page: Page, first: str = "") -> tuple[PageLink, ...]:
    """The other pages of the article on a page, as its pager names them; never the articles beside it.

    ``first`` is the address of the article's first page, if this is another one. The number of a page, 1 for the first,
    is known only where the pager says it.
    """
    if not may_go_on(page.text):
        return ()
    found: dict[str, PageLink] = {}
    for anchor in page.soup.find_all("a"):
        url, word = target(page, anchor), word_of(anchor)
        place = place_in(first or page.url, url, loosely=bool(word)) if url else None
        if url and place:
            found |= {one.url: one for one in _between(url, place) if one.url not in found}
            found[url] = PageLink(url, _number(word, is_first=not first))
    if "createPageHTML" in page.text:
        for link in trs.parse(page).next:
            place = place_in(first or page.url, link.url, loosely=False)
            found |= {link.url: PageLink(link.url, link.number, link.alternate)} if place else {}
    known = {page.url, first}
    return tuple(link for link in found.values() if link.url not in known)[: MOST_PAGES - 1]


def _number(word: str | None, *, is_first: bool) -> int | None:
    """Which page a pager's link leads to, by its word."""
    if word == "next" and is_first:
        return 2
    return int(word) if word and word.isdecimal() else None


def place_in(first: str, url: str, *, loosely: bool) -> int | None:
    """The number by which an address is another page of the article at ``first``: ``t1_2.html`` of ``t1.html``.

    ``loosely``: the first page may bear a number too.
    """
    own, other = urlsplit(first), urlsplit(url)
    if own.netloc != other.netloc:
        return None
    if own.path == other.path:
        found = _QUERY.search(other.query)
        same = _QUERY.sub("", other.query).strip("&") == _QUERY.sub("", own.query).strip("&")
        return int(found[1]) if found and same and other.query != own.query else None
    stem, extension = _file(own.path)
    numbered, kind = _file(other.path)
    found = _NUMBERED.match(numbered)
    if found is None or kind != extension or other.query != own.query:
        return None
    itself = _NUMBERED.match(stem)
    bases = {stem} | ({itself["stem"]} if itself and loosely and int(itself["number"]) < 2 else set())
    return int(found["number"]) if found["stem"] in bases else None


def in_order(parts: Sequence[Part]) -> tuple[list[Part], bool]:
    """The pages that are one report, the first one first; and whether they are all of it, as far as they tell."""
    first, *others = sorted(parts, key=lambda part: part.place)
    # A page may stand at a second address as well.
    known = {_text(part): part for part in reversed([first, *others])}
    others = [part for part in others if any(part is one for one in known.values())]
    own = [first, *(part for part in others if not part.begins and _bare(part.title) == _bare(first.title))]
    places = [part.place for part in own[1:]]
    gapless = not places or (places[0] < 3 and places == list(range(places[0], places[0] + len(places))))
    return own, gapless and len(own) == 1 + len(others)


def joined(parts: Sequence[Part], *, whole: bool) -> str:
    """One page that shows what all of them show, once; with a mark for its reader if it is not the ``whole`` report."""
    pages = [Page(part.url, part.text) for part in parts]
    addresses = {part.url for part in parts}
    for page in pages:
        _drop_pager(page, addresses)
    bodies = [page.soup.body or page.soup for page in pages]
    ways = [_way(bodies[0], body) for body in bodies[1:]]
    place, others = _shared(ways) if ways else (bodies[0], [])
    fresh = [_fresh(place, other) for other in others]
    mine = [child for other in others for child in _fresh(other, place)]
    children = list(place.children)
    last = max((index for index, child in enumerate(children) if any(child is one for one in mine)), default=-1)
    at: PageElement | None = children[last] if children else None
    for one in fresh:
        box = pages[0].soup.new_tag("div")
        for child in one:
            box.append(child.extract())
        at = _put(place, at, box)
    if not whole:
        _put(place, at, pages[0].soup.new_tag("meta", content="missing", attrs={"name": "further-pages"}))
    return str(pages[0].soup)


def _file(path: str) -> tuple[str, str]:
    found = _FILE.match(path + "index" if path.endswith("/") else path)
    return (found["stem"], (found["extension"] or "").lower()) if found else (path, "")


def _between(url: str, last: int) -> Iterator[PageLink]:
    """The pages before one that is named: a pager may name the last alone. Whether one is called 1 it does not say."""
    for number in range(2, min(last, MOST_PAGES)):
        if (other := re.sub(rf"([_-]|=){last}(?=\.\w+$|&|$)", rf"\g<1>{number}", url, count=1)) != url:
            yield PageLink(other, number)


def _text(part: Part) -> str:
    return re.sub(r"\d+", "", clean(Page(part.url, part.text).soup.get_text()))


def _bare(title: str) -> str:
    return _PAGE_NUMBER.sub("", title)


def _drop_pager(page: Page, addresses: set[str]) -> None:
    for script in page.soup.find_all("script"):
        script.decompose()
    for anchor in page.soup.find_all("a"):
        if anchor.decomposed or (target(page, anchor) not in addresses and word_of(anchor) is None):
            continue
        box = anchor
        for parent in anchor.parents:
            if parent.name in {"body", "html", "[document]"} or not _OF_PAGER.fullmatch(parent.get_text()):
                break
            box = parent
        box.decompose()


def _way(one: Tag, other: Tag) -> list[tuple[Tag, Tag]]:
    """From the body of two pages down to the smallest box in each that holds all in which they differ."""
    way = [(one, other)]
    while True:
        mine, theirs = _fresh(other, one), _fresh(one, other)
        if len(mine) != 1 or len(theirs) != 1:
            return way
        one, other = mine[0], theirs[0]  # type: ignore[assignment]
        alike = isinstance(one, Tag) and isinstance(other, Tag) and _name(one) == _name(other)
        if not alike or _is_table(one) or _is_table(other):
            return way
        way.append((one, other))


def _shared(ways: Sequence[list[tuple[Tag, Tag]]]) -> tuple[Tag, list[Tag]]:
    """The smallest box of the first page that all ways pass, and its counterparts on the others."""
    steps = list(takewhile(lambda step: all(one is step[0][0] for one, _ in step), zip(*ways, strict=False)))
    return steps[-1][0][0], [other for _, other in steps[-1]]


def _fresh(known: Tag, other: Tag) -> list[PageElement]:
    """The children of ``other`` without those at its beginning and its end that ``known`` begins or ends with."""
    before, children = _children(known), _children(other)
    start = sum(1 for _ in takewhile(lambda pair: _same(*pair), zip(before, children, strict=False)))
    rest = zip(reversed(before[start:]), reversed(children[start:]), strict=False)
    end = len(children) - sum(1 for _ in takewhile(lambda pair: _same(*pair) and not _is_content(pair[1]), rest))
    return children[start:end]


def _children(box: Tag) -> list[PageElement]:
    return [
        child
        for child in box.children
        if isinstance(child, Tag) or (not isinstance(child, Comment) and str(child).strip())
    ]


def _same(one: PageElement, other: PageElement) -> bool:
    if isinstance(one, Tag) and isinstance(other, Tag) and _name(one) != _name(other):
        return False
    return isinstance(one, Tag) == isinstance(other, Tag) and _said(one) == _said(other)


def _is_content(piece: PageElement) -> bool:
    """Short words may be said twice in a report, at the end of two of its pages: 无。"""
    said = _said(piece)
    linked = isinstance(piece, Tag) and piece.find(["a", "img", "input"]) is not None
    return 0 < len(said) < _LONG and not linked and not _FRAME.search(said)


def _said(piece: PageElement) -> str:
    """What a piece says; a counter of views says the same whatever it counts."""
    text = clean(piece.get_text() if isinstance(piece, Tag | NavigableString) else "")
    return text if isinstance(piece, Tag) and piece.find("td") else re.sub(r"\d+", "", text)


def _name(tag: Tag) -> tuple[str, str, str]:
    return tag.name, str(tag.get("id") or ""), " ".join(tag.get_attribute_list("class"))


def _is_table(tag: Tag) -> bool:
    """A table of figures, not one that lays out the page."""
    table = tag if tag.name == "table" else None
    return (
        table is not None
        and table.find("table") is None
        and len(table.find_all("td", limit=_DATA_TABLE)) >= _DATA_TABLE
    )


def _put(place: Tag, at: PageElement | None, new: Tag) -> Tag:
    if at is None:
        place.append(new)
    else:
        at.insert_after(new)
    return new

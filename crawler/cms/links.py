"""What a reader can click on a page: where it leads and what it says. Half of all portals do it by script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from bs4 import Tag

from crawler.cms.page import Page, clean, find_date

_SCRIPTED = re.compile(
    r"['\"]([^'\"\s]*(?:\.(?:s?html?|aspx?|jsp|php|pdf|docx?|wps)|/)(?:[?#][^'\"]*)?)['\"]", re.IGNORECASE
)
_VIEWER = re.compile(r"viewer|pdf_?js|preview|reader|flexpaper", re.IGNORECASE)
_PAGE = re.compile(r"\.s?html?$", re.IGNORECASE)
ADDRESS_OF_DOCUMENT = re.compile(r"[^\s/?&]\.(?:pdf|docx?|wps)(?:$|\?)", re.IGNORECASE)
_HELD = ("data-href", "data-url", "data-link")
_ADDRESS = re.compile(r"[./?]")
_BULLETS = "·•▪■◆●"
_CUT = ("…", "...", "..", "···")
_FRAME_NOISE = re.compile(
    r"(?:^|[/_.-])(?:visit_?count\w*|count(?:er)?|login|tree\.jsp|share|foot(?:er)?|head(?:er)?|top|bottom|search|stat"
    r"|tongji|weather|video)(?=[/_.?-]|$)",
    re.IGNORECASE,
)
_SMALLEST_FRAME = 100
"""Pixels. No list is shown in less."""


def target(page: Page, tag: Tag) -> str | None:
    """Where a tag leads, be it by ``window.open('/a.html')`` or ``data-href``; None if only the site's script knows."""
    href = str(tag.get("href") or "").strip()
    if href and not href.startswith("#") and not href.lower().startswith("javascript"):
        return page.resolve(behind_viewer(href))
    if tag.name == "option":
        value = str(tag.get("value") or "").strip()
        return page.resolve(value) if _ADDRESS.search(value) else None
    found = _SCRIPTED.search(f"{href} {tag.get('onclick') or ''}")
    held = found[1] if found else next((str(tag[name]) for name in _HELD if tag.get(name)), None)
    return page.resolve(held) if held else None


def behind_viewer(href: str) -> str:
    """The document that a viewer's page is asked to show: ``viewer.html?file=/a.pdf``; other addresses as they are."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return href
    given = [(name.lower(), value) for name, value in parse_qsl(parts.query)]
    if _VIEWER.search(parts.path) or _PAGE.search(parts.path):
        given += [("file", unquote(parts.fragment))]
        for name, value in given:
            path = value.partition("#")[0]
            # A service behind a viewer says nothing of what it sends; only a viewer's own parameter is believed then.
            if ADDRESS_OF_DOCUMENT.search(path) or (name == "file" and path.startswith("/") and parts.query):
                return path
    return href


def title_of(tag: Tag) -> str:
    """What a link says; its ``title`` attribute if that says it whole and the printed text does not.

    A row or cell that is clicked as a whole says its longest piece, not its date.
    """
    text = clean(tag.get_text()).lstrip(_BULLETS)
    held = tag if tag.get("title") else tag.find(title=True)
    whole = clean(str(held["title"])) if held else ""
    if tag.name not in {"a", "option", "button"}:
        text = max((clean(piece) for piece in tag.stripped_strings), key=len, default="")
    if whole and (text.endswith(_CUT) or not text or (len(whole) > len(text) and text in whole)):
        return whole
    return text


def leads(page: Page) -> Iterator[Tag]:
    """Every tag that leads somewhere: links, options with an address, and what is clicked without being a link."""
    for tag in page.soup.find_all(_clickable):
        if tag.name in {"a", "option"} or tag.find(_clickable) is None:
            yield tag


def _clickable(tag: Tag) -> bool:
    return tag.name in {"a", "option"} or bool(tag.get("onclick")) or any(tag.get(name) for name in _HELD)


def frames(page: Page) -> Iterator[str]:
    """Frames of the same host that may hold what the page is about: not counters, menus or mere dots."""
    for frame in page.soup.find_all(["iframe", "frame"], src=True):
        url = page.resolve(str(frame["src"]))
        if url and page.same_host(url) and url != page.url and not _is_noise(frame, url):
            yield url


def _is_noise(frame: Tag, url: str) -> bool:
    sizes = [str(frame.get(name) or "").removesuffix("px") for name in ("width", "height")]
    tiny = any(size.isdecimal() and int(size) < _SMALLEST_FRAME for size in sizes)
    hidden = re.search(r"display\s*:\s*none", str(frame.get("style") or ""), re.IGNORECASE)
    return tiny or bool(hidden) or bool(_FRAME_NOISE.search(url.partition("://")[2].partition("/")[2]))


def row_of(tag: Tag) -> Tag | None:
    """The list row a link stands in: the nearest li, tr, dd, p or dated div that does not hold a whole list.

    Of a term the words that explain it.
    """
    for box in (tag, *tag.parents):
        if box.name == "dt":
            words = box.find_next_sibling()
            return words if words is not None and words.name == "dd" and words.find("a") is None else None
        if box.name in {"li", "tr", "dd", "p"}:
            return box if len(box.find_all(["li", "tr"], limit=1)) == 0 else None
        if box.name == "div" and len(box.find_all("a", limit=3)) < 3 and find_date(box.get_text(" ")):
            return box
        if box.name in {"ul", "ol", "table", "body", "dl"}:
            return None
    return None

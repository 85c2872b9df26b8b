"""A report's page without what nobody asks of it, so that a slow parser has little to do, and most often nothing.

Of a page that may be a report three things are asked: does it hold the report's text, which documents does it offer,
and is it a list after all. The C parser finds what answers them in a twentieth of the time that a soup takes. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from lxml import etree

from crawler.article import may_go_on
from crawler.attached import REPORT_PARTS
from crawler.classify import LARGEST_PAGE
from crawler.cms import Page

_SHORT, _BARE = 5000, 400
"""Signs of a page, and of its text. One with less may only send its reader on, which is asked of the page itself."""
_ROWS = ("li", "tr", "dd")
_FRAMES = {
    "iframe": ("src", "data-src"),
    "frame": ("src", "data-src"),
    "embed": ("src", "data-src"),
    "object": ("data",),
    "param": ("value",),
}
_DOCUMENT = re.compile(r"pdf|doc|wps|%", re.IGNORECASE)
_REPORT = re.compile(r"报\s*告|年\s*报")
_OFFERS = etree.XPath("//a/@href | //@onclick")


class Slim(NamedTuple):
    """A page made slim, None if there is nothing to ask of it; and how many signs it says, 0 if nobody counted."""

    page: Page | None
    says: int = 0


def report_page(url: str, text: str) -> Slim:
    """The page with its text, documents, frames and one link of a list, if it has any.

    One that is short, goes on or does not show the report is given as it is. None if the report stands on it and it
    offers nothing besides.
    """
    whole = Page(url, text[:LARGEST_PAGE])
    if len(text) <= _SHORT or "\x00" in text or may_go_on(whole.text):
        return Slim(whole)
    try:
        root = etree.fromstring(whole.text.encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
    except (etree.XMLSyntaxError, ValueError):
        return Slim(whole)
    if root is None:
        return Slim(whole)
    etree.strip_elements(root, "script", "style", "template", etree.Comment, with_tail=False)
    said = "".join(etree.tostring(root, encoding="unicode", method="text").split())
    if len(said) <= _BARE or not all(part in said for part in REPORT_PARTS):
        return Slim(whole)
    if (
        not any(map(_DOCUMENT.search, _OFFERS(root)))
        and not any(map(_names_document, root.iter("a")))
        and next(root.iter(*_FRAMES), None) is None
    ):
        return Slim(None, len(said))
    return Slim(Page(url, "".join(_parts(root, said))), len(said))


def _parts(root: etree._Element, said: str) -> Iterator[str]:
    base = next((one for one in root.iter("base") if one.get("href") is not None), None)
    title = next(root.iter("title"), None)
    yield f"<html><head>{'' if base is None else _tag(base, 'href')}"
    yield f"{'' if title is None else _tag(title)}</head><body><p>{escape(said)}</p>"
    listed = False
    for element in root.iter(etree.Element):
        name = str(element.tag)
        if name in _FRAMES:
            yield _tag(element, *_FRAMES[name])
        elif name == "a" and element.get("href") is not None:
            first = not listed and next(element.iterancestors(*_ROWS), None) is not None
            listed |= first
            offer = _DOCUMENT.search(f"{element.get('href')}{element.get('onclick') or ''}")
            if first or offer or _names_document(element) or _REPORT.search("".join(element.itertext())):
                tag = _tag(element, "href", "title", "onclick")
                yield f"<li>{tag}</li>" if first else tag
        elif _DOCUMENT.search(element.get("onclick") or ""):
            yield _tag(element, "onclick", name="span")
    yield "</body></html>"


def _names_document(link: etree._Element) -> bool:
    """What a link says may be a file's name."""
    said = "".join((*link.itertext(), " ", link.get("title") or ""))
    return bool(_DOCUMENT.search(said))


def _tag(element: etree._Element, *attributes: str, name: str = "") -> str:
    kept = "".join(f' {key}="{escape(value)}"' for key in attributes if (value := element.get(key)) is not None)
    tag = name or str(element.tag)
    return f"<{tag}{kept}>" if tag == "base" else f"<{tag}{kept}>{escape(''.join(element.itertext()))}</{tag}>"

"""A page cut down while it is parsed: BeautifulSoup builds objects only for what the reader looks at.

Parsing costs little, building an object for every span of a page out of a word processor costs much. The parser's
events pass a sieve: inline elements without meaning are dropped and their text falls to the element around them,
attributes that nobody reads are dropped, comments too. Structure and text stay as the parser gave them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from bs4.builder._lxml import LXMLTreeBuilder

from audit.reading.document import UnreadableDocument

# An XML declaration above a page is common, and the page is HTML all the same.
warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)

BLOCKS = frozenset(
    """address article aside blockquote body br center dd details dialog div dl dt fieldset figure footer form h1 h2 h3
    h4 h5 h6 header hr html li main nav ol option p pre section select summary table tbody td tfoot th thead tr
    ul""".split()  # noqa: SIM905 - a list of words, not a column of them
)
"""Elements that begin a new line of text."""
SKIPPED = frozenset(
    "button head iframe input noscript object script style svg template textarea".split()  # noqa: SIM905
)
"""Elements whose text is not shown as running text."""
DOCUMENT = re.compile(r"\.(?:pdf|docx?|wps|xlsx?|et|zip|rar|ofd)(?:$|[?#])", re.I)
"""The end of an address that leads to a document."""

# Inside these the reader asks for the text piece by piece, so nothing may be merged; rt and rp are left out of it.
_WHOLE = frozenset(["a", "founder-date", "publishtime", "rp", "rt", "sub", "sup", "time", "title"])
STRUCK = frozenset(["del", "s", "strike"])
"""Elements whose text is struck through: it was withdrawn, 7 before 14 is not 714."""
_KEPT = BLOCKS | SKIPPED | STRUCK | _WHOLE | {"caption", "embed", "img", "meta"} - {"a"}
FRAME = frozenset(["table", "tbody", "tfoot", "thead", "tr"])
_READ = frozenset(
    """colspan content data datetime height hidden href http-equiv itemprop name property pubdate rowspan src srcdoc
    style value width""".split()  # noqa: SIM905
)
MOST_ELEMENTS = 200_000
"""Elements kept of one page; each costs about a kilobyte, a report has some thousands."""
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|text-decoration[^;]*line-through", re.I)


def whole_soup(text: str) -> BeautifulSoup:
    """Every element of the page: the reference that the cut must not differ from in what is read."""
    return BeautifulSoup(text, "lxml")


def cut_soup(text: str) -> BeautifulSoup:
    """The page without what the reader never looks at; two to four times as fast as the whole."""
    return BeautifulSoup(text, builder=_Sieve())


@lru_cache(maxsize=4096)
def is_hiding(style: str) -> bool:
    """Whether a style attribute takes its element off the page or strikes it through."""
    return bool(_HIDING.search(style))


class _Sieve(LXMLTreeBuilder):
    """The tree builder of BeautifulSoup, called by lxml for every tag; those without meaning go no further."""

    soup: Any

    def __init__(self) -> None:
        super().__init__()
        self._open: list[bool] = []
        self._kept = 0
        self._whole = 0

    def start(self, tag: Any, attrib: Mapping[Any, Any], nsmap: Mapping[Any, Any] = {}) -> None:  # noqa: ARG002
        """Pass on an element that means something, or one in a place that is read piece by piece."""
        kept = tag in _KEPT or self._whole > 0 or (bool(attrib) and _matters(tag, attrib))
        self._open.append(kept)
        if kept:
            self._kept += 1
            if self._kept > MOST_ELEMENTS:
                raise _too_large()
            self._whole += tag in _WHOLE
            self.soup.handle_starttag(tag, None, None, _read(attrib) if attrib else {})

    def end(self, tag: Any) -> None:
        """Close what was passed on."""
        if not self._open or self._open.pop():
            self._whole -= tag in _WHOLE
            self.soup.handle_endtag(tag)

    def data(self, data: Any) -> None:
        """Text passes, but not the white space between the rows and cells of a table."""
        soup = self.soup
        if soup.current_data or soup.currentTag.name not in FRAME or not data.isspace():
            soup.current_data.append(data)

    def comment(self, text: Any) -> None:
        """Comments are no text."""

    def pi(self, target: str, data: str) -> None:
        """Nor are processing instructions."""


def _too_large() -> UnreadableDocument:
    return UnreadableDocument(
        "too_large",
        f"网页超过 {MOST_ELEMENTS} 个元素，不像一份年度报告；请提供单份报告的网页",
        f"over {MOST_ELEMENTS} elements, unlike a yearly report; give the page of one report",
    )


def _read(attrib: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in attrib.items() if name in _READ and (name != "style" or is_hiding(value))}


def _matters(tag: str, attrib: Mapping[str, str]) -> bool:
    """A hidden element, or a link to a document."""
    style = attrib.get("style")
    if (style and is_hiding(style)) or "hidden" in attrib:
        return True
    return tag == "a" and bool(DOCUMENT.search(attrib.get("href", "")))

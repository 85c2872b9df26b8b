"""What every publishing system's module speaks in: a page that was read, and the list found on it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

_DATE = re.compile(r"(20\d{2}|19\d{2})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})")
_CRUMBS = re.compile(r"(?:当前|您|你|所在|现在)[的在]{0,3}(?:所在)?位置\s*[:：]?")
_STEP = re.compile(r"[>»›＞→/]+|\s[-|]+\s")
_URL_DATE = re.compile(r"/t?(20\d{2})(\d{2})(\d{2})_|/(20\d{2})[/-]?(\d{1,2})[/-](\d{1,2})/")


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a list. ``organ`` is the organisation column or heading it stands under, ``context`` its row.

    ``year`` is that of the heading above it, for titles that name none.
    ``elsewhere``: the address belongs to another column than the list and its other entries; it may have leaked in.
    """

    title: str
    url: str
    date: date | None = None
    organ: str = ""
    context: str = ""
    elsewhere: bool = False
    year: int | None = None


@dataclass(frozen=True, slots=True)
class PageLink:
    """A further page of the same list. ``alternate`` is tried if ``url`` is gone: some sites count from one.

    A system that answers by an endpoint may want a ``body`` (then it is a POST of ``content_type``) and a ``referer``.
    """

    url: str
    number: int | None = None
    alternate: str | None = None
    body: str = ""
    content_type: str = "application/x-www-form-urlencoded"
    referer: str = ""

    @property
    def key(self) -> str:
        """What tells it from every other request."""
        return f"{self.url} {self.body}"


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list. ``pages`` and ``total`` (items) are None where the page does not say.

    ``unresolved`` names a pager that is there but could not be followed: such a list was not read whole.
    ``undrawn`` says why a script may still add to what is listed.
    ``hollow``: the page itself lists nothing; ``next`` leads to the endpoints that do, each from page 1 on.
    ``reply``: an endpoint's reply, without marks or headings; its own form has shown that it is whole.
    ``further``: a list that begins on the page goes on at an endpoint, whose replies this system reads.
    ``rows`` counts the entries with repetitions; ``score`` 0..1 says how sure the reader is that this is the list.
    """

    items: tuple[Link, ...]
    page: int = 1
    pages: int | None = None
    total: int | None = None
    next: tuple[PageLink, ...] = ()
    frames: tuple[str, ...] = ()
    unresolved: str | None = None
    undrawn: str | None = None
    system: str = "static"
    hollow: bool = False
    reply: bool = False
    further: bool = False
    rows: int | None = None
    score: float = 1.0


@dataclass(frozen=True)
class Page:
    """A fetched page: final address, decoded text, and its number in the list if known from the pager.

    ``asked`` is the body it was asked for with, for systems whose next page differs from it in one number.
    ``within`` is the list's own page if this is an endpoint's reply: what it holds is shown, and resolved, there.
    ``drawn``: its scripts have run.
    """

    url: str
    text: str
    number: int = 1
    asked: str = ""
    within: str = ""
    drawn: bool = False

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "lxml")

    @cached_property
    def title(self) -> str:
        return clean(self.soup.title.get_text()) if self.soup.title else ""

    @cached_property
    def headings(self) -> list[Tag]:
        return self.soup.find_all(["h1", "h2", "h3"])

    @cached_property
    def crumbs(self) -> tuple[str, ...]:
        """The way to the page as it prints it: 当前位置：首页 > 示例市教育局 > 年报; without the label."""
        label = self.soup.find(string=_CRUMBS)
        for box in [*label.parents][:3] if label else ():
            steps = [clean(step) for step in _STEP.split(_CRUMBS.sub("", box.get_text(" "), count=1))]
            if len(steps) > 1:
                return tuple(step for step in steps if step)
        return ()

    @property
    def cut(self) -> str | None:
        """Why the page seems to end in the middle of its list; None if it looks whole."""
        if re.search(r"</(?:body|html)\s*>", self.text[-4000:], re.IGNORECASE):
            return None
        low = self.text.lower()
        still = next((tag for tag in ("ul", "ol", "table") if low.count(f"<{tag}") > low.count(f"</{tag}")), None)
        if still is None and low.rfind("<") <= low.rfind(">"):
            return None
        return f"页面在{still or '标签'}中断 / the page ends in the middle of a {still or 'tag'}"

    @cached_property
    def base(self) -> str:
        if self.within:
            return self.within
        tag = self.soup.find("base", href=True)
        return urljoin(self.url, str(tag["href"])) if isinstance(tag, Tag) else self.url

    def resolve(self, href: str) -> str | None:
        """Absolute address without fragment, or None for scripts, mail and the like."""
        try:
            # Browsers read a backslash as a slash; old editors wrote both.
            url = urldefrag(urljoin(self.base, href.strip().replace("\\", "/"))).url
            parts = urlsplit(url)
        except ValueError:
            return None
        return url if parts.scheme in {"http", "https"} and parts.hostname else None

    def same_host(self, url: str) -> bool:
        """The page's host, with or without ``www.``."""
        return _host(url) == _host(self.url)

    def same_column(self, url: str) -> bool:
        """The same host, or the page's own folder under another name of the host."""
        return (
            self.same_host(url) or urlsplit(url).path.rpartition("/")[0] == urlsplit(self.url).path.rpartition("/")[0]
        )


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower().removeprefix("www.")


def clean(text: str) -> str:
    """NFKC, without white space and invisible signs (domain.md N0)."""
    words = "".join(unicodedata.normalize("NFKC", text).split())
    if words.isprintable():  # no invisible sign is
        return words
    return "".join(sign for sign in words if unicodedata.category(sign) != "Cf")


def find_date(text: str) -> date | None:
    """The last date of a row of text, for rows end with it; None if there is none or it cannot be one."""
    found = _DATE.findall(unicodedata.normalize("NFKC", text))
    return _date(*found[-1]) if found else None


def date_in_url(url: str) -> date | None:
    """The date many systems write into an address: ``t20220120_1.html``, ``/2022/1/20/``."""
    found = _URL_DATE.search(url)
    if not found:
        return None
    parts = [part for part in found.groups() if part]
    return _date(parts[0], parts[1], parts[2])


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None

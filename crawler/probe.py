"""Looking at a portal for the first time: how far a crawl goes, where it looks for the column, what it keeps. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from crawler.cms.links import leads, target, title_of
from crawler.cms.page import Link, Page
from crawler.cms.static import COLUMN_NAME, ORGAN_END
from crawler.follow import Plan
from crawler.ledger import Visit
from crawler.media import names_document
from crawler.select import Choice, Kind, organ_in

_STEPS = (
    COLUMN_NAME,
    re.compile(r"信息公开.{0,6}(?:年报|年度报告)|公开年报"),
    re.compile(r"^法定主动公开(?:内容)?$|^主动公开(?:目录|内容)?$"),
    re.compile(r"^(?:政府|政务)?信息公开(?:平台|专栏|目录|网)?$|^(?:政府|政务)公开$"),
)
"""What links towards the reports' column say, the nearest to it first."""

_WAYS = 2
_SOME = 3
_LONGEST_NAME = 30
_SURELY_A_LIST = 5
_YEAR_ALONE = re.compile(r"^20\d{2}年?度?$")


class Scope(StrEnum):
    """``RUN`` fetches reports; ``LISTS`` reads only the lists; ``PROBE`` also looks for the column itself."""

    RUN = "run"
    LISTS = "lists"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a crawl goes: its scope and, if it is only a look, the most pages it may ask one portal for."""

    scope: Scope = Scope.RUN
    most_pages: int | None = None

    @classmethod
    def from_json(cls, job: Mapping[str, Any]) -> Self:
        """Out of a job document, which need not speak of it."""
        most = job.get("most_pages")
        return cls(Scope(job.get("scope", Scope.RUN)), int(most) if most else None)

    def fetches(self, choice: Choice) -> bool:
        """Whether the document behind a link is wanted; a bare year may be a list yet to be read."""
        return self.scope is Scope.RUN or bool(_YEAR_ALONE.match(choice.link.title))

    def spent(self, asked: int) -> bool:
        """Whether a portal was asked for as many pages as it may be."""
        return self.most_pages is not None and asked >= self.most_pages

    def widened(self, plan: Plan, page: Page, visit: Visit) -> Plan:
        """On a page that neither is the reports' column nor leads to it: the links that lead nearer to it."""
        if self.scope is Scope.PROBE and plan.names_column and not plan.choices:
            plan = replace(plan, choices=_organs_of_column(page))
        there = plan.folders or (plan.names_column and plan.choices) or len(plan.choices) >= _SURELY_A_LIST
        if self.scope is not Scope.PROBE or there or visit.role != "list":
            return plan
        ways = towards(page)[:_WAYS]
        # Not a level further down: what stands there is not yet taken for the column's.
        below = tuple(Visit(visit.portal, "list", url, depth=visit.depth) for url in ways)
        return replace(plan, folders=below, folder_urls=ways, needs_render=None if ways else plan.needs_render)


def towards(page: Page) -> tuple[str, ...]:
    """Addresses of the links that lead to the reports' column or nearer to it, the nearest first."""
    ranked: dict[str, int] = {}
    for anchor in page.soup.find_all("a", href=True):
        url, title = page.resolve(str(anchor["href"])), title_of(anchor)
        rank = next((number for number, words in enumerate(_STEPS) if words.search(title)), None)
        if url is None or rank is None or url == page.url or names_document(url) or len(title) > 20:
            continue
        if _site(url) == _site(page.url):
            ranked[url] = min(rank, ranked.get(url, rank))
    return tuple(sorted(ranked, key=lambda url: ranked[url]))


def _organs_of_column(page: Page) -> tuple[Choice, ...]:
    """Whose lists a column of nothing but folders leads to, if there are some of them."""
    found: dict[str, Choice] = {}
    for anchor in leads(page):
        url, name = target(page, anchor), organ_in(title_of(anchor))
        if url and url != page.url and page.same_host(url) and ORGAN_END.search(name) and len(name) <= _LONGEST_NAME:
            found.setdefault(name, Choice(Kind.OTHER, Link(name, url)))
    return tuple(found.values()) if len(found) >= _SOME else ()


def _site(url: str) -> str:
    """The host without its first label: many a portal keeps its column on ``zwgk.`` beside ``www.``."""
    host = urlsplit(url).hostname or ""
    return host if re.fullmatch(r"[\d.:]+", host) else host.partition(".")[2]

"""What follows from a page that should be a report: it is kept, with its further pages and the files beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from scrapy.http import Response

from crawler.classify import Outcome, Verdict
from crawler.cms import PageLink
from crawler.gathered import Gathered
from crawler.ledger import Visit, attached_to
from crawler.lists import Lists
from crawler.looking import Onward, SeenReport, look_at_report
from crawler.media import HTML
from crawler.middlewares.capture import pairs, text_of
from crawler.orders import Orders
from crawler.remembered import Looks
from crawler.run import Run
from crawler.select import Choice


class Reports:
    """Reads the reports of a run. What turns out to be a list goes to ``lists``."""

    def __init__(self, run: Run, looks: Looks, orders: Orders, lists: Lists) -> None:
        self._run, self._looks, self._orders, self._lists = run, looks, orders, lists
        self._gathering: dict[object, Gathered] = {}
        self._begun: set[object] = set()

    async def read(self, response: Response, visit: Visit, *, onward: bool = True) -> None:
        """Keep a report, a further page or a file of one, or go where it sends a reader on to."""
        choice = visit.choice
        if choice is None:
            raise TypeError("a report that nobody chose")
        seen = await self._looks.see(visit.portal, look_at_report, response, visit, choice, onward=onward)
        if isinstance(seen, Verdict):
            self._without(response, visit, seen)
        elif isinstance(seen, Onward):
            if not self._place(seen.url, replace(visit, hops=visit.hops + 1)):
                await self.read(response, visit, onward=False)
        elif seen is None:
            folder = Visit(visit.portal, "list", response.url, 1, visit.depth + 1, choice.organisation, choice.year)
            self._run.ledger(visit).enter(folder)
            await self._lists.read(response, folder)
        elif seen.further or visit.part_of:
            await self._add(response, visit, seen)
        else:
            self._keep(response, visit, choice, seen)

    async def settled(self, visit: Visit) -> None:
        """What was ordered for this visit is done: was it the last page of a report?"""
        if visit.part_of:
            self._gathering[_report_of(visit)].awaited -= 1
            await self._finish(visit)

    def _keep(self, response: Response, visit: Visit, choice: Choice, seen: SeenReport) -> None:
        sha = self._run.keep(response.body, response.meta["captured_sha256"], visit, response.url)
        at, headers = response.meta["captured_at"], pairs(response.headers)
        self._take(visit, choice, response.url, sha, seen.media, at, headers)
        below = attached_to(visit, response.url, optional=seen.whole)
        for link in seen.files:
            self._place(link.url, below)
        for link in seen.tucked:
            self._place(link.url, replace(below, tucked=True))

    def _without(self, response: Response, visit: Visit, verdict: Verdict) -> None:
        """Another way to a report that an answer does not show: a second address, a browser; else it is lost."""
        undrawn = verdict.outcome is Outcome.NEEDS_RENDER and "render" not in response.meta
        if visit.alternate and verdict.outcome in {Outcome.GONE, Outcome.SOFT_404}:
            self._place(visit.alternate, replace(visit, alternate=None))
        elif undrawn and self._run.renders(visit.portal, response.url):
            self._await(visit)
            self._orders.place_rendered(response, visit)
        else:
            self._run.ledger(visit).failed(visit, verdict, response.url)

    async def _add(self, response: Response, visit: Visit, seen: SeenReport) -> None:
        """Keep a page of a report that goes on, and order those that were not asked for yet."""
        begins = visit.part_of is None
        first = visit.part_of or response.url
        visit = replace(visit, part_of=first)
        key = _report_of(visit)
        if begins and key in self._begun:
            return  # two addresses led to it
        if begins:
            self._begun.add(key)
            at, headers = response.meta["captured_at"], pairs(response.headers)
            self._gathering[key] = Gathered(visit, first, at, headers)
        report = self._gathering[key]
        if any(part.url == response.url for part in report.parts):
            return  # the server gave another page in place of this one, which is not there then
        report.add(response.url, text_of(response), response.meta["captured_sha256"], seen.title, begins=seen.whole)
        for link, below in report.wanted(seen.further):
            self._place(link, below)
        for file in seen.files:
            self._place(file.url, replace(attached_to(report.visit, first, optional=True), part_of=None))
        if begins:
            await self._finish(visit)

    async def _finish(self, visit: Visit) -> None:
        """Once all pages of a report arrived, or failed: what they show together may be the report."""
        report = self._gathering[_report_of(visit)]
        if report.awaited or visit.choice is None:
            return
        body, parts = await asyncio.to_thread(report.document)
        (sha,) = {self._run.keep(body, part.sha, report.visit, part.url) for part in parts}
        headers = [*report.headers, ("Content-Type", "text/html; charset=utf-8")]
        self._take(report.visit, visit.choice, report.url, sha, HTML, report.captured_at, headers)
        del self._gathering[_report_of(visit)]

    def _take(self, visit: Visit, choice: Choice, url: str, *document: Any) -> None:
        """A document may be the report."""
        self._run.ledger(visit).take(visit, choice, url, *document)
        self._run.tell("report", visit.portal, organisation=choice.organisation, year=choice.year, url=url)

    def _place(self, link: PageLink | str, visit: Visit) -> bool:
        placed = self._orders.place(link, visit)
        if placed:
            self._await(visit)
        return placed

    def _await(self, visit: Visit) -> None:
        """A further page of a report is under way."""
        if visit.part_of:
            self._gathering[_report_of(visit)].awaited += 1


def _report_of(visit: Visit) -> object:
    """What the pages of one report have in common."""
    return visit.portal, visit.part_of, visit.choice and (visit.choice.organisation, visit.choice.year)

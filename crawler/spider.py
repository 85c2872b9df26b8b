"""The one spider: list, then detail, then attachment. Knows no site; what a page means is decided by pure modules."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.classify import Outcome, Unrecorded, Verdict, classify_failure
from crawler.cms import PageLink, pick
from crawler.coverage import PageRead
from crawler.evidence import EvidenceError
from crawler.follow import onward_of
from crawler.gathered import Gathered
from crawler.ledger import Ledger, Visit, attached_to
from crawler.looking import Onward, SeenList, SeenReport, look_at_list, look_at_report
from crawler.media import HTML
from crawler.middlewares.capture import pairs, text_of
from crawler.remembered import Remembered
from crawler.run import Run
from crawler.select import Choice, Kind


class PortalSpider(scrapy.Spider):
    """Reads every portal of a run. All state is in the run's ledgers."""

    name = "portal"

    def __init__(self, run: Run, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run
        self._remembered = {name: Remembered(run.looks_at(name)) for name in run.ledgers}
        self._gathering: dict[object, Gathered] = {}

    async def start(self) -> AsyncIterator[Any]:
        for ledger in self.run.ledgers.values():
            try:
                system = pick(ledger.portal.cms)
            except LookupError as error:
                ledger.errors.append(Verdict(Outcome.CODE_ERROR, str(error)))
                continue
            for url in system.first(ledger.portal):
                for request in self._order(url, Visit(ledger.portal.id, "list", url)):
                    yield request

    async def arrived(self, response: Response) -> AsyncIterator[Request]:
        """Every response comes here; a fault of our own is a verdict, not a silence."""
        visit: Visit = response.meta["visit"]
        ledger = self.run.ledger(visit)
        ordered: list[Request] = []
        try:
            ordered += await (self._list(response, visit) if visit.role == "list" else self._report(response, visit))
        except EvidenceError as error:
            self.run.fail(error)
        except Exception as error:  # noqa: BLE001 -- the portal must get its verdict row whatever happens
            ledger.failed(visit, Verdict(Outcome.CODE_ERROR, f"{type(error).__name__}: {error}"), response.url)
            self.run.tell("error", visit.portal, error=repr(error), url=response.url)
        ordered += self._settled(ledger, visit)
        for request in ordered:
            yield request

    def lost(self, failure: Failure) -> Iterator[Request]:
        """A fetch without a response."""
        request: Request = failure.request  # type: ignore[attr-defined]
        visit: Visit = request.meta["visit"]
        if isinstance(failure.value, Unrecorded):
            return  # stays pending, as it did then
        ledger = self.run.ledger(visit)
        ledger.failed(visit, classify_failure(failure.value or RuntimeError("no cause")), request.url)
        yield from self._settled(ledger, visit)

    def closed(self, _reason: str) -> None:
        """Nothing is under way any more."""
        for one in self._remembered.values():
            with contextlib.suppress(OSError):  # costs room, and nothing else
                one.close()
        looks = self._remembered.values()
        self.run.tell(
            "looks", None, parsed=sum(one.parsed for one in looks), recalled=sum(one.recalled for one in looks)
        )

    def _settled(self, ledger: Ledger, visit: Visit) -> Iterator[Request]:
        """One answer less is under way: was it the last page of a report, or the last of all?"""
        ledger.pending -= 1
        if visit.part_of:
            self._gathering[_report_of(visit)].awaited -= 1
            self._gathered(visit)
        yield from self._unlisted(ledger)

    def _unlisted(self, ledger: Ledger) -> Iterator[Request]:
        """Once the lists are read: does a known report that they do not show still stand where it was?"""
        for choice in ledger.unlisted():
            visit = Visit(ledger.portal.id, "report", "", choice=choice, unlisted=True)
            yield from self._order(choice.link.url, visit, choice)

    async def _list(self, response: Response, visit: Visit, *, onward: bool = True) -> list[Request]:
        ledger, run = self.run.ledger(visit), self.run
        seen = await asyncio.to_thread(
            self._remembered[visit.portal].see,
            look_at_list,
            response,
            visit,
            ledger.portal,
            ledger.organisations,
            run.years,
            run.reach,
            onward=onward,
        )
        if isinstance(seen, Verdict):
            if visit.alternate and seen.outcome in {Outcome.GONE, Outcome.SOFT_404}:
                return list(self._order(visit.alternate, replace(visit, alternate=None)))
            ledger.failed(visit, seen, response.url)
            return []
        if isinstance(seen, Onward):
            return self._onward(seen, visit) or await self._list(response, visit, onward=False)
        listing, found = seen.listing, seen.plan
        undrawn = found.needs_render or listing.undrawn
        if undrawn and "render" not in response.meta and run.renders(visit.portal, response.url):
            return [self._rendered(response, visit)]
        if found.needs_render:
            ledger.failed(visit, Verdict(Outcome.NEEDS_RENDER, found.needs_render), response.url)
            return []
        return list(self._further(seen, visit))

    def _further(self, seen: SeenList, visit: Visit) -> Iterator[Request]:
        """Enter a page of a list in the books, and order what it leads to."""
        ledger, listing, found = self.run.ledger(visit), seen.listing, seen.plan
        ledger.names_column |= found.names_column
        ledger.columns.setdefault(visit.list_url, seen.title)
        further, why = ledger.further(visit, listing.next, seen.items)
        if not (listing.hollow and further):
            read = PageRead(
                visit.number,
                seen.items,
                len({choice.link.url for choice in seen.choices}),
                listing.pages,
                listing.total,
                why or seen.why,
                len({item.url for item in listing.items if item.date}),
                listing.system,
                listing.rows,
                "" if listing.reply else seen.title,
                listing.score,
            )
            ledger.read(visit, read, leads_on=found.leads_on or listing.hollow, owner=found.owner)
        for choice in seen.choices:
            ledger.choose(choice)
            if choice.kind is Kind.REPORT and choice.year in self.run.years and self.run.reach.fetches(choice):
                report = replace(visit, role="report", choice=choice, optional=False)
                yield from self._order(choice.link.url, report, choice)
        for link, below in onward_of(visit, listing, found, further):
            yield from self._order(link.url, below, link=link)
        for url, folder in zip(found.folder_urls, found.folders, strict=True):
            yield from self._order(url, folder)

    async def _report(self, response: Response, visit: Visit, *, onward: bool = True) -> list[Request]:
        ledger, choice = self.run.ledger(visit), visit.choice
        if choice is None:
            raise TypeError("a report that nobody chose")
        see = self._remembered[visit.portal].see
        seen = await asyncio.to_thread(see, look_at_report, response, visit, choice, onward=onward)
        if isinstance(seen, Verdict):
            return list(self._without(response, visit, seen))
        if isinstance(seen, Onward):
            return self._onward(seen, visit) or await self._report(response, visit, onward=False)
        if seen is None:
            folder = Visit(visit.portal, "list", response.url, 1, visit.depth + 1, choice.organisation, choice.year)
            ledger.enter(folder)
            return await self._list(response, folder)
        if seen.further or visit.part_of:
            return list(self._pages(response, visit, seen))
        sha = self.run.keep(response.body, response.meta["captured_sha256"], visit, response.url)
        at, headers = response.meta["captured_at"], pairs(response.headers)
        self._take(visit, choice, response.url, sha, seen.media, at, headers)
        below = attached_to(visit, response.url, optional=seen.whole)
        files = [(link, below) for link in seen.files] + [(link, replace(below, tucked=True)) for link in seen.tucked]
        return [request for link, one in files for request in self._order(link.url, one, choice)]

    def _without(self, response: Response, visit: Visit, verdict: Verdict) -> Iterator[Request]:
        """Another way to a report that an answer does not show: a second address, a browser; else it is lost."""
        if visit.alternate and verdict.outcome in {Outcome.GONE, Outcome.SOFT_404}:
            yield from self._order(visit.alternate, replace(visit, alternate=None), visit.choice)
            return
        undrawn = verdict.outcome is Outcome.NEEDS_RENDER and "render" not in response.meta
        if undrawn and self.run.renders(visit.portal, response.url):
            yield self._rendered(response, visit)
            return
        self.run.ledger(visit).failed(visit, verdict, response.url)

    def _pages(self, response: Response, visit: Visit, seen: SeenReport) -> Iterator[Request]:
        """Keep a page of a report that goes on, and order those that were not asked for yet."""
        first = visit.part_of or response.url
        visit = visit if visit.part_of else replace(visit, part_of=first)
        if first == response.url:
            at, headers = response.meta["captured_at"], pairs(response.headers)
            self._gathering[_report_of(visit)] = Gathered(visit, first, at, headers)
        report = self._gathering[_report_of(visit)]
        report.add(response.url, text_of(response), response.meta["captured_sha256"], seen.title, begins=seen.whole)
        for link, below in report.wanted(seen.further):
            yield from self._order(link.url, below, visit.choice)
        for file in seen.files:
            below = attached_to(report.visit, first, optional=True)
            yield from self._order(file.url, replace(below, part_of=None), visit.choice)
        if first == response.url:
            self._gathered(visit)

    def _gathered(self, visit: Visit) -> None:
        """Once all pages of a report arrived, or failed: what they show together may be the report."""
        report = self._gathering[_report_of(visit)]
        if report.awaited or visit.choice is None:
            return
        body, parts = report.document()
        (sha,) = {self.run.keep(body, part.sha, report.visit, part.url) for part in parts}
        headers = [*report.headers, ("Content-Type", "text/html; charset=utf-8")]
        self._take(report.visit, visit.choice, report.url, sha, HTML, report.captured_at, headers)
        del self._gathering[_report_of(visit)]

    def _take(self, visit: Visit, choice: Choice, url: str, *document: Any) -> None:
        """A document may be the report."""
        self.run.ledger(visit).take(visit, choice, url, *document)
        self.run.tell("report", visit.portal, organisation=choice.organisation, year=choice.year, url=url)

    def _onward(self, seen: Onward, visit: Visit) -> list[Request]:
        """The request for the page that this one only sends on to, unless it was asked for already."""
        return list(self._order(seen.url, replace(visit, hops=visit.hops + 1), visit.choice))

    def _rendered(self, response: Response, visit: Visit) -> Request:
        """The request for what a browser makes of a page."""
        ledger = self._open(visit)
        meta = {
            "visit": visit,
            "download_slot": ledger.portal.group,
            "render": response,
            "captured_sha256": response.meta["captured_sha256"],
        }
        return Request(response.url, callback=self.arrived, errback=self.lost, dont_filter=True, meta=meta)

    def _open(self, visit: Visit) -> Ledger:
        """Enter an order in the books."""
        ledger = self.run.ledger(visit)
        ledger.open(visit)
        if visit.part_of:
            self._gathering[_report_of(visit)].awaited += 1
        return ledger

    def _order(
        self, url: str, visit: Visit, choice: Choice | None = None, *, link: PageLink | None = None
    ) -> Iterator[Request]:
        """A request for ``url`` unless this portal already asked for it for the same purpose."""
        ledger = self.run.ledger(visit)
        asked = link or PageLink(url)
        key = f"{visit.role} {asked.key} {f'{choice.organisation} {choice.year}' if choice else ''}"
        if key in ledger.seen or self.run.failure or self.run.reach.spent(len(ledger.seen)):
            return
        ledger.seen.add(key)
        self._open(visit)
        meta = {"visit": visit, "download_slot": ledger.portal.group}
        yield Request(
            url,
            method="POST" if asked.body else "GET",
            body=asked.body,
            headers=_headers(asked),
            callback=self.arrived,
            errback=self.lost,
            dont_filter=True,
            meta=meta,
        )


def _report_of(visit: Visit) -> object:
    """What the pages of one report have in common."""
    return visit.portal, visit.part_of, visit.choice and (visit.choice.organisation, visit.choice.year)


def _headers(link: PageLink) -> dict[str, str]:
    headers = {"Content-Type": link.content_type} if link.body else {}
    return headers | ({"Referer": link.referer} if link.referer else {})

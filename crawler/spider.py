"""The one spider: list, then detail, then attachment. Knows no site; what a page means is decided by pure modules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.attached import attachments, covered, holds_report, is_folder
from crawler.classify import Outcome, Unrecorded, Verdict, classify_failure, classify_list, classify_report
from crawler.cms import Page, PageLink, pick
from crawler.coverage import PageRead
from crawler.evidence import EvidenceError
from crawler.follow import MOST_HOPS, forward, onward_of, plan, report_of
from crawler.ledger import Ledger, Visit
from crawler.media import HTML, sniff
from crawler.middlewares.capture import pairs, text_of
from crawler.middlewares.render import unseen
from crawler.run import Run
from crawler.select import Choice, Kind
from crawler.slim import report_page


class PortalSpider(scrapy.Spider):
    """Reads every portal of a run. All state is in the run's ledgers."""

    name = "portal"

    def __init__(self, run: Run, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

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

    def arrived(self, response: Response) -> Iterator[Request]:
        """Every response comes here; a fault of our own is a verdict, not a silence."""
        visit: Visit = response.meta["visit"]
        ledger = self.run.ledger(visit)
        try:
            if visit.role == "list":
                yield from self._list(response, visit)
            else:
                yield from self._report(response, visit)
        except EvidenceError as error:
            self.run.fail(error)
        except Exception as error:  # noqa: BLE001 -- the portal must get its verdict row whatever happens
            ledger.failed(visit, Verdict(Outcome.CODE_ERROR, f"{type(error).__name__}: {error}"), response.url)
            self.run.tell("error", visit.portal, error=repr(error), url=response.url)
        ledger.pending -= 1
        yield from self._unlisted(ledger)

    def lost(self, failure: Failure) -> Iterator[Request]:
        """A fetch without a response."""
        request: Request = failure.request  # type: ignore[attr-defined]
        visit: Visit = request.meta["visit"]
        if isinstance(failure.value, Unrecorded):
            return  # stays pending, as it did then
        ledger = self.run.ledger(visit)
        ledger.failed(visit, classify_failure(failure.value or RuntimeError("no cause")), request.url)
        ledger.pending -= 1
        yield from self._unlisted(ledger)

    def _unlisted(self, ledger: Ledger) -> Iterator[Request]:
        """Once the lists are read: does a known report that they do not show still stand where it was?"""
        for choice in ledger.unlisted():
            visit = Visit(ledger.portal.id, "report", "", choice=choice, unlisted=True)
            yield from self._order(choice.link.url, visit, choice)

    def _list(self, response: Response, visit: Visit) -> Iterator[Request]:
        ledger = self.run.ledger(visit)
        text = text_of(response)
        asked = (response.meta.get("redirect_urls") or [response.url])[0]
        verdict = classify_list(response.status, text, asked, response.url)
        if verdict:
            if visit.alternate and verdict.outcome in {Outcome.GONE, Outcome.SOFT_404}:
                yield from self._order(visit.alternate, replace(visit, alternate=None))
            else:
                ledger.failed(visit, verdict, response.url)
            return
        page = Page(response.url, text, visit.number, visit.body, visit.list_url if visit.system else "")
        if onward := self._onward(page, visit):
            yield from onward
            return
        listing = pick(visit.system or ledger.portal.cms, page).parse(page)
        found = plan(page, listing, visit, ledger.organisations, self.run.years)
        found = self.run.reach.widened(found, page, visit)
        rendered = "render" in response.meta
        undrawn = found.needs_render or listing.undrawn
        if undrawn and not rendered and self.run.renders(visit.portal, response.url):
            yield self._rendered(response, visit)
            return
        if found.needs_render:
            ledger.failed(visit, Verdict(Outcome.NEEDS_RENDER, found.needs_render), response.url)
            return
        ledger.names_column |= found.names_column
        ledger.columns.setdefault(visit.list_url, page.title)
        choices = (report_of(page, visit, ledger.organisations),) if found.is_report else found.choices
        items = frozenset(item.url for item in listing.items) | ({page.url} if found.is_report else set())
        further, why = ledger.further(visit, listing.next, items)
        why = why or listing.unresolved or found.unresolved or (None if listing.reply else page.cut)
        why = why or (unseen(page, response.meta["lost"]) if rendered else None)
        reports = len({choice.link.url for choice in choices})
        if not (listing.hollow and further):
            dated = len({item.url for item in listing.items if item.date})
            read = PageRead(
                visit.number,
                items,
                reports,
                listing.pages,
                listing.total,
                why,
                dated,
                listing.system,
                listing.rows,
                "" if listing.reply else page.title,
                listing.score,
            )
            ledger.read(visit, read, leads_on=found.leads_on or listing.hollow, owner=found.owner)
        for choice in choices:
            ledger.choose(choice)
            if choice.kind is Kind.REPORT and choice.year in self.run.years and self.run.reach.fetches(choice):
                report = replace(visit, role="report", choice=choice, optional=False)
                yield from self._order(choice.link.url, report, choice)
        for link, below in onward_of(visit, listing, found, further):
            yield from self._order(link.url, below, link=link)
        for url, folder in zip(found.folder_urls, found.folders, strict=True):
            yield from self._order(url, folder)

    def _report(self, response: Response, visit: Visit) -> Iterator[Request]:
        ledger, choice = self.run.ledger(visit), visit.choice
        media = sniff(response.body)
        text = text_of(response) if media == HTML else ""
        redirected = bool(response.meta.get("redirect_urls"))
        verdict = classify_report(response.status, response.url, media, text, redirected=redirected)
        if verdict or choice is None:
            ledger.failed(visit, verdict or Verdict(Outcome.CODE_ERROR, "no choice"), response.url)
            return
        page = report_page(response.url, text)
        if page and (onward := self._onward(page, visit)):
            yield from onward
            return
        if page and media == HTML and is_folder(page, choice):
            folder = Visit(visit.portal, "list", page.url, 1, visit.depth + 1, choice.organisation, choice.year)
            ledger.enter(folder)
            yield from self._list(response, folder)
            return
        sha = self.run.keep(response.body, response.meta["captured_sha256"], visit, response.url)
        ledger.take(visit, choice, response.url, sha, media, response.meta["captured_at"], pairs(response.headers))
        self.run.tell("report", visit.portal, organisation=choice.organisation, year=choice.year, url=response.url)
        if page and media == HTML and visit.role == "report":
            whole = holds_report(page)
            for link in attachments(page) or covered(page, choice):
                below = replace(visit, role="attachment", attachment_of=response.url, optional=whole)
                yield from self._order(link.url, below, choice)

    def _onward(self, page: Page, visit: Visit) -> list[Request]:
        """The request for the page that this one only sends on to, unless it was asked for already."""
        url = forward(page) if visit.hops < MOST_HOPS else None
        return list(self._order(url, replace(visit, hops=visit.hops + 1), visit.choice)) if url else []

    def _rendered(self, response: Response, visit: Visit) -> Request:
        """The request for what a browser makes of a page."""
        ledger = self.run.ledger(visit)
        ledger.open(visit)
        meta = {
            "visit": visit,
            "download_slot": ledger.portal.group,
            "render": response,
            "captured_sha256": response.meta["captured_sha256"],
        }
        return Request(response.url, callback=self.arrived, errback=self.lost, dont_filter=True, meta=meta)

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
        ledger.open(visit)
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


def _headers(link: PageLink) -> dict[str, str]:
    headers = {"Content-Type": link.content_type} if link.body else {}
    return headers | ({"Referer": link.referer} if link.referer else {})

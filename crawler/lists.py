"""What follows from a page of a list: an entry in the books, its reports, its further pages, and the lists below it."""

from __future__ import annotations

from dataclasses import replace

from scrapy.http import Response

from crawler.classify import Outcome, Verdict
from crawler.coverage import PageRead
from crawler.follow import onward_of
from crawler.ledger import Visit
from crawler.looking import Onward, SeenList, look_at_list
from crawler.orders import Orders
from crawler.remembered import Looks
from crawler.run import Run
from crawler.select import Kind


class Lists:
    """Reads the lists of a run."""

    def __init__(self, run: Run, looks: Looks, orders: Orders) -> None:
        self._run, self._looks, self._orders = run, looks, orders

    async def read(self, response: Response, visit: Visit, *, onward: bool = True) -> None:
        """Read a page of a list, or go where it sends a reader on to."""
        ledger, run = self._run.ledger(visit), self._run
        seen = await self._looks.see(
            visit.portal,
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
            self._without(visit, seen, response.url)
        elif isinstance(seen, Onward):
            if not self._orders.place(seen.url, replace(visit, hops=visit.hops + 1)):
                await self.read(response, visit, onward=False)
        elif self._is_drawn(seen) or "render" in response.meta or not run.renders(visit.portal, response.url):
            self._enter(seen, visit, response.url)
        else:
            self._orders.place_rendered(response, visit)

    def _without(self, visit: Visit, verdict: Verdict, url: str) -> None:
        """A page that shows no list may have a second address."""
        if visit.alternate and verdict.outcome in {Outcome.GONE, Outcome.SOFT_404}:
            self._orders.place(visit.alternate, replace(visit, alternate=None))
        else:
            self._run.ledger(visit).failed(visit, verdict, url)

    def _is_drawn(self, seen: SeenList) -> bool:
        return not (seen.plan.needs_render or seen.listing.undrawn)

    def _enter(self, seen: SeenList, visit: Visit, url: str) -> None:
        """Enter a page of a list in the books, and order what it leads to."""
        ledger, listing, found = self._run.ledger(visit), seen.listing, seen.plan
        if found.needs_render:
            ledger.failed(visit, Verdict(Outcome.NEEDS_RENDER, found.needs_render), url)
            return
        ledger.names_column |= found.names_column
        ledger.columns.setdefault(visit.list_url, seen.title)
        further, why = ledger.further(visit, listing.next, seen.items)
        if not (listing.hollow and further):
            page = _page_read(seen, visit, why)
            ledger.read(visit, page, leads_on=found.leads_on or listing.hollow, owner=found.owner)
        for choice in seen.choices:
            ledger.choose(choice)
            if choice.kind is Kind.REPORT and choice.year in self._run.years and self._run.reach.fetches(choice):
                self._orders.place(choice.link.url, replace(visit, role="report", choice=choice, optional=False))
        for link, below in onward_of(visit, listing, found, further):
            self._orders.place(link, below)
        for address, folder in zip(found.folder_urls, found.folders, strict=True):
            self._orders.place(address, folder)


def _page_read(seen: SeenList, visit: Visit, why: str | None) -> PageRead:
    listing = seen.listing
    return PageRead(
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

"""The one spider: list, then detail, then attachment. Knows no site; what a page means is decided by pure modules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.classify import Outcome, Unrecorded, Verdict, classify_failure
from crawler.cms import pick
from crawler.evidence import EvidenceError
from crawler.ledger import Ledger, Visit
from crawler.lists import Lists
from crawler.orders import Orders
from crawler.remembered import Looks
from crawler.reports import Reports
from crawler.run import Run


class PortalSpider(scrapy.Spider):
    """Reads every portal of a run. All state is in the run's ledgers, and in the orders not yet carried out."""

    name = "portal"

    def __init__(self, run: Run, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run
        self._looks = Looks(run.looks, run.ledgers)
        self._orders = Orders(run, self.arrived, self.lost)
        self._lists = Lists(run, self._looks, self._orders)
        self._reports = Reports(run, self._looks, self._orders, self._lists)

    async def start(self) -> AsyncIterator[Any]:
        for ledger in self.run.ledgers.values():
            try:
                system = pick(ledger.portal.cms)
            except LookupError as error:
                ledger.errors.append(Verdict(Outcome.CODE_ERROR, str(error)))
                continue
            for url in system.first(ledger.portal):
                self._orders.place(url, Visit(ledger.portal.id, "list", url))
            for request in self._orders.due(ledger):
                yield request

    async def arrived(self, response: Response) -> AsyncIterator[Request]:
        """Every response comes here; a fault of our own is a verdict, not a silence."""
        visit: Visit = response.meta["visit"]
        ledger = self.run.ledger(visit)
        with self._answering_for(ledger, visit, response.url):
            await (self._lists if visit.role == "list" else self._reports).read(response, visit)
        async for request in self._settled(ledger, visit, response.url):
            yield request

    async def lost(self, failure: Failure) -> AsyncIterator[Request]:
        """A fetch without a response."""
        request: Request = failure.request  # type: ignore[attr-defined]
        visit: Visit = request.meta["visit"]
        ledger = self.run.ledger(visit)
        if isinstance(failure.value, Unrecorded):
            ledger.unrecorded += 1  # stays pending, as it did then
            for further in self._orders.due(ledger):
                yield further
            return
        ledger.failed(visit, classify_failure(failure.value or RuntimeError("no cause")), request.url)
        async for further in self._settled(ledger, visit, request.url):
            yield further

    def closed(self, _reason: str) -> None:
        """Nothing is under way any more."""
        parsed, recalled = self._looks.close()
        self.run.tell("looks", None, parsed=parsed, recalled=recalled)

    async def _settled(self, ledger: Ledger, visit: Visit, url: str) -> AsyncIterator[Request]:
        """One order less is under way. Once the lists are read: do known reports still stand where they were?"""
        with self._answering_for(ledger, visit, url):
            await self._reports.settled(visit)
        ledger.pending -= 1
        for choice in ledger.unlisted():
            self._orders.place(choice.link.url, Visit(ledger.portal.id, "report", "", choice=choice, unlisted=True))
        for request in self._orders.due(ledger):
            yield request

    @contextmanager
    def _answering_for(self, ledger: Ledger, visit: Visit, url: str) -> Iterator[None]:
        """Whatever goes wrong, the portal gets its verdict, and what it is yet to be asked for is asked for."""
        try:
            yield
        except EvidenceError as error:
            self.run.fail(error)
        except Exception as error:  # noqa: BLE001 -- whatever goes wrong
            ledger.failed(visit, Verdict(Outcome.CODE_ERROR, f"{type(error).__name__}: {error}"), url)
            self.run.tell("error", visit.portal, error=repr(error), url=url)

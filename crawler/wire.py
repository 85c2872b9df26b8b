"""The one way to a server: in turn, within the portal's hours, and only to addresses that the portal may reach."""

from __future__ import annotations

import copy

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawler.classify import Outcome, Refused
from crawler.middlewares.address_guard import RULES, insist, networks, refusal
from crawler.middlewares.retry_after import asked_for
from crawler.portal import Certificates, Portal
from crawler.run import Run


class Wire(BaseDownloadHandler):
    """Downloads over HTTP/1.1. What it refuses it raises, so that capture writes it down like any failure."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._run, self._crawler = Run.of(crawler), crawler
        self._handlers: dict[Certificates, HTTP11DownloadHandler] = {}

    async def download_request(self, request: Request) -> Response:
        portal = self._run.ledger(request.meta["visit"]).portal
        async with self._run.manners.turn(request.meta["download_slot"]):
            if not portal.politeness.open_at(self._run.clock().astimezone(self._run.zone).time()):
                raise Refused(
                    Outcome.OUTSIDE_WINDOW, f"不在抓取时段 / outside of the window {portal.politeness.window}"
                )
            response = await self._guarded(request, portal)
            wait = asked_for(response, self._run.clock())
            if wait is not None:  # before the next request of the group gets its turn
                self._run.manners.pause(request.meta["download_slot"], wait)
            return response

    async def close(self) -> None:
        for handler in self._handlers.values():
            await handler.close()

    async def _guarded(self, request: Request, portal: Portal) -> Response:
        try:
            response = await self._handler(portal.certificates).download_request(request)
        except CannotResolveHostError as error:
            host = (urlparse_cached(request).hostname or "").lower()
            if host in RULES.refused:
                raise refusal(RULES.refused[host]) from error
            raise
        if response.ip_address is not None:  # a kept-alive connection may have been opened for another portal
            insist(response.ip_address, networks(portal))
        return response

    def _handler(self, certificates: Certificates) -> HTTP11DownloadHandler:
        """One for each way with certificates: a connection nobody verified is never shared with who wants it so."""
        if certificates not in self._handlers:
            crawler = copy.copy(self._crawler)
            crawler.settings = settings = self._crawler.settings.copy()
            settings.frozen = False
            settings.set("DOWNLOAD_VERIFY_CERTIFICATES", certificates is Certificates.VERIFY, "cmdline")
            self._handlers[certificates] = HTTP11DownloadHandler(crawler)
        return self._handlers[certificates]

"""The one way to a server: in turn, within the portal's hours, and only to addresses that the portal may reach."""

from __future__ import annotations

import copy
import zlib
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, ResponseDataLossError
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.interfaces import IAddress
from twisted.web._newclient import HEADER, STATUS

from crawler.classify import Outcome, Refused
from crawler.middlewares.address_guard import RULES, insist, networks, refusal
from crawler.middlewares.retry_after import asked_for
from crawler.portal import Certificates, Portal
from crawler.run import Run

_LARGEST_HEAD = 256 * 1024
_LARGEST_PAGE = 50 * 1024 * 1024
_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"


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
        if not _whole(response):
            raise ResponseDataLossError("gzip")
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
            self._handlers[certificates] = _Handler(crawler)
        return self._handlers[certificates]


def _whole(response: Response) -> bool:
    """Whether packed bytes end where they say. Unpacked without this, a page cut short would pass for all there is."""
    packed = response.body
    if b"gzip" not in (response.headers.get("Content-Encoding") or b"").lower() or not packed.startswith(_GZIP):
        return True
    unpacked = 0
    while packed.startswith(_GZIP):  # several one after the other are allowed
        inflater = zlib.decompressobj(wbits=31)
        while packed and not inflater.eof and unpacked <= _LARGEST_PAGE:
            try:
                unpacked += len(inflater.decompress(packed, _PIECE))
            except zlib.error:
                return False
            packed = inflater.unconsumed_tail
        if unpacked > _LARGEST_PAGE:
            return True  # too large, which is told where it is unpacked
        if not inflater.eof:
            return False
        packed = inflater.unused_data
    return True


class _Handler(HTTP11DownloadHandler):
    """Scrapy's own, with a limit that Twisted lacks: it would gather the head of an answer for ever."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _Protocol:  # noqa: ARG002, N802 -- Twisted's interface
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _Protocol(_LenientHTTP11ClientProtocol):
    """Ends a connection whose answer has a head larger than any honest one."""

    _head, _of = 0, None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 -- Twisted's interface
        parser: Any = self._parser
        if parser is not self._of:  # the head of another answer
            self._head, self._of = 0, parser
        if parser is not None and parser.state in {STATUS, HEADER}:
            self._head += len(data)
        if self._head > _LARGEST_HEAD and self.transport is not None:
            self.transport.abortConnection()
        else:
            super().dataReceived(data)  # type: ignore[no-untyped-call]

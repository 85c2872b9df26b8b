"""Every response and every failure becomes evidence before anyone looks at it: redirects, retries, robots included."""

from __future__ import annotations

import asyncio
from datetime import datetime
from sys import intern
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from crawler.classify import classify_failure
from crawler.decode import decode
from crawler.evidence import EvidenceError
from crawler.ledger import FRAMING
from crawler.playback import RENDERED, sent
from crawler.portal import Certificates
from crawler.recorder import Entry, Exchange, Kept
from crawler.run import Run
from crawler.validators import Known

_NOT_MODIFIED = 304


class CaptureMiddleware:
    """Sits next to the downloader, outside of decompression, so that the WARC holds what went over the wire."""

    def __init__(self, run: Run) -> None:
        if run.recorder is None:
            raise TypeError("a replay captures nothing")
        self._run, self._recorder = run, run.recorder

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    async def process_response(self, request: Request, response: Response) -> Response:
        if "render" in request.meta:
            return await self._rendered(request, response)
        at = self._run.clock()
        run, visit = self._run, request.meta["visit"]
        known: Known | None = request.meta.get("known") if response.status == _NOT_MODIFIED else None
        headers = [pair for pair in pairs(response.headers) if pair[0].lower() not in FRAMING]
        line = self._line(request, at) | {
            "status": response.status,
            "address": str(response.ip_address or ""),
        }
        if known:  # the server says that the bytes of an earlier capture still stand
            unchanged = {"sha256": known.sha, "warc": known.warc, "offset": known.offset}
            line |= {"sha256": known.sha, "not_modified": unchanged}
        exchange = Exchange(
            response.url,
            at,
            (request.method, pairs(request.headers)),
            (response.status, headers, response.body),
            request.body,
        )
        kept = await self._keep(Entry(line, None if known else response.body, exchange))
        sha = known.sha if known else kept.sha
        run.ledgers[visit.portal].capture(visit, sha, response.status)
        request.meta["captured_at"], request.meta["captured_sha256"] = at.isoformat(), sha
        request.meta["captured"] = kept
        run.tell("page", visit.portal, url=response.url, status=response.status, bytes=len(response.body))
        return response

    async def _rendered(self, request: Request, response: Response) -> Response:
        """What a browser made of a page is no answer of the server: it has no WARC record, but a line and a blob."""
        at = self._run.clock()
        made = {"made_at": response.url, "lost": request.meta["lost"], "decoded_from": request.meta["captured_sha256"]}
        kept = await self._keep(Entry(self._line(request, at) | made, response.body))
        self._run.ledger(request.meta["visit"]).keep(request.meta["visit"], kept.sha)
        request.meta["captured_at"], request.meta["captured_sha256"] = at.isoformat(), kept.sha
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        verdict = classify_failure(exception)
        failed = {"outcome": verdict.outcome.value, "error": verdict.evidence}
        await self._keep(Entry(self._line(request, self._run.clock()) | failed))
        self._run.tell("page", request.meta["visit"].portal, url=request.url, error=verdict.outcome.value)

    def _line(self, request: Request, at: datetime) -> dict[str, Any]:
        """What a line of the manifest says of every fetch. A certificate that nobody verified is on the record."""
        visit = request.meta["visit"]
        portal = self._run.ledger(visit).portal
        line = {
            "run": self._run.id,
            "portal": visit.portal,
            "role": RENDERED if "render" in request.meta else visit.role,
            "method": request.method,
            "url": request.url,
            "at": at.isoformat(),
        }
        unverified = portal.certificates is Certificates.IGNORE and request.url.startswith("https:")
        return line | sent(request.body) | ({"certificate": "unverified"} if unverified else {})

    async def _keep(self, entry: Entry) -> Kept:
        try:
            return await asyncio.wrap_future(self._recorder.keep(entry))
        except EvidenceError as error:
            self._run.fail(error)
            raise


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Header lines in order, as text. Names are kept with every report, and are the same few: each is there once."""
    named = [(intern(name.decode("latin-1")), values) for name, values in headers.items()]
    return [(name, value.decode("latin-1")) for name, values in named for value in values]


def text_of(response: Response) -> str:
    """The body as text, whatever charset the headers claim."""
    declared = response.headers.get("Content-Type")
    return decode(response.body, declared.decode("latin-1") if declared else None).text

"""Asks whether a page changed instead of fetching it again; an unchanged one is read out of our own evidence.

Not Scrapy's HTTP cache: that answers without asking, and turns a 500 into a 200.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.evidence import EvidenceError
from crawler.middlewares.capture import pairs
from crawler.run import Run
from crawler.validators import Known

_CONDITIONS = ("If-None-Match", "If-Modified-Since")
_OK, _NOT_MODIFIED = 200, 304


class ConditionalMiddleware:
    """Sits inside of capture, which writes the 304 down as what it was, and outside of decompression."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    def process_request(self, request: Request) -> None:
        for name in _CONDITIONS:  # a redirect or a new try brings those of the request before
            request.headers.pop(name, None)
        request.meta["known"] = known = None if request.meta.get("in_full") else self._known(request)
        if known:
            request.headers.update(known.conditions())

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        if response.status == _NOT_MODIFIED and not request.meta.get("in_full"):
            known: Known | None = request.meta["known"]
            stored = await asyncio.to_thread(self._stored, known)
            if known is None or stored is None:  # not asked for, or the evidence is gone
                return request.replace(dont_filter=True, meta={**request.meta, "in_full": True})
            return response.replace(status=_OK, body=stored, headers=dict(_grouped(known)))
        if response.status == _OK and _may_ask(request):
            kept, at = request.meta["captured"], datetime.fromisoformat(request.meta["captured_at"])
            known = Known(kept.sha, kept.warc, kept.offset, at, tuple(pairs(response.headers)))
            self._run.validators.learn(request.meta["visit"].portal, request.url, known)
        return response

    def _known(self, request: Request) -> Known | None:
        if not _may_ask(request):
            return None
        return self._run.validators.known(request.meta["visit"].portal, request.url, self._run.clock())

    def _stored(self, known: Known | None) -> bytes | None:
        try:
            return self._run.blobs.read(known.sha) if known else None
        except EvidenceError:
            return None


def _may_ask(request: Request) -> bool:
    return request.method == "GET" and request.meta["visit"].role != "robots" and "render" not in request.meta


def _grouped(known: Known) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in known.headers:
        found.setdefault(name, []).append(value)
    return found

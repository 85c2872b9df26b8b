"""Reads a past run again, from its evidence and without a network: a handler in place of the wire, and no capture."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.classify import Outcome, Recorded, Unrecorded, Verdict
from crawler.evidence import EvidenceError, Record
from crawler.playback import Playback
from crawler.recorder import Kept
from crawler.run import Run
from crawler.validators import Known


class ReplayHandler(BaseDownloadHandler):
    """Answers a request as it was answered then, a failure by the same failure."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._run = Run.of(crawler)
        if self._run.playback is None:
            raise TypeError("no replay")
        self._playback: Playback = self._run.playback

    async def download_request(self, request: Request) -> Response:
        visit = request.meta["visit"]
        try:
            found = self._playback.answer(visit.portal, visit.role, request.method, request.url, request.body)
            if found is None:
                raise Unrecorded(request.url)
            request.meta["recorded"] = line = found.line
            if found.response is None:
                raise Recorded(Verdict(Outcome(line["outcome"]), str(line["error"])))
            if unchanged := line.get("not_modified"):
                whole = self._playback.record(str(unchanged["warc"]), int(unchanged["offset"]))
                request.meta["known"] = Known(
                    str(unchanged["sha256"]),
                    str(unchanged["warc"]),
                    int(unchanged["offset"]),
                    datetime.fromisoformat(line["at"]),
                    whole.headers,
                )
        except EvidenceError as error:
            self._run.fail(error)
            raise
        return _response(request.url, found.response)


class ReplayMiddleware:
    """Tells of every answer what capture told of it then."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    def process_response(self, request: Request, response: Response) -> Response:
        line, visit = request.meta["recorded"], request.meta["visit"]
        sha = str(line["sha256"])
        self._run.ledgers[visit.portal].capture(visit, sha, response.status)
        request.meta["captured_at"], request.meta["captured_sha256"] = str(line["at"]), sha
        request.meta["captured"] = Kept(sha, str(line["warc"]), int(line["offset"]))
        self._run.tell("page", visit.portal, url=response.url, status=response.status, bytes=len(response.body))
        return response


def _response(url: str, record: Record) -> Response:
    headers = Headers()
    for name, value in record.headers:
        headers.appendlist(name.encode("latin-1"), value.encode("latin-1"))
    kind = responsetypes.from_args(headers=headers, url=url, body=record.body)
    return kind(url, status=record.status, headers=headers, body=record.body)

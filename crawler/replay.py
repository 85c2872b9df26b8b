"""Reads a past run again, from its evidence and without a network: a handler in place of the wire, and no capture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, HtmlResponse, Response
from scrapy.responsetypes import responsetypes

from crawler.classify import Outcome, Recorded, Unrecorded, Verdict
from crawler.evidence import EvidenceError, Record
from crawler.playback import RENDERED, Answered, Playback
from crawler.recorder import Kept
from crawler.run import Run
from crawler.validators import Known


class ReplayHandler(BaseDownloadHandler):
    """Answers a request as it was answered then, a failure by the same failure."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._run = Run.of(crawler)

    async def download_request(self, request: Request) -> Response:
        with _failing(self._run):
            found = _answer(self._run, request, request.meta["visit"].role)
            if found.response is None:
                raise TypeError("no response")
            if unchanged := found.line.get("not_modified"):
                request.meta["known"] = self._known(found.line, unchanged)
        return _response(request.url, found.response)

    def _known(self, line: Mapping[str, Any], unchanged: Mapping[str, Any]) -> Known:
        warc, offset = str(unchanged["warc"]), int(unchanged["offset"])
        headers = _playback(self._run).record(warc, offset).headers
        return Known(str(unchanged["sha256"]), warc, offset, datetime.fromisoformat(line["at"]), headers)


class ReplayMiddleware:
    """Tells of every answer what capture told of it then, and gives the documents that a browser made then."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    def process_request(self, request: Request) -> Response | None:
        if "render" not in request.meta:
            return None
        with _failing(self._run):
            found = _answer(self._run, request, RENDERED)
        request.meta["lost"] = found.line["lost"]
        return HtmlResponse(found.line["made_at"], body=found.document or b"", encoding="utf-8")

    def process_response(self, request: Request, response: Response) -> Response:
        line, visit = request.meta["recorded"], request.meta["visit"]
        sha = str(line["sha256"])
        self._run.ledger(visit).capture(visit, sha, int(line.get("status", 200)))
        request.meta["captured_at"], request.meta["captured_sha256"] = str(line["at"]), sha
        request.meta["captured"] = Kept(sha, str(line.get("warc", "")), int(line.get("offset", 0)))
        self._run.tell("page", visit.portal, url=response.url, status=response.status, bytes=len(response.body))
        return response


def _answer(run: Run, request: Request, role: str) -> Answered:
    """What was answered then. Raises ``Unrecorded``, ``Recorded``, ``EvidenceError``."""
    portal = request.meta["visit"].portal
    found = _playback(run).answer(portal, role, request.method, request.url, request.body)
    if found is None:
        raise Unrecorded(request.url)
    request.meta["recorded"] = line = found.line
    if "outcome" in line:
        raise Recorded(Verdict(Outcome(line["outcome"]), str(line["error"])))
    return found


def _playback(run: Run) -> Playback:
    if run.playback is None:
        raise TypeError("no replay")
    return run.playback


@contextmanager
def _failing(run: Run) -> Iterator[None]:
    """Evidence that is gone fails the run: what it showed cannot be told again."""
    try:
        yield
    except EvidenceError as error:
        run.fail(error)
        raise


def _response(url: str, record: Record) -> Response:
    headers = Headers()
    for name, value in record.headers:
        headers.appendlist(name.encode("latin-1"), value.encode("latin-1"))
    kind = responsetypes.from_args(headers=headers, url=url, body=record.body)
    return kind(url, status=record.status, headers=headers, body=record.body)

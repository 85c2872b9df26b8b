"""Every response and every failure becomes evidence before anyone looks at it: redirects, retries, robots included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from crawler.classify import classify_failure
from crawler.decode import decode
from crawler.evidence import EvidenceError
from crawler.run import Run

_FRAMING = {"transfer-encoding", "connection", "keep-alive"}


class CaptureMiddleware:
    """Sits next to the downloader, outside of decompression, so that the WARC holds what went over the wire."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    def process_response(self, request: Request, response: Response) -> Response:
        at = datetime.now(UTC)
        run, visit = self._run, request.meta["visit"]
        headers = [pair for pair in pairs(response.headers) if pair[0].lower() not in _FRAMING]
        try:
            sha = run.blobs.write(response.body)
            offset = run.warc.write(
                response.url,
                at=at,
                request=(request.method, pairs(request.headers)),
                response=(response.status, headers, response.body),
            )
            run.manifest.append(
                {
                    "run": run.id,
                    "portal": visit.portal,
                    "role": visit.role,
                    "url": response.url,
                    "status": response.status,
                    "at": at.isoformat(),
                    "address": str(response.ip_address or ""),
                    "sha256": sha,
                    "warc": run.warc.path.name,
                    "offset": offset,
                }
            )
        except EvidenceError as error:
            run.fail(error)
            raise
        run.ledgers[visit.portal].keep(sha)
        request.meta["captured_at"], request.meta["captured_sha256"] = at.isoformat(), sha
        run.tell("page", visit.portal, url=response.url, status=response.status, bytes=len(response.body))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        verdict, visit = classify_failure(exception), request.meta["visit"]
        entry: dict[str, Any] = {
            "run": self._run.id,
            "portal": visit.portal,
            "role": visit.role,
            "url": request.url,
            "at": datetime.now(UTC).isoformat(),
            "outcome": verdict.outcome.value,
            "error": verdict.evidence,
        }
        try:
            self._run.manifest.append(entry)
        except EvidenceError as error:
            self._run.fail(error)
            raise
        self._run.tell("page", visit.portal, url=request.url, error=verdict.outcome.value)


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Header lines in order, as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values]


def text_of(response: Response) -> str:
    """The body as text, whatever charset the headers claim."""
    declared = response.headers.get("Content-Type")
    return decode(response.body, declared.decode("latin-1") if declared else None).text

"""Tries again what may pass, pausing the whole group as long as the server asked (Retry-After), within a budget.

Replaces Scrapy's own retry, which asks again at once and does not know Retry-After.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.classify import Outcome, Refused, classify_failure
from crawler.manners import LONGEST_PAUSE
from crawler.run import Run

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_FAILURES = frozenset({Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.DNS})
_TRIES = 2
_BUDGET = 300.0


class RetryAfterMiddleware:
    """At most two more tries of a request, 120 s a pause and 300 s of pauses a portal; then the answer stands."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._spent: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    def process_response(self, request: Request, response: Response) -> Response | Request:
        if response.status not in _PASSING:
            return response
        return (
            self._again(request, asked_for(response, datetime.fromisoformat(request.meta["captured_at"]))) or response
        )

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        if isinstance(exception, Refused):
            return None  # our own decision; robots.txt was tried again already
        verdict = classify_failure(exception)
        # A server that let us wait the whole time once is given one more chance, not two.
        last = verdict.outcome is Outcome.TIMEOUT and request.meta.get("tries")
        return self._again(request, None) if verdict.outcome in _FAILURES and not last else None

    def _again(self, request: Request, wait: float | None) -> Request | None:
        tries, name = int(request.meta.get("tries", 0)), request.meta["visit"].portal
        delay = self._run.ledgers[name].portal.politeness.delay
        pause = wait if wait is not None else max(delay, 0.1) * 2**tries
        spent = self._spent.get(name, 0.0) + pause
        if tries >= _TRIES or pause > LONGEST_PAUSE or spent > _BUDGET:
            return None
        self._spent[name] = spent
        if wait is None:  # what the server asked for, it got at once
            self._run.manners.pause(request.meta["download_slot"], pause)
        return request.replace(dont_filter=True, meta={**request.meta, "tries": tries + 1})


def asked_for(response: Response, now: datetime) -> float | None:
    """Seconds that a busy or refusing server asked to be left alone; None if it did not."""
    asked = response.headers.get("Retry-After")
    return retry_after(asked.decode("latin-1"), now) if asked and response.status in _PASSING else None


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After value (RFC 9110 10.2.3: seconds or a date); None if it is neither."""
    text = value.strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())

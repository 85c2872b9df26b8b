"""robots.txt as RFC 9309 has it: 4xx allows all, 5xx or no answer forbids all; Crawl-delay is honoured.

Replaces Scrapy's own, which reads a 503 as permission and does not know Crawl-delay.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Self

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from crawler.classify import Outcome, Refused, Unrecorded, Verdict, classify_failure, classify_page
from crawler.decode import decode
from crawler.run import Run

_LONGEST_DELAY = 60.0
_LONGEST_TEXT = 512 * 1024
"""RFC 9309 2.5: at least 500 KiB are read."""

_Rules = Protego | Verdict | Unrecorded | None


class RobotsMiddleware:
    """Asks each host once a run. A portal with ``robots: ignore`` is not asked; the result notes it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler, self._run = crawler, Run.of(crawler)
        self._agent = str(crawler.settings["USER_AGENT"])
        self._rules: dict[tuple[str, str], asyncio.Future[_Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        visit = request.meta["visit"]
        if visit.role == "robots":
            return
        ledger = self._run.ledger(visit)
        if ledger.portal.politeness.robots == "ignore":
            note = "按配置不理会 robots.txt / robots.txt ignored by configuration"
            if note not in ledger.notes:
                ledger.notes.append(note)
            return
        rules = await self._rules_for(request)
        if isinstance(rules, Unrecorded):
            raise rules
        if isinstance(rules, Verdict):
            raise Refused(rules.outcome, rules.evidence)
        if rules is None:
            return
        if not rules.can_fetch(request.url, self._agent):
            raise Refused(Outcome.ROBOTS_DENIED, f"robots.txt 禁止 / forbids {request.url}")
        delay = rules.crawl_delay(self._agent)
        if delay:
            self._run.manners.slow_down(request.meta["download_slot"], min(float(delay), _LONGEST_DELAY))

    async def _rules_for(self, request: Request) -> _Rules:
        # Per portal: what one portal may connect to, another may not.
        url = urlparse_cached(request)
        key = (request.meta["visit"].portal, f"{url.scheme}://{url.netloc}")
        if key not in self._rules:
            # A task: whatever becomes of it, nobody waits for ever.
            self._rules[key] = asyncio.ensure_future(self._fetch(request, f"{key[1]}/robots.txt"))
        return await self._rules[key]

    async def _fetch(self, request: Request, url: str) -> _Rules:
        meta: dict[str, Any] = {
            "visit": replace(request.meta["visit"], role="robots"),
            "download_slot": request.meta["download_slot"],
        }
        engine = self._crawler.engine
        if engine is None:
            raise RuntimeError("engine")
        try:
            response = await engine.download_async(Request(url, meta=meta, callback=NO_CALLBACK, dont_filter=True))
        except Unrecorded as error:
            return error
        except Exception as error:  # noqa: BLE001 -- whatever went wrong, robots.txt was not had
            cause = classify_failure(error)
            outcome = Outcome.ROBOTS_UNREACHABLE if cause.outcome is not Outcome.CODE_ERROR else cause.outcome
            # A host that cannot be reached at all is down, not forbidding.
            down = cause.outcome in {
                Outcome.DNS, Outcome.CONNECTION, Outcome.TIMEOUT, Outcome.TLS, Outcome.ADDRESS_REFUSED,
                Outcome.OUTSIDE_WINDOW, Outcome.HTTP_5XX,
            }  # fmt: skip
            return Verdict(cause.outcome if down else outcome, f"robots.txt: {cause.evidence}")
        text = decode(response.body, None).text
        verdict = classify_page(response.status, text)
        if verdict and verdict.outcome is Outcome.BLOCKED and response.status not in {401, 403, 405}:
            return Verdict(Outcome.BLOCKED, f"robots.txt: {verdict.evidence}")
        if response.status >= 500:
            return Verdict(Outcome.ROBOTS_UNREACHABLE, f"robots.txt: HTTP {response.status}")
        return Protego.parse(text[:_LONGEST_TEXT]) if 200 <= response.status < 300 else None

"""What a portal is yet to be asked for, and the requests that Scrapy is given of it: a few at a time.

A list may lead to thousands of reports. As orders they wait in a tenth of the room that requests take.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from crawler.classify import Outcome, Verdict
from crawler.cms import PageLink
from crawler.ledger import Ledger, Visit
from crawler.run import Run

_AHEAD = 8
"""Requests of one portal that are under way at once: one is answered, others are being kept or looked at."""


class _Order(NamedTuple):
    link: PageLink
    visit: Visit
    render: Response | None = None


class Orders:
    """The orders of a run. ``arrived`` and ``lost`` are told what became of each."""

    def __init__(self, run: Run, arrived: Callable[..., Any], lost: Callable[..., Any]) -> None:
        self._run, self._arrived, self._lost = run, arrived, lost
        self._waiting: dict[str, deque[_Order]] = {name: deque() for name in run.ledgers}

    def place(self, link: PageLink | str, visit: Visit) -> bool:
        """Order an address, unless this portal already asked for it for the same purpose; whether it was ordered.

        One that nobody can ask for (a port that is none) is entered as lost.
        """
        ledger, choice = self._run.ledger(visit), visit.choice
        link = PageLink(link) if isinstance(link, str) else link
        key = f"{visit.role} {link.key} {f'{choice.organisation} {choice.year}' if choice else ''}"
        if key in ledger.seen or self._run.failure or self._run.reach.spent(len(ledger.seen)):
            return False
        ledger.seen.add(key)
        if fault := _fault_of(link):
            ledger.enter(visit)
            ledger.failed(visit, Verdict(Outcome.BAD_CONTENT, f"{fault}: {link.url}"), link.url)
            return False
        self._wait(_Order(link, visit))
        return True

    def place_rendered(self, response: Response, visit: Visit) -> None:
        """Order what a browser makes of a page."""
        self._wait(_Order(PageLink(response.url), visit, response))

    def due(self, ledger: Ledger) -> Iterator[Request]:
        """The next requests of a portal, as many as may be under way; none once the run failed."""
        waiting = self._waiting[ledger.portal.id]
        while waiting and ledger.pending - ledger.unrecorded - len(waiting) < _AHEAD and not self._run.failure:
            yield self._request(ledger, waiting.popleft())

    def _wait(self, order: _Order) -> None:
        """Last, unless pages wait for it that are held in memory: those of its report, or the one to render."""
        self._run.ledger(order.visit).open(order.visit)
        waiting = self._waiting[order.visit.portal]
        held = order.visit.part_of or order.render is not None
        (waiting.appendleft if held else waiting.append)(order)

    def _request(self, ledger: Ledger, order: _Order) -> Request:
        meta = {"visit": order.visit, "download_slot": ledger.portal.group}
        if order.render is not None:
            meta |= {"render": order.render, "captured_sha256": order.render.meta["captured_sha256"]}
        return Request(
            order.link.url,
            method="POST" if order.link.body else "GET",
            body=order.link.body,
            headers=_headers(order.link),
            callback=self._arrived,
            errback=self._lost,
            dont_filter=True,
            meta=meta,
        )


def _fault_of(link: PageLink) -> str | None:
    """Why no request can be made of a link, which a portal may write as it likes."""
    try:
        f"{link.url}{link.body}{link.referer}".encode()
        _ = urlsplit(link.url).port
    except ValueError as error:
        return f"网址不成立 / not an address: {error}"
    return None


def _headers(link: PageLink) -> dict[str, str]:
    headers = {"Content-Type": link.content_type} if link.body else {}
    return headers | ({"Referer": link.referer} if link.referer else {})

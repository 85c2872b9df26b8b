"""A browser that reads pages and never touches the network.

Everything it asks for is fetched by the crawl itself, so addresses are vetted, robots.txt and delays are kept, and
every answer is evidence, as if the crawl had asked. What the crawl does not fetch does not exist for it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import Page, Playwright, Request, Route

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
# Nothing listens there: whatever slips past the routes (a web socket, a prefetch) finds no way out.
_NOWHERE = {"server": "http://127.0.0.1:9", "bypass": "<-loopback>"}
_WANTED = frozenset({"document", "script", "xhr", "fetch"})
_ASKED = frozenset({"xhr", "fetch"})
_REFUSED = 400
_LONGEST = 180.0
_MOST_REQUESTS = 100


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that the crawl got for the browser."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Fetch = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Fetched]]
"""Method, address, headers, body; raises whatever a fetch raises."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The document a browser made of a page: its address and text. ``lost``: addresses it asked in vain."""

    url: str
    text: str
    lost: tuple[str, ...] = ()


class RenderError(Exception):
    """The browser made no document of the page."""


def found() -> str | None:
    """The system's Chromium, if it is there and the extra ``browser`` is installed."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Browser:
    """One Chromium for a run, started for the first page; one page at a time."""

    def __init__(self, executable: str, user_agent: str) -> None:
        self._executable, self._user_agent = executable, user_agent
        self._one_at_a_time = asyncio.Lock()
        self._driver: Playwright | None = None
        self._chromium: Chromium | None = None

    async def render(self, url: str, first: Fetched, fetch: Fetch) -> Rendered:
        """Let the scripts of a page run that was fetched already. Raises ``RenderError``."""
        from playwright.async_api import Error  # noqa: PLC0415 -- an extra

        async with self._one_at_a_time:
            try:
                chromium = await self._started()
                context = await chromium.new_context(user_agent=self._user_agent, service_workers="block")
                try:
                    return await _read(await context.new_page(), url, first, fetch)
                finally:
                    await context.close()
            except Error as error:
                raise RenderError(f"浏览器读不出 / the browser could not read: {url}: {error.message[:200]}") from error

    async def close(self) -> None:
        """End the browser."""
        if self._chromium:
            await self._chromium.close()
        if self._driver:
            await self._driver.stop()

    async def _started(self) -> Chromium:
        from playwright.async_api import async_playwright  # noqa: PLC0415 -- an extra

        if self._chromium is None:
            self._driver = await async_playwright().start()
            self._chromium = await self._driver.chromium.launch(
                executable_path=self._executable,
                args=[*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
                proxy=_NOWHERE,  # type: ignore[arg-type]
            )
        return self._chromium


async def _read(page: Page, url: str, first: Fetched, fetch: Fetch) -> Rendered:
    desk = _Desk(url, first, fetch)
    await page.route("**/*", desk.answer)
    await page.goto(url, wait_until="networkidle", timeout=_LONGEST * 1000)
    return Rendered(page.url, await page.content(), tuple(sorted(desk.lost)))


@dataclass
class _Desk:
    """Answers what one page asks for. Without slots: Playwright leaves a note on whoever answers."""

    url: str
    first: Fetched
    fetch: Fetch
    asked: int = 0
    lost: set[str] = field(default_factory=set)

    async def answer(self, route: Route) -> None:
        request, self.asked = route.request, self.asked + 1
        if self.asked == 1:
            await _fulfil(route, self.first)
        elif not self._wanted(request):
            await route.abort()
        elif self.asked > _MOST_REQUESTS:
            self.lost.add(request.url)
            await route.abort()
        else:
            try:
                found = await self.fetch(
                    request.method, request.url, _headers(request), request.post_data_buffer or b""
                )
            except Exception:  # noqa: BLE001 -- whatever it was, capture has written it down
                self.lost.add(request.url)
                await route.abort()
            else:
                if found.status >= _REFUSED and request.resource_type in _ASKED:
                    self.lost.add(request.url)
                await _fulfil(route, found)

    def _wanted(self, request: Request) -> bool:
        """Pictures and styles say nothing; a page that loads itself anew has set a cookie: that is a challenge."""
        again = request.is_navigation_request() and request.frame.parent_frame is None
        return request.resource_type in _WANTED and not (again and request.url == self.url)


def _headers(request: Request) -> dict[str, str]:
    """What the service behind a page may need; who asks is told by the crawl."""
    known = request.headers
    return {name: known[name] for name in ("content-type", "accept", "referer", "x-requested-with") if name in known}


async def _fulfil(route: Route, found: Fetched) -> None:
    await route.fulfill(status=found.status, headers=dict(found.headers), body=found.body)

"""Lets a browser run the scripts of a page that needs them; what it makes of the page is captured like an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy.http.request import NO_CALLBACK

from crawler.browser import Browser, Fetched, RenderError, found
from crawler.classify import Outcome, Refused
from crawler.cms import Page
from crawler.cms.page import clean
from crawler.ledger import FRAMING
from crawler.middlewares.capture import pairs

_OF_THE_WIRE = FRAMING | {"content-encoding", "content-length", "set-cookie", "content-security-policy"}


_PAGER = re.compile(r"pag(?:e|er|es|ing|ination)\b|laypage|load-?more", re.IGNORECASE)
_FURTHER = re.compile(r"^(?:下一?页|后一页|加载更多|查看更多|更多|[>›»]|next|[2-9]|\d{2,})$", re.IGNORECASE)


def unseen(page: Page, lost: Iterable[str]) -> str | None:
    """Why a list that scripts made was not seen whole: a service of the site failed, or a pager leads on by script."""
    if ours := [url for url in lost if page.same_host(url)]:
        return f"页面脚本要的取不到 / what the page's script asked for could not be had: {ours[0]}"
    for box in page.soup.find_all(class_=_PAGER):
        for tag in box.find_all(["a", "li", "button", "span", "div"]):
            linked = tag if tag.name == "a" else tag.find("a")
            url = page.resolve(str(linked.get("href", ""))) if linked else None
            off = tag.has_attr("disabled") or "disabled" in (tag.get("class") or [])
            if _FURTHER.match(clean(tag.get_text())) and not off and url in {None, page.url}:
                return f"翻页只由脚本控制 / the pager leads on by script only: {clean(tag.get_text())}"
    return None


class RenderMiddleware:
    """Answers requests whose meta ``render`` is the page as it was fetched; ``lost`` tells what its scripts lacked."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._browser: Browser | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.close, signals.spider_closed)
        return middleware

    async def process_request(self, request: Request) -> Response | None:
        page: Response | None = request.meta.get("render")
        if page is None:
            return None

        async def fetch(method: str, url: str, headers: Any, body: bytes) -> Fetched:
            return _fetched(await self._fetch(request, method, url, headers, body))

        try:
            rendered = await self._started().render(page.url, _fetched(page), fetch)
        except RenderError as error:
            raise Refused(Outcome.NEEDS_RENDER, str(error)) from error
        request.meta["lost"] = list(rendered.lost)
        return HtmlResponse(rendered.url, body=rendered.text, encoding="utf-8", flags=["rendered"])

    async def close(self) -> None:
        if self._browser:
            await self._browser.close()

    def _started(self) -> Browser:
        if self._browser is None:
            executable = found()
            if executable is None:
                raise RenderError("没有浏览器 / there is no browser")
            self._browser = Browser(executable, str(self._crawler.settings["USER_AGENT"]))
        return self._browser

    async def _fetch(self, page: Request, method: str, url: str, headers: Any, body: bytes) -> Response:
        engine = self._crawler.engine
        if engine is None:
            raise RuntimeError("engine")
        meta = {
            "visit": replace(page.meta["visit"], role="resource"),
            "download_slot": page.meta["download_slot"],
        }
        request = Request(
            url, method=method, headers=headers, body=body, meta=meta, callback=NO_CALLBACK, dont_filter=True
        )
        return await engine.download_async(request)


def _fetched(response: Response) -> Fetched:
    headers = {name: value for name, value in pairs(response.headers) if name.lower() not in _OF_THE_WIRE}
    return Fetched(response.status, headers, response.body)

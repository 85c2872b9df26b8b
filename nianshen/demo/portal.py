"""Web servers on loopback: the sample portals of the demonstration, with a switch for the day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from nianshen.demo.loopback import Loopback
from nianshen.demo.site import Resource

Site = Callable[[int], Mapping[str, Resource]]

ROBOTS = b"User-agent: *\nDisallow: /admin/\n"


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that reached a portal, and the status it got."""

    path: str
    status: int
    user_agent: str


class SamplePortal(Loopback):
    """One portal on loopback. ``day`` chooses what it publishes; while ``down`` every page is a 503.

    Use as a context manager: the server ends with the block. Raises OSError if the address cannot be bound.
    """

    def __init__(self, site: Site, host: str = "127.0.0.1", port: int = 0) -> None:
        self._site = site
        self._pages = site(1)
        self._day = 1
        self.down = False
        self.hits: list[Hit] = []
        super().__init__(_handler(self), host, port)

    @property
    def day(self) -> int:
        return self._day

    @day.setter
    def day(self, day: int) -> None:
        self._pages = self._site(day)
        self._day = day

    def answer(self, path: str) -> tuple[int, Resource | None]:
        """Status and content of a path, as it is now."""
        if path == "/robots.txt":
            return HTTPStatus.OK, Resource(ROBOTS, "text/plain", _ROBOTS_DAY)
        if self.down:
            return HTTPStatus.SERVICE_UNAVAILABLE, None
        resource = self._pages.get(path)
        return (HTTPStatus.OK, resource) if resource else (HTTPStatus.NOT_FOUND, None)


_ROBOTS_DAY = datetime(2024, 1, 2, tzinfo=UTC).date()


def _handler(portal: SamplePortal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            status, resource = portal.answer(path)
            etag = f'"{hashlib.sha256(resource.data).hexdigest()[:16]}"' if resource else None
            if etag and self.headers.get("If-None-Match") == etag:
                status, resource = HTTPStatus.NOT_MODIFIED, None
            portal.hits.append(Hit(path, int(status), self.headers.get("User-Agent", "")))
            data = resource.data if resource else b""
            if status >= HTTPStatus.BAD_REQUEST:
                data = f"<html><title>{int(status)}</title><body>{int(status)}</body></html>".encode()
            self.send_response(status)
            self.send_header("Content-Type", resource.content_type if resource else "text/html")
            self.send_header("Content-Length", str(len(data)))
            if etag:
                self.send_header("ETag", etag)
            if resource:
                changed = datetime.combine(resource.changed, time(1, 30), UTC)
                self.send_header("Last-Modified", format_datetime(changed, usegmt=True))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Stay silent: requests are kept in ``hits``."""

    return Handler

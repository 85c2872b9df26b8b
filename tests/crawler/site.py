"""A strict portal on loopback: an address nobody prepared is recorded, and fails the test that asked for it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

REPORT = """<html><head><title>年度报告</title></head><body><h1>{title}</h1><p>一、总体情况 本机关认真落实条例。</p>
<p>二、主动公开政府信息情况</p><p>三、收到和处理政府信息公开申请情况</p>{extra}</body></html>"""


@dataclass(frozen=True)
class Answer:
    """One prepared answer."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    only_from: str | None = None
    """Without this path as the Referer the answer is 404."""

    @classmethod
    def page(cls, text: str, encoding: str = "utf-8", declared: str | None = None, status: int = 200) -> Self:
        kind = f"text/html; charset={declared or encoding}"
        return cls(text.encode(encoding), status, {"Content-Type": kind})


Asked = dict[str, str]
"""The parameters of a request: of its address, of its form or JSON, and its ``Referer``."""

Service = Callable[[Asked], Answer | None]
"""An endpoint that answers as its publishing system does; None for what that system would not understand."""


@dataclass
class Site:
    """What a host answers; several answers for a path are given in turn, the last one forever."""

    address: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    conditions: list[tuple[str, str]] = field(default_factory=list)

    def put(self, path: str, *answers: Answer | str) -> None:
        self.answers[path] = [one if isinstance(one, Answer) else Answer.page(one) for one in answers]

    def serve(self, path: str, service: Service) -> None:
        """Answer every request for ``path``, whatever its parameters, by a service."""
        self.services[path] = service

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"

    def answer(self, path: str, body: str = "", referer: str = "") -> Answer:
        self.asked.append((time.monotonic(), path))
        bare, _, query = path.partition(" ")[0].partition("?")
        if path not in self.answers and bare in self.services:
            asked = {**dict(parse_qsl(query)), **_fields(body), "Referer": referer}
            if answer := self.services[bare](asked):
                return answer
        prepared = self.answers.get(path)
        if prepared is None:
            if path not in _UNASKED_FOR:
                self.unknown.append(path)
            return Answer(b"", 404)
        return prepared.pop(0) if len(prepared) > 1 else prepared[0]


def _fields(body: str) -> Asked:
    if body.startswith("{"):
        return {name: str(value) for name, value in json.loads(body).items()}
    return dict(parse_qsl(body))


_UNASKED_FOR = {"/robots.txt", "/favicon.ico"}


@contextmanager
def serve(host: str = "127.0.0.1") -> Iterator[Site]:
    """A site on a free port of ``host`` (any loopback address). An address it does not know fails the test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self, body: str = "") -> None:
            site.agents.add(self.headers.get("User-Agent", ""))
            answer = site.answer(self.path, body, self.headers.get("Referer", ""))
            if condition := self.headers.get("If-None-Match"):
                site.conditions.append((self.path, condition))
                if condition == answer.headers.get("ETag"):
                    answer = Answer(b"", 304, {"ETag": condition})
            if answer.only_from and not self.headers.get("Referer", "").endswith(answer.only_from):
                answer = Answer(b"", 404)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            with suppress(ConnectionError):  # the crawl may have been killed meanwhile
                self.wfile.write(answer.body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
            self.path = f"{self.path} {body}"
            self.do_GET(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((host, 0), Handler)
    site = Site(f"{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
    assert site.unknown == []


def row(title: str, href: str, day: str = "2026-01-20") -> str:
    return f'<li><a href="{href}">{title}</a><span>{day}</span></li>'


def listing(*rows: str, tail: str = "", title: str = "政府信息公开年报") -> str:
    return f"<html><head><title>{title}</title></head><body><ul>{''.join(rows)}</ul>{tail}</body></html>"


def portal(name: str, url: str, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": name,
        "name": name,
        "group": name,
        "start_urls": [url],
        "cms": "auto",
        "expect": {"min_reports": 1},
        "politeness": {"delay": 0, "concurrency": 1, "robots": "obey", "window": None},
        "allow_private_addresses": ["127.0.0.1/32"],
    }
    return base | more


def organisation(name: str, portal_id: str, identity: str, *aliases: str, kind: str = "department") -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "aliases": list(aliases),
        "kind": kind,
        "region": "示例市",
        "portal": portal_id,
    }


@dataclass(frozen=True)
class Ran:
    """What a crawl left behind."""

    code: int
    result: dict[str, Any]
    events: list[dict[str, Any]]
    evidence: Path

    def portal(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.result["portals"] if one["id"] == name)
        return found

    def candidates(self, name: str) -> list[dict[str, Any]]:
        return [one for one in self.result["candidates"] if one["portal"] == name]


def crawl(
    folder: Path,
    portals: list[dict[str, Any]],
    organisations: list[dict[str, Any]],
    meanwhile: Callable[[subprocess.Popen[str]], None] | None = None,
    **more: Any,
) -> Ran:
    """Run the real process on a job, as the hall does."""
    job = {
        "run_id": "run-1",
        "now": "2026-03-01T06:00:00+08:00",
        "year": 2025,
        "evidence": str(folder / "evidence"),
        "result": str(folder / "result.json"),
        "user_agent": "nianshen/0.1",
        "contact": "mailto:ops@example.org",
        "portals": portals,
        "organisations": organisations,
    } | more
    path = folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    command = [sys.executable, "-m", "crawler", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8")  # noqa: S603
    if meanwhile:
        meanwhile(process)
    _, said = process.communicate(timeout=110)
    events = []
    for line in said.splitlines():
        assert line.startswith("{"), said
        events.append(json.loads(line))
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return Ran(process.returncode, result, events, folder / "evidence")


def looks(ran: Ran) -> dict[str, Any]:
    """How many pages were parsed, and how many of which it was remembered what they show."""
    (found,) = [one for one in ran.events if one["event"] == "looks"]
    return found


def timeless(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what differs between two crawls of the same pages: when they were fetched."""
    rows = [{**one, "captured_at": "", "headers": {**one["headers"], "Date": ""}} for one in result["candidates"]]
    return {**result, "candidates": rows}

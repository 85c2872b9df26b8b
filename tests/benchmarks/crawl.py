"""Pages a second of the crawl (capture, coverage, store) against bare Scrapy over the same pages, and its memory.

``python -m tests.benchmarks.crawl [PAGES]``: 2,000 pages unless told otherwise, on 50 hosts on loopback served by
a process of its own. Both crawl with the same concurrency and no delay, in turns, and the best of three counts.
``python -m tests.benchmarks.crawl memory`` prints the memory of the crawl over 5,000 and over 20,000 pages.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.evidence import verify
from nianshen.runner import crawl

HOSTS = 50
GOAL = 0.6
FLAT = 1.5
_LISTS = 3
_ROUNDS = 3
_LOOK_AGAIN = 0.1
_BARE = """
import json, sys, scrapy
from scrapy.crawler import AsyncCrawlerProcess
class Bare(scrapy.Spider):
    name = "bare"
    async def start(self):
        for url in json.load(open(sys.argv[1])):
            yield scrapy.Request(url, dont_filter=True)
    def parse(self, response):
        pass
process = AsyncCrawlerProcess({"LOG_ENABLED": False, "CONCURRENT_REQUESTS": 64, "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0, "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False})
process.crawl(Bare)
process.start()
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Of one crawl: seconds from the first request to the end, CPU seconds of all its processes, megabytes.

    ``megabytes``: of the largest process that was started; ``hall``: of the one that starts them and gets the result;
    ``parsed``: how many pages were parsed, if it says so.
    """

    seconds: float
    cpu: float
    megabytes: float
    hall: float
    parsed: int = 0


def main(pages: int = 2000) -> int:
    """Print two rows; exit status 1 if a goal is missed or a report was not found."""
    with tempfile.TemporaryDirectory(prefix="nianshen-bench-") as folder, _served(pages) as port:
        bare, ours = [], []
        for number in range(_ROUNDS):
            bare.append(_bare(Path(folder), port, pages))
            ours.append(_ours(Path(folder) / str(number), port, pages))
        again = _ours(Path(folder) / str(_ROUNDS - 1), port, pages, run="again")
        full, unchanged = map(int, _ask(port, "/counts").split())
    fast, best = (min(one.seconds for one in taken) for taken in (bare, ours))
    ratio = fast / best
    work = min(one.cpu for one in ours) / min(one.cpu for one in bare)
    print(f"crawl of {pages:,} pages on {HOSTS} hosts: {pages / best:,.0f} pages a second, ", end="")
    print(f"bare Scrapy {pages / fast:,.0f}; ", end="")
    print(f"ratio {ratio:.2f}, goal ≥ {GOAL:g} {'✓' if ratio >= GOAL else '✗'}; ", end="")
    print(f"CPU {work:.2f} times as much", flush=True)
    print(f"a second run over the same pages: {unchanged:,} conditional requests, {full} full ones", end="")
    print(f" (robots.txt aside), {again.parsed:,} pages parsed, ", end="")
    print(f"CPU {again.cpu / min(one.cpu for one in ours):.2f} of the first", flush=True)
    return int(ratio < GOAL or full > 0 or unchanged > pages or again.parsed > 0)


def memory() -> int:
    """Print the highest memory of the crawl over 5,000 and 20,000 pages; exit status 1 if it is not flat."""
    taken = {}
    for pages in (5000, 20000):
        with tempfile.TemporaryDirectory(prefix="nianshen-bench-") as folder, _served(pages) as port:
            taken[pages] = _ours(Path(folder), port, pages)
        one = taken[pages]
        print(
            f"crawl of {pages:,} pages: {one.megabytes:.0f} MB at most, the hall with its result {one.hall:.0f}",
            flush=True,
        )
    return int(taken[20000].megabytes > FLAT * taken[5000].megabytes)


def _bare(folder: Path, port: int, pages: int) -> Taken:
    urls = [f"http://{host}:{port}{path}" for path in _paths(pages) for host in _hosts()]
    (folder / "urls.json").write_text(json.dumps(urls), encoding="utf-8")
    return _measured([sys.executable, "-c", _BARE, str(folder / "urls.json")], port)


def _ours(folder: Path, port: int, pages: int, run: str = "bench") -> Taken:
    """The crawl as the hall starts it; raises AssertionError unless every report was found and kept."""
    reports = pages // HOSTS - _LISTS
    folder.mkdir(exist_ok=True)
    job = {
        "run_id": run,
        "year": 2025,
        "evidence": str(folder / "evidence"),
        "portals": [
            {
                "id": host,
                "start_urls": [f"http://{host}:{port}/nb/"],
                "politeness": {"delay": 0, "concurrency": 1},
                "allow_private_addresses": ["127.0.0.0/8"],
            }
            for host in _hosts()
        ],
        "organisations": [
            {"id": f"{host} {number}", "name": _agency(number), "portal": host}
            for host in _hosts()
            for number in range(reports)
        ],
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    taken = _measured([sys.executable, "-m", "tests.benchmarks.crawl", "job", str(folder)], port)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert len(result["candidates"]) == HOSTS * reports, len(result["candidates"])
    assert all(portal["complete"] for portal in result["portals"])
    assert verify(folder / "evidence") == []
    return taken


def _measured(command: list[str], port: int) -> Taken:
    _ask(port, "/begin")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)  # noqa: S603
        highest = hall = 0.0
        while process.poll() is None:
            highest = max([highest, *map(_megabytes, _children(process.pid))])
            hall = max(hall, _megabytes(process.pid))
            time.sleep(_LOOK_AGAIN)
        told.seek(0)
        said = next((json.loads(line) for line in told if line.startswith(b'{"event": "ended"')), {})
        end, parsed = said.get("at", time.monotonic()), said.get("parsed", 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = float(_ask(port, "/begun"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(end - begun, cpu, highest, hall, parsed)


def _crawl(folder: Path) -> None:
    """What the hall does with a job, in as many processes as it takes for it; tells when the result was there."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    looks: list[Any] = []
    result = crawl(job, limit_seconds=3600, progress=lambda one: looks.append(one) if one["event"] == "looks" else None)
    ended = {"event": "ended", "at": time.monotonic(), "parsed": sum(one["parsed"] for one in looks)}
    print(json.dumps(ended), file=sys.stderr)
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _children(pid: int) -> list[int]:
    """The processes that a process started."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))
    except OSError:
        return []


def _megabytes(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20
    except (OSError, IndexError):
        return 0.0


@contextmanager
def _served(pages: int) -> Iterator[int]:
    """The hosts' port, served by a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.crawl", "serve", str(pages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _ask(port: int, path: str) -> str:
    import urllib.request  # noqa: PLC0415 -- slow to import, and only here

    with urllib.request.urlopen(f"http://127.0.1.1:{port}{path}") as answer:
        return str(answer.read().decode())


def _hosts() -> list[str]:
    return [f"127.0.1.{number}" for number in range(1, HOSTS + 1)]


def _paths(pages: int) -> list[str]:
    """The lists and reports of one host."""
    lists = ["/nb/", *(f"/nb/index_{number}.html" for number in range(1, _LISTS))]
    return lists + [f"/nb/{number}.html" for number in range(pages // HOSTS - _LISTS)]


def _agency(number: int) -> str:
    places = "甲乙丙丁戊己庚辛壬癸"
    digits = [places[int(digit)] for digit in str(number)]
    return f"示例市{''.join(digits)}管理局"


def _answers(pages: int) -> dict[str, bytes]:
    """What a host answers by path; ``@host@`` stands for its name, so that no two hosts have the same bytes."""
    reports = pages // HOSTS - _LISTS
    rows = [
        f'<li><a href="{number}.html" title="{_agency(number)}2025年政府信息公开工作年度报告">'
        f"{_agency(number)}2025年政府信息公开工作年度报告</a><span>2026-01-20</span></li>"
        for number in range(reports)
    ]
    each = -(-reports // _LISTS)
    found = {}
    for number, path in enumerate(_paths(pages)[:_LISTS]):
        pager = f'<script>createPageHTML({_LISTS}, {number}, "index", "html");</script>'
        body = "".join(rows[number * each : (number + 1) * each])
        found[path] = f"<html><title>政府信息公开年报</title><body><ul>{body}</ul>{pager}@host@</body></html>"
    from tests import generator  # noqa: PLC0415 -- for the server alone, and slow to import

    samples = [
        generator.page(generator.publication(random.Random(seed), "2021", activity=400), skin)
        for seed in range(2)
        for skin in generator.SKINS
    ]
    for number, path in enumerate(_paths(pages)[_LISTS:]):
        found[path] = f"{samples[number % len(samples)]}<!-- {number} @host@ -->"
    return {path: text.encode() for path, text in found.items()}


class _Server(asyncio.Protocol):
    """As little HTTP as the two clients need, so that serving takes little of the machine."""

    answers: Mapping[str, bytes] = {}
    begun = 0.0
    full = unchanged = 0

    def connection_made(self, transport: Any) -> None:
        self._transport, self._seen = transport, b""
        self._host = str(transport.get_extra_info("sockname")[0]).encode()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            head, _, self._seen = self._seen.partition(b"\r\n\r\n")
            self._answer(head.split(b" ", 2)[1].decode(), asked=b"if-none-match" in head.lower())

    def _answer(self, path: str, *, asked: bool) -> None:
        body = self.answers.get(path)
        if path == "/begin":
            _Server.begun, _Server.full, _Server.unchanged, body = 0.0, 0, 0, b"ok"
        elif path == "/counts":
            body = f"{self.full} {self.unchanged}".encode()
        elif path == "/begun":
            body = str(self.begun).encode()
        elif not self.begun:
            _Server.begun = time.monotonic()
        if body is not None and path in self.answers:
            _Server.full, _Server.unchanged = self.full + (not asked), self.unchanged + asked
        if asked:
            self._transport.write(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
            return
        status = b"200 OK" if body is not None else b"404 Not Found"
        body = (body or b"").replace(b"@host@", self._host)
        head = b'HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n'
        self._transport.write(head % (status, len(body)) + body)


async def _serve(pages: int) -> None:
    _Server.answers = _answers(pages)
    loop = asyncio.get_running_loop()
    first = await loop.create_server(_Server, "127.0.1.1", 0)
    port = first.sockets[0].getsockname()[1]
    others = [await loop.create_server(_Server, host, port) for host in _hosts()[1:]]
    print(port, flush=True)
    await asyncio.gather(*(server.serve_forever() for server in (first, *others)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", pages]:
            asyncio.run(_serve(int(pages)))
        case ["job", folder]:
            _crawl(Path(folder))
        case ["memory"]:
            sys.exit(memory())
        case arguments:
            sys.exit(main(*map(int, arguments)))

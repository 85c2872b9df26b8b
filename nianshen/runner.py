"""Runs the crawler in processes of its own: a reactor cannot start twice, a crash must not take the cycle along.

An interpreter keeps one core busy and no more, so a large crawl falls into parts, each with whole groups of servers.
Evidence and delays are shared by all processes anyway; a part that dies takes only its own portals along.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from crawler.result import in_order
from nianshen.errors import Exit, StorageError

SCHEMA = "nianshen.crawl/1"
GRACE_SECONDS = 20
_GROUPS = 25
"""So many groups of servers, asked without delays, keep an interpreter busy."""
_LISTS = ("candidates", "review", "files", "listed", "others")
_READ = 1 << 16

Job = Mapping[str, Any]
Progress = Callable[[Mapping[str, Any]], None]


def crawl(job: Job, *, limit_seconds: float, progress: Progress) -> dict[str, Any]:
    """Run one job and give its result document. A crawl that dies gives one too: every portal failed, and why.

    Progress arrives as it happens. Past the limit the processes are asked to stop, then killed. ``exit`` of the
    document is how they ended: 5 where evidence could not be kept, else the first status that is not 0.
    Raises StorageError if the job cannot be written down for them.
    """
    with _folder() as folder:
        parts: list[_Part] = []
        with _stopped_in_the_end(parts, limit_seconds):
            for number, part in enumerate(parts_of(job, len(os.sched_getaffinity(0))), 1):
                parts.append(_Part.start(part, folder, number))
            _follow(parts, progress)
            for one in parts:
                one.process.wait()
        results = [one.result() for one in parts]
    return results[0] if len(results) == 1 else _together(job, results)


def parts_of(job: Job, cores: int) -> list[Job]:
    """The jobs into which a job falls: one, unless there are cores for more and groups enough to keep them busy."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for portal in job["portals"]:
        groups.setdefault(str(portal.get("group") or portal["id"]), []).append(portal)
    count = 1 if job.get("replay") else min(cores, len(groups) // _GROUPS)
    if count < 2:
        return [job]
    spread = sorted(groups.values(), key=len, reverse=True)
    return [_of(job, [one for group in spread[number::count] for one in group]) for number in range(count)]


def _of(job: Job, portals: Sequence[Mapping[str, Any]]) -> Job:
    """The job for some of its portals."""
    names = {portal["id"] for portal in portals}
    known = [one for one in job.get("known", ()) if one["portal"] in names]
    organisations = [one for one in job["organisations"] if one["portal"] in names]
    return {**job, "portals": portals, "organisations": organisations, "known": known}


@dataclass(slots=True)
class _Part:
    """A process under way: its job, where it leaves its result, and the last of what it said beside progress."""

    job: Job
    path: Path
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    rest: bytes = b""
    words: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, job: Job, folder: Path, number: int) -> _Part:
        result, path = folder / f"result-{number}.json", folder / f"job-{number}.json"
        told = {**job, "part": number, "result": str(result)}
        with _room(path):
            path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        process = subprocess.Popen(  # noqa: S603 - our own module under our own interpreter, no shell
            [sys.executable, "-m", "crawler", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None  # noqa: S101 -- asked for above
        return cls(job, result, process, process.stderr)

    def lines(self, data: bytes) -> Iterator[bytes]:
        """The lines that are whole with this piece of what it says; at its end, what is left."""
        *whole, self.rest = (self.rest + data).split(b"\n")
        yield from whole if data else [*whole, self.rest]

    def stop(self) -> None:
        """Ask the whole process group to stop, and insist after the grace."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        except ProcessLookupError:
            return

    def result(self) -> dict[str, Any]:
        """What it left whole; if it left nothing, why."""
        code = self.process.returncode
        try:
            result = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            result = None
        if not isinstance(result, dict) or result.get("schema") != SCHEMA:
            return _died(self.job, code, self.words)
        return {**result, "exit": code}


@contextmanager
def _folder() -> Iterator[Path]:
    """Where the processes find their jobs and leave their results."""
    with _room("TMPDIR"):
        folder = tempfile.TemporaryDirectory(prefix="nianshen-crawl-")
    with folder as name:
        yield Path(name)


@contextmanager
def _room(where: Path | str) -> Iterator[None]:
    """A temporary folder that is full is told as a full disk is."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            "临时文件夹写不进", f"the temporary folder cannot be written: {error.strerror}", where=str(where)
        ) from error


@contextmanager
def _stopped_in_the_end(parts: Sequence[_Part], limit_seconds: float) -> Iterator[None]:
    """Past the limit, and whatever goes wrong meanwhile, every part is stopped."""

    def stop() -> None:
        stops = [threading.Thread(target=part.stop) for part in parts]
        for one in stops:  # together: the grace is one for all
            one.start()
        for one in stops:
            one.join()

    timer = threading.Timer(limit_seconds, stop)
    timer.start()
    try:
        yield
    except BaseException:
        stop()
        raise
    finally:
        timer.cancel()
        for part in parts:
            part.said.close()


def _follow(parts: Sequence[_Part], progress: Progress) -> None:
    """Hand on progress lines until every part is done; keep the last few other lines, which say why a crawl died."""
    with selectors.DefaultSelector() as speaking:
        for part in parts:
            speaking.register(part.said, selectors.EVENT_READ, part)
        while speaking.get_map():
            for key, _ in speaking.select():
                data = os.read(key.fd, _READ)
                for line in key.data.lines(data):
                    _hear(key.data, line.decode("utf-8", errors="replace").rstrip(), progress)
                if not data:
                    speaking.unregister(key.fileobj)


def _hear(part: _Part, text: str, progress: Progress) -> None:
    try:
        event = json.loads(text)
    except ValueError:
        event = None
    if isinstance(event, dict) and "event" in event:
        progress(event)
    elif text:
        part.words = [*part.words[-4:], text]


def _together(job: Job, results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One document out of those of the parts, as one process would have written it."""
    portals = {portal["id"]: portal for result in results for portal in result["portals"]}
    lists = {name: in_order(row for result in results for row in result.get(name, ())) for name in _LISTS}
    codes = [int(result["exit"]) for result in results]
    code = Exit.STORAGE if Exit.STORAGE in codes else next(filter(None, codes), 0)
    rows = [portals[portal["id"]] for portal in job["portals"]]
    return {"schema": SCHEMA, "run_id": job["run_id"], "portals": rows, **lists, "exit": int(code)}


def _died(job: Mapping[str, Any], code: int, last_words: list[str]) -> dict[str, Any]:
    detail = f"crawl process ended with {code}: " + " / ".join(last_words)[-400:]
    portals = [
        {
            "id": portal["id"],
            "outcome": "code_error",
            "reason": "not_crawled",
            "complete": False,
            "pages_expected": None,
            "pages_seen": 0,
            "items": 0,
            "evidence": [],
            "detail": detail,
            "lists": [],
        }
        for portal in job["portals"]
    ]
    return {
        "schema": SCHEMA,
        "run_id": job["run_id"],
        "portals": portals,
        "candidates": [],
        "review": [],
        "exit": code,
    }

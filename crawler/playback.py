"""What a past run was answered, out of its evidence: the same questions get the same answers, in the same order."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.evidence import BlobStore, EvidenceError, Record, entries, read_exchange

_NOT_MODIFIED = 304


RENDERED = "rendered"
"""The role, in the manifest, of a document that a browser made of a page."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A line of the manifest and, unless the fetch failed, the response or the document that was captured."""

    line: Mapping[str, Any]
    response: Record | None = None
    document: bytes | None = None


class Playback:
    """The answers of one run. Raises ``EvidenceError`` if the evidence knows no such run or lost an answer."""

    def __init__(self, directory: str | Path, run: str) -> None:
        self._warcs, self._blobs = Path(directory) / "warc", BlobStore(directory)
        self._lines: dict[tuple[str, ...], deque[Mapping[str, Any]]] = defaultdict(deque)
        for _, line in entries(directory):
            if line.get("run") == run and line.get("role") != "decoded":
                self._lines[_key(line)].append(line)
        if not self._lines:
            raise EvidenceError(f"证据里没有这次运行 / the evidence knows no such run: {run}")

    def answer(self, portal: str, role: str, method: str, url: str, body: bytes) -> Answered | None:
        """The next answer to a request; None if the run never got one."""
        asked = {"portal": portal, "role": role, "method": method, "url": url} | sent(body)
        lines = self._lines.get(_key(asked))
        if not lines:
            return None
        line = lines.popleft()
        if "outcome" in line:
            return Answered(line)
        if role == RENDERED:
            return Answered(line, document=self._blobs.read(str(line["sha256"])))
        if lines and line["status"] == _NOT_MODIFIED:  # its bytes were gone by then, and it was asked again in full
            line = {key: value for key, value in line.items() if key != "not_modified"}
        return Answered(line, self.record(str(line["warc"]), int(line["offset"])))

    def rendered(self, portal: str, url: str) -> bool:
        """Whether the run let a browser read this page."""
        return bool(self._lines.get(_key({"portal": portal, "role": RENDERED, "url": url})))

    def record(self, warc: str, offset: int) -> Record:
        """The captured response at one place. Raises ``EvidenceError``."""
        try:
            with (self._warcs / Path(warc).name).open("rb") as file:
                return read_exchange(file, offset).response
        except OSError as error:
            raise EvidenceError(f"证据读不到 / evidence cannot be read: {warc}: {error}") from error


_NAMES = (("portal", ""), ("role", ""), ("method", "GET"), ("url", ""), ("sent", ""))


def sent(body: bytes) -> dict[str, str]:
    """What a line of the manifest says of the body of a request: its sha256, if it has one."""
    return {"sent": hashlib.sha256(body).hexdigest()} if body else {}


def _key(line: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(line.get(name, other)) for name, other in _NAMES)

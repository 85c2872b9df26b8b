"""What was fetched, kept so that it can be shown and checked: blobs by sha256, a WARC, a manifest with a hash chain.

The manifest proves that nothing before its last line was altered; a cut tail shows only against a copied last hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

_START = "0" * 64


class EvidenceError(Exception):
    """Evidence could not be kept (disk full, not writable) or is not there. The page must then not be judged."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with stored evidence. ``code``: chain_broken, torn, blob_missing, blob_damaged, warc_missing."""

    code: str
    where: str
    zh: str
    en: str


class BlobStore:
    """Raw bytes under ``<dir>/blobs/<sha[:2]>/<sha>``. A blob is there whole or not at all."""

    def __init__(self, directory: str | Path) -> None:
        self._root = Path(directory) / "blobs"

    def path(self, sha: str) -> Path:
        return self._root / sha[:2] / sha

    def read(self, sha: str) -> bytes:
        """The bytes; raises ``EvidenceError`` if they are missing or no longer what they were."""
        try:
            data = self.path(sha).read_bytes()
        except OSError as error:
            raise EvidenceError(f"证据读不到 / evidence cannot be read: {sha}: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha:
            raise EvidenceError(f"证据已损坏 / evidence is damaged: {sha}")
        return data

    def holds(self, sha: str) -> bool:
        """Whether the bytes can be read back as they were."""
        try:
            self.read(sha)
        except EvidenceError:
            return False
        return True

    def write(self, data: bytes) -> str:
        """Keep ``data``; returns its sha256. Atomic and synced; raises ``EvidenceError`` if there is no room."""
        sha = hashlib.sha256(data).hexdigest()
        path = self.path(sha)
        if path.exists() and path.stat().st_size == len(data):
            return sha
        scratch: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
                scratch = Path(file.name)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            if scratch is not None:
                scratch.unlink(missing_ok=True)
            raise EvidenceError(f"证据写不进 / evidence cannot be written: {path}: {error}") from error
        return sha


class Manifest:
    """``manifest.jsonl``: one line a fetch, each carrying the hash of the line before. Safe for several processes."""

    def __init__(self, directory: str | Path) -> None:
        self._path = Path(directory) / "manifest.jsonl"

    def append(self, entry: Mapping[str, Any]) -> str:
        """Add one entry and sync it; returns its hash."""
        return self.extend([entry])

    def extend(self, entries: Iterable[Mapping[str, Any]]) -> str:
        """Add entries under one sync, all or none; returns the last hash. A line torn by a crash is cut off first."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                return self._extend(file, entries)
        except OSError as error:
            raise EvidenceError(f"证据清单写不进 / manifest cannot be written: {self._path}: {error}") from error

    def _extend(self, file: BinaryIO, entries: Iterable[Mapping[str, Any]]) -> str:
        size, last = _whole_lines(file)
        file.truncate(size)
        previous = str(json.loads(last)["hash"]) if last else _START
        lines = []
        for entry in entries:
            sealed = seal(entry, previous)
            previous = str(sealed["hash"])
            lines.append(_line(sealed) + b"\n")
        try:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise
        return previous


class Warc:
    """``warc/<run>.warc.gz``: request and response as they went over the wire. A file of an earlier try is added to."""

    def __init__(self, directory: str | Path, run_id: str) -> None:
        self.path = Path(directory) / "warc" / f"{run_id}.warc.gz"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab")
        except OSError as error:
            raise EvidenceError(f"WARC 写不进 / WARC cannot be written: {self.path}: {error}") from error
        self._writer = WARCWriter(self._file, gzip=True)

    def write(
        self,
        url: str,
        *,
        at: datetime,
        request: tuple[str, Sequence[tuple[str, str]]],
        response: tuple[int, Sequence[tuple[str, str]], bytes],
    ) -> int:
        """Add the pair (method and headers; status, headers and body); returns the offset of the response."""
        stamp = {"WARC-Date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        status, headers, body = response
        try:
            offset = self._file.tell()
            answer = self._writer.create_warc_record(
                url,
                "response",
                payload=BytesIO(body),
                http_headers=StatusAndHeaders(str(status), list(headers), protocol="HTTP/1.1"),
                warc_headers_dict=stamp,
            )
            method, sent = request
            asked = self._writer.create_warc_record(
                url,
                "request",
                payload=BytesIO(b""),
                http_headers=StatusAndHeaders(f"{method} {url} HTTP/1.1", list(sent), is_http_request=True),
                warc_headers_dict=stamp,
            )
            self._writer.write_request_response_pair(asked, answer)
            self._file.flush()
        except OSError as error:
            raise EvidenceError(f"WARC 写不进 / WARC cannot be written: {self.path}: {error}") from error
        return offset

    def sync(self) -> None:
        """What was added is on the disk when this returns; raises ``EvidenceError``."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise EvidenceError(f"WARC 写不进 / WARC cannot be written: {self.path}: {error}") from error

    def close(self) -> None:
        """Sync and close; raises ``EvidenceError``."""
        self.sync()
        try:
            self._file.close()
        except OSError as error:
            raise EvidenceError(f"WARC 写不进 / WARC cannot be written: {self.path}: {error}") from error


def seal(entry: Mapping[str, Any], previous: str) -> dict[str, Any]:
    """The entry with ``previous`` and its own ``hash`` (sha256 over the canonical JSON of all the rest)."""
    body = {key: value for key, value in entry.items() if key != "hash"} | {"previous": previous}
    return body | {"hash": hashlib.sha256(_line(body)).hexdigest()}


def verify(directory: str | Path) -> list[Problem]:
    """Everything wrong with the evidence under ``directory``: broken chain, missing or changed blobs, lost WARCs."""
    root = Path(directory)
    path = root / "manifest.jsonl"
    if not path.exists():
        return [Problem("chain_broken", str(path), "证据清单不存在", "the manifest is missing")]
    raw = path.read_bytes()
    problems: list[Problem] = []
    if raw and not raw.endswith(b"\n"):
        problems.append(Problem("torn", str(path), "证据清单最后一行不完整", "the last line is torn"))
    entries: list[dict[str, Any]] = []
    previous = _START
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        where = f"{path.name}:{number}"
        try:
            entry = json.loads(line)
            good = isinstance(entry, dict) and entry == seal(entry, previous)
        except ValueError:
            entry, good = {}, False
        if not good:
            problems.append(Problem("chain_broken", where, "该行被改动或缺行", "altered, or lines are missing"))
        if isinstance(entry, dict):
            previous = str(entry.get("hash", previous))
            entries.append(entry)
    return problems + _verify_blobs(root, entries) + _verify_warcs(root, entries)


def _verify_blobs(root: Path, entries: Iterable[Mapping[str, Any]]) -> list[Problem]:
    blobs, problems = BlobStore(root), []
    for sha in sorted({str(entry["sha256"]) for entry in entries if entry.get("sha256")}):
        if not blobs.path(sha).is_file():
            problems.append(Problem("blob_missing", sha, "证据文件缺失", "the blob is missing"))
        elif hashlib.sha256(blobs.path(sha).read_bytes()).hexdigest() != sha:
            problems.append(Problem("blob_damaged", sha, "证据文件被改动", "the blob was altered"))
    return problems


def _verify_warcs(root: Path, entries: Iterable[Mapping[str, Any]]) -> list[Problem]:
    names = sorted({str(entry["warc"]) for entry in entries if entry.get("warc")})
    return [
        Problem("warc_missing", name, "WARC 文件缺失", "the WARC file is missing")
        for name in names
        if not (root / "warc" / name).is_file()
    ]


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _whole_lines(file: BinaryIO) -> tuple[int, bytes]:
    """Size up to the last line end, and the last whole line, reading back from the end."""
    size = position = file.seek(0, os.SEEK_END)
    tail = b""
    while position > 0 and tail.count(b"\n") < 2:
        step = min(65536, position)
        position -= step
        file.seek(position)
        tail = file.read(step) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    lines = whole.splitlines()
    return size - (len(tail) - len(whole)), lines[-1] if lines else b""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

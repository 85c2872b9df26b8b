"""The list of all that was fetched: one JSON line each, chained by hashes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from crawler.evidence.errors import EvidenceError

START = "0" * 64
LONGEST_LINE = 1 << 24


class Manifest:
    """``manifest.jsonl``: one line a fetch, each carrying the hash of the line before. Safe for several processes."""

    def __init__(self, directory: str | Path) -> None:
        self.path = Path(directory) / "manifest.jsonl"

    def append(self, entry: Mapping[str, Any]) -> str:
        """Add one entry and sync it; returns its hash."""
        return self.extend([entry])

    def extend(self, entries: Iterable[Mapping[str, Any]]) -> str:
        """Add entries under one sync, all or none; returns the last hash. A line torn by a crash is cut off first."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                return self._extend(file, entries)
        except OSError as error:
            raise EvidenceError(f"证据清单写不进 / manifest cannot be written: {self.path}: {error}") from error

    def last(self) -> str | None:
        """The hash of the last whole line, None if there is none; raises ``EvidenceError`` if that line is no entry."""
        try:
            with self.path.open("rb") as file:
                line = _whole_lines(file)[1]
            return str(json.loads(line)["hash"]) if line else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EvidenceError(f"证据清单读不到 / manifest cannot be read: {self.path}: {error}") from error

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Number and bytes of every line there is now, the line end included; what is added meanwhile is left out.

        A torn last line comes without its end. Raises ``EvidenceError`` if the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # no writer is in the middle of a line
                size = os.fstat(file.fileno()).st_size
                fcntl.flock(file, fcntl.LOCK_UN)
                number = 0
                while file.tell() < size and (line := file.readline(min(LONGEST_LINE, size - file.tell()))):
                    number += 1
                    yield number, line
        except OSError as error:
            raise EvidenceError(f"证据清单读不到 / manifest cannot be read: {self.path}: {error}") from error

    def _extend(self, file: BinaryIO, entries: Iterable[Mapping[str, Any]]) -> str:
        size, last = _whole_lines(file)
        file.truncate(size)
        previous = str(json.loads(last)["hash"]) if last else START
        lines = []
        for entry in entries:
            sealed = seal(entry, previous)
            previous = str(sealed["hash"])
            lines.append(canonical(sealed) + b"\n")
        try:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise
        return previous


def entries(directory: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and entry of every line of the manifest that is one; nothing if there is no manifest."""
    manifest = Manifest(directory)
    if not manifest.path.exists():
        return
    for number, line in manifest.lines():
        entry = parsed(line)
        if entry is not None:
            yield number, entry


def parsed(line: bytes) -> dict[str, Any] | None:
    """The entry of a line, None if it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def seal(entry: Mapping[str, Any], previous: str) -> dict[str, Any]:
    """The entry with ``previous`` and its own ``hash`` (sha256 over the canonical JSON of all the rest)."""
    body = unsealed(entry) | {"previous": previous}
    return body | {"hash": hashlib.sha256(canonical(body)).hexdigest()}


def unsealed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without its hash: what the hash is taken over."""
    return {key: value for key, value in entry.items() if key != "hash"}


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The one way in which an entry is written."""
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
    lines = whole.split(b"\n")
    return size - (len(tail) - len(whole)), lines[-2] if len(lines) > 1 else b""

"""Notes beside the evidence, each found by its key: what costs a fetch or a parse to know again, and no more.

One file a portal, one line a note. They are never the truth: a line that is torn, altered or lost is no note, and what
it said is found out anew. Nothing is synced, and nothing but keys and places is held in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from crawler.opening import opened

_DIGEST = 32


class Notes:
    """The notes in ``path``; without one none are kept. Threads may use them at once."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, Lock()
        self._places: dict[bytes, int] | None = None
        self._lines, self._begin = 0, b""
        self._used: set[bytes] = set()

    def get(self, key: str) -> bytes:
        """The note of a key. Raises KeyError if there is none that is whole."""
        if self._path is None:
            raise KeyError(key)
        name = _name(key)
        with self._lock:
            place = self._known(self._path)[name]
            self._used.add(name)
        try:
            with self._path.open("rb") as file:
                file.seek(place)
                line = file.readline()
        except OSError as error:
            raise KeyError(key) from error
        named, digest, text = line[:_DIGEST], line[_DIGEST : 2 * _DIGEST], line[2 * _DIGEST : -1]
        if named != name or digest != _digest(name, text) or not text:
            raise KeyError(key)
        return text

    def put(self, key: str, text: bytes) -> None:
        """Note something, in place of what was noted before; ``text`` is one line, empty to forget."""
        if self._path is None:
            return
        name = _name(key)
        line = b"%b%b%b\n" % (name, _digest(name, text), text)
        with self._lock, contextlib.suppress(OSError):  # costs finding it out again, and nothing else
            known = self._known(self._path)
            known[name] = _appended(self._path, self._begin + line) - len(line)
            self._begin = b""
            self._lines += 1
            self._used.add(name)

    def close(self) -> None:
        """Drop what was neither asked for nor noted since, once that is more than the rest. Raises OSError."""
        if self._path is None or self._places is None or self._lines <= 2 * len(self._used):
            return
        scratch = self._path.with_suffix(".new")
        with self._path.open("rb") as file, scratch.open("wb") as kept:
            for place in sorted(self._places[name] for name in self._used):
                file.seek(place)
                kept.write(file.readline())
        scratch.replace(self._path)

    def _known(self, path: Path) -> dict[bytes, int]:
        """Where every note begins; the last one of a key counts."""
        if self._places is None:
            self._places = {}
            for place, line in _lines(path):
                self._places[line[:_DIGEST]] = place
                self._lines += 1
                self._begin = b"" if line.endswith(b"\n") else b"\n"  # torn by a crash
        return self._places


def _appended(path: Path, data: bytes) -> int:
    """Write at the end of a file, wherever that is by then; returns where it ends now. Raises OSError."""
    file = opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, data)
        return os.lseek(file, 0, os.SEEK_CUR)
    finally:
        os.close(file)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with contextlib.suppress(OSError), path.open("rb") as file:
        place = 0
        for line in file:
            yield place, line
            place += len(line)


def _name(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST].encode()


def _digest(name: bytes, text: bytes) -> bytes:
    return hashlib.sha256(name + text).hexdigest()[:_DIGEST].encode()

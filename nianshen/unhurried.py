"""A log that nobody waits for: what its reader does not take in time is dropped and counted, not waited for."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

MOST_LINES: Final = 5_000
LAST_WORDS_SECONDS: Final = 2.0


class Unhurried:
    """A text stream for a logger over a file descriptor; a reader that is paused, or gone, holds nobody up.

    ``gap`` makes the line that tells how many were dropped. Use as a context manager: the end waits for the last lines,
    but not long.
    """

    def __init__(self, descriptor: int, gap: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._gap = gap
        self._open_line = ""
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_down, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(LAST_WORDS_SECONDS)

    def write(self, text: str) -> int:
        """Part of a line; ``flush`` ends it."""
        with self._changed:
            self._open_line += text
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, or count it where too much waits already."""
        with self._changed:
            text, self._open_line = self._open_line, ""
            if not text:
                return
            if len(self._lines) >= MOST_LINES:
                self._dropped += 1
                return
            self._tell_the_gap()
            self._lines.append(text)
            self._changed.notify_all()

    def _tell_the_gap(self) -> None:
        if self._dropped:
            self._lines.append(self._gap(self._dropped))
            self._dropped = 0

    def _write_down(self) -> None:
        while (text := self._next()) is not None:
            data = text.encode("utf-8", "backslashreplace")
            with suppress(OSError):  # a full disk, or a reader of the log that went away, must not stop the work
                while data:
                    data = data[os.write(self._descriptor, data) :]

    def _next(self) -> str | None:
        """The line that waits longest; None once there is none and none will come."""
        with self._changed:
            while not self._lines:
                self._tell_the_gap()
                if self._lines:
                    break
                if self._closing:
                    return None
                self._changed.wait()
            return self._lines.popleft()

"""How far a long command is, on stderr: one line that rewrites itself on a terminal, ten lines in all elsewhere."""

from __future__ import annotations

import sys

_CLEAR = "\r\x1b[K"


class Progress:
    """Counts to ``total``. ``clear`` before anything else is printed, for both may share the terminal."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._step = max(1, total // 10)
        self._shown = False

    def show(self, done: int) -> None:
        line = f"{self._what} {done}/{self._total}"
        if self._terminal:
            print(_CLEAR + line, end="", file=sys.stderr, flush=True)
            self._shown = True
        elif done and (done % self._step == 0 or done == self._total):
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
            self._shown = False

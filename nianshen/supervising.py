"""Processes that are to run always: started, started anew when they end, ended together."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

SLOWEST_RESTART: Final = 60.0
STEADY_SECONDS: Final = 60.0
GRACE_SECONDS: Final = 30


@dataclass(slots=True)
class _Part:
    """A process, and when it may be started (again). ``pause`` doubles with every early death."""

    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    not_before: float = 0.0
    pause: float = 1.0


class Supervisor:
    """``commands`` by name; ``say`` hears of every end and every new start."""

    def __init__(self, commands: Mapping[str, Sequence[str]], say: Callable[[str], None]) -> None:
        self._parts = {name: _Part(command) for name, command in commands.items()}
        self._say = say

    def run(self, stop: Event) -> None:
        """Keep everything running until ``stop`` is set, then end it: politely, after 30 seconds not."""
        try:
            while not stop.is_set():
                for name, part in self._parts.items():
                    self._keep(name, part)
                stop.wait(0.2)
        finally:
            self._end()

    def _keep(self, name: str, part: _Part) -> None:
        now = time.monotonic()
        if part.process is not None and (code := part.process.poll()) is not None:
            part.pause = 1.0 if now - part.started > STEADY_SECONDS else min(part.pause * 2, SLOWEST_RESTART)
            part.process, part.not_before = None, now + part.pause
            self._say(f"{name} 退出（{code}），{part.pause:.0f} 秒后重启 / ended ({code}), again in {part.pause:.0f} s")
        if part.process is None and now >= part.not_before:
            part.process, part.started = subprocess.Popen(part.command), now  # noqa: S603 - commands of ours

    def _end(self) -> None:
        running = [part.process for part in self._parts.values() if part.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

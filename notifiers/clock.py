"""Time as the dispatcher needs it, so that tests can turn three days in a millisecond."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """The present, and waiting for it to pass."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...

    def wait(self, stop: Event, seconds: float) -> None:
        """Return after ``seconds``, or at once when ``stop`` is set."""
        ...


class SystemClock:
    """The machine's clock: what the command line passes in."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)

    def wait(self, stop: Event, seconds: float) -> None:
        """Wait for the stop signal, at most ``seconds``."""
        stop.wait(seconds)

"""Time as the dispatcher needs it, so that tests can turn three days in a millisecond."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """The present, and waiting for it to pass."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment, by the clock nobody can set: how long a thing took."""
        ...

    def wait(self, stop: Event, seconds: float) -> None:
        """Return after ``seconds``, or at once when ``stop`` is set."""
        ...


class SystemClock:
    """The machine's clock: what the command line passes in."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return monotonic()

    def wait(self, stop: Event, seconds: float) -> None:
        """Wait for the stop signal, at most ``seconds``."""
        stop.wait(seconds)

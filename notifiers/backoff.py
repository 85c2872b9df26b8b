"""When to try again: eleven tries over 75.6 hours, so that a receiver that is down over a weekend loses nothing."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Final

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
TRIES: Final = len(DELAYS) + 1
JITTER: Final = 0.2
LONGEST_RETRY_AFTER: Final = timedelta(hours=6)


def next_delay(tries: int, after: timedelta | None, rng: Random) -> timedelta | None:
    """How long to wait after the ``tries``-th try failed, or None when that was the last.

    ``after`` is what the receiver asked for: a floor under the table's delay, itself capped at six hours.
    Raises ValueError if no try was made.
    """
    if tries < 1:
        raise ValueError(f"no try was made: {tries}")
    if tries >= TRIES:
        return None
    delay = DELAYS[tries - 1] * rng.uniform(1 - JITTER, 1 + JITTER)
    return max(delay, held(after))


def held(after: timedelta | None) -> timedelta:
    """The wait a receiver asked for, between nothing and six hours: no answer may silence a channel for longer."""
    return min(max(after or timedelta(), timedelta()), LONGEST_RETRY_AFTER)

"""How fast a channel may go and when it rests: a token bucket and a circuit breaker over a state that a store keeps.

Pure. Two processes that share the stored state share the limit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from notifiers.backoff import DELAYS, LONGEST_RETRY_AFTER, held
from notifiers.outcome import Delivered, Permanent, Retry

PER_MINUTE: Final = {"feishu": 60, "dingtalk": 20, "wecom": 20, "slack": 60, "teams": 60, "email": 60, "apprise": 20}
"""What a service takes before it refuses or freezes a sender; a webhook: ``DEFAULT_PER_MINUTE``."""
DEFAULT_PER_MINUTE: Final = 600

CROWDED: Final = frozenset({"feishu"})
"""Services that throttle whoever comes at the full and the half hour, when everybody's clockwork does."""

_HALF_HOUR: Final = timedelta(minutes=30)
_CROWD_COMES: Final = timedelta(seconds=3)  # before the mark: clocks differ
_CROWD_GOES: Final = timedelta(seconds=8)
_SPREAD_SECONDS: Final = 12  # a run that sends for 30 seconds gets through all the same

OPENS_AFTER: Final = 5
OPEN_FOR: Final = timedelta(seconds=60)
OPEN_AT_MOST: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(hours=120)
UNBROKEN: Final = timedelta(hours=30)
"""Failures further apart than any two tries of one message (24 h and a fifth) are no continuous failure."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Never more than ``per_minute`` messages in any 60 seconds, whichever second they begin with.

    A tenth of them may go at once and nine tenths flow in: a full bucket and a minute's flow add up to the limit.
    ``crowded`` says that what can wait keeps away from the half hours.
    """

    per_minute: int
    crowded: bool = False

    def __post_init__(self) -> None:
        if self.per_minute < 1:
            raise ValueError(f"a channel that may send nothing: {self.per_minute} a minute")

    @property
    def burst(self) -> int:
        return max(1, self.per_minute // 10)

    @property
    def per_second(self) -> float:
        return self.per_minute * 0.9 / 60


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a channel. ``failures`` are the last ones in a row that were the channel's own doing.

    ``asked`` says that the receiver itself named the wait: no person's haste shortens it. ``disabled_at`` is since when
    the channel is given up: nothing is sent until a person has looked at it.
    """

    tokens: float
    counted_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None
    asked: bool = False
    reason: str | None = None
    disabled_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether the breaker is open: one message at a time tries whether the channel is back."""
        return self.failures >= OPENS_AFTER


def fresh(pace: Pace, now: datetime) -> State:
    """A channel nothing is known of."""
    return State(pace.burst, now)


def admit(state: State, pace: Pace, now: datetime, probe_until: datetime) -> State | datetime | None:
    """The state once one more message is on its way, or from when on the next may be; None if the channel is given up.

    While the breaker is open the message is a probe: nobody else sends before ``probe_until`` or its outcome.
    """
    if state.disabled_at is not None:
        return None
    if (rest := _resting(state, now)) is not None:
        return rest
    # A clock that was set back must not stop the flow until it has caught up.
    elapsed = max((now - state.counted_at).total_seconds(), 0)
    tokens = min(state.tokens + elapsed * pace.per_second, pace.burst)
    if tokens < 1:
        return now + timedelta(seconds=(1 - tokens) / pace.per_second)
    return replace(state, tokens=tokens - 1, counted_at=now, held_until=probe_until if state.open else state.held_until)


def beside_the_crowd(now: datetime, message_id: str) -> datetime | None:
    """When a message that can wait is sent instead of ``now`` (aware), which is a full or half hour; None if it is not.

    At most 22 seconds later, and at the same second whoever asks.
    """
    clock = now.astimezone(UTC)  # that of China has the same marks
    since = timedelta(minutes=clock.minute % 30, seconds=clock.second, microseconds=clock.microsecond)
    if _CROWD_GOES <= since < _HALF_HOUR - _CROWD_COMES:
        return None
    mark = now - since + (timedelta() if since < _CROWD_GOES else _HALF_HOUR)
    drawn = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:8])
    return mark + _CROWD_GOES + timedelta(seconds=drawn % _SPREAD_SECONDS)


def after(state: State, outcome: Delivered | Retry | Permanent, now: datetime) -> State:
    """The state once an attempt ended. An answer that is about the message alone says that the channel works.

    A channel whose token is gone rests for the longest time at once: every further message would die of it. One that
    did nothing but fail for five days is given up.
    """
    if isinstance(outcome, Delivered) or not outcome.hold:
        return restored(state)
    if isinstance(outcome, Permanent):
        failures, asked, rest = max(state.failures + 1, OPENS_AFTER), None, OPEN_AT_MOST
    else:
        failures, asked = state.failures + 1, outcome.after
        rest = max(held(asked), _open_for(failures) if failures >= OPENS_AFTER else DELAYS[0])
    since = _failing_since(state, now)
    given_up = now if now - since >= GIVEN_UP_AFTER else None
    return replace(
        state,
        failures=failures,
        failing_since=since,
        held_until=now + rest,
        asked=asked is not None,
        reason=outcome.reason,
        disabled_at=state.disabled_at or given_up,
    )


def restored(state: State) -> State:
    """The state of a channel that works."""
    return State(state.tokens, state.counted_at)


def _failing_since(state: State, now: datetime) -> datetime:
    """Since when the channel has failed without a break; a pause in which nothing was tried is one."""
    if state.failing_since is None or (state.held_until is not None and now - state.held_until > UNBROKEN):
        return now
    return state.failing_since


def _resting(state: State, now: datetime) -> datetime | None:
    """Until when the channel is left alone. An end further away than any hold is a clock's mistake."""
    until = state.held_until
    return until if until is not None and now < until <= now + LONGEST_RETRY_AFTER else None


def _open_for(failures: int) -> timedelta:
    doublings = min(failures - OPENS_AFTER, 10)  # longer than the longest rest by far
    return min(OPEN_FOR * (1 << doublings), OPEN_AT_MOST)

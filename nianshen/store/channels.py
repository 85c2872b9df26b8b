"""Channels: how fast they may go, whether they rest or are given up, and how their attempts ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, bindparam, select, update

from nianshen.store import tables
from nianshen.store.database import Access, insert_once, upsert
from notifiers import limits
from notifiers.limits import Pace, State
from notifiers.outcome import Accepted, Delivered, Permanent, Retry

BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0, inf)
"""Seconds; an attempt is counted under the first it does not exceed. An exchange ends within 20."""

_TABLE = tables.channel_state
_COUNT = tables.attempt_count
_OF_ONE = select(_TABLE).where(_TABLE.c.channel == bindparam("this")).with_for_update()
_KEEP = update(_TABLE).where(_TABLE.c.channel == bindparam("this"))

_ONE_MORE = (
    update(_COUNT)
    .where(*(_COUNT.c[name] == bindparam(f"this_{name}") for name in ("channel", "outcome", "within")))
    .values(count=_COUNT.c.count + 1, seconds=_COUNT.c.seconds + bindparam("took"))
)


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """How many attempts on a channel ended so within so many seconds (and above the bound before), and their sum."""

    channel: str
    outcome: str
    within: float
    count: int
    seconds: float


class Channels:
    def __init__(self, access: Access) -> None:
        self._access = access

    def states(self) -> dict[str, State]:
        """What is remembered of every channel that has sent something."""
        with self._access.read() as connection:
            rows = connection.execute(select(_TABLE)).mappings()
            return {row["channel"]: _state_of(row) for row in rows}

    def given_up(self) -> dict[str, str | None]:
        """The channels that are given up, each with what ``remember`` kept of its settings, None before that."""
        query = select(_TABLE.c.channel, _TABLE.c.disabled_with).where(_TABLE.c.disabled_at.is_not(None))
        with self._access.read() as connection:
            return {row.channel: row.disabled_with for row in connection.execute(query.order_by(_TABLE.c.channel))}

    def remember(self, channel: str, settings: str) -> None:
        """Keep a print of the settings with which a channel was given up."""
        with self._access.write() as connection:
            connection.execute(update(_TABLE).where(_TABLE.c.channel == channel).values(disabled_with=settings))

    def restore(self, channel: str, now: datetime) -> bool:
        """A channel works again, by all that is known: what waits there is due. False if it was not given up."""
        waits = tables.outbox
        failed = and_(waits.c.channel == channel, waits.c.state == "pending", waits.c.attempts > 0)
        with self._access.write() as connection:
            row = connection.execute(_OF_ONE, {"this": channel}).mappings().one_or_none()
            if row is None or row["disabled_at"] is None:
                return False
            keep(connection, channel, limits.restored(_state_of(row)))
            connection.execute(update(_TABLE).where(_TABLE.c.channel == channel).values(disabled_with=None))
            connection.execute(update(waits).where(failed, waits.c.not_before > now).values(not_before=now))
            return True

    def attempts(self) -> list[AttemptCount]:
        """Every count, by channel, outcome and bound."""
        query = select(_COUNT).order_by(_COUNT.c.channel, _COUNT.c.outcome, _COUNT.c.within)
        with self._access.read() as connection:
            return [AttemptCount(*row) for row in connection.execute(query)]


def make(connection: Connection, channel: str, pace: Pace, now: datetime) -> None:
    """A state for a channel that has none."""
    insert_once(connection, _TABLE, {"channel": channel, **_values(limits.fresh(pace, now))})


def state(connection: Connection, channel: str) -> State:
    """The channel's state, locked to the end of the transaction. Somebody has made it."""
    return _state_of(connection.execute(_OF_ONE, {"this": channel}).mappings().one())


def keep(connection: Connection, channel: str, state: State) -> None:
    """Write the state of a channel."""
    connection.execute(_KEEP, {"this": channel, **_values(state)})


def wake(connection: Connection) -> None:
    """End the rest of all channels, but for those whose receiver named the time to wait."""
    connection.execute(update(_TABLE).where(_TABLE.c.asked.is_(False)).values(held_until=None))


def count(connection: Connection, channel: str, outcome: Delivered | Retry | Permanent, seconds: float) -> None:
    """Count an attempt."""
    key = {"channel": channel, "outcome": word(outcome), "within": next(one for one in BOUNDS if seconds <= one)}
    here = {f"this_{name}": value for name, value in key.items()}
    if connection.execute(_ONE_MORE, here | {"took": seconds}).rowcount:
        return
    added = upsert(connection, _COUNT).values(key | {"count": 1, "seconds": seconds})
    more = {"count": _COUNT.c.count + 1, "seconds": _COUNT.c.seconds + seconds}  # another was the first after all
    connection.execute(added.on_conflict_do_update(index_elements=list(key), set_=more))


def word(outcome: Delivered | Retry | Permanent) -> str:
    """Under what an attempt is counted."""
    match outcome:
        case Accepted():
            return "accepted"
        case Delivered():
            return "delivered"
        case Retry():
            return "retry"
    return "dead"


def _state_of(row: RowMapping) -> State:
    return State(**{name: row[name] for name in State.__slots__})


def _values(state: State) -> Mapping[str, Any]:
    return {name: getattr(state, name) for name in State.__slots__}

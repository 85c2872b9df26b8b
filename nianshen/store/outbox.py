"""The outbox: messages to send, claimed under a lease and settled one by one. At least once, same id, same bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, update

from nianshen.store import channels as states
from nianshen.store import tables
from nianshen.store.database import Access
from nianshen.store.grouping import merged, withdraw
from notifiers import limits
from notifiers.limits import State
from notifiers.mute import Why
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Accepted, Delivered, Permanent, Retry

_TABLE = tables.outbox
# Built once: every message needs them, and building them takes longer than running them.
_DUE = (
    select(_TABLE)
    .where(_TABLE.c.channel == bindparam("here"), tables.WAITING, _TABLE.c.not_before <= bindparam("now"))
    .order_by(_TABLE.c.not_before, _TABLE.c.message_id)
    .limit(1)
)
_DUE_OURS = _DUE.with_for_update(skip_locked=True)
_ANY_DUE = _DUE.with_only_columns(_TABLE.c.message_id)
_TRIED_OURS = (
    select(_TABLE)
    .where(_TABLE.c.channel == bindparam("here"), _TABLE.c.state == "pending", _TABLE.c.claims > 0)
    .order_by(_TABLE.c.not_before, _TABLE.c.message_id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_THIS = _TABLE.c.message_id == bindparam("this")
_LEASE = update(_TABLE).where(_THIS)
_DELIVERED = update(_TABLE).where(_THIS, _TABLE.c.state.not_in(["sent", "accepted"]))
_FAILED = update(_TABLE).where(_THIS, _TABLE.c.state == "leased", _TABLE.c.claims == bindparam("claim"))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    message_id: str
    channel: str
    body: bytes
    reason: str


class Outbox:
    """Fulfils ``notifiers.outbox.Outbox``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def claim(self, channel: str, wanted: Wanted) -> Delivery | datetime | None:
        """The message due longest; the channel's limits are asked in the same transaction.

        A leased message is due again when its lease ends. What was claimed once keeps its id and bytes for good.
        """
        with self._access.read() as connection:
            if connection.execute(_ANY_DUE, {"here": channel, "now": wanted.now}).one_or_none() is None:
                return None  # an idle lane asks every second: it must not take the only write lock to hear no
        with self._access.write() as connection:
            states.make(connection, channel, wanted.pace, wanted.now)
            before = states.state(connection, channel)
            claimed, state = _claim(connection, channel, wanted, before)
            if state is not before:
                states.keep(connection, channel, state)
        return claimed

    def settle(
        self,
        delivery: Delivery,
        outcome: Delivered | Retry | Permanent,
        now: datetime,
        not_before: datetime | None,
        *,
        seconds: float = 0.0,
        wanted: Wanted | None = None,
    ) -> Delivery | datetime | None:
        """Ends the claim and counts the attempt; claims the next message in the same transaction if one is wanted.

        A delivery always counts. A failure reported after the lease ran out and another sender settled is ignored.
        """
        with self._access.write() as connection:
            before = state = states.state(connection, delivery.channel)
            states.count(connection, delivery.channel, outcome, seconds)
            if _settled(connection, delivery, outcome, now, not_before):
                state = limits.after(before, outcome, now)
            claimed: Delivery | datetime | None = None
            if wanted is not None:
                claimed, state = _claim(connection, delivery.channel, wanted, state)
            if state is not before:
                states.keep(connection, delivery.channel, state)
        return claimed

    def withdraw(self, keys: Collection[str], why: Why) -> int:
        """Take what is about ``keys`` out of the messages nobody tried to send yet; how many alerts there were."""
        with self._access.write() as connection:
            return withdraw(connection, keys, why)

    def unreported(self, channels: Collection[str] | None = None) -> list[DeadLetter]:
        """Dead letters no person was told of yet, of these channels or all; from now on they count as told."""
        dead = and_(_TABLE.c.state == "dead", _TABLE.c.reported.is_(False))
        if channels is not None:
            dead = and_(dead, _TABLE.c.channel.in_(channels))
        with self._access.write() as connection:
            query = select(_TABLE.c.message_id, _TABLE.c.channel, _TABLE.c.body, _TABLE.c.last_error)
            found = connection.execute(query.where(dead).order_by(_TABLE.c.message_id).with_for_update()).all()
            if found:
                connection.execute(update(_TABLE).where(dead).values(reported=True))
        return [DeadLetter(row.message_id, row.channel, bytes(row.body), row.last_error) for row in found]

    def oldest_due(self, now: datetime) -> datetime | None:
        """Since when the message due longest has been due; None if none is. A channel at rest keeps nobody waiting."""
        known = states.Channels(self._access).states()
        resting = {name for name, state in known.items() if state.disabled_at or (state.held_until or now) > now}
        return min((since for name, since in self.due_since(now).items() if name not in resting), default=None)

    def due_since(self, now: datetime) -> dict[str, datetime]:
        """For every channel that has something due, since when the message due longest has been."""
        query = (
            select(_TABLE.c.channel, func.min(_TABLE.c.not_before).label("since"))
            .where(_TABLE.c.state == "pending", _TABLE.c.not_before <= now)
            .group_by(_TABLE.c.channel)
        )
        with self._access.read() as connection:
            return {row.channel: row.since for row in connection.execute(query)}

    def counts(self) -> dict[tuple[str, str], int]:
        """Messages by channel and state."""
        query = select(_TABLE.c.channel, _TABLE.c.state, func.count().label("n")).group_by(
            _TABLE.c.channel, _TABLE.c.state
        )
        with self._access.read() as connection:
            return {(row.channel, row.state): row.n for row in connection.execute(query)}

    def waiting(self) -> dict[str, int]:
        """Messages by state."""
        with self._access.read() as connection:
            rows = connection.execute(select(_TABLE.c.state, func.count()).group_by(_TABLE.c.state))
            return {state: count for state, count in rows}  # noqa: C416 - rows are not pairs to mypy

    def recover(self, now: datetime, longest: datetime) -> int:
        """Free what is leased beyond ``longest``, as a clock wrote that was set back since; how many there were."""
        jammed = and_(_TABLE.c.state == "leased", _TABLE.c.not_before > longest)
        with self._access.write() as connection:
            return connection.execute(update(_TABLE).where(jammed).values(state="pending", not_before=now)).rowcount

    def hurry(self, now: datetime) -> None:
        """Makes due what failed before and waits for its next try; what was never tried keeps its time.

        A channel that rests is asked again, unless its receiver named the time to wait.
        """
        failed = and_(_TABLE.c.state == "pending", _TABLE.c.attempts > 0, _TABLE.c.not_before > now)
        with self._access.write() as connection:
            connection.execute(update(_TABLE).where(failed).values(not_before=now))
            states.wake(connection)

    def undelivered(self, now: datetime) -> int:
        """Messages that failed or are overdue and still wait; those held back for later are not among them."""
        overdue = or_(_TABLE.c.attempts > 0, _TABLE.c.not_before <= now)
        query = select(func.count()).where(_TABLE.c.state == "pending", overdue)
        with self._access.read() as connection:
            return connection.execute(query).scalar_one()

    def retry(self, ids: Collection[str] | None, now: datetime) -> tuple[int, set[str]]:
        """Makes waiting and dead messages due at once: those of the alert or message ids, or all (None).

        Returns how many are due now and the ids nobody knows. A dead one starts its schedule anew.
        """
        link = tables.alert_message
        with self._access.write() as connection:
            query = select(_TABLE.c.message_id, link.c.alert_id).outerjoin(
                link, link.c.message_id == _TABLE.c.message_id
            )
            pairs = [(row.message_id, row.alert_id) for row in connection.execute(query)]
            chosen = {message for message, alert in pairs if ids is None or message in ids or alert in ids}
            known = {name for pair in pairs for name in pair}
            due = and_(_TABLE.c.message_id.in_(chosen), _TABLE.c.state.in_(["pending", "dead"]))
            anew = {"state": "pending", "not_before": now}
            dead = and_(due, _TABLE.c.state == "dead")
            revived = connection.execute(
                update(_TABLE).where(dead).values(anew | {"attempts": 0, "reported": False})
            ).rowcount
            hurried = and_(due, _TABLE.c.not_before > now)
            moved = connection.execute(update(_TABLE).where(hurried).values(anew)).rowcount
            states.wake(connection)
        return revived + moved, set(ids or ()) - known


def _claim(
    connection: Connection, channel: str, wanted: Wanted, state: State
) -> tuple[Delivery | datetime | None, State]:
    """What ``claim`` says, and the channel's state after it; ``state`` itself if that has not changed."""
    due = {"here": channel, "now": wanted.now}
    row = connection.execute(_DUE_OURS, due).one_or_none()
    if row is None:
        return None, state
    if wanted.pace.crowded and row.scope and (later := limits.beside_the_crowd(wanted.now, row.message_id)):
        return later, state  # what is about the system has no scope, and does not wait
    admitted = limits.admit(state, wanted.pace, wanted.now, wanted.lease_until)
    if not isinstance(admitted, State):
        return admitted, state
    row = _next(connection, row, due, state)
    if row is None:
        return None, state
    claim = row.claims + 1
    lease = {"state": "leased", "not_before": wanted.lease_until, "claims": claim, "rest": None}
    connection.execute(_LEASE, {"this": row.message_id, **lease})
    resumes = row.not_before if row.not_before > wanted.now else None
    return Delivery(row.message_id, channel, bytes(row.body), row.attempts, row.created, claim, resumes), admitted


def _next(connection: Connection, row: Row[Any] | None, due: Mapping[str, Any], state: State) -> Row[Any] | None:
    """The message to send: of those never tried what is left of their group, of those tried what stands there.

    While the breaker is open, one that was tried before goes first, be it due later than now.
    """
    while row is not None:
        if row.claims:
            return row
        if state.open and (probe := connection.execute(_TRIED_OURS, {"here": due["here"]}).one_or_none()):
            return probe
        if (made := merged(connection, row, due["now"])) is not None:
            return made
        row = connection.execute(_DUE_OURS, due).one_or_none()
    return None


def _settled(
    connection: Connection,
    delivery: Delivery,
    outcome: Delivered | Retry | Permanent,
    now: datetime,
    not_before: datetime | None,
) -> bool:
    """Write down how a claim ended; False if it had run out."""
    early = isinstance(outcome, Retry) and delivery.resumes is not None
    this: dict[str, Any] = {"this": delivery.message_id, "attempts": delivery.attempts + (0 if early else 1)}
    last: dict[str, Any]
    match outcome:
        case Delivered(reason=reason):
            accepted = isinstance(outcome, Accepted)
            last = {"state": "accepted", "last_error": reason} if accepted else {"state": "sent", "last_error": None}
            return connection.execute(_DELIVERED, this | last | {"sent_at": now}).rowcount > 0
        case Retry(reason=reason):
            last = {"state": "pending", "not_before": not_before or now, "last_error": reason}
        case Permanent(reason=reason):
            last = {"state": "dead", "last_error": reason}
    return connection.execute(_FAILED, this | last | {"claim": delivery.claim}).rowcount > 0

"""The outbox: messages to send, claimed under a lease and settled one by one. At least once, same id, same bytes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Select, and_, func, insert, or_, select, update

from nianshen.store import tables
from nianshen.store.database import Access, insert_once
from notifiers import limits
from notifiers.digest import Held, Merged, merge
from notifiers.limits import Pace, State
from notifiers.mute import Why
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Delivered, Permanent, Retry

_TABLE = tables.outbox
_CHANNELS = tables.channel_state
_AT_ONCE = 500
"""Ids in one statement: databases take thousands, not tens of thousands."""


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

    def claim(self, channel: str, pace: Pace, now: datetime, lease_until: datetime) -> Delivery | datetime | None:
        """The message due longest; the channel's limits are asked in the same transaction.

        A leased message is due again when its lease ends. What was claimed once keeps its id and bytes for good.
        """
        query = (
            select(_TABLE)
            .where(_TABLE.c.channel == channel, tables.WAITING, _TABLE.c.not_before <= now)
            .order_by(_TABLE.c.not_before, _TABLE.c.message_id)
            .limit(1)
        )
        with self._access.read() as connection:
            if connection.execute(query).one_or_none() is None:
                return None  # an idle lane asks every second: it must not take the only write lock to hear no
        with self._access.write() as connection:
            insert_once(connection, _CHANNELS, {"channel": channel, **asdict(limits.fresh(pace, now))})
            before = _state(connection, channel)
            due = query.with_for_update(skip_locked=True)
            if connection.execute(due).one_or_none() is None:
                return None
            admitted = limits.admit(before, pace, now, lease_until)
            if isinstance(admitted, datetime):
                return admitted
            row = _next(connection, due, before, now)
            if row is None:
                return None
            _keep(connection, channel, admitted)
            lease = {"state": "leased", "not_before": lease_until, "claims": row.claims + 1, "rest": None}
            connection.execute(update(_TABLE).where(_TABLE.c.message_id == row.message_id).values(lease))
        resumes = row.not_before if row.not_before > now else None
        return Delivery(row.message_id, channel, bytes(row.body), row.attempts, row.created, row.claims + 1, resumes)

    def settle(
        self,
        delivery: Delivery,
        outcome: Delivered | Retry | Permanent,
        now: datetime,
        not_before: datetime | None,
    ) -> None:
        """Ends the claim and counts the attempt.

        A delivery always counts. A failure reported after the lease ran out and another sender settled is ignored.
        """
        this = _TABLE.c.message_id == delivery.message_id
        early = isinstance(outcome, Retry) and delivery.resumes is not None
        values: dict[str, Any] = {"attempts": delivery.attempts + (0 if early else 1)}
        match outcome:
            case Delivered(reason=reason):
                accepted = isinstance(outcome, Accepted)
                last = (
                    {"state": "accepted", "last_error": reason} if accepted else {"state": "sent", "last_error": None}
                )
                values |= last | {"sent_at": now}
                this = and_(this, _TABLE.c.state.not_in(["sent", "accepted"]))
            case Retry(reason=reason):
                values |= {"state": "pending", "not_before": not_before or now, "last_error": reason}
                this = and_(this, _still_ours(delivery))
            case Permanent(reason=reason):
                values |= {"state": "dead", "last_error": reason}
                this = and_(this, _still_ours(delivery))
        with self._access.write() as connection:
            before = _state(connection, delivery.channel)
            if connection.execute(update(_TABLE).where(this).values(values)).rowcount:
                _keep(connection, delivery.channel, limits.after(before, outcome, now))

    def channels(self) -> dict[str, State]:
        """What is remembered of every channel that has sent something."""
        with self._access.read() as connection:
            rows = connection.execute(select(_CHANNELS)).mappings()
            return {row["channel"]: _state_of(row) for row in rows}

    def unreported(self) -> list[DeadLetter]:
        """Dead letters no person was told of yet; from now on they count as told."""
        dead = and_(_TABLE.c.state == "dead", _TABLE.c.reported.is_(False))
        with self._access.write() as connection:
            query = select(_TABLE.c.message_id, _TABLE.c.channel, _TABLE.c.body, _TABLE.c.last_error)
            found = connection.execute(query.where(dead).order_by(_TABLE.c.message_id).with_for_update()).all()
            if found:
                connection.execute(update(_TABLE).where(dead).values(reported=True))
        return [DeadLetter(row.message_id, row.channel, bytes(row.body), row.last_error) for row in found]

    def oldest_due(self, now: datetime) -> datetime | None:
        """Since when the message due longest has been due; None if none is. A channel at rest keeps nobody waiting."""
        resting = {name for name, state in self.channels().items() if state.held_until and state.held_until > now}
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
            _wake(connection)

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
            _wake(connection)
        return revived + moved, set(ids or ()) - known


def _next(connection: Connection, due: Select[Any], state: State, now: datetime) -> Row[Any] | None:
    """The message to send: of those never tried what is left of their group, of those tried what stands there."""
    while (row := connection.execute(due).one_or_none()) is not None:
        if row.claims:
            return row
        if state.open and (probe := _tried(connection, row.channel)):
            return probe
        if (merged := _merged(connection, row, now)) is not None:
            return merged
    return None


def _tried(connection: Connection, channel: str) -> Row[Any] | None:
    """The message that was tried before and is due first, be it later than now."""
    tried = (_TABLE.c.channel == channel, _TABLE.c.state == "pending", _TABLE.c.claims > 0)
    query = select(_TABLE).where(*tried).order_by(_TABLE.c.not_before, _TABLE.c.message_id).limit(1)
    return connection.execute(query.with_for_update(skip_locked=True)).one_or_none()


def _merged(connection: Connection, row: Row[Any], now: datetime) -> Row[Any] | None:
    """The row itself, or the one that takes the place of all of its group; None if nothing of them stands."""
    if row.scope is None:
        return row
    group = (_TABLE.c.channel == row.channel, _TABLE.c.scope == row.scope)
    fresh = (_TABLE.c.state == "pending", _TABLE.c.claims == 0, _TABLE.c.not_before <= now)
    query = select(_TABLE).where(*group, *fresh).order_by(_TABLE.c.created, _TABLE.c.message_id)
    rows = connection.execute(query.with_for_update()).all()
    if len(rows) == 1:
        return row
    ids = [one.message_id for one in rows]
    link, alert = tables.alert_message, tables.alert
    about = select(alert.c.id, alert.c.key).join(link, link.c.alert_id == alert.c.id)
    keys = {one.id: one.key for one in connection.execute(about.where(link.c.message_id.in_(ids)))}
    held = [Held(one.message_id, bytes(one.body), one.rest) for one in rows]
    merged = merge(held, keys, row.scope)
    _suppress(connection, ids, merged)
    if merged.message is None:
        return None
    made = {name: getattr(row, name) for name in ("channel", "scope", "not_before")}
    made |= {"message_id": merged.message.message_id, "body": merged.message.body, "created": rows[0].created}
    connection.execute(insert(_TABLE).values(made | {"state": "pending", "attempts": 0, "rest": merged.message.rest}))
    moved = and_(link.c.message_id.in_(ids), link.c.reason.is_(None))
    connection.execute(update(link).where(moved).values(message_id=merged.message.message_id))
    return connection.execute(select(_TABLE).where(_TABLE.c.message_id == merged.message.message_id)).one()


def _suppress(connection: Connection, ids: Collection[str], merged: Merged) -> None:
    """Settle the messages that go as one. An alert that goes no further stays with its message, and the reason."""
    link = tables.alert_message
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.message_id.in_(ids))
        .values(state="suppressed", last_error=str(Why.MERGED), rest=None)
    )
    for why, alerts in ((Why.SUPERSEDED, merged.superseded), (Why.GONE, merged.gone)):
        for start in range(0, len(alerts), _AT_ONCE):
            here = and_(link.c.message_id.in_(ids), link.c.alert_id.in_(alerts[start : start + _AT_ONCE]))
            connection.execute(update(link).where(here).values(reason=str(why)))


def _still_ours(delivery: Delivery) -> Any:
    return and_(_TABLE.c.state == "leased", _TABLE.c.claims == delivery.claim)


def _state(connection: Connection, channel: str) -> State:
    """The channel's state, locked to the end of the transaction. A claim has made it."""
    query = select(_CHANNELS).where(_CHANNELS.c.channel == channel).with_for_update()
    return _state_of(connection.execute(query).mappings().one())


def _state_of(row: RowMapping) -> State:
    return State(**{name: row[name] for name in State.__slots__})


def _wake(connection: Connection) -> None:
    connection.execute(update(_CHANNELS).where(_CHANNELS.c.asked.is_(False)).values(held_until=None))


def _keep(connection: Connection, channel: str, state: State) -> None:
    connection.execute(update(_CHANNELS).where(_CHANNELS.c.channel == channel).values(asdict(state)))

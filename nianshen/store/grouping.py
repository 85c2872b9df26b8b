"""Messages that nobody tried to send yet: those of one group go as one, and what is no longer true is taken out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from nianshen.store import tables
from notifiers.digest import Held, Message, merge, without
from notifiers.event import Event
from notifiers.mute import Why

_TABLE = tables.outbox
_LINK = tables.alert_message
_ALERT = tables.alert
_UNTRIED = and_(_TABLE.c.state == "pending", _TABLE.c.claims == 0, _TABLE.c.scope.is_not(None))
_AT_ONCE = 500
"""Ids in one statement: databases take thousands, not tens of thousands."""


def merged(connection: Connection, row: Row[Any], now: datetime) -> Row[Any] | None:
    """The row itself, or the one that takes the place of all of its group; None if nothing of them stands."""
    if row.scope is None:
        return row
    group = (_TABLE.c.channel == row.channel, _TABLE.c.scope == row.scope, _UNTRIED, _TABLE.c.not_before <= now)
    query = select(_TABLE).where(*group).order_by(_TABLE.c.created, _TABLE.c.message_id)
    rows = connection.execute(query.with_for_update()).all()
    if len(rows) == 1:
        return row
    ids = [one.message_id for one in rows]
    about = select(_ALERT.c.id, _ALERT.c.key).join(_LINK, _LINK.c.alert_id == _ALERT.c.id)
    keys = {one.id: one.key for one in connection.execute(about.where(_LINK.c.message_id.in_(ids)))}
    done = merge([Held(one.message_id, bytes(one.body), one.rest) for one in rows], keys, row.scope)
    _take_out(connection, ids, done.superseded, Why.SUPERSEDED)
    _take_out(connection, ids, done.gone, Why.GONE)
    _replace(connection, rows, done.message, row.not_before, Why.MERGED)
    if done.message is None:
        return None
    return connection.execute(select(_TABLE).where(_TABLE.c.message_id == done.message.message_id)).one()


def withdraw(connection: Connection, keys: Collection[str], why: Why) -> int:
    """Take what is about ``keys`` out of the messages nobody tried to send yet; how many alerts there were.

    Of what was tried once nobody knows whether the receiver has it: it goes on. That a thing is mended is told still.
    """
    found: dict[str, list[str]] = defaultdict(list)
    wanted = sorted(keys)
    query = (
        select(_LINK.c.message_id, _LINK.c.alert_id)
        .join(_ALERT, _ALERT.c.id == _LINK.c.alert_id)
        .join(_TABLE, _TABLE.c.message_id == _LINK.c.message_id)
        .where(_UNTRIED, _ALERT.c.event != str(Event.RESOLVED), _LINK.c.reason.is_(None))
        .with_for_update(of=_TABLE)
    )
    for start in range(0, len(wanted), _AT_ONCE):
        for row in connection.execute(query.where(_ALERT.c.key.in_(wanted[start : start + _AT_ONCE]))):
            found[row.message_id].append(row.alert_id)
    for message_id, alerts in found.items():
        rows = connection.execute(select(_TABLE).where(_TABLE.c.message_id == message_id)).all()
        _take_out(connection, [message_id], alerts, why)
        left = without(Held(message_id, bytes(rows[0].body), rows[0].rest), alerts)
        _replace(connection, rows, left, rows[0].not_before, why)
    return sum(map(len, found.values()))


def _take_out(connection: Connection, messages: Collection[str], alerts: Sequence[str], why: Why) -> None:
    """An alert that goes no further stays with its message, and the reason."""
    for start in range(0, len(alerts), _AT_ONCE):
        here = and_(_LINK.c.message_id.in_(messages), _LINK.c.alert_id.in_(alerts[start : start + _AT_ONCE]))
        connection.execute(update(_LINK).where(here).values(reason=str(why)))


def _replace(
    connection: Connection, rows: Sequence[Row[Any]], message: Message | None, not_before: datetime, why: Why
) -> None:
    """Settle the messages and put one in their place, with the alerts that go on; none if nothing is left."""
    ids = [one.message_id for one in rows]
    connection.execute(
        update(_TABLE).where(_TABLE.c.message_id.in_(ids)).values(state="suppressed", last_error=str(why), rest=None)
    )
    if message is None:
        return
    made = {
        "message_id": message.message_id,
        "channel": rows[0].channel,
        "scope": rows[0].scope,
        "body": message.body,
        "rest": message.rest,
        "state": "pending",
        "attempts": 0,
        "not_before": not_before,
        "created": rows[0].created,
    }
    connection.execute(insert(_TABLE).values(made))
    moved = and_(_LINK.c.message_id.in_(ids), _LINK.c.reason.is_(None))
    connection.execute(update(_LINK).where(moved).values(message_id=message.message_id))

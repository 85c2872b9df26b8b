"""Alerts: what is to be told, and what became of the telling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, insert, select, update

from nianshen.store import tables
from nianshen.store.database import Access
from notifiers.event import Event
from notifiers.mute import Notice


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to store. ``key`` is the fingerprint, or names what a system alert is about.

    ``state`` counts while no message carries it: pending (held back) or suppressed, with the reason.
    """

    alert_id: str
    key: str
    event: str
    organisation: str | None
    year: int | None
    rules: Sequence[str]
    state: str = "pending"
    reason: str | None = None
    judged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A rendered message for one channel and the alerts it carries; sent byte for byte, not before ``not_before``.

    Those of one ``scope`` that were never tried go as one; ``rest`` is what ``notifiers.digest.Message`` says.
    """

    message_id: str
    channel: str
    body: bytes
    alert_ids: Sequence[str]
    not_before: datetime | None = None
    scope: str | None = None
    rest: bytes | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert on one channel; message and channel are None while nothing carries it.

    ``due`` is when its message may go (again), None if it is not waiting.
    """

    id: str
    key: str
    event: str
    message_id: str | None
    channel: str | None
    state: str
    attempts: int
    organisation: str | None
    year: int | None
    rules: tuple[str, ...]
    created: datetime
    sent: datetime | None
    acked: datetime | None
    error: str | None
    due: datetime | None

    def as_json(self) -> dict[str, Any]:
        """As CONTRACT section 6 prints it; instants in UTC, microseconds cut."""
        return {
            "id": self.id,
            "event": self.event,
            "message_id": self.message_id,
            "channel": self.channel,
            "state": self.state,
            "attempts": self.attempts,
            "organisation": self.organisation,
            "year": self.year,
            "rules": list(self.rules),
            "created": self.created.isoformat(timespec="seconds"),
            "sent": self.sent.isoformat(timespec="seconds") if self.sent else None,
            "due": self.due.isoformat(timespec="seconds") if self.due else None,
            "acked": self.acked.isoformat(timespec="seconds") if self.acked else None,
            "error": self.error,
        }


How = Literal["command", "link"]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """When a person acknowledged an alert, how, and who they said they were; the channel whose link they used."""

    at: datetime
    how: How | None
    who: str | None
    channel: str | None


class Alerts:
    def __init__(self, access: Access) -> None:
        self._access = access

    def enqueue(self, alerts: Sequence[NewAlert], messages: Sequence[NewMessage], now: datetime) -> None:
        """Stores alerts and the messages that carry them, or those stored before, in one transaction."""
        with self._access.write() as connection:
            if alerts:
                connection.execute(insert(tables.alert), [_alert_values(one, now) for one in alerts])
            if messages:
                connection.execute(insert(tables.outbox), [_message_values(one, now) for one in messages])
            links = [
                {"alert_id": alert_id, "message_id": message.message_id}
                for message in messages
                for alert_id in dict.fromkeys(message.alert_ids)
            ]
            if links:
                connection.execute(insert(tables.alert_message), links)

    def get(self, alert_id: str) -> AlertRow | None:
        """The alert on any of its channels; None if there is none of this id."""
        return next(iter(self.list(alert_id=alert_id)), None)

    def body(self, alert_id: str, channel: str) -> bytes | None:
        """The message that carries the alert to a channel, as it was or will be sent; None if none does."""
        link, outbox = tables.alert_message, tables.outbox
        query = (
            select(outbox.c.body)
            .join(link, link.c.message_id == outbox.c.message_id)
            .where(link.c.alert_id == alert_id, outbox.c.channel == channel)
            .limit(1)
        )
        with self._access.read() as connection:
            found = connection.execute(query).scalar_one_or_none()
            return None if found is None else bytes(found)

    def list(self, key: str | None = None, alert_id: str | None = None) -> list[AlertRow]:
        """Every alert once per channel that carries it, newest first; only those of ``key`` or of one id if given."""
        alert, link, outbox = tables.alert, tables.alert_message, tables.outbox
        query = (
            select(
                alert,
                outbox.c.message_id,
                outbox.c.channel,
                outbox.c.state.label("message_state"),
                outbox.c.attempts,
                outbox.c.sent_at,
                outbox.c.not_before,
                func.coalesce(link.c.reason, outbox.c.last_error).label("last_error"),
            )
            .outerjoin(link, link.c.alert_id == alert.c.id)
            .outerjoin(outbox, outbox.c.message_id == link.c.message_id)
            .order_by(alert.c.created.desc(), alert.c.id, outbox.c.channel)
        )
        if key is not None:
            query = query.where(alert.c.key == key)
        if alert_id is not None:
            query = query.where(alert.c.id == alert_id)
        with self._access.read() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def notices(self, keys: Iterable[str]) -> dict[str, Sequence[Notice]]:
        """What messages have carried of each key (fingerprint), oldest first."""
        alert = tables.alert
        query = (
            select(alert.c.key, alert.c.event, alert.c.judged_at, alert.c.acked_at)
            .where(alert.c.key.in_(set(keys)), alert.c.id.in_(_carried()))
            .order_by(alert.c.judged_at, alert.c.created)
        )
        told: dict[str, list[Notice]] = defaultdict(list)
        with self._access.read() as connection:
            for row in connection.execute(query):
                told[row.key].append(Notice(Event(row.event), row.judged_at, row.acked_at is not None))
        return dict(told)

    def known(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that are stored."""
        with self._access.read() as connection:
            return set(connection.execute(select(tables.alert.c.id).where(tables.alert.c.id.in_(ids))).scalars())

    def acknowledged(self, prefix: str) -> set[str]:
        """The keys beginning with ``prefix`` of which a person acknowledged an alert."""
        alert = tables.alert
        query = select(alert.c.key).where(
            alert.c.key.startswith(prefix, autoescape=True), alert.c.acked_at.is_not(None)
        )
        with self._access.read() as connection:
            return set(connection.execute(query).scalars())

    def told_since(self, since: datetime) -> bool:
        """Whether a message carried an alert judged after ``since``."""
        alert = tables.alert
        query = select(alert.c.id).where(alert.c.judged_at > since, alert.c.id.in_(_carried())).limit(1)
        with self._access.read() as connection:
            return connection.execute(query).one_or_none() is not None

    def drop_held(self, keys: Collection[str], reason: str) -> None:
        """What is held back of these keys will not be sent any more."""
        alert, link = tables.alert, tables.alert_message
        held = (alert.c.state == "pending") & alert.c.id.not_in(select(link.c.alert_id))
        with self._access.write() as connection:
            here = update(alert).where(alert.c.key.in_(keys), held)
            connection.execute(here.values(state="suppressed", reason=reason))

    def ack(
        self, alert_id: str, now: datetime, *, how: How = "command", who: str | None = None, channel: str | None = None
    ) -> bool:
        """A person has seen it, as the log says from now on; the first acknowledgement stays.

        ``how`` they said so, and on which ``channel`` the link was. False if there is no such alert.
        """
        here = tables.alert.c.id == alert_id
        with self._access.write() as connection:
            first = update(tables.alert).where(here, tables.alert.c.acked_at.is_(None)).values(acked_at=now)
            if not connection.execute(first).rowcount:
                return connection.execute(select(tables.alert.c.id).where(here)).one_or_none() is not None
            line = {"alert_id": alert_id, "at": now, "action": "acknowledged"}
            connection.execute(insert(tables.alert_log).values(line | {"how": how, "who": who, "channel": channel}))
            return True

    def unacknowledged(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that nobody acknowledged yet."""
        alert = tables.alert
        query = select(alert.c.id).where(alert.c.id.in_(ids), alert.c.acked_at.is_(None))
        with self._access.read() as connection:
            return set(connection.execute(query).scalars())

    def acknowledgement(self, alert_id: str) -> Acknowledgement | None:
        """How a person acknowledged the alert; None if nobody did. Older versions kept the time alone."""
        alert, log = tables.alert, tables.alert_log
        query = (
            select(alert.c.acked_at, log.c.how, log.c.who, log.c.channel)
            .outerjoin(log, log.c.alert_id == alert.c.id)
            .where(alert.c.id == alert_id, alert.c.acked_at.is_not(None))
            .order_by(log.c.id)
            .limit(1)
        )
        with self._access.read() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else Acknowledgement(*row)


def _carried() -> Select[tuple[str]]:
    """The ids of alerts in messages that were sent or may still be."""
    link, outbox = tables.alert_message, tables.outbox
    here = outbox.c.message_id == link.c.message_id
    return select(link.c.alert_id).join(outbox, here).where(outbox.c.state != "suppressed")


def _alert_values(one: NewAlert, now: datetime) -> dict[str, Any]:
    return {
        "id": one.alert_id,
        "key": one.key,
        "event": str(one.event),
        "organisation": one.organisation,
        "year": one.year,
        "rules": list(one.rules),
        "state": one.state,
        "reason": one.reason,
        "created": now,
        "judged_at": one.judged_at or now,
    }


def _message_values(one: NewMessage, now: datetime) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "channel": one.channel,
        "body": one.body,
        "state": "pending",
        "attempts": 0,
        "not_before": one.not_before or now,
        "created": now,
        "scope": one.scope,
        "rest": one.rest,
    }


def _row(row: Any) -> AlertRow:
    state = row["message_state"] or row["state"]
    return AlertRow(
        id=row["id"],
        key=row["key"],
        event=row["event"],
        message_id=row["message_id"],
        channel=row["channel"],
        state="pending" if state == "leased" else state,
        attempts=row["attempts"] if row["attempts"] is not None else 0,
        organisation=row["organisation"],
        year=row["year"],
        rules=tuple(row["rules"]),
        created=row["created"],
        sent=row["sent_at"],
        acked=row["acked_at"],
        error=row["last_error"] if row["message_id"] else row["reason"],
        due=row["not_before"] if row["message_state"] == "pending" else None,
    )

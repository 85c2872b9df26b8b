"""The outbox: messages to send, claimed under a lease and settled one by one. At least once, same id, same bytes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from nianshen.store import tables
from nianshen.store.database import Access
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Delivered, Permanent, Retry

_TABLE = tables.outbox


class Outbox:
    """Fulfils ``notifiers.outbox.Outbox``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def claim(self, channel: str, now: datetime, lease_until: datetime, limit: int) -> list[Delivery]:
        """At most ``limit`` due rows under no live lease, oldest first, leased until ``lease_until``."""
        due = or_(
            and_(_TABLE.c.state == "pending", _TABLE.c.not_before <= now),
            and_(_TABLE.c.state == "leased", _TABLE.c.lease_until <= now),
        )
        query = (
            select(_TABLE.c.message_id, _TABLE.c.channel, _TABLE.c.body, _TABLE.c.attempts, _TABLE.c.created)
            .where(_TABLE.c.channel == channel, due)
            .order_by(_TABLE.c.created, _TABLE.c.message_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._access.write() as connection:
            claimed = [
                Delivery(row.message_id, row.channel, bytes(row.body), row.attempts, row.created)
                for row in connection.execute(query)
            ]
            if claimed:
                taken = _TABLE.c.message_id.in_([one.message_id for one in claimed])
                lease = {"state": "leased", "lease_until": lease_until}
                connection.execute(update(_TABLE).where(taken).values(lease))
        return claimed

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
        values: dict[str, Any] = {"attempts": delivery.attempts + 1, "lease_until": None}
        match outcome:
            case Delivered(reason=reason):
                accepted = isinstance(outcome, Accepted)
                last = (
                    {"state": "accepted", "last_error": reason} if accepted else {"state": "sent", "last_error": None}
                )
                values |= last | {"sent_at": now}
                this = and_(this, _TABLE.c.state != "sent")
            case Retry(reason=reason):
                values |= {"state": "pending", "not_before": not_before or now, "last_error": reason}
                this = and_(this, _still_ours(delivery))
            case Permanent(reason=reason):
                values |= {"state": "dead", "last_error": reason}
                this = and_(this, _still_ours(delivery))
        with self._access.write() as connection:
            connection.execute(update(_TABLE).where(this).values(values))

    def waiting(self) -> dict[str, int]:
        """Messages by state."""
        with self._access.read() as connection:
            rows = connection.execute(select(_TABLE.c.state, func.count()).group_by(_TABLE.c.state))
            return {state: count for state, count in rows}  # noqa: C416 - rows are not pairs to mypy

    def hurry(self, now: datetime) -> None:
        """Makes due what failed before and waits for its next try; what was never tried keeps its time."""
        failed = and_(_TABLE.c.state == "pending", _TABLE.c.attempts > 0, _TABLE.c.not_before > now)
        with self._access.write() as connection:
            connection.execute(update(_TABLE).where(failed).values(not_before=now))

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
            revived = connection.execute(update(_TABLE).where(dead).values(anew | {"attempts": 0})).rowcount
            hurried = and_(due, _TABLE.c.not_before > now)
            moved = connection.execute(update(_TABLE).where(hurried).values(anew)).rowcount
        return revived + moved, set(ids or ()) - known


def _still_ours(delivery: Delivery) -> Any:
    return and_(_TABLE.c.state == "leased", _TABLE.c.attempts == delivery.attempts)

"""Items, deliveries, an outbox and a clock for tests of the notifiers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from notifiers.event import AlertItem, Event, Evidence, Organisation, Portal
from notifiers.limits import State, admit, after, fresh
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Accepted, Delivered, Permanent, Retry

NOW = datetime(2026, 1, 31, 16, tzinfo=UTC)


def item(alert_id: str = "al_1", event: Event = Event.OPENED, **changes: object) -> AlertItem:
    """An alert about one school office; a system item when the event says so."""
    system = event is Event.SYSTEM
    plain = AlertItem(
        alert_id=alert_id,
        event=event,
        organisation=None if system else Organisation("edu", "示例市教育局", "示例市", "department", "p1"),
        year=None if system else 2025,
        rule="portal_unreachable" if system else "A003",
        severity="error",
        status="open",
        title={"zh": "收支不平", "en": "Requests do not balance"},
        message={"zh": "疑似：12 + 1 ≠ 11 + 1", "en": "Suspected: 12 + 1 ≠ 11 + 1"},
        cell=None if system else "requests/concluded/natural_person",
        formula=None if system else "12 + 1 ≠ 11 + 1",
        url="https://edu.example/2025.html",
        evidence=Evidence("ab" * 32, NOW),
        portal=Portal("p1", "示例市人民政府") if system else None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def delivery(message_id: str = "msg_1", channel: str = "ops", attempts: int = 0) -> Delivery:
    """A claimed message with a small body."""
    return Delivery(message_id, channel, b'{"type":"system.test","data":{"alerts":[],"hidden":0}}', attempts, NOW)


class FakeClock:
    """Stands still until somebody waits; then it jumps."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    def monotonic(self) -> float:
        return (self._now - NOW).total_seconds()

    def wait(self, stop: threading.Event, seconds: float) -> None:
        if not stop.is_set():
            self._now += timedelta(seconds=seconds)


@dataclass(slots=True)
class Row:
    """An outbox row as the fake keeps it."""

    delivery: Delivery
    state: str = "pending"
    not_before: datetime = NOW
    lease_until: datetime | None = None
    reason: str | None = None


class FakeOutbox:
    """The outbox protocol over a dictionary."""

    def __init__(self, deliveries: Sequence[Delivery] = ()) -> None:
        self.rows = {one.message_id: Row(one) for one in deliveries}
        self.channels: dict[str, State] = {}
        self.seconds: list[float] = []
        self._lock = threading.Lock()

    def claim(self, channel: str, wanted: Wanted) -> Delivery | datetime | None:
        with self._lock:
            return self._claim(channel, wanted)

    def _claim(self, channel: str, wanted: Wanted) -> Delivery | datetime | None:
        now = wanted.now
        due = [
            row
            for row in self.rows.values()
            if row.delivery.channel == channel
            and row.state == "pending"
            and row.not_before <= now
            and (row.lease_until is None or row.lease_until <= now)
        ]
        if not due:
            return None
        before = self.channels.get(channel) or fresh(wanted.pace, now)
        state = admit(before, wanted.pace, now, wanted.lease_until)
        if not isinstance(state, State):
            return state
        self.channels[channel] = state
        due[0].lease_until = wanted.lease_until
        return due[0].delivery

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
        with self._lock:
            self.channels[delivery.channel] = after(self.channels[delivery.channel], outcome, now)
            row = self.rows[delivery.message_id]
            row.delivery = replace(row.delivery, attempts=delivery.attempts + 1)
            row.lease_until, row.reason = None, outcome.reason
            match outcome:
                case Delivered():
                    row.state = "accepted" if isinstance(outcome, Accepted) else "sent"
                case Permanent():
                    row.state = "dead"
                case Retry():
                    assert not_before is not None
                    row.not_before = not_before
            self.seconds.append(seconds)
            return None if wanted is None else self._claim(delivery.channel, wanted)

    def states(self) -> dict[str, str]:
        return {message_id: row.state for message_id, row in self.rows.items()}

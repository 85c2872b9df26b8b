"""What there is to tell: one alert item, as receivers see it (CONTRACT section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

LONGEST_TEXT: Final = 1_000
"""Characters of a title, message or formula: with all five of them so long an alert takes less than 20 kB."""
LONGEST_ADDRESS: Final = 2_000


class Event(StrEnum):
    """What happened to an alert. ``SYSTEM`` speaks of a portal or of nianshen itself, never of an organisation."""

    OPENED = "opened"
    WORSE = "worse"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    REMINDER = "reminder"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whom an alert is about. ``kind`` and ``portal`` serve routing only and are not sent."""

    id: str
    name: str
    region: str | None
    kind: str | None = None
    portal: str | None = None


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal a system alert is about."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The stored snapshot behind an alert: sha256 of its bytes (hex) and the instant of capture (aware)."""

    sha256: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class AlertItem:
    """One alert. ``title`` and ``message`` hold ``zh`` and ``en``; ``severity`` is error, warning or note.

    A system item has no organisation; its ``rule`` is the topic (``portal_unreachable``) and ``portal`` says where.
    ``ack_url`` is where its readers acknowledge it, if they can.
    Raises ValueError if an item is about neither an organisation nor the system.
    """

    alert_id: str
    event: Event
    organisation: Organisation | None
    year: int | None
    rule: str
    severity: str
    status: str
    title: Mapping[str, str]
    message: Mapping[str, str]
    cell: str | None = None
    formula: str | None = None
    url: str | None = None
    evidence: Evidence | None = None
    portal: Portal | None = None
    ack_url: str | None = None

    def __post_init__(self) -> None:
        if (self.organisation is None) != (self.event is Event.SYSTEM):
            raise ValueError(f"alert {self.alert_id}: a system item, and no other, is about no organisation")

    @property
    def portal_id(self) -> str | None:
        """The portal the item belongs to, for routing and grouping."""
        if self.portal is not None:
            return self.portal.id
        return self.organisation.portal if self.organisation else None

    @property
    def acknowledgeable(self) -> bool:
        """Whether it makes a difference that a person acknowledged it: until then it is told again and escalated."""
        if self.event is Event.SYSTEM:
            return self.portal is not None and self.status != "ok"
        return self.event is not Event.RESOLVED

    def as_json(self) -> dict[str, Any]:
        """The item with exactly the keys of CONTRACT section 7.

        Long texts are cut, and an address too long for a message is left out: a receiver may refuse what is large, and
        an alert alone cannot be made smaller by showing fewer.
        A system item carries ``portal`` besides, and one with a link to acknowledge it ``ack_url``.
        """
        who = self.organisation
        item: dict[str, Any] = {
            "alert_id": self.alert_id,
            "event": self.event.value,
            "organisation": {"id": who.id, "name": who.name, "region": who.region} if who else None,
            "year": self.year,
            "rule": self.rule,
            "severity": self.severity,
            "status": self.status,
            "title": {language: _cut(text) for language, text in self.title.items()},
            "message": {language: _cut(text) for language, text in self.message.items()},
            "cell": self.cell,
            "formula": self.formula and _cut(self.formula),
            "url": self.url if self.url is None or len(self.url) <= LONGEST_ADDRESS else None,
            "evidence": {"sha256": self.evidence.sha256, "captured_at": iso(self.evidence.captured_at)}
            if self.evidence
            else None,
        }
        if self.event is Event.SYSTEM:
            item["portal"] = {"id": self.portal.id, "name": self.portal.name} if self.portal else None
        if self.ack_url is not None:
            item["ack_url"] = self.ack_url
        return item


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def iso(instant: datetime) -> str:
    """An aware instant in UTC, to the second: ``2026-01-31T16:00:00Z``. Raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

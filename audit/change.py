"""The words for what became of a finding. Apart from the rules, so that whoever only stores changes loads none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from audit.finding import Finding


class Event(StrEnum):
    """``OPENED``: accused for the first time. ``WORSE``: other wrong figures. ``UNCHANGED`` tells nobody."""

    OPENED = "opened"
    WORSE = "worse"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Known:
    """A finding as it was stored. ``state`` is ``open`` or ``resolved``, ``kind`` ``fail`` or ``open``."""

    fingerprint: str
    rule: str
    subject: str
    state: str
    state_hash: str
    kind: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step in a finding's life; ``finding`` is None where it is no longer found."""

    event: Event
    fingerprint: str
    finding: Finding | None

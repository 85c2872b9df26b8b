"""What the dispatcher needs of a store: rows it may claim for a while, and a place to write how each attempt ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifiers.outcome import Delivered, Permanent, Retry


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed message. ``attempts`` counts the tries settled before this claim; ``body`` is sent byte for byte."""

    message_id: str
    channel: str
    body: bytes
    attempts: int
    created: datetime


class Outbox(Protocol):
    """Called from one thread per channel, so it must be safe for that. Instants are aware."""

    def claim(self, channel: str, now: datetime, lease_until: datetime, limit: int) -> Sequence[Delivery]:
        """At most ``limit`` rows due at ``now`` and under no live lease, oldest first, leased until ``lease_until``."""
        ...

    def settle(
        self,
        delivery: Delivery,
        outcome: Delivered | Retry | Permanent,
        now: datetime,
        not_before: datetime | None,
    ) -> None:
        """End the claim and count the attempt: sent, pending until ``not_before`` (Retry only), or dead."""
        ...

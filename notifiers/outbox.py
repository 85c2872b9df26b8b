"""What the dispatcher needs of a store: rows it may claim for a while, and a place to write how each attempt ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifiers.limits import Pace
from notifiers.outcome import Delivered, Permanent, Retry


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed message. ``attempts`` counts the tries settled before this claim; ``body`` is sent byte for byte.

    ``claim`` counts how often the message was claimed: it tells this claim from one that ran out. A message that is
    tried before its time, to see whether its channel is back, ``resumes`` its schedule then and loses no try by it.
    """

    message_id: str
    channel: str
    body: bytes
    attempts: int
    created: datetime
    claim: int = 1
    resumes: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sender asks for when it has room for a message: at this ``pace``, kept for it until ``lease_until``."""

    pace: Pace
    now: datetime
    lease_until: datetime


class Outbox(Protocol):
    """Called from one thread per channel, so it must be safe for that. Instants are aware."""

    def claim(self, channel: str, wanted: Wanted) -> Delivery | datetime | None:
        """The message due longest and under no live lease.

        Messages of one group that were never tried go as one. While the breaker is open those tried before go first,
        even before their time: what was never tried waits until the channel is back.
        The instant from which the channel may send again if its limits forbid it now; None if nothing is due or the
        channel is given up.
        """
        ...

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
        """End the claim and count the attempt: sent, pending until ``not_before`` (Retry only), or dead.

        The channel's limits learn of it too, and how many ``seconds`` it took. A failure reported by a claim that ran
        out changes nothing. With ``wanted`` the next message of the channel is claimed in the same transaction, and
        the answer is that of ``claim``.
        """
        ...

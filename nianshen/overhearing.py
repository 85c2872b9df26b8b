"""How every attempt to send ended, told as it is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from nianshen.store.channels import word
from notifiers.outbox import Delivery, Outbox, Wanted
from notifiers.outcome import Delivered, Permanent, Retry

WORDS: Final = {
    "delivered": "已送达 / delivered",
    "accepted": "已受理 / accepted",
    "retry": "未送达，稍后再试 / not delivered, to be tried again",
    "dead": "放弃 / given up",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one message; ``outcome`` as it is counted, ``again`` when it is tried next."""

    channel: str
    message_id: str
    attempt: int
    outcome: str
    reason: str
    again: datetime | None

    def as_json(self) -> dict[str, Any]:
        """For a log."""
        return asdict(self) | {"again": self.again.isoformat(timespec="seconds") if self.again else None}


Hear = Callable[[Attempt], None]


class Overheard:
    """Fulfils ``notifiers.outbox.Outbox`` over another one; ``hear`` hears of every attempt once its end is kept."""

    def __init__(self, outbox: Outbox, hear: Hear) -> None:
        self._outbox = outbox
        self._hear = hear

    def claim(self, channel: str, wanted: Wanted) -> Delivery | datetime | None:
        return self._outbox.claim(channel, wanted)

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
        claimed = self._outbox.settle(delivery, outcome, now, not_before, seconds=seconds, wanted=wanted)
        number = delivery.attempts + 1
        self._hear(Attempt(delivery.channel, delivery.message_id, number, word(outcome), outcome.reason, not_before))
        return claimed

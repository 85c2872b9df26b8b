"""How one attempt ended: the only vocabulary between channels, dispatcher and outbox. Every outcome has a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not delivered, or not known to be: try again, not before ``after`` from now if given.

    ``hold`` says that the cause is the channel's and not the message's (throttled, unreachable): the channel's other
    messages wait too, without using up their tries.
    """

    after: timedelta | None
    reason: str
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Permanent:
    """No later attempt can succeed until a person changes something: a dead letter."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rerender:
    """Refused for its size. ``limit`` is the size in bytes to stay within, None if the receiver did not say."""

    limit: int | None
    reason: str


Outcome = Delivered | Retry | Permanent | Rerender

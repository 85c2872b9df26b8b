"""How one attempt ended: the only vocabulary between channels, dispatcher and outbox. Every outcome has a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Accepted(Delivered):
    """The service took it and does not tell whether anybody will see it: no retry, and no claim of more."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not delivered, or not known to be: try again, not before ``after`` from now if given.

    ``hold`` says that the cause is the channel's and not the message's (throttled, unreachable): the channel's other
    messages wait too, without using up their tries. ``once`` says that a second failure of this kind is final: a
    signature that a fresh time stamp does not mend is mended by nobody but a person.
    """

    after: timedelta | None
    reason: str
    hold: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Permanent:
    """No later attempt can succeed until a person changes something: a dead letter.

    ``hold`` says that the channel's other messages would fare no better: its token is gone.
    """

    reason: str
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Rerender:
    """Refused for its size. ``limit`` is the size in bytes to stay within, None if the receiver did not say."""

    limit: int | None
    reason: str


Outcome = Delivered | Retry | Permanent | Rerender

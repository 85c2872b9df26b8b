"""Whether what was told, and has not changed, is told once more. Pure: facts in, a named reason out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from notifiers.event import Event
from notifiers.mute import Notice

NEAR_DUE_DAYS: Final = 3
NEAR_DUE_INTERVAL: Final = 1

_CHANGES: Final = frozenset({Event.OPENED, Event.WORSE, Event.REOPENED})


class Repeat(Enum):
    """The reasons; each with whether it is told again, and its words."""

    DUE = (True, "仍未解决，到了重复的时候", "still open, and it is time to say so")
    NEAR_DUE = (True, "仍未解决，临近截止日，每日重复", "still open and close to the due date: told daily")
    OFF = (False, "没有设置重复", "repeating is switched off")
    NEVER_TOLD = (False, "此前未曾告知，或已告知解决", "was never told, or was told to be over")
    ACKNOWLEDGED = (False, "已有人确认知悉", "a person acknowledged it")
    DECIDED = (False, "已豁免或不予采纳", "waived or dismissed")
    FLAPPING = (False, "反复出现，暂不重复", "comes and goes: held back")
    NOT_SEEN_AGAIN = (False, "告知之后没有再次核实", "not verified again since it was told")
    TOO_SOON = (False, "距上次告知时间未到", "told too short a time ago")

    def __init__(self, told: bool, zh: str, en: str) -> None:
        self.told = told
        self.zh = zh
        self.en = en

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides. ``days`` have passed since it was told last (None: never, or told to be over).

    ``seen_again`` says that a reading after that found it as before; ``due_in`` counts the working days to the due
    date, None once it is over.
    """

    days: int | None
    seen_again: bool
    acknowledged: bool = False
    decided: bool = False
    flapping: bool = False
    due_in: int | None = None


def why_repeated(facts: Facts, every: int | None) -> Repeat:
    """Why it is told again now or is not. ``every`` so many days; None: never."""
    near = facts.due_in is not None and facts.due_in <= NEAR_DUE_DAYS
    held = (
        (Repeat.OFF, every is None),
        (Repeat.NEVER_TOLD, facts.days is None),
        (Repeat.DECIDED, facts.decided),
        (Repeat.ACKNOWLEDGED, facts.acknowledged),
        (Repeat.FLAPPING, facts.flapping),
        (Repeat.NOT_SEEN_AGAIN, not facts.seen_again),
    )
    for why, holds in held:
        if holds:
            return why
    interval = min(every or NEAR_DUE_INTERVAL, NEAR_DUE_INTERVAL) if near else every
    if facts.days is None or interval is None or facts.days < interval:
        return Repeat.TOO_SOON
    return Repeat.NEAR_DUE if near else Repeat.DUE


def acknowledged(notices: Sequence[Notice]) -> bool:
    """Whether a person acknowledged the last change (or a repetition of it), notices oldest first."""
    for notice in reversed(notices):
        if notice.acknowledged:
            return True
        if notice.event in _CHANGES:
            return False
    return False

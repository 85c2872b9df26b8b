"""Why an alert is not sent, or not yet. Pure: facts in, a named reason out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

from notifiers.event import Event

FLAPPING_WITHIN: Final = timedelta(days=7)
FLAPPING_AFTER: Final = 2

_OPENINGS = frozenset({Event.OPENED, Event.REOPENED})


class Why(Enum):
    """The reasons; each with whether it may still be sent later, and its words."""

    WAIVED = (False, "已豁免", "waived")
    NO_EVIDENCE = (False, "没有可读的证据", "no readable evidence")
    NEVER_TOLD = (False, "此前未曾告知", "was never told")
    UNCONFIRMED = (True, "等待人工确认", "waits for a person to confirm")
    FLAPPING = (True, "反复出现，七日内已告知两次", "comes and goes, told twice within seven days")
    NO_ROUTE = (False, "没有匹配的路由", "no route matches")
    GONE = (False, "告知之前已消失", "gone before it was told")
    NO_FALLBACK = (False, "没有备用通道", "no fallback channel")
    SUPERSEDED = (False, "发出之前已有更新的告警", "a newer alert took its place before it was sent")
    DECIDED = (False, "发出之前已豁免或排除", "waived or dismissed before it was sent")
    ARRIVED = (False, "发出之前报告已出现", "the report appeared before it was sent")
    MERGED = (False, "与同组的消息合并发送", "sent as one with the other messages of its group")

    def __init__(self, later: bool, zh: str, en: str) -> None:
        self.later = later
        self.zh = zh
        self.en = en

    @property
    def state(self) -> str:
        """The state an alert keeps for this reason."""
        return "pending" if self.later else "suppressed"

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True, slots=True)
class Notice:
    """What was told of a finding before, the instant it was judged at, and whether a person acknowledged it."""

    event: Event
    at: datetime
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a change of a finding is told. ``notices`` are oldest first."""

    event: Event
    waived: bool
    evident: bool
    unconfirmed: bool
    notices: Sequence[Notice] = ()


def why_held(facts: Facts, now: datetime) -> Why | None:
    """Why the change is not told now; None if it is."""
    if facts.waived:
        return Why.WAIVED
    if not facts.evident:
        return Why.NO_EVIDENCE
    if facts.event is Event.RESOLVED:
        # What came back unheard is not told to be gone.
        told = bool(facts.notices) and facts.notices[-1].event is not Event.RESOLVED
        return None if told else Why.NEVER_TOLD
    if facts.unconfirmed:
        return Why.UNCONFIRMED
    return Why.FLAPPING if facts.event in _OPENINGS and flapping(facts.notices, now) else None


def flapping(notices: Collection[Notice], now: datetime) -> bool:
    """Whether a finding was told to have opened twice within the last seven days."""
    openings = [one for one in notices if one.event in _OPENINGS and now - one.at < FLAPPING_WITHIN]
    return len(openings) >= FLAPPING_AFTER


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours without messages, over midnight if ``end`` is not after ``start``; ``rests`` names whole days without."""

    start: time | None
    end: time | None
    rests: Callable[[date], bool] | None = None


def quiet_until(now: datetime, quiet: Quiet) -> datetime | None:
    """When the silence that holds at ``now`` (aware, local) ends; None if there is none."""
    moment = now
    for _ in range(60):  # a month of holidays; no calendar rests for longer
        later = _next_day(moment) if quiet.rests and quiet.rests(moment.date()) else _end_of_hours(moment, quiet)
        if later is None:
            break
        moment = later
    return None if moment == now else moment


def _next_day(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), moment.tzinfo)


def _end_of_hours(moment: datetime, quiet: Quiet) -> datetime | None:
    if quiet.start is None or quiet.end is None or quiet.start == quiet.end:
        return None
    clock, today = moment.time(), datetime.combine(moment.date(), quiet.end, moment.tzinfo)
    if quiet.start < quiet.end:
        return today if quiet.start <= clock < quiet.end else None
    if clock >= quiet.start:
        return today + timedelta(days=1)
    return today if clock < quiet.end else None

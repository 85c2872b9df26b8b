"""How a portal fares, run by run: what its readings add up to, and when a person hears of it. Pure.

A finding opens at once; only portals have hysteresis, for a single hiccup must not call anybody. While absence is at
stake (a report is due within ten days or was due already) every failure is told at once all the same: unheard, it
would leave the organisations of the portal unchecked over the very days that count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

AT_STAKE_BEFORE = timedelta(days=10)
SHRUNK = "list_shrunk"
"""The outcome of a reading that is whole by itself and holds far less than the last good one."""

_ENOUGH = 5


class State(StrEnum):
    """``OUTAGE`` is the portal's doing, ``BROKEN`` lies between its pages and our reading of them."""

    HEALTHY = "healthy"
    SUSPECT = "suspect"
    DEGRADED = "degraded"
    OUTAGE = "outage"
    BROKEN = "broken"

    @property
    def label(self) -> str:
        """The state in Chinese."""
        return _LABELS[self]


_LABELS = {
    State.HEALTHY: "正常",
    State.SUSPECT: "可疑",
    State.DEGRADED: "不稳",
    State.OUTAGE: "中断",
    State.BROKEN: "读取失灵",
}


OUTSIDE_WINDOW = "outside_window"
"""The crawler's outcome for a portal that may not be asked at this hour."""


class Side(StrEnum):
    """Where a failure lies: with the portal, or with our reading of it."""

    THEIRS = "theirs"
    OURS = "ours"


_THEIR_REASONS = frozenset({"portal_unreachable", "blocked", "robots_denied"})


def side(outcome: str, reason: str) -> Side:
    """Whose failure it is, by the outcome of the crawl and the reason of CONTRACT section 6."""
    return Side.THEIRS if reason in _THEIR_REASONS or outcome == "report_unreachable" else Side.OURS


class Word(StrEnum):
    """Why a reading is told or not."""

    WELL = "well"
    RECOVERED = "recovered"
    RECOVERED_UNTOLD = "recovered_untold"
    HELD = "held"
    AT_STAKE = "at_stake"
    AGAIN = "again"
    KNOWN = "known"
    RESTING = "resting"

    @property
    def tells(self) -> bool:
        """Whether a person hears of it."""
        return self in {Word.RECOVERED, Word.AT_STAKE, Word.AGAIN}


@dataclass(frozen=True, slots=True)
class Health:
    """The state after a reading, since when it is well or ill, and what was told of this illness: side to reason."""

    state: State
    since: datetime
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """The health after one more reading, why it is told or not, and the reason that was told before."""

    health: Health
    word: Word
    before: str | None = None


def advance(before: Health | None, at: datetime, outcome: str, reason: str | None, *, at_stake: bool) -> Step:
    """One reading more. ``reason`` is None for a whole one, which heals at once.

    Each side of an illness is told once, and no reason twice. A reading that its own window forbids says nothing.
    """
    if outcome == OUTSIDE_WINDOW:
        return Step(before or Health(State.HEALTHY, at), Word.RESTING)
    told = dict(before.told) if before else {}
    last = next(reversed(told.values()), None)
    well = before is None or before.state is State.HEALTHY
    if reason is None:
        since = before.since if before and well else at
        word = Word.WELL if well else Word.RECOVERED if told else Word.RECOVERED_UNTOLD
        return Step(Health(State.HEALTHY, since), word, last)
    whose = side(outcome, reason)
    state = _worse(State.HEALTHY if before is None else before.state, whose)
    word = _word(state, whose, reason, told, at_stake=at_stake)
    since = at if before is None or well else before.since
    return Step(Health(state, since, told | {whose.value: reason} if word.tells else told), word, last)


def _worse(before: State, whose: Side) -> State:
    """One bad reading: suspect, two: degraded, three or more: named by the side the last one failed on."""
    if before is State.HEALTHY:
        return State.SUSPECT
    if before is State.SUSPECT:
        return State.DEGRADED
    return State.OUTAGE if whose is Side.THEIRS else State.BROKEN


def _word(state: State, whose: Side, reason: str, told: Mapping[str, str], *, at_stake: bool) -> Word:
    if whose.value in told or reason in told.values():
        return Word.KNOWN
    if at_stake:
        return Word.AT_STAKE
    return Word.HELD if state is State.SUSPECT else Word.AGAIN


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list looked like as a whole, to hold a later reading against.

    ``dated`` is the share of entries with a date; ``found`` the organisations whose report of a year is listed.
    """

    start_urls: tuple[str, ...]
    items: int
    reports: int
    pages: int
    dated: float
    systems: tuple[str, ...]
    found: Mapping[int, frozenset[str]]

    @classmethod
    def of(cls, start_urls: Collection[str], row: Mapping[str, Any], listed: Collection[Mapping[str, Any]]) -> Self:
        """Out of a portal's row of the crawl's result and the report links of all portals."""
        mine = [one for one in listed if one["portal"] == row["id"] and one["organisation"] and one["year"]]
        found = {
            year: frozenset(one["organisation"] for one in mine if one["year"] == year)
            for year in {one["year"] for one in mine}
        }
        items = row["items"]
        return cls(
            start_urls=tuple(start_urls),
            items=items,
            reports=row["reports"],
            pages=row["pages_seen"],
            dated=round(min(row["dated"] / items, 1), 2) if items else 0.0,
            systems=tuple(row["systems"]),
            found=found,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """As it was stored."""
        found = {int(year): frozenset(organisations) for year, organisations in data["found"].items()}
        lists = {name: tuple(data[name]) for name in ("start_urls", "systems")}
        return cls(**{**data, **lists, "found": found})

    def as_json(self) -> dict[str, Any]:
        """To be stored."""
        found = {str(year): sorted(organisations) for year, organisations in sorted(self.found.items())}
        return {
            "start_urls": list(self.start_urls),
            "items": self.items,
            "reports": self.reports,
            "pages": self.pages,
            "dated": self.dated,
            "systems": list(self.systems),
            "found": found,
        }


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a reading that seems whole proves no absence. ``reason`` as in CONTRACT section 6."""

    reason: str
    zh: str
    en: str


def doubt(now: Shape, season: Shape | None, last: Shape | None, year: int, ours: Collection[str]) -> Doubt | None:
    """Hold a reading for ``year`` against the last good one of the same ``season``, and the ``last`` of any.

    ``ours`` are the organisations of the portal. Other start addresses are another list, and compare with nothing.
    """
    # A list of year folders holds less in January than in December: its size is compared within a season alone.
    if season and season.start_urls == now.start_urls:
        for before, after, zh, en in (
            (season.items, now.items, "条", "entries"),
            (season.reports, now.reports, "份年报", "reports"),
        ):
            if _fell(before, after):
                return _shrunk(
                    now, season, f"上次 {before} {zh}，这次 {after} {zh}", f"{before} {en} before, {after} now"
                )
    if last and last.start_urls == now.start_urls:
        were, are = (shape.found.get(year - 1, frozenset()) & set(ours) for shape in (last, now))
        if (were and not are) or _fell(len(were), len(are)):
            zh = f"上次有 {len(were)} 家 {year - 1} 年的年报，这次 {len(are)} 家"
            return _shrunk(now, last, zh, f"{len(were)} reports of {year - 1} before, {len(are)} now")
    return None


def _fell(before: int, after: int) -> bool:
    return before >= _ENOUGH and after * 2 < before


def _shrunk(now: Shape, before: Shape, zh: str, en: str) -> Doubt:
    """Read by another system, or its dates gone: the pages changed; else a part of the list was not seen."""
    changed = now.systems != before.systems or now.dated * 2 < before.dated
    return Doubt("layout_changed" if changed else "list_incomplete", zh, en)

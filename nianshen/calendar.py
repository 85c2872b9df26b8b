"""When a report is due. Legal dates are dates in the site's time zone, inclusive to 24:00 (domain.md section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Day = date  # for classes with a field called date
CHINA = "Asia/Shanghai"
KINDS = ("department", "government", "township", "zone", "party", "authorised")
FIRST_YEAR = 2008
FIRST_YEAR_OF_REVISION = 2019
_LAW_OF_2007 = "条例（2007）第三十一条"
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Deadline:
    """The day of the year after the reported one on which these kinds of organ are due."""

    kinds: tuple[str, ...]
    month: int
    day: int
    basis: str


@dataclass(frozen=True, slots=True)
class Override:
    """An earlier local date. ``year`` is the reported one; without kinds or region it binds all."""

    year: int
    date: Day
    basis: str
    kinds: tuple[str, ...] = ()
    region: str | None = None

    def binds(self, kind: str, year: int, region: str | None) -> bool:
        """Whether the local notice speaks of this organ and season."""
        return (
            self.year == year
            and (not self.kinds or kind in self.kinds)
            and (self.region is None or self.region == region)
        )


DEADLINES = (
    Deadline(("department", "authorised"), 1, 31, "条例第四十九条"),
    Deadline(("township", "zone", "party"), 1, 31, "地方惯例"),
    Deadline(("government",), 3, 31, "条例第四十九条"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A due date with its basis; ``rest_day_until`` is the next working day if ``date`` is a rest day, else None.

    ``legal`` is the day the law sets, if ``date`` is an earlier one of a local notice.
    """

    date: Day
    basis: str
    rest_day_until: Day | None = None
    legal: Due | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The fields of ``audit.context.Context`` that it fills."""
        law = self.legal or self
        local = self if self.legal else None
        return {
            "due": law.date,
            "due_basis": law.basis,
            "rest_day_until": law.rest_day_until,
            "local_due": local.date if local else None,
            "local_basis": local.basis if local else "",
            "local_rest_day_until": local.rest_day_until if local else None,
        }

    @property
    def last_day(self) -> Day:
        """The last day on which publication counts as in time: ``date``, or the working day after a rest day."""
        return self.rest_day_until or self.date


@dataclass(frozen=True, slots=True)
class Calendar:
    """Due dates by kind of organ. ``holidays`` are days off, ``workdays`` are weekends that are worked (调休)."""

    deadlines: tuple[Deadline, ...] = DEADLINES
    overrides: tuple[Override, ...] = ()
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    timezone: str = CHINA

    def due(self, kind: str, year: int, region: str | None = None) -> Due | None:
        """When the report on ``year`` is due, or None if no law or notice sets a date for this kind of organ."""
        statutory = self._statutory(kind, year)
        if statutory is None:
            return None
        day, basis = statutory
        legal = Due(day, basis, self.rest_day_until(day))
        earlier = [one for one in self.overrides if one.binds(kind, year, region) and one.date < day]
        if not earlier:
            return legal
        local = min(earlier, key=lambda one: one.date)
        return Due(local.date, local.basis, self.rest_day_until(local.date), legal)

    def rest_day_until(self, due: date) -> date | None:
        """The next working day if ``due`` is a rest day; publication up to it counts as in time, with a note."""
        if not self.rests(due):
            return None
        return next(day for day in _days_after(due) if not self.rests(day))

    def passed(self, due: date, now: datetime) -> bool:
        """Whether ``due`` is over at ``now``: from 24:00 of that day on. Raises ValueError for a naive ``now``."""
        if now.tzinfo is None:
            raise ValueError("now must be aware")
        return now >= datetime.combine(due + timedelta(days=1), time(), zone(self.timezone))

    def today(self, now: datetime) -> date:
        """The legal date at ``now``. Raises ValueError for a naive ``now``."""
        if now.tzinfo is None:
            raise ValueError("now must be aware")
        return now.astimezone(zone(self.timezone)).date()

    def working_days_until(self, day: date, today: date) -> int:
        """Working days after ``today`` up to and including ``day``; negative: those after ``day`` up to ``today``."""
        if day < today:
            return -self.working_days_until(today, day)
        span = (today + timedelta(days=number) for number in range(1, (day - today).days + 1))
        return sum(not self.rests(one) for one in span)

    def rests(self, day: date) -> bool:
        """Whether ``day`` is no working day."""
        return day not in self.workdays and (day in self.holidays or day.weekday() >= _SATURDAY)

    def _statutory(self, kind: str, year: int) -> tuple[date, str] | None:
        if year < FIRST_YEAR:
            return None
        if year < FIRST_YEAR_OF_REVISION:
            return date(year + 1, 3, 31), _LAW_OF_2007
        for deadline in self.deadlines:
            if kind in deadline.kinds:
                return date(year + 1, deadline.month, deadline.day), deadline.basis
        return None


def zone(name: str) -> tzinfo:
    """A time zone by name. China needs no database (UTC+8 since 1992). Raises ZoneInfoNotFoundError, ValueError."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        if name == CHINA:
            return timezone(timedelta(hours=8), CHINA)
        raise


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        yield day

"""Why an alert is not sent, or not yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone

import pytest

from notifiers.event import Event
from notifiers.mute import Facts, Notice, Quiet, Why, quiet_until, why_held
from tests.notifiers.making import NOW

CHINA = timezone(timedelta(hours=8))
NIGHT = Quiet(time(20), time(8))
OPENED = Facts(Event.OPENED, waived=False, evident=True, unconfirmed=False)


def told(*events: Event, apart: timedelta = timedelta(days=1)) -> list[Notice]:
    return [Notice(event, NOW - apart * number) for number, event in reversed([*enumerate(reversed(events), start=1)])]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (OPENED, None),
        (replace(OPENED, waived=True), Why.WAIVED),
        (replace(OPENED, evident=False), Why.NO_EVIDENCE),
        (replace(OPENED, unconfirmed=True), Why.UNCONFIRMED),
        (replace(OPENED, event=Event.RESOLVED), Why.NEVER_TOLD),
        (replace(OPENED, event=Event.RESOLVED, notices=told(Event.OPENED)), None),
        (replace(OPENED, event=Event.RESOLVED, notices=told(Event.OPENED, Event.RESOLVED)), Why.NEVER_TOLD),
        (replace(OPENED, event=Event.REOPENED, notices=told(Event.OPENED, Event.RESOLVED)), None),
        (replace(OPENED, event=Event.WORSE, notices=told(Event.OPENED, Event.REOPENED)), None),
        (replace(OPENED, event=Event.REOPENED, notices=told(Event.OPENED, Event.REOPENED)), Why.FLAPPING),
        (
            replace(OPENED, event=Event.REOPENED, notices=told(Event.OPENED, Event.REOPENED, apart=timedelta(days=7))),
            None,
        ),
    ],
)
def test_every_reason_has_its_case(facts: Facts, why: Why | None) -> None:
    assert why_held(facts, NOW) is why


def test_what_comes_and_goes_twenty_times_in_a_week_is_told_twice() -> None:
    notices: list[Notice] = []
    openings = 0
    for number in range(20):
        now = NOW + timedelta(hours=6) * number
        event = Event.RESOLVED if number % 2 else Event.REOPENED if number else Event.OPENED
        if why_held(replace(OPENED, event=event, notices=notices), now) is None:
            notices.append(Notice(event, now))
            openings += event is not Event.RESOLVED

    assert openings == 2
    assert [one.event for one in notices] == [Event.OPENED, Event.RESOLVED, Event.REOPENED, Event.RESOLVED]


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("2026-01-14 07:59", "2026-01-14 08:00"),
        ("2026-01-14 08:00", None),
        ("2026-01-14 19:59", None),
        ("2026-01-14 20:00", "2026-01-15 08:00"),
        ("2026-01-31 23:30", "2026-02-01 08:00"),
    ],
)
def test_quiet_hours_reach_over_midnight(clock: str, until: str | None) -> None:
    now = datetime.fromisoformat(clock).replace(tzinfo=CHINA)

    ends = quiet_until(now, NIGHT)

    assert ends == (datetime.fromisoformat(until).replace(tzinfo=CHINA) if until else None)


def test_a_rest_day_is_quiet_to_the_morning_of_the_next_working_day() -> None:
    friday_night = datetime(2026, 1, 16, 21, tzinfo=CHINA)

    ends = quiet_until(friday_night, replace(NIGHT, rests=lambda day: day.weekday() >= 5))

    assert ends == datetime(2026, 1, 19, 8, tzinfo=CHINA)


def test_without_hours_or_rest_days_nothing_is_quiet() -> None:
    assert quiet_until(datetime(2026, 1, 17, 3, tzinfo=CHINA), Quiet(None, None)) is None


def test_hours_within_a_day() -> None:
    noon = Quiet(time(12), time(14))

    assert quiet_until(datetime(2026, 1, 14, 13, tzinfo=CHINA), noon) == datetime(2026, 1, 14, 14, tzinfo=CHINA)
    assert quiet_until(datetime(2026, 1, 14, 14, tzinfo=CHINA), noon) is None

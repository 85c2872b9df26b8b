"""Due dates by law and local notice, the same under every time zone of the machine."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from nianshen.calendar import Calendar, Override


@pytest.mark.parametrize(
    ("kind", "year", "due"),
    [
        ("department", 2025, date(2026, 1, 31)),
        ("authorised", 2019, date(2020, 1, 31)),
        ("township", 2024, date(2025, 1, 31)),
        ("government", 2025, date(2026, 3, 31)),
        ("department", 2018, date(2019, 3, 31)),
        ("party", 2008, date(2009, 3, 31)),
    ],
)
def test_due_date_follows_kind_and_law_of_the_year(kind: str, year: int, due: date) -> None:
    found = Calendar().due(kind, year)

    assert found is not None
    assert found.date == due
    assert found.legal is None


def test_nothing_is_due_before_the_regulation_or_for_an_unknown_kind() -> None:
    assert Calendar().due("department", 2007) is None
    assert Calendar().due("school", 2025) is None


def test_local_notice_moves_the_date_forward_for_its_region_and_kinds_only() -> None:
    notice = Override(2025, date(2026, 1, 20), "市通知", ("department",), "甲市")
    later = Override(2025, date(2026, 5, 1), "另一通知")
    calendar = Calendar(overrides=(notice, later))

    local = calendar.due("department", 2025, "甲市")
    others = [calendar.due("department", 2025, "乙市"), calendar.due("zone", 2025, "甲市")]

    assert local is not None
    assert (local.date, local.basis) == (date(2026, 1, 20), "市通知")
    assert local.legal is not None
    assert local.legal.date == date(2026, 1, 31)
    assert all(due is not None and due.legal is None for due in others)


def test_rest_day_runs_to_the_next_working_day() -> None:
    calendar = Calendar(holidays=frozenset({date(2026, 2, 2)}), workdays=frozenset({date(2027, 1, 31)}))

    assert calendar.rest_day_until(date(2026, 1, 31)) == date(2026, 2, 3)
    assert calendar.rest_day_until(date(2027, 1, 31)) is None
    assert calendar.rest_day_until(date(2025, 1, 31)) is None
    assert Calendar().rest_day_until(date(2027, 1, 31)) == date(2027, 2, 1)


def test_due_day_ends_at_midnight_in_china() -> None:
    midnight = datetime(2026, 1, 31, 16, tzinfo=UTC)

    assert Calendar().passed(date(2026, 1, 31), midnight)
    assert not Calendar().passed(date(2026, 1, 31), midnight - timedelta(microseconds=1))
    assert Calendar().today(midnight) == date(2026, 2, 1)


def test_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Calendar().passed(date(2026, 1, 31), datetime(2026, 2, 1))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_verdict_is_the_same_under_any_time_zone_of_the_machine(zone: str) -> None:
    program = (
        "from datetime import *; from nianshen.calendar import Calendar; c = Calendar(); d = date(2026, 1, 31)\n"
        "print([c.passed(d, datetime(2026, 1, 31, h, m, tzinfo=UTC)) for h, m in ((15, 59), (16, 0))])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[False, True]"

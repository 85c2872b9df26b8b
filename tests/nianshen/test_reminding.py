"""Who is reminded when: never of what could not be checked, never twice, and never after somebody said 'I know'."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nianshen import config as settings
from nianshen import sending, telling
from nianshen.calendar import Calendar, Due
from nianshen.config.model import Policy
from nianshen.recounting import story
from nianshen.reminding import all_well, reached, remind
from nianshen.status import Status
from nianshen.store import NewMessage, Store, open_store, tables
from notifiers.event import Event
from notifiers.limits import Pace
from notifiers.mute import Why
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Permanent
from tests.nianshen.test_telling import news
from tests.notifiers.receiver import SECRET

DUE = Due(date(2026, 1, 30), "条例第四十九条")  # a Friday
CALENDAR = Calendar()
CONFIG = """\
version: 1
storage: {{database: n.sqlite3}}
portals: [{{id: city, name: 示例市, start_urls: ["https://e.cn/nb/"]}}]
organisations:
  - {{id: o0, name: 示例市教育局, region: 示例市, portal: city}}
  - {{id: o1, name: 示例市财政局, region: 示例市, portal: city}}
channels:
  office: {{type: webhook, url: "https://o.example/hook", secret: "${{SECRET}}", fallback: chief}}
  chief: {{type: webhook, url: "https://c.example/hook", secret: "${{SECRET}}"}}
routes: [{{match: {{severity: [error, warning]}}, to: [office]}}]
{more}
"""
TEN_BEFORE = datetime(2026, 1, 19, 1, tzinfo=UTC)  # the due day is a Saturday: the last day in time is 2 February


def load(folder: Path, more: str = "") -> settings.Config:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(more=more), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    yield opened
    opened.close()


def read(store: Store, when: datetime, *, whole: bool = True) -> None:
    """The portal was read at that time, and neither report was there."""
    with store.transaction() as unit:
        run = f"run-{when.isoformat()}"
        unit.runs.begin(run, 2025, when)
        reason = None if whole else "blocked"
        absent = [("o0", 2025), ("o1", 2025)] if whole else []
        unit.portals.record(run, "city", when, "found", reason, whole, 1, 1, 9, "", absent)


def messages(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store._database.read() as connection:
        rows = connection.execute(select(tables.outbox.c.channel, tables.outbox.c.body)).all()
    return sorted(((row.channel, json.loads(row.body)) for row in rows), key=lambda pair: pair[0])


def reminders(store: Store, config: settings.Config, now: datetime) -> int:
    with store.transaction() as unit:
        return remind(unit, config, 2025, now)


@pytest.mark.parametrize(
    ("today", "status", "step"),
    [
        ("2026-01-15", Status.PENDING, None),
        ("2026-01-16", Status.PENDING, -10),
        ("2026-01-26", Status.PENDING, -10),
        ("2026-01-27", Status.PENDING, -3),
        ("2026-01-29", Status.PENDING, -1),
        ("2026-01-30", Status.PENDING, -1),
        ("2026-01-29", Status.UNKNOWN, None),
        ("2026-01-29", Status.OK, None),
        ("2026-02-02", Status.MISSING, 1),
        ("2026-02-03", Status.MISSING, 1),
        ("2026-02-04", Status.MISSING, 3),
        ("2026-02-10", Status.MISSING, 7),
        ("2026-02-04", Status.UNKNOWN, None),
    ],
)
def test_steps_are_counted_in_working_days(today: str, status: Status, step: int | None) -> None:
    assert reached(Policy(), CALENDAR, DUE, date.fromisoformat(today), status) == step


def test_a_holiday_moves_a_reminder_earlier() -> None:
    festival = Calendar(holidays=frozenset(date(2026, 1, day) for day in range(26, 30)))

    assert reached(Policy(), festival, DUE, date(2026, 1, 23), Status.PENDING) == -1


def test_everybody_who_has_not_published_is_reminded_once_in_one_message(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    read(store, TEN_BEFORE - timedelta(hours=3))

    counts = [reminders(store, config, TEN_BEFORE) for _ in range(2)]

    ((channel, message),) = messages(store)
    assert (counts, channel, message["type"]) == ([2, 0], "office", "audit.alert.reminder")
    assert {one["organisation"]["id"] for one in message["data"]["alerts"]} == {"o0", "o1"}
    assert "尚未发现" in message["data"]["alerts"][0]["message"]["zh"]


def test_nobody_is_reminded_of_what_could_not_be_read_nor_on_a_rest_day(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    read(store, TEN_BEFORE - timedelta(days=2), whole=True)
    assert reminders(store, config, TEN_BEFORE - timedelta(days=1)) == 0  # a Sunday

    read(store, TEN_BEFORE - timedelta(hours=3), whole=False)

    assert reminders(store, config, TEN_BEFORE) == 0
    assert messages(store) == []


def test_an_acknowledged_reminder_is_the_last(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    read(store, TEN_BEFORE - timedelta(hours=3))
    reminders(store, config, TEN_BEFORE)
    first = next(one for one in store.alerts.list() if one.organisation == "o0")
    store.alerts.ack(first.id, TEN_BEFORE)

    later = datetime(2026, 1, 28, 1, tzinfo=UTC)
    assert reminders(store, config, later) == 1


def test_an_overdue_report_is_escalated_after_three_working_days(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path, "policy: {escalate: [{after: 3, to: chief}]}")
    for hour in (0, 12):
        read(store, datetime(2026, 2, 3, hour, tzinfo=UTC))

    reminders(store, config, datetime(2026, 2, 4, 1, tzinfo=UTC))
    first = [channel for channel, _ in messages(store)]
    reminders(store, config, datetime(2026, 2, 5, 1, tzinfo=UTC))

    assert first == ["office"]
    assert [channel for channel, _ in messages(store)] == ["chief", "office", "office"]


def test_quiet_hours_hold_findings_and_no_system_message(tmp_path: Path, store: Store) -> None:
    local = (datetime.now(UTC) + timedelta(hours=8)).hour
    config = load(tmp_path, f'policy: {{quiet: "{local:02}:00-{(local + 2) % 24:02}:00"}}')
    standing = [{"id": one.id, "name": one.name, "status": "error", "reason": None} for one in config.organisations]
    portal = telling.PortalNews("city", "示例市", "blocked", None, "run-1")

    with store.transaction() as unit:
        telling.enqueue(unit, config, TEN_BEFORE, [news(), portal], standing, lambda _: True)
        wanted = Wanted(Pace(600), datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=9))
        claimed, other = unit.outbox.claim("office", wanted), unit.outbox.claim("office", wanted)

    assert isinstance(claimed, Delivery)
    assert json.loads(claimed.body)["type"] == "system.blocked"
    assert other is None


def test_what_came_and_went_and_stays_is_told_when_the_week_is_over(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    standing = [{"id": one.id, "name": one.name, "status": "error", "reason": None} for one in config.organisations]
    events = [Event.OPENED, Event.RESOLVED, Event.REOPENED, Event.RESOLVED, Event.REOPENED]
    for number, event in enumerate(events):
        with store.transaction() as unit:
            at = TEN_BEFORE + timedelta(hours=6) * number
            told = [news("o0", event, run_id=f"run-{number}")]
            telling.enqueue(unit, config, at, told, standing, lambda _: True)

    held = [one for one in store.alerts.list() if one.message_id is None]
    lines = story(store, config, held[0].id)

    assert [one.error for one in held] == [str(Why.FLAPPING)]
    assert any("反复出现" in line for line in lines)


def test_a_week_without_news_is_told_and_a_week_with_news_is_not(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    read(store, TEN_BEFORE - timedelta(hours=3))
    with store.transaction() as unit:
        quiet = all_well(unit, config, 2025, TEN_BEFORE)
        after_it = all_well(unit, config, 2025, TEN_BEFORE + timedelta(days=3))

    ((_, message),) = messages(store)
    assert (quiet, after_it) == (True, False)
    assert message["type"] == "system.all_well"
    assert message["data"]["counts"]["total"] == 2
    assert "2/2" in message["data"]["alerts"][0]["message"]["zh"]


def test_dead_letters_are_told_on_the_fallback_channel_once(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    now = datetime.now(UTC)
    store.enqueue([], [NewMessage("msg_1", "office", b'{"type":"audit.alert.opened"}', [])], now)

    for channel in ("office", "chief"):  # then the word of it dies too, and no third message is made
        claimed = store.outbox.claim(channel, Wanted(Pace(600), datetime.now(UTC), now + timedelta(seconds=90)))
        assert isinstance(claimed, Delivery)
        store.outbox.settle(claimed, Permanent("404"), now, None)
        with store.transaction() as unit:
            sending.report_failures(unit, config)

    ((_, told), (_, lost)) = messages(store)
    assert (told["type"], lost["type"]) == ("system.delivery_failed", "audit.alert.opened")
    assert "404" in told["data"]["alerts"][0]["message"]["zh"]

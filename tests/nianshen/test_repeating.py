"""What nobody mends is told again, sparingly, and only while it is seen; an outage of a portal accuses nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nianshen import config as settings
from nianshen.config import Config
from nianshen.recounting import story
from nianshen.reminding import release_steady, remind
from nianshen.repeating import repeat
from nianshen.store import AlertRow, Store, open_store
from notifiers.mute import Why
from notifiers.repeat import Repeat
from tests.nianshen import office as offices
from tests.nianshen.office import MORNING, YEAR, Office, opened, report
from tests.notifiers.receiver import SECRET

CELL = "disclosure/licences/decisions"
DAY = timedelta(days=1)
ORGANS = 200


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """One report with other figures than before, two right ones."""
    with opened(tmp_path, monkeypatch) as one:
        for name in offices.NAMES:
            one.publish(name, report(name))
        one.run(MORNING - DAY)
        one.publish("edu", report("edu", misprints={CELL: "+7"}))
        one.run(MORNING)
        yield one


@contextmanager
def store_of(office: Office) -> Iterator[tuple[Store, Config]]:
    config = settings.load(office.config_path, {"SECRET": SECRET})
    store = open_store(config.database_url, create=False)
    try:
        yield store, config
    finally:
        store.close()


def repeats(office: Office, now: datetime) -> int:
    with store_of(office) as (store, config), store.transaction() as unit:
        return repeat(unit, config, YEAR, now)


def last(office: Office) -> AlertRow:
    return office.alerts()[0]


def test_an_open_finding_is_told_again_after_a_week_once_and_after_another(office: Office) -> None:
    counts = []
    for day in (6, 7, 8, 14):
        office.run(MORNING + day * DAY)
        counts.append([repeats(office, MORNING + day * DAY + timedelta(minutes=30)) for _ in range(2)])
    office.run(MORNING + 15 * DAY)

    assert counts == [[0, 0], [1, 0], [0, 0], [1, 0]]
    assert office.told() == [("opened", "edu", "F005"), ("reminder", "edu", "F005"), ("reminder", "edu", "F005")]
    alert = office.receiver.received[-1].document["data"]["alerts"][0]
    assert alert["message"]["zh"].startswith("仍未解决：")
    assert alert["evidence"] is not None


def test_what_was_acknowledged_is_not_told_again_and_explain_says_so(office: Office) -> None:
    with store_of(office) as (store, _):
        store.alerts.ack(last(office).id, MORNING)
    office.run(MORNING + 7 * DAY)

    assert repeats(office, MORNING + 8 * DAY) == 0
    with store_of(office) as (store, config):
        assert str(Repeat.ACKNOWLEDGED) in "\n".join(story(store, config, last(office).id))


def test_what_a_person_dismissed_is_not_told_again(office: Office) -> None:
    (finding,) = (one for one in office.findings() if one.rule == "F005")
    with store_of(office) as (store, _):
        store.findings.decide(finding.fingerprint, "dismissed", reason="核对无误", by="张三", at=MORNING)
    office.run(MORNING + 7 * DAY)

    assert repeats(office, MORNING + 8 * DAY) == 0


def test_what_could_not_be_read_again_is_not_told_again(office: Office) -> None:
    office.failing["city"] = "blocked"
    office.run(MORNING + 7 * DAY)

    repeats(office, MORNING + 7 * DAY + timedelta(minutes=30))

    assert [one.event for one in office.alerts() if one.organisation == "edu"] == ["opened"]


def test_what_came_and_went_and_then_stayed_is_told_once_when_the_week_is_over(office: Office) -> None:
    wrong = report("fin", misprints={"requests/concluded/natural_person": "+1"})
    for number in range(5):
        office.publish("fin", wrong if number % 2 == 0 else report("fin"))
        office.run(MORNING + timedelta(hours=7 * number))
    (held,) = (one for one in office.alerts() if one.error == str(Why.FLAPPING))
    counts = []
    for day in (6, 9, 10):
        office.run(MORNING + day * DAY)
        with store_of(office) as (store, config), store.transaction() as unit:
            counts.append(release_steady(unit, config, YEAR, MORNING + day * DAY))
    office.run(MORNING + 11 * DAY)

    assert counts == [0, 1, 0]
    assert [event for event, name, _ in office.told() if name == "fin"] == [
        "opened",
        "resolved",
        "reopened",
        "resolved",
        "reopened",
    ]
    assert [one.state for one in office.alerts() if one.id == held.id] == ["sent"]


def test_a_portal_with_two_hundred_organs_that_is_down_for_five_days_accuses_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"o{number:03}" for number in range(ORGANS)]
    lines = "".join(f"  - {{{{id: {one}, name: 第{one}局, portal: city}}}}\n" for one in names)
    head, _, tail = offices._CONFIG.partition("  - {{id: edu")
    monkeypatch.setattr(offices, "_CONFIG", head + lines + tail[tail.index("channels:") :])
    monkeypatch.setattr(offices, "PORTAL_OF", dict.fromkeys(names, "city"))
    with opened(tmp_path, monkeypatch) as office:
        office.failing["city"] = "portal_unreachable"
        for day in range(5):
            daily(office, MORNING + day * DAY)
        during = Counter((one.event, one.rules) for one in office.alerts())
        office.failing.clear()
        daily(office, MORNING + 5 * DAY)
        back = Counter((one.event, one.rules) for one in office.alerts()) - during
        unproven = Counter(office.standing(MORNING + 5 * DAY).values())
        office.run(MORNING + 5 * DAY + timedelta(hours=7))

    assert during == {("system", ("portal_unreachable",)): 1 + 4}
    assert back == {("system", ("portal_recovered",)): 1}
    assert unproven == {("unknown", "absence_unproven"): ORGANS}
    assert Counter(one.event for one in office.alerts() if one.organisation) == {"opened": ORGANS}
    assert len({one.message_id for one in office.alerts() if one.organisation}) == 1


def daily(office: Office, now: datetime) -> None:
    """What a day of the shipped schedule does, asked for reminders twice."""
    office.run(now)
    with store_of(office) as (store, config):
        for minutes in (30, 60):
            with store.transaction() as unit:
                remind(unit, config, YEAR, now + timedelta(minutes=minutes))
                repeat(unit, config, YEAR, now + timedelta(minutes=minutes))

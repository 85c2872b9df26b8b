"""How a portal fares, and when a person hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nianshen.health import Health, Shape, State, Step, Word, advance, doubt, side
from tests.nianshen.office import EVENING, MORNING, NAMES, NEXT_DAY, Office, opened, report

AT = datetime(2026, 1, 5, tzinfo=UTC)
QUIET = MORNING - timedelta(days=30)  # long before the due date of departments
REASONS = (None, "portal_unreachable", "blocked", "layout_changed", "list_incomplete")
SHAPE = Shape(("https://e.cn/nb/",), 40, 40, 2, 1.0, ("trs",), {2024: frozenset({"edu", "fin"}), 2025: frozenset()})


def through(*reasons: str | None, at_stake: bool = False) -> list[Step]:
    """One reading a day, each ending for its reason."""
    steps: list[Step] = []
    for day, reason in enumerate(reasons):
        before = steps[-1].health if steps else None
        outcome = "found" if reason is None else "failed"
        steps.append(advance(before, AT + timedelta(days=day), outcome, reason, at_stake=at_stake))
    return steps


@pytest.mark.parametrize(
    ("reason", "last"), [("portal_unreachable", State.OUTAGE), ("blocked", State.OUTAGE), ("list_empty", State.BROKEN)]
)
def test_a_portal_falls_ill_by_steps_and_heals_at_once(reason: str, last: State) -> None:
    states = [step.health.state for step in through(None, reason, reason, reason, reason, None)]

    assert states == [State.HEALTHY, State.SUSPECT, State.DEGRADED, last, last, State.HEALTHY]


def test_a_hiccup_calls_nobody() -> None:
    steps = through(None, "blocked", None, "blocked", None)

    assert [step.word for step in steps] == [
        Word.WELL,
        Word.HELD,
        Word.RECOVERED_UNTOLD,
        Word.HELD,
        Word.RECOVERED_UNTOLD,
    ]
    assert not any(step.word.tells for step in steps)


def test_the_second_failure_in_a_row_is_told_and_its_recovery_once() -> None:
    steps = through("blocked", "blocked", "blocked", None, None)

    assert [step.word for step in steps] == [Word.HELD, Word.AGAIN, Word.KNOWN, Word.RECOVERED, Word.WELL]
    assert steps[3].before == "blocked"


def test_while_absence_is_at_stake_the_first_failure_is_told() -> None:
    steps = through("blocked", "blocked", None, at_stake=True)

    assert [step.word for step in steps] == [Word.AT_STAKE, Word.KNOWN, Word.RECOVERED]


def test_a_portal_that_may_not_be_asked_now_is_neither_well_nor_ill_for_it() -> None:
    ill = through("blocked")[-1].health

    step = advance(ill, AT + timedelta(days=1), "outside_window", "not_crawled", at_stake=True)

    assert (step.health, step.word.tells) == (ill, False)
    assert advance(None, AT, "outside_window", "not_crawled", at_stake=True).health.state is State.HEALTHY


def test_another_reason_is_told_only_if_the_fault_moved_to_the_other_side() -> None:
    steps = through("portal_unreachable", "blocked", "layout_changed", "list_empty", "blocked", None, at_stake=True)

    assert [step.word for step in steps] == [
        Word.AT_STAKE,
        Word.KNOWN,
        Word.AT_STAKE,
        Word.KNOWN,
        Word.KNOWN,
        Word.RECOVERED,
    ]
    assert steps[-1].before == "layout_changed"


def test_an_illness_has_lasted_since_its_first_bad_reading() -> None:
    steps = through(None, None, "blocked", "layout_changed", None, None)

    assert [(step.health.since - AT).days for step in steps] == [0, 0, 2, 2, 4, 4]


def test_a_report_their_server_does_not_give_is_their_doing() -> None:
    assert (side("report_unreachable", "list_incomplete"), side("incomplete_pages", "list_incomplete")) == (
        "theirs",
        "ours",
    )


@given(st.lists(st.tuples(st.sampled_from(REASONS), st.booleans()), max_size=12))
def test_whatever_comes_nothing_is_told_twice_nor_its_end_without_it(readings: list[tuple[str | None, bool]]) -> None:
    health: Health | None = None
    told: list[str] = []
    for day, (reason, at_stake) in enumerate(readings):
        step = advance(health, AT + timedelta(days=day), "x", reason, at_stake=at_stake)
        if step.word.tells and reason is None:
            assert told
            assert step.before == told[-1]
        if step.word.tells and reason is not None:
            assert reason not in told
            told.append(reason)
        if reason is None:
            told = []
        assert len(told) <= 2
        assert (step.health.state is State.HEALTHY) == (reason is None)
        health = step.health


# --- a list held against the last good one -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (replace(SHAPE, items=19), "上次 40 条，这次 19 条"),
        (replace(SHAPE, reports=3), "上次 40 份年报，这次 3 份年报"),
        (replace(SHAPE, found={}), "上次有 2 家 2024 年的年报，这次 0 家"),
    ],
)
def test_a_list_that_shrank_is_doubted_with_both_counts(now: Shape, words: str) -> None:
    found = doubt(now, SHAPE, SHAPE, 2025, {"edu", "fin"})

    assert found is not None
    assert (found.reason, found.zh) == ("list_incomplete", words)


def test_a_list_read_by_another_system_has_changed_its_layout() -> None:
    found = doubt(replace(SHAPE, items=9, systems=("static",)), SHAPE, SHAPE, 2025, {"edu"})

    assert found is not None
    assert found.reason == "layout_changed"


@pytest.mark.parametrize(
    ("now", "season", "last", "ours"),
    [
        (replace(SHAPE, items=20, reports=20), SHAPE, SHAPE, {"edu"}),  # half is not less than half
        (replace(SHAPE, items=400, systems=("static",)), SHAPE, SHAPE, {"edu"}),
        (replace(SHAPE, items=1), replace(SHAPE, items=4), SHAPE, {"edu"}),  # too few to tell
        (replace(SHAPE, items=1), None, SHAPE, {"edu"}),  # folders of another season
        (replace(SHAPE, items=1, found={}, start_urls=("https://e.cn/new/",)), SHAPE, SHAPE, {"edu"}),
        (replace(SHAPE, found={}), SHAPE, SHAPE, {"roads"}),  # its organisations are no longer watched
        (SHAPE, None, None, {"edu"}),
    ],
)
def test_nothing_is_doubted_without_cause(now: Shape, season: Shape | None, last: Shape | None, ours: set[str]) -> None:
    assert doubt(now, season, last, 2025, ours) is None


def test_a_shape_is_kept_as_it_was() -> None:
    assert Shape.from_json(SHAPE.as_json()) == SHAPE


# --- run by run ----------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Three organisations on two portals, every report of two years right, forty rows on each list."""
    with opened(tmp_path, monkeypatch) as one:
        for name, year in product(NAMES, (2024, 2025)):
            one.publish(name, report(name, year=year), year=year)
        one.sizes = {"city": 40, "county": 40}
        yield one


def told_of_portals(office: Office) -> list[str | None]:
    return [rule for event, _, rule in office.told() if event == "system"]


def test_long_before_the_due_date_one_failing_run_pages_nobody(office: Office) -> None:
    for day, failing in enumerate(({"city": "blocked"}, {}, {"city": "blocked"}, {"city": "blocked"}, {})):
        office.failing = failing
        office.run(QUIET + timedelta(days=day))

    assert told_of_portals(office) == ["blocked", "portal_recovered"]


def test_within_ten_days_of_the_due_date_the_first_failing_run_is_told(office: Office) -> None:
    office.failing = {"city": "blocked"}
    office.run(datetime(2026, 1, 20, 15, tzinfo=UTC))  # 23:00 in Shanghai, eleven days before
    silent = told_of_portals(office)
    office.failing = {"county": "blocked"}
    office.run(datetime(2026, 1, 20, 17, tzinfo=UTC))

    assert silent == []
    assert told_of_portals(office) == ["blocked"]


def test_a_list_of_half_its_size_proves_no_absence_and_is_told_with_both_counts(office: Office) -> None:
    office.run(MORNING - timedelta(days=1))
    office.papers.pop(("fin", 2025))
    office.sizes = {"city": 12, "county": 40}
    results = [office.run(now) for now in (MORNING, EVENING, NEXT_DAY)]

    (portal,) = [one for one in results[-1].portals if one["id"] == "city"]
    assert (portal["complete"], portal["reason"]) == (False, "list_incomplete")
    assert portal["detail"] == "上次 40 条，这次 12 条 / 40 entries before, 12 now"
    assert not any(rule in {"F001", "F006"} for _, _, rule in office.told())
    assert told_of_portals(office) == ["list_incomplete"]
    (alert,) = office.receiver.received[-1].document["data"]["alerts"]
    assert "上次 40 条，这次 12 条" in alert["message"]["zh"]


def test_a_list_that_is_whole_again_is_held_against_the_last_good_one(office: Office) -> None:
    office.run(MORNING)
    for now, size in ((EVENING, 12), (NEXT_DAY, 38)):
        office.sizes["city"] = size
        result = office.run(now)

    assert all(portal["complete"] for portal in result.portals)
    assert told_of_portals(office) == ["list_incomplete", "portal_recovered"]


def test_a_list_without_the_reports_of_the_year_before_proves_no_absence(office: Office) -> None:
    office.run(MORNING)
    for name in ("edu", "fin"):
        office.papers.pop((name, 2024))
    office.papers.pop(("fin", 2025))
    office.run(EVENING)
    result = office.run(NEXT_DAY)

    (portal,) = [one for one in result.portals if one["id"] == "city"]
    assert (portal["complete"], portal["reason"]) == (False, "list_incomplete")
    assert "2024" in portal["detail"]


def test_a_portal_that_fails_leaves_a_proven_absence_and_every_other_portal_alone(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    office.papers.pop(("farm", 2025))
    for now in (MORNING, EVENING):
        office.run(now)
    before = office.standing(EVENING)
    office.failing = {"city": "portal_unreachable"}
    office.run(NEXT_DAY)

    assert before["fin"] == before["farm"] == ("missing", None)
    assert office.standing(NEXT_DAY) == before
    assert [event for event, _, _ in office.told()][-1] == "system"


def test_states_of_neighbouring_runs_are_one_step_apart() -> None:
    order = [State.HEALTHY, State.SUSPECT, State.DEGRADED, State.BROKEN]
    steps = through(*["list_empty"] * 4)

    ranks = [0] + [order.index(step.health.state) for step in steps]

    assert all(after - before in {0, 1} for before, after in pairwise(ranks))

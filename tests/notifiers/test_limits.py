"""How fast a channel may go, and when it rests."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.limits import GIVEN_UP_AFTER, OPENS_AFTER, Pace, State, admit, after, beside_the_crowd, fresh
from notifiers.outcome import Delivered, Permanent, Retry
from tests.notifiers.making import NOW

DOWN = Retry(None, "connect", hold=True)
PROBE = timedelta(seconds=90)


def failing(times: int) -> State:
    state = fresh(Pace(600), NOW)
    for _ in range(times):
        state = after(state, DOWN, NOW)
    return state


@settings(deadline=None, max_examples=60)
@given(
    per_minute=st.integers(1, 300),
    pauses=st.lists(st.sampled_from([0.0, 0.01, 0.5, 3.0, 59.9, 61.0]), min_size=1, max_size=20),
)
def test_never_more_than_the_limit_in_any_minute(per_minute: int, pauses: list[float]) -> None:
    pace, now = Pace(per_minute), NOW
    state, sent = fresh(pace, now), list[datetime]()
    for number in range(500):
        admitted = admit(state, pace, now, now + PROBE)
        if isinstance(admitted, State):
            state = admitted
            sent.append(now)
            now += timedelta(seconds=pauses[number % len(pauses)])
        else:
            assert admitted > now
            now = admitted + timedelta(microseconds=1)

    assert max(number + 1 - bisect_left(sent, at - timedelta(seconds=60)) for number, at in enumerate(sent)) <= (
        per_minute
    )


def test_a_channel_that_fails_rests_a_little_and_after_five_failures_ever_longer() -> None:
    rests = [(failing(times).held_until or NOW) - NOW for times in range(1, 14)]

    assert rests[:4] == [timedelta(seconds=5)] * 4
    assert rests[4:7] == [timedelta(seconds=60), timedelta(seconds=120), timedelta(seconds=240)]
    assert rests[-1] == timedelta(hours=1)


def test_an_open_breaker_lets_one_message_try() -> None:
    state = failing(OPENS_AFTER)
    opens = admit(state, Pace(600), NOW, NOW + PROBE)
    assert isinstance(opens, datetime)

    probing = admit(state, Pace(600), opens, opens + PROBE)
    assert isinstance(probing, State)

    assert admit(probing, Pace(600), opens, opens + PROBE) == opens + PROBE


@pytest.mark.parametrize("answer", [Delivered("204"), Permanent("400"), Retry(None, "500")])
def test_any_answer_that_is_not_about_the_channel_closes_the_breaker(
    answer: Delivered | Permanent | Retry,
) -> None:
    state = after(failing(9), answer, NOW)

    assert (state.open, state.held_until, state.failing_since) == (False, None, None)


def test_a_channel_whose_token_is_gone_rests_at_once() -> None:
    state = after(fresh(Pace(20), NOW), Permanent("invalid webhook url", hold=True), NOW)

    assert (state.open, state.held_until, state.asked) == (True, NOW + timedelta(hours=1), False)


def test_the_wait_a_receiver_asks_for_is_a_floor_capped_at_six_hours() -> None:
    asked = after(fresh(Pace(20), NOW), Retry(timedelta(seconds=120), "429", hold=True), NOW)
    absurd = after(fresh(Pace(20), NOW), Retry(timedelta(days=30), "429", hold=True), NOW)

    assert asked.held_until == NOW + timedelta(seconds=120)
    assert absurd.held_until == NOW + timedelta(hours=6)


def test_a_clock_set_back_stops_nothing() -> None:
    pace, late = Pace(20), NOW + timedelta(days=1)
    emptied = admit(fresh(pace, late), pace, late, late + PROBE)
    assert isinstance(emptied, State)
    held = after(emptied, DOWN, late)

    assert isinstance(admit(held, pace, NOW, NOW + PROBE), State)


def test_a_channel_that_may_send_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Pace(0)


@given(seconds=st.floats(0, 7200), name=st.text(max_size=20))
def test_nothing_that_can_wait_is_sent_at_a_half_hour_and_it_waits_for_seconds_only(seconds: float, name: str) -> None:
    now = datetime(2026, 2, 1, 8, 0, tzinfo=UTC) + timedelta(seconds=seconds)

    later = beside_the_crowd(now, name)

    since_mark = now.timestamp() % 1800
    if 8 <= since_mark < 1797:
        assert later is None
    else:
        assert later is not None
        assert timedelta() < later - now <= timedelta(seconds=22)
        assert beside_the_crowd(later, name) is None


@pytest.mark.parametrize("clock", ["07:59:57", "08:00:00", "08:00:07.999999", "08:29:57", "08:30:00"])
def test_whoever_asks_about_a_message_hears_the_same_instant(clock: str) -> None:
    now = datetime.fromisoformat(f"2026-02-01T{clock}+00:00")

    heard = {beside_the_crowd(now.astimezone(timezone(timedelta(hours=hours))), "msg_1") for hours in (0, 8, 5.75)}

    assert len(heard) == 1
    (later,) = heard
    assert later is not None
    assert (later.minute, later.microsecond) == (0 if now.hour == 7 or now.minute == 0 else 30, 0)


def test_messages_are_spread_over_the_seconds_after_the_mark() -> None:
    mark = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)

    seconds = {later.second for number in range(200) if (later := beside_the_crowd(mark, f"msg_{number}"))}

    assert seconds == set(range(8, 20))


def failing_for(span: timedelta, every: timedelta) -> State:
    """A channel that failed at every such interval and once more at the end."""
    state, now = fresh(Pace(600), NOW), NOW
    while now < NOW + span:
        state = after(state, DOWN, now)
        now += every
    return after(state, DOWN, NOW + span)


def test_a_channel_that_only_failed_for_five_days_is_given_up() -> None:
    almost = failing_for(GIVEN_UP_AFTER - timedelta(seconds=1), timedelta(hours=1))
    state = failing_for(GIVEN_UP_AFTER, timedelta(hours=29))

    assert almost.disabled_at is None
    assert (state.disabled_at, state.failing_since) == (NOW + GIVEN_UP_AFTER, NOW)
    assert admit(state, Pace(600), NOW + timedelta(days=99), NOW + timedelta(days=99)) is None
    assert after(state, DOWN, NOW + timedelta(days=7)).disabled_at == NOW + GIVEN_UP_AFTER
    assert after(state, Delivered("204"), NOW + timedelta(days=7)).disabled_at is None


@pytest.mark.parametrize("pause", [timedelta(hours=32), timedelta(days=60)])
def test_two_failures_with_a_long_pause_between_are_no_continuous_failure(pause: timedelta) -> None:
    state = after(failing(1), DOWN, NOW + pause)

    assert state.failing_since == NOW + pause
    assert after(state, DOWN, NOW + pause + GIVEN_UP_AFTER - timedelta(seconds=1)).disabled_at is None


def test_one_delivery_begins_the_five_days_anew() -> None:
    middle = after(failing_for(timedelta(days=3), timedelta(hours=1)), Delivered("204"), NOW + timedelta(days=3))

    state = after(after(middle, DOWN, NOW + timedelta(days=4)), DOWN, NOW + timedelta(days=5))

    assert (state.failing_since, state.disabled_at) == (NOW + timedelta(days=4), None)

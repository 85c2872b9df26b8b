"""When to try again."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.backoff import DELAYS, LONGEST_RETRY_AFTER, TRIES, next_delay


def test_eleven_tries_last_over_a_long_weekend() -> None:
    assert TRIES == 11
    assert sum(DELAYS, timedelta()) == timedelta(hours=75, minutes=36, seconds=5)


@given(tries=st.integers(1, TRIES - 1), seed=st.integers())
def test_the_delay_is_the_table_within_a_fifth(tries: int, seed: int) -> None:
    delay = next_delay(tries, None, Random(seed))

    assert delay is not None
    assert DELAYS[tries - 1] * 0.8 <= delay <= DELAYS[tries - 1] * 1.2


@given(tries=st.integers(1, TRIES - 1), seconds=st.integers(0, 10**9), seed=st.integers())
def test_what_the_receiver_asks_is_a_floor_up_to_six_hours(tries: int, seconds: int, seed: int) -> None:
    asked = timedelta(seconds=seconds)

    delay = next_delay(tries, asked, Random(seed))

    assert delay is not None
    assert delay >= min(asked, LONGEST_RETRY_AFTER)
    assert delay <= max(DELAYS[tries - 1] * 1.2, LONGEST_RETRY_AFTER)


def test_after_the_last_try_there_is_none() -> None:
    assert next_delay(TRIES, None, Random(0)) is None


def test_no_try_is_no_failure() -> None:
    with pytest.raises(ValueError, match="no try"):
        next_delay(0, None, Random(0))

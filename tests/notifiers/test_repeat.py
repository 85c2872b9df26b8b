"""What is told once more, and the named reason why or why not."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from notifiers.event import Event
from notifiers.mute import Notice
from notifiers.repeat import Facts, Repeat, acknowledged, why_repeated
from tests.notifiers.making import NOW

OLD = Facts(days=7, seen_again=True)


@pytest.mark.parametrize(
    ("facts", "every", "expected"),
    [
        (OLD, 7, Repeat.DUE),
        (replace(OLD, days=6), 7, Repeat.TOO_SOON),
        (replace(OLD, days=1, due_in=3), 7, Repeat.NEAR_DUE),
        (replace(OLD, days=1, due_in=0), 7, Repeat.NEAR_DUE),
        (replace(OLD, days=1, due_in=4), 7, Repeat.TOO_SOON),
        (replace(OLD, days=0, due_in=1), 7, Repeat.TOO_SOON),
        (OLD, None, Repeat.OFF),
        (replace(OLD, days=None), 7, Repeat.NEVER_TOLD),
        (replace(OLD, decided=True), 7, Repeat.DECIDED),
        (replace(OLD, acknowledged=True, due_in=1), 7, Repeat.ACKNOWLEDGED),
        (replace(OLD, flapping=True), 7, Repeat.FLAPPING),
        (replace(OLD, seen_again=False), 7, Repeat.NOT_SEEN_AGAIN),
    ],
)
def test_every_case_has_its_reason(facts: Facts, every: int | None, expected: Repeat) -> None:
    assert why_repeated(facts, every) is expected


def test_nothing_that_holds_it_back_is_outweighed() -> None:
    for seen, acked, decided, flaps in product((True, False), repeat=4):
        facts = Facts(99, seen_again=seen, acknowledged=acked, decided=decided, flapping=flaps, due_in=1)

        assert why_repeated(facts, 7).told is (seen and not (acked or decided or flaps))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([(Event.OPENED, True)], True),
        ([(Event.OPENED, False)], False),
        ([(Event.OPENED, True), (Event.WORSE, False)], False),
        ([(Event.OPENED, True), (Event.REMINDER, False)], True),
        ([(Event.OPENED, False), (Event.REMINDER, True)], True),
        ([(Event.SYSTEM, True), (Event.SYSTEM, False)], True),
        ([], False),
    ],
)
def test_an_acknowledgement_covers_what_was_known_then(history: list[tuple[Event, bool]], expected: bool) -> None:
    assert acknowledged([Notice(event, NOW, acked) for event, acked in history]) is expected

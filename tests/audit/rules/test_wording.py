"""Messages that lack a language, a name or a field are refused before anything is judged."""

from __future__ import annotations

import pytest

from audit.engine import catalogue
from audit.rules import wording
from audit.rules.registry import RuleError

GOOD = {"Z001": {"title": "题", "message": "疑似 {actual}"}}


def check(monkeypatch: pytest.MonkeyPatch, english: dict[str, dict[str, str]]) -> None:
    monkeypatch.setattr(wording, "_load", lambda language: GOOD if language == "zh" else english)
    wording.check(frozenset(GOOD))


@pytest.mark.parametrize(
    "english",
    [
        {},
        {"Z001": {"title": "t"}},
        {"Z001": {"title": "t", "message": "suspected {value}"}},
        {"Z001": {"title": "t", "message": "suspected {actual}", "more": "x"}},
    ],
)
def test_languages_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch, english: dict[str, dict[str, str]]) -> None:
    with pytest.raises(RuleError):
        check(monkeypatch, english)


def test_the_shipped_messages_agree() -> None:
    wording.check(frozenset(catalogue()))


def test_a_field_a_rule_does_not_give_is_an_error() -> None:
    with pytest.raises(KeyError):
        wording.message("N004", "", {"name": "x"})

"""Words that lack a language, a name or a field are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.catalogue import PageError, page
from audit.engine import catalogue
from audit.rules import wording

WHOLE = page("N004")


@pytest.mark.parametrize(
    "part",
    [
        {"title": {"zh": "题"}},
        {"title": {"zh": "题", "en": "t", "fr": "t"}},
        {"messages": {}},
        {"messages": {"message": {"zh": "疑似 {actual}", "en": "suspected {value}"}}},
        {"messages": {"message": {"zh": "疑似"}}},
    ],
)
def test_words_that_lack_a_part_are_refused(monkeypatch: pytest.MonkeyPatch, part: dict[str, Any]) -> None:
    monkeypatch.setattr(wording, "page", lambda _: replace(WHOLE, **part))

    with pytest.raises(PageError, match="N004"):
        wording.check("N004")


@pytest.mark.parametrize("rule_id", sorted(catalogue()))
def test_the_shipped_words_are_whole(rule_id: str) -> None:
    wording.check(rule_id)


def test_a_rule_without_a_page_is_refused() -> None:
    with pytest.raises(PageError, match="Z999"):
        page("Z999")


def test_a_field_a_rule_does_not_give_is_an_error() -> None:
    with pytest.raises(KeyError):
        wording.message("N004", "", {"name": "x"})

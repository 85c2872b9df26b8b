"""One page per rule, ``A003.toml``: titles, messages, why it matters, its limits, and the examples that test it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")
Words = Mapping[str, str]


class PageError(Exception):
    """The page of a rule is missing, or lacks a part or a language. Names the rule and the part."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is written about a rule; ``Words`` are by language.

    ``mark`` tells how well the basis is known (domain.md): ``S`` seen in its source, ``M`` from memory, ``D``
    derived. ``what`` is the Chinese text of the rule; the English one is its docstring. ``blind`` is what the rule
    cannot see, ``fix`` what an agency does about it. ``decidable``: why no example leaves the rule undecided, where
    it can always judge. ``examples`` are read by ``audit.rules.example``.
    """

    rule: str
    title: Words
    messages: Mapping[str, Words]
    mark: str
    what: str
    why: Words
    blind: Words
    fix: Words
    decidable: Words
    examples: tuple[Mapping[str, Any], ...]


@cache
def page(rule_id: str) -> Page:
    """The page of a rule. Raises PageError for one that is missing or is not TOML."""
    try:
        text = (files("audit.catalogue") / f"{rule_id}.toml").read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except FileNotFoundError:
        raise PageError(f"{rule_id} has no page audit/catalogue/{rule_id}.toml") from None
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"audit/catalogue/{rule_id}.toml: {error}") from error
    return Page(
        rule=rule_id,
        title=data.get("title", {}),
        messages=data.get("messages", {}),
        mark=data.get("mark", ""),
        what=data.get("what", ""),
        why=data.get("why", {}),
        blind=data.get("blind", {}),
        fix=data.get("fix", {}),
        decidable=data.get("decidable", {}),
        examples=tuple(data.get("examples", ())),
    )

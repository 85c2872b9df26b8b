"""Titles and messages of the rules in both languages, out of ``audit/messages``; checked when loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from audit.rules.registry import RuleError

LANGUAGES = ("zh", "en")


def title(rule_id: str) -> dict[str, str]:
    """The rule's title in both languages."""
    return _both(rule_id, "title", {})


def message(rule_id: str, name: str, args: Mapping[str, Any]) -> dict[str, str]:
    """The message ``name`` (empty: ``message``) with its fields put in; a field may be in two languages.

    Raises KeyError if the rule gives no such field or has no such message.
    """
    return _both(rule_id, name or "message", args)


def names(rule_id: str) -> frozenset[str]:
    """The names of a rule's messages, ``title`` not counted."""
    return frozenset(_load("zh").get(rule_id, {})) - {"title"}


def check(rule_ids: frozenset[str]) -> None:
    """Raise RuleError unless both languages hold the same rules, messages and fields, titles included."""
    for language in LANGUAGES:
        if odd := rule_ids ^ set(_load(language)):
            raise RuleError(f"messages/{language}.toml and the rules differ in {', '.join(sorted(odd))}")
    for rule_id in sorted(rule_ids):
        zh, en = _load("zh")[rule_id], _load("en")[rule_id]
        if set(zh) != set(en) or "title" not in zh or len(zh) < 2:
            raise RuleError(f"{rule_id}: the messages of the two languages differ, or one is missing")
        for name in zh:
            if _fields(zh[name]) != _fields(en[name]):
                raise RuleError(f"{rule_id}.{name}: the two languages use different fields")


def _both(rule_id: str, name: str, args: Mapping[str, Any]) -> dict[str, str]:
    return {language: _render(_load(language)[rule_id][name], args, language) for language in LANGUAGES}


def _render(template: str, args: Mapping[str, Any], language: str) -> str:
    spoken = {key: value[language] if isinstance(value, Mapping) else value for key, value in args.items()}
    return template.format_map(spoken)


def _fields(template: str) -> frozenset[str]:
    return frozenset(field for _, field, _, _ in Formatter().parse(template) if field)


@cache
def _load(language: str) -> dict[str, dict[str, str]]:
    source = files("audit") / "messages" / f"{language}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))

"""Titles and messages of the rules in both languages, out of the pages in ``audit/catalogue``."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from audit.catalogue import LANGUAGES, PageError, Words, page


def title(rule_id: str) -> dict[str, str]:
    """The rule's title in both languages."""
    return {language: page(rule_id).title[language] for language in LANGUAGES}


def message(rule_id: str, name: str, args: Mapping[str, Any]) -> dict[str, str]:
    """The message ``name`` (empty: ``message``) with its fields put in; a field may be in two languages.

    Raises KeyError if the rule gives no such field or has no such message.
    """
    words = page(rule_id).messages[name or "message"]
    return {language: _render(words[language], args, language) for language in LANGUAGES}


def names(rule_id: str) -> frozenset[str]:
    """The names of a rule's messages."""
    return frozenset(page(rule_id).messages)


def check(rule_id: str) -> None:
    """Raise PageError unless the rule has a title and messages, in both languages and with the same fields."""
    found = page(rule_id)
    for name, words in {"title": found.title, **found.messages}.items():
        _insist(rule_id, name, words)
    if not found.messages:
        raise PageError(f"{rule_id} has no message")


def _insist(rule_id: str, name: str, words: Words) -> None:
    if set(words) != set(LANGUAGES):
        raise PageError(f"{rule_id}.{name} must be there in {' and '.join(LANGUAGES)}, and in nothing else")
    if _fields(words["zh"]) != _fields(words["en"]):
        raise PageError(f"{rule_id}.{name}: the two languages use different fields")


def _render(template: str, args: Mapping[str, Any], language: str) -> str:
    spoken = {key: value[language] if isinstance(value, Mapping) else value for key, value in args.items()}
    return template.format_map(spoken)


def _fields(template: str) -> frozenset[str]:
    return frozenset(field for _, field, _, _ in Formatter().parse(template) if field)

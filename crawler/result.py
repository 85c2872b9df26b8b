"""The result of a crawl as a file, schema ``nianshen.crawl/1``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


def write(path: Path, head: Mapping[str, Any], lists: Mapping[str, Iterable[str]]) -> None:
    """Put the result in its place in one step: ``head`` as it is, and lists of rows that are JSON already.

    Row by row: its text as a whole would take more room than all that it was made from. Raises OSError.
    """
    scratch = path.with_name(path.name + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch.open("w", encoding="utf-8", errors="replace") as file:  # half a character, out of a portal's JSON
        file.writelines(_pieces(head, lists))
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def text_of(row: Mapping[str, Any]) -> str:
    """A row as the result has it."""
    return json.dumps(row, ensure_ascii=False)


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """An order that does not depend on which server answered first: a replay gives the same document."""
    return sorted(rows, key=place_of)


def place_of(row: Mapping[str, Any]) -> list[str]:
    """What decides where a row stands among those of its list."""
    names = ("portal", "page", "attachment_of", "url", "organisation", "year", "name")
    return [str(row.get(name) or "") for name in names]


def _pieces(head: Mapping[str, Any], lists: Mapping[str, Iterable[str]]) -> Iterator[str]:
    opening = "{"
    for key, value in head.items():
        yield f"{opening}{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        opening = ", "
    for key, rows in lists.items():
        yield f"{opening}{json.dumps(key)}: ["
        opening = ", "
        for number, row in enumerate(rows):
            yield f"{', ' if number else ''}{row}"
        yield "]"
    yield "}"

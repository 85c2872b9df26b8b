"""The result of a crawl as a file, schema ``nianshen.crawl/1``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Put a document in its place in one step. Raises OSError."""
    scratch = path.with_name(path.name + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch.open("w", encoding="utf-8") as file:
        file.writelines(_pieces(document))
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """An order that does not depend on which server answered first: a replay gives the same document."""
    names = ("portal", "page", "attachment_of", "url", "organisation", "year", "name")
    return sorted(rows, key=lambda row: [str(row.get(name) or "") for name in names])


def _pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The document as JSON, a row at a time: its text as a whole would take more room than all that it was made from.

    Each row in one piece, which is what the C encoder is for.
    """
    opening = "{"
    for key, value in document.items():
        yield f"{opening}{json.dumps(key)}: "
        opening = ", "
        if not isinstance(value, list):
            yield json.dumps(value, ensure_ascii=False)
            continue
        yield "["
        for number, row in enumerate(value):
            yield (", " if number else "") + json.dumps(row, ensure_ascii=False)
        yield "]"
    yield "}"

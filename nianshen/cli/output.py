"""Rows out: a table for people, JSON and CSV for programs. Foreign text cannot drive a terminal or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from nianshen.errors import NianshenError

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class Format(StrEnum):
    """What every list command takes as ``--format``."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def safe(text: str) -> str:
    """``text`` on one line, with control, direction and invisible characters shown as ``\\uXXXX``."""
    return "".join(_shown(character) for character in text)


def csv_safe(value: object) -> object:
    """``value`` that a spreadsheet never runs: text that begins like a formula gets an apostrophe first (OWASP)."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def as_json(document: Mapping[str, Any]) -> str:
    """One JSON document, indented, ending in a line break."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def as_csv(columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> str:
    """Rows with a header of the keys of ``columns``, formula-safe, RFC 4180, with a BOM so that Excel reads UTF-8."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(columns)
    writer.writerows([csv_safe(_plain(row.get(key))) for key in columns] for row in rows)
    return "\ufeff" + target.getvalue()


def as_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, object]], *, width: int | None = None) -> str:
    """A table with the titles of ``columns``; ``width`` in terminal cells, by default that of the terminal."""
    # Rich takes 50 ms to import and only tables need it.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(show_edge=False, pad_edge=False)
    for title in columns.values():
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(_plain(row.get(key)))) for key in columns))
    target = io.StringIO()
    Console(file=target, width=width or terminal_width(), color_system=None, markup=False).print(table)
    return target.getvalue()


def render(
    output: Format,
    *,
    document: Mapping[str, Any],
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, object]],
) -> str:
    """The text of a list command: ``document`` for JSON, ``rows`` under ``columns`` (key to title) for the others."""
    if output is Format.JSON:
        return as_json(document)
    return as_csv(columns, rows) if output is Format.CSV else as_table(columns, rows)


def explain(error: NianshenError) -> str:
    """An error for stderr, each line safe for a terminal."""
    return "\n".join(safe(line) for line in str(error).splitlines())


def _shown(character: str) -> str:
    if unicodedata.category(character) in _INVISIBLE:
        return f"\\u{ord(character):04x}"
    return character


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def terminal_width() -> int:
    return max(shutil.get_terminal_size((120, 24)).columns, 60)

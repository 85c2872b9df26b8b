"""Parquet: one row a finding for programs that compute, every column with its type (extra ``parquet``).

Words are the codes of CONTRACT, not labels. A figure is an integer in ``actual`` and ``expected`` if it is one; as it
was said it stands in ``actual_text`` and ``expected_text``, whatever it is. Instants are in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from nianshen.errors import UsageError
from nianshen.export.document import Document, Line

AT_ONCE = 2_000
"""Rows of a group: so many are held in memory."""
_INTEGERS = range(-(2**63), 2**63)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def need_pyarrow() -> None:
    """Raises UsageError with what to install if the library is not there."""
    if find_spec("pyarrow") is None:
        raise UsageError(
            "导出 parquet 需要 pyarrow",
            "parquet needs pyarrow",
            next_step=("安装：pip install 'nianshen[parquet]'", "install it: pip install 'nianshen[parquet]'"),
        )


def write_parquet(documents: Iterable[Document], path: Path) -> None:
    """Write the table to ``path``. Raises UsageError without the library, OSError if the file cannot be written."""
    need_pyarrow()
    import pyarrow as pa  # noqa: PLC0415 - an extra, and a third of a second
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    schema = _schema(pa)
    rows = _rows(documents)
    with ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _schema(pa: Any) -> Any:
    text, instant = pa.string(), pa.timestamp("ms", tz="UTC")
    return pa.schema(
        [
            ("source", text),
            ("organisation", text),
            ("agency", text),
            ("year", pa.int32()),
            ("outcome", text),
            ("rule", text),
            ("title_zh", text),
            ("title_en", text),
            ("severity", text),
            ("kind", text),
            ("state", text),
            ("reason", text),
            ("subject", text),
            ("cell", text),
            ("cells", pa.list_(text)),
            ("actual", pa.int64()),
            ("actual_date", pa.date32()),
            ("actual_text", text),
            ("expected", pa.int64()),
            ("expected_text", text),
            ("formula", text),
            ("sums", pa.list_(text)),
            ("message_zh", text),
            ("message_en", text),
            ("hint_zh", text),
            ("hint_en", text),
            ("confirmed", pa.bool_()),
            ("first_seen", instant),
            ("last_seen", instant),
            ("resolved_at", instant),
            ("fingerprint", text),
            ("sha256", text),
            ("captured_at", instant),
            ("url", text),
        ],
        metadata={"nianshen.schema": "nianshen.parquet/1"},
    )


def _rows(documents: Iterable[Document]) -> Iterator[dict[str, Any]]:
    for document in documents:
        whose = {
            "source": document.source,
            "organisation": document.organisation,
            "agency": document.agency,
            "year": document.year,
            "outcome": document.outcome or None,
            "sha256": document.sha256,
        }
        for line in document.lines:
            yield {name: _writable(value) for name, value in {**whose, **_found(line)}.items()}
        if document.error:
            message = document.error["message"]
            yield {**whose, "message_zh": message["zh"], "message_en": message["en"]}


def _found(line: Line) -> dict[str, Any]:
    finding = line.finding
    hint = finding.hint or {}
    return {
        "rule": finding.rule,
        "title_zh": finding.title["zh"],
        "title_en": finding.title["en"],
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "state": line.state,
        "reason": line.reason,
        "subject": finding.subject,
        "cell": finding.cell,
        "cells": list(finding.cells),
        "actual": _integer(finding.actual),
        "actual_date": _day(finding.actual),
        "actual_text": _text(finding.actual),
        "expected": _integer(finding.expected),
        "expected_text": _text(finding.expected),
        "formula": finding.formula,
        "sums": list(finding.sums),
        "message_zh": finding.message["zh"],
        "message_en": finding.message["en"],
        "hint_zh": hint.get("zh"),
        "hint_en": hint.get("en"),
        "confirmed": finding.confirmed,
        "first_seen": line.first_seen,
        "last_seen": line.last_seen,
        "resolved_at": line.resolved_at,
        "fingerprint": finding.fingerprint,
        "sha256": line.sha256,
        "captured_at": line.captured_at,
        "url": line.url,
    }


def _integer(value: object) -> int | None:
    """The figure if it is whole and fits; nothing is rounded."""
    return value if isinstance(value, int) and value in _INTEGERS else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _ISO_DAY.fullmatch(value) else None
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _writable(value: Any) -> Any:
    """Text that is no UTF-8 (half a character out of a broken page) with a ``?`` in its place."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

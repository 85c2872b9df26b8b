"""JSON Lines: one finding a line, as CONTRACT section 3 has it, with whose it is, its life and its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from nianshen.export.document import Document, Line


def jsonl_text(documents: Iterable[Document]) -> Iterator[str]:
    """One line at a time, in the shape of ``nianshen findings list --format json``."""
    for document in documents:
        for line in document.lines:
            yield json.dumps(_entry(document, line), ensure_ascii=False, allow_nan=False) + "\n"


def _entry(document: Document, line: Line) -> dict[str, object]:
    evidence = {"sha256": line.sha256, "captured_at": _moment(line.captured_at), "url": line.url}
    return {
        **line.finding.as_json(),
        "organisation": document.organisation,
        "agency": document.agency,
        "year": document.year,
        "state": line.state,
        "state_reason": line.reason,
        "first_seen": _moment(line.first_seen),
        "last_seen": _moment(line.last_seen),
        "resolved_at": _moment(line.resolved_at),
        "evidence": evidence if line.sha256 else None,
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat(timespec="seconds") if value else None

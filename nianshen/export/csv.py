"""CSV: one line a finding, RFC 4180, with a BOM so that spreadsheets read UTF-8, and no formula in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from nianshen.export.document import Document
from nianshen.export.table import COLUMNS, HEADINGS, inert, rows


def csv_text(documents: Iterable[Document]) -> Iterator[str]:
    """The file in pieces, the header first."""
    yield "\ufeff" + _line(HEADINGS)
    for row in rows(documents):
        yield _line([inert(row.get(key)) for key in COLUMNS])


def _line(values: Iterable[object]) -> str:
    target = io.StringIO(newline="")
    csv.writer(target).writerow(["" if value is None else value for value in values])
    return target.getvalue()

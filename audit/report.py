"""The report as it was read: typed cells, sections, dates. Nothing here judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What was seen where a cell should be. Only ``VALUE`` carries a number; nothing else is ever zero."""

    VALUE = "value"
    BLANK = "blank"
    DASH = "dash"
    TEXT = "text"
    UNREADABLE = "unreadable"
    ABSENT = "absent"


class How(StrEnum):
    """``INFERRED`` was chosen by reasoning, not seen, and never supports an accusation."""

    READ = "read"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Locator:
    """Where something was seen: table, row and cell count from 0 in the source; page from 1; box in points."""

    table: int | None = None
    row: int | None = None
    cell: int | None = None
    page: int | None = None
    box: tuple[float, float, float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        names = ("table", "row", "cell", "page", "box")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the form. ``id`` is ``table/row/column``; ``unit`` only if the cell names one."""

    id: str
    state: State
    value: int | Decimal | None = None
    raw: str = ""
    how: How = How.READ
    at: Locator | None = None
    unit: str | None = None

    @property
    def known(self) -> int | Decimal | None:
        """The number an accusation may rest on: seen and read, else None."""
        return self.value if self.state is State.VALUE and self.how is How.READ else None

    def as_json(self) -> dict[str, Any]:
        value = float(self.value) if isinstance(self.value, Decimal) else self.value
        result: dict[str, Any] = {
            "state": self.state.value,
            "value": value,
            "raw": self.raw,
            "how": self.how.value,
        }
        result["at"] = self.at.as_json() if self.at else None
        if self.unit:
            result["unit"] = self.unit
        return result


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the reader could not do: ``kind`` is short_row, unmatched_row, torn_table, conflicting_copy, image…"""

    kind: str
    where: str
    detail: str
    at: Locator | None = None


@dataclass(frozen=True, slots=True)
class RowMatch:
    """How a row of the form was found: its label as printed, how alike the two are (0-1), and why it was taken.

    ``why`` holds short codes of the reader (``label``, ``group``, ``order`` …), the weightiest first.
    """

    row: str
    printed: str
    likeness: float
    why: tuple[str, ...] = ()
    at: Locator | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One of the three official tables. ``shape`` is the form its rows follow; None where it was not found.

    ``missing`` are rows (or ``*/column``) of the shape whose label was not seen; ``extra`` labels the form has not.
    ``confidence`` is 0-1, and ``reasons`` are short codes of what lowered it. ``matches`` say how each row was found.
    """

    name: str
    shape: str | None
    cells: Mapping[str, Cell]
    troubles: tuple[Trouble, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
    matches: tuple[RowMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One of the six sections: its heading as printed, its text without the tables, how many tables stand in it."""

    key: str
    present: bool
    heading: str | None = None
    text: str = ""
    tables: int = 0

    @property
    def characters(self) -> int:
        """Length of the text, white space not counted."""
        return len("".join(self.text.split()))


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates a document itself offers; they stay apart (ARCHITECTURE)."""

    declared: date | None = None
    signed: date | None = None
    url: date | None = None
    last_modified: date | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A yearly report as read from one document.

    ``second`` holds the cells of broken sums as an independent second reading saw them; a cell it could not place
    is ``ABSENT`` there. ``meta`` are the page's own tags by lower-case name, ``breadcrumb`` its place on the portal.
    """

    agency: str | None
    year: int | None
    title: str | None
    form: str | None
    dates: Dates
    sections: Mapping[str, Section]
    tables: Mapping[str, Table]
    preamble: str = ""
    attachments: tuple[tuple[str, str], ...] = ()
    pictures: int = 0
    troubles: tuple[Trouble, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    second: Mapping[str, Cell] = field(default_factory=dict)
    media: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    breadcrumb: tuple[str, ...] = ()

    def cell(self, cell_id: str) -> Cell:
        """The cell, or an ``ABSENT`` one: a cell that was not seen is never a number."""
        table = self.tables.get(cell_id.split("/", 1)[0])
        found = table.cells.get(cell_id) if table else None
        return found or Cell(cell_id, State.ABSENT)

    @property
    def cells(self) -> dict[str, Cell]:
        return {key: cell for table in self.tables.values() for key, cell in table.cells.items()}

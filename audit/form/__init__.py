"""The official forms as data: tables, rows, columns, labels, sections, equations. ``load("2021")`` gives one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

TABLES = ("disclosure", "requests", "disputes")
SECTIONS = ("overview", "disclosure", "requests", "disputes", "problems", "other_matters")


@dataclass(frozen=True, slots=True)
class Label:
    """A row or column of a table: id, printed label, the group it stands under, other spellings seen."""

    id: str
    label: str
    group: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormTable:
    """One table. ``columns_of``: row id to column ids, in printed order; ``columns`` labels every column id.

    ``cells`` are all cell ids, row by row.
    """

    name: str
    title: str
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    columns_of: Mapping[str, tuple[str, ...]]
    cells: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Every rule asks for the cells of every report: they are listed once."""
        cells = (f"{self.name}/{row.id}/{column}" for row in self.rows for column in self.columns_of[row.id])
        object.__setattr__(self, "cells", tuple(cells))

    def row(self, row_id: str) -> Label:
        return next(row for row in self.rows if row.id == row_id)

    def column(self, column_id: str) -> Label:
        return next(column for column in self.columns if column.id == column_id)


@dataclass(frozen=True, slots=True)
class Equation:
    """``sum(left) = sum(right)`` over cell ids; ``id`` as in ``A001/concluded``, ``A002/natural_person``."""

    id: str
    table: str
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def rule(self) -> str:
        return self.id.split("/", 1)[0]

    @property
    def cells(self) -> tuple[str, ...]:
        return self.left + self.right


@dataclass(frozen=True, slots=True)
class FormSection:
    """A section: key, canonical heading without its number, and regular expressions of the accepted ones."""

    key: str
    heading: str
    accepted: tuple[str, ...]
    number: str


@dataclass(frozen=True, slots=True)
class Form:
    """One version of the official form; ``years`` are reported years (last None: still in force)."""

    id: str
    years: tuple[int, int | None]
    basis: str
    tables: Mapping[str, FormTable]
    sections: tuple[FormSection, ...]
    marks: tuple[str, ...]

    @property
    def equations(self) -> tuple[Equation, ...]:
        return tuple(equation for table in TABLES for equation in equations(self.id, table))


IDS = ("2019", "2021")


@cache
def load(form_id: str) -> Form:
    """The form ``2019`` or ``2021``. Source: 国办公开办函〔2019〕60号, 国办公开办函〔2021〕30号."""
    data = tomllib.loads((files(__package__) / f"{form_id}.toml").read_text(encoding="utf-8"))
    tables = {}
    for name in TABLES:
        part = data["tables"][name]
        columns = tuple(_label(column) for column in part["columns"])
        all_columns = tuple(column.id for column in columns)
        tables[name] = FormTable(
            name=name,
            title=part["title"],
            rows=tuple(_label(row) for row in part["rows"]),
            columns=columns,
            columns_of={row["id"]: tuple(row.get("columns", all_columns)) for row in part["rows"]},
        )
    sections = tuple(FormSection(s["key"], s["heading"], tuple(s["accepted"]), s["number"]) for s in data["sections"])
    years = (data["years"]["first"], data["years"].get("last"))
    return Form(form_id, years, data["basis"], tables, sections, tuple(data["marks"]))


@cache
def equations(form_id: str, table: str) -> tuple[Equation, ...]:
    """The identities of one table in the shape of one form: 25 + 7 + 7 or 23 + 7 + 7 in table 3, 3 in table 4."""
    shape = load(form_id).tables[table]
    if table == "disputes":
        return tuple(
            Equation(
                f"A004/{row.id}",
                table,
                tuple(f"disputes/{row.id}/{c}" for c in shape.columns_of[row.id][:-1]),
                (f"disputes/{row.id}/total",),
            )
            for row in shape.rows
        )
    if table != "requests":
        return ()
    columns = [column.id for column in shape.columns]
    outer = ("received", "carried_in", "concluded", "carried_forward")
    details = [row.id for row in shape.rows if row.id not in outer]
    rows = (
        Equation(
            f"A001/{row.id}",
            table,
            tuple(f"requests/{row.id}/{c}" for c in columns[:-1]),
            (f"requests/{row.id}/total",),
        )
        for row in shape.rows
    )
    results = (
        Equation(f"A002/{c}", table, tuple(f"requests/{r}/{c}" for r in details), (f"requests/concluded/{c}",))
        for c in columns
    )
    balance = (
        Equation(
            f"A003/{c}",
            table,
            (f"requests/received/{c}", f"requests/carried_in/{c}"),
            (f"requests/concluded/{c}", f"requests/carried_forward/{c}"),
        )
        for c in columns
    )
    return (*rows, *results, *balance)


def expected_form(year: int) -> str:
    """The form a report of that year must follow: ``pre2019``, ``2019`` or ``2021``."""
    for form_id in IDS:
        first, last = load(form_id).years
        if first <= year and (last is None or year <= last):
            return form_id
    return "pre2019"


def _label(data: Mapping[str, object]) -> Label:
    aliases = data.get("aliases", ())
    assert isinstance(aliases, list | tuple)  # noqa: S101 - the shape of our own data file
    return Label(str(data["id"]), str(data["label"]), str(data.get("group", "")), tuple(str(a) for a in aliases))

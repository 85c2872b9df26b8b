"""One file per quirk, and the cells it is read as. ``tests/corpus/README.md`` says how it is kept."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from audit.form import TABLES, load
from audit.reading import read
from audit.report import Cell, How, Report, State

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = sorted(path for path in CORPUS.iterdir() if path.suffix in {".html", ".txt", ".md"} and path.stem != "README")
UPDATE = bool(os.environ.get("NIANSHEN_UPDATE_CORPUS"))


def base(form: str) -> dict[str, str]:
    """The figures every file starts from: row and column of the cell, counted from 1; a few stand for their kind."""
    found = {}
    for table in TABLES:
        shape = load(form).tables[table]
        for y, row in enumerate(shape.rows, start=1):
            for x, column in enumerate(shape.columns_of[row.id], start=1):
                sign = "-" if column == "items_change" and y % 2 else ""
                found[f"{table}/{row.id}/{column}"] = f"{sign}{(100 if table == 'requests' else 10) * y + x}"
    money = {"2021": ("administrative_fees", "6.15"), "2019": ("procurement", "251000")}
    row_id, amount = money[form]
    return {**found, f"disclosure/{row_id}/amount": amount}


def as_read(report: Report, form: str) -> dict[str, Any]:
    """What a file is read as, told by its difference from the base figures."""
    found = {name: table for name, table in report.tables.items() if table.shape}
    figures = base(form)
    odd = {
        key: cell
        for table in found.values()
        for key, cell in table.cells.items()
        if cell.how is not How.READ or str(cell.value) != figures.get(key)
    }
    rows: dict[State, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, cell in odd.items():
        rows[cell.state][key.rsplit("/", 1)[0]].append(key)
    whole: dict[State, list[str]] = {State.UNREADABLE: [], State.ABSENT: []}
    for state, named in whole.items():
        for row, keys in rows[state].items():
            table, row_id = row.split("/")
            shape = found[table].shape
            if shape and len(keys) == len(load(shape).tables[table].columns_of[row_id]):
                named.append(row)
                odd = {key: cell for key, cell in odd.items() if key not in keys}
    return {
        "form": form,
        "shapes": {name: table.shape for name, table in found.items()},
        "reasons": {name: list(table.reasons) for name, table in found.items() if table.reasons},
        "unread": whole[State.UNREADABLE],
        "absent": whole[State.ABSENT],
        "cells": {key: _told(cell) for key, cell in odd.items()},
    }


def _told(cell: Cell) -> str:
    value = f" {cell.value}" if cell.state is State.VALUE else ""
    return f"{cell.state}{value}{' inferred' if cell.how is How.INFERRED else ''}{f' {cell.unit}' if cell.unit else ''}"


def test_the_corpus_has_many_quirks() -> None:
    assert len(FILES) >= 40
    assert {path.stem for path in CORPUS.glob("*.json")} == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_quirk_is_read_as_expected(path: Path) -> None:
    expectation = path.with_suffix(".json")
    form = "2019" if "2019年政府信息公开" in path.read_text(encoding="utf-8") else "2021"

    found = as_read(read(path.read_bytes()), form)

    if UPDATE:
        expectation.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        pytest.fail("the expectation was rewritten; read the difference and run again without the switch")
    assert found == json.loads(expectation.read_text(encoding="utf-8"))

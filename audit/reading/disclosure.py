"""Table 2, proactive disclosure: stacked, in pieces, or laid out in a single row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from rapidfuzz.distance import Indel

from audit.form import load
from audit.reading.document import RawCell
from audit.reading.header import FOREIGN
from audit.reading.number import Reading, label, read_cell
from audit.reading.rows import (
    Row,
    assemble,
    cell_of,
    choose,
    has_figure,
    matched,
    part,
    said,
    splits,
    trim,
    unread,
)
from audit.report import Cell, State, Table, Trouble


@cache
def _disclosure_rows() -> dict[str, str]:
    """Normalised label to row id, both forms."""
    names: dict[str, str] = {}
    for shape in ("2021", "2019"):
        for row in load(shape).tables["disclosure"].rows:
            for name in (row.label, *row.aliases):
                names[label(name)] = row.id
    return names


@cache
def _disclosure_columns() -> dict[str, tuple[str, str]]:
    """Normalised column label to (column id, shape); a label both forms share carries an empty shape."""
    names: dict[str, tuple[str, str]] = {}
    for shape in ("2021", "2019"):
        for column in load(shape).tables["disclosure"].columns:
            for name in (column.label, *column.aliases):
                key = label(name)
                names[key] = (column.id, shape if key not in names else "")
    return names


_OTHER_YEAR = re.compile(r"上一?年|去年|同期|累计|[同环]比")


@lru_cache(maxsize=4096)
def _column_of(word: str) -> tuple[str, str] | None:
    """The column a header cell names; the unit behind a fee header does not matter."""
    names = _disclosure_columns()
    if word in names:
        return names[word]
    if _OTHER_YEAR.search(word):
        return None  # 上年处理决定数量 is no misprint of 本年处理决定数量
    for name, column in names.items():
        if len(name) >= 5 and (word.startswith(name) or Indel.normalized_similarity(word, name) >= 0.85):
            return column
    return None


@dataclass(slots=True)
class _Found:
    """A row of table 2 with the header in force above it."""

    row: Row
    target: str
    split: int
    header: tuple[tuple[str, str], ...]
    likeness: float = 1.0

    @property
    def known(self) -> list[str]:
        """The columns of the form the header names."""
        return [column for column, _ in self.header if column != FOREIGN]


def read_disclosure(rows: Sequence[Row]) -> Table | None:
    """Table 2 out of all rows of a document: stacked, in pieces, or laid out in a single row."""
    hits: dict[int, _Found] = {}
    named: list[tuple[Row, str | None]] = []
    header: tuple[tuple[str, str], ...] = ()
    blocks = False
    for row in rows:
        words = row.words
        if not words:
            continue
        if not has_figure(row) and (found := _header(row)):
            header = found
            continue
        if any("第二十条第" in "".join(cell.text.split()) for cell in row.cells) and not has_figure(row):
            blocks = True
            header = ()
            continue
        hit = _disclosure_row(row)
        if not hit:
            continue
        target, split, likeness = hit
        if not (header or blocks or row.section == "disclosure"):
            continue
        hits[row.place] = _Found(row, target, split, header, likeness)
        named.append((row, target))
    copies = [[hits[row.place] for row, _ in part] for part in part(named, lambda *_: True)]
    tables = [
        (_disclosure_of_copy(copy), [hit.row for hit in copy])
        for copy in copies
        if len(copy) >= 2 or (copy and copy[0].header)
    ]
    if wide := _disclosure_wide(rows):
        tables.append((wide, []))
    return choose("disclosure", tables) if tables else None


def _header(row: Row) -> tuple[tuple[str, str], ...]:
    """Column and shape of each header cell, FOREIGN for a label the form has not, from the first it has; () if none."""
    found: list[tuple[str, str]] = []
    for word in row.words:
        column = _column_of(word)
        if column or found:
            found.append(column or (FOREIGN, ""))
    first = next((n for n, word in enumerate(row.words) if _column_of(word)), 0)
    strange = [(FOREIGN, "") for word in row.words[:first] if _OTHER_YEAR.search(word)]
    return (*strange, *found) if found else ()


def _disclosure_row(row: Row) -> tuple[str, int, float] | None:
    best: tuple[float, str, int] = (0.0, "", 0)
    for split in splits(row):
        if not all(reading.fills or reading.state is State.TEXT for reading in row.readings[split:]):
            continue
        value, target = _disclosure_name(*said(row, split))
        if value >= best[0]:
            best = (value, target, split)
    return (best[1], best[2], best[0]) if best[0] >= 0.8 else None


@lru_cache(maxsize=4096)
def _disclosure_name(own: str, whole: str) -> tuple[float, str]:
    """The row of table 2 whose label is most like one of these, and how alike; the last of equals."""
    names = reversed(_disclosure_rows().items())
    alike = ((max(Indel.normalized_similarity(said, name) for said in (own, whole)), row) for name, row in names)
    return max(alike, key=lambda item: item[0])


def _disclosure_of_copy(found: Sequence[_Found]) -> Table:
    votes = Counter(shape for hit in found for _, shape in hit.header if shape)
    votes.update("2019" for hit in found if hit.target in {"other_services", "procurement"})
    shape = votes.most_common(1)[0][0] if votes else "2021"
    form = load(shape).tables["disclosure"]
    cells: dict[str, Cell] = {}
    troubles: list[Trouble] = []
    doubts: dict[str, None] = {}
    matches = []
    for hit in found:
        if hit.target not in form.columns_of:
            continue
        want = form.columns_of[hit.target]
        values = _disclosure_values(hit, want)
        by = "header" if set(hit.known) == set(want) else "count"
        name = "label" if said(hit.row, hit.split)[0] == label(form.row(hit.target).label) else "similar"
        matches.append(matched(hit.target, hit.row, hit.split, hit.likeness, name, by))
        if by == "count":
            doubts["columns_by_count" if hit.header else "header_missing"] = None
        if len(hit.known) != len(hit.header):
            doubts["foreign_columns"] = None
        elif by == "header" and tuple(dict.fromkeys(hit.known)) != want:
            doubts["reordered_columns"] = None
        if values is None:
            troubles.append(Trouble("short_row", f"disclosure/{hit.target}", hit.row.text(), hit.row.cells[0].at))
        for column in want:
            cell_id = f"disclosure/{hit.target}/{column}"
            raw = values.get(column) if values else None
            cells[cell_id] = cell_of(cell_id, raw, change=column == "items_change") if raw else unread(cell_id, hit.row)
    return assemble(form, shape, cells, troubles, matches, doubts)


def _disclosure_values(hit: _Found, want: tuple[str, ...]) -> dict[str, RawCell] | None:
    """Column id to cell; None if the figures cannot be told apart."""
    tail = list(hit.row.cells[hit.split :])
    if len(hit.known) < len(hit.header):
        return _under_header(tail, hit, want)
    printed = tuple(hit.known) if set(want) == set(hit.known) else want
    if len(tail) > len(want) and (single := _without_repeats(tail, hit.header)):
        return single
    if len(tail) > len(want) and _are_remarks(tail, len(want)):
        tail = tail[: len(want)]
    if len(tail) > len(want) == 1:
        filled = [cell for cell in tail if cell.text.strip()]
        return {want[0]: (filled or tail)[0]} if len(filled) <= 1 else None
    if len(tail) > len(want):
        tail = trim(tail, len(want)) or []
    if len(tail) == 1 and (both := _two_in_one(tail[0], want)):
        tail = both
    if len(tail) == 1 and not tail[0].text.strip() and tail[0].colspan >= len(want):
        tail *= len(want)
    return dict(zip(printed, tail, strict=True)) if len(tail) == len(want) == len(printed) else None


def _under_header(tail: list[RawCell], hit: _Found, want: tuple[str, ...]) -> dict[str, RawCell] | None:
    """Figures under a header with columns the form has not: only if there is one under each label."""
    if len(tail) != len(hit.header) or sorted(hit.known) != sorted(want):
        # The header of a block stands above the rows of other blocks too, in tables that print it once.
        filled = [cell for cell in tail if cell.text.strip()]
        return {want[0]: filled[0]} if len(want) == len(filled) == 1 and not set(want) & set(hit.known) else None
    return {column: cell for (column, _), cell in zip(hit.header, tail, strict=True) if column != FOREIGN}


def _two_in_one(cell: RawCell, want: tuple[str, ...]) -> list[RawCell] | None:
    """12 / 251000元, the count and the sum of the procurement row in one cell; None unless a unit tells them apart."""
    parts = cell.text.replace("／", "/").split("/")
    if want != ("projects", "amount") or len(parts) != len(want):
        return None
    count, amount = (read_cell(text) for text in parts)
    if count.state is not State.VALUE or amount.state is not State.VALUE or _is_money(count) or not _is_money(amount):
        return None
    return [replace(cell, text=text.strip()) for text in parts]


def _is_money(reading: Reading) -> bool:
    return (reading.unit or "").endswith("元")


def _without_repeats(tail: Sequence[RawCell], header: tuple[tuple[str, str], ...]) -> dict[str, RawCell] | None:
    """A merged cell printed once for each column it spans, header and figures alike; None if the copies differ."""
    if len(header) != len(tail):
        return None
    found: dict[str, RawCell] = {}
    for (column, _), cell in zip(header, tail, strict=True):
        if found.setdefault(column, cell).text != cell.text:
            return None
    return found if len(found) < len(tail) else None


def _are_remarks(tail: Sequence[RawCell], want: int) -> bool:
    """Figures in every column of the form, and behind them nothing that could be one."""
    states = [read_cell(cell.text).state for cell in tail]
    return all(state is State.VALUE for state in states[:want]) and State.VALUE not in states[want:]


def _disclosure_wide(rows: Sequence[Row]) -> Table | None:
    """The single-row layout: all row labels side by side, their columns below, then one row of figures."""
    names = _disclosure_rows()
    for n, row in enumerate(rows):
        heads = [names[word] for word in row.words if word in names]
        for shape in ("2021", "2019"):
            form = load(shape).tables["disclosure"]
            if heads != [r.id for r in form.rows]:
                continue
            for below in rows[n + 1 : n + 4]:
                if len(below.cells) == len(form.cells) and all(reading.fills for reading in below.readings):
                    cells = {
                        cell_id: cell_of(cell_id, raw, change=cell_id.endswith("/items_change"))
                        for cell_id, raw in zip(form.cells, below.cells, strict=True)
                    }
                    return assemble(form, shape, cells, [])
    return None

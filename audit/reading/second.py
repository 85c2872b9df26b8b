"""The second reading: figures an accusation would rest on, once more, on a path that shares only the marks.

The first path aligns physical rows with the form and counts cells. This one takes the grid as declared and in it the
crossings of headers and labels; what has none, the runs of figures in the order of the source, if all are whole; in a
PDF the words of the text layer by their place, the ruled lines unseen. A cell it cannot place is absent: it never
repeats what the first path said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.finding import Kind
from audit.form import FormTable, load
from audit.localise import judged_sums
from audit.reading.crossings import Placed, disputes_at_crossings, requests_at_crossings, spellings
from audit.reading.document import Document, Grid, RawCell
from audit.reading.number import label, read_cell
from audit.reading.textlayer import text_layer
from audit.report import Cell, Report, State, Table


def second_reading(report: Report, document: Document, data: bytes) -> dict[str, Cell]:
    """The cells an accusation may rest on as the second path reads them, by id; {} where there are none.

    ``document`` and ``data`` are the blocks and the bytes the report was read from.
    """
    found: dict[str, Cell] = {}
    for name in ("requests", "disputes"):
        if disputed := _disputed(report, name):
            placed = _placed(report.tables[name], document, data)
            found |= {cell_id: _cell(cell_id, placed.get(cell_id)) for cell_id in disputed}
    return found


def _disputed(report: Report, name: str) -> list[str]:
    """The cells of broken sums, and those that hold a negative number or a fraction."""
    broken = (one for one in judged_sums(report, name) if one.kind is Kind.FAIL)
    odd = (
        cell.id
        for cell in report.tables[name].cells.values()
        if (value := cell.known) is not None and (value < 0 or value != int(value))
    )
    return list(dict.fromkeys([*(cell_id for one in broken for cell_id in one.equation.cells), *odd]))


def _placed(table: Table, document: Document, data: bytes) -> Placed:
    placed = _in_shape(table.shape or "2021", table, document, data)
    if table.name == "requests" and table.shape == "2019":
        placed |= _torn_apart(_in_shape("2021", table, document, data))
    return placed


def _torn_apart(placed: Placed) -> Placed:
    """The row 其他处理 of 2019 where it is seen as the rows of 2021: no figure of theirs alone is that row's."""
    form = load("2021").tables["requests"]
    parts = [row.id for row in form.rows if row.id.startswith("other.")]
    found: Placed = {}
    for column in form.columns:
        seen = [cell for part in parts if (cell := placed.get(f"requests/{part}/{column.id}")) is not None]
        if len(seen) > 1:
            found[f"requests/other/{column.id}"] = replace(seen[0], text=" / ".join(cell.text for cell in seen))
    return found


def _in_shape(shape: str, table: Table, document: Document, data: bytes) -> Placed:
    """The cells of the table by id, if it has the rows of that form."""
    form = load(shape).tables[table.name]
    if document.media == "pdf":
        return _in_text_layer(table, form, data)
    pieces = _pieces(table, document)
    rows = [row for piece in pieces for row in piece.rows]
    if table.name == "requests":
        return {**_requests_in_order(rows, form), **requests_at_crossings(pieces, form)}
    return {**_disputes_in_order(rows, form), **disputes_at_crossings(pieces, form)}


def _pieces(table: Table, document: Document) -> list[Grid]:
    """The raw tables the first reading took the table from: which of several copies is meant is not in dispute."""
    numbers = {cell.at.table for cell in table.cells.values() if cell.at is not None}
    return [block for block in document.blocks if isinstance(block, Grid) and block.at and block.at.table in numbers]


# In the order of the source


def _requests_in_order(rows: Sequence[Sequence[RawCell]], form: FormTable) -> Placed:
    """Table 3 as so many runs of seven figures as the form has rows; nothing if one run is longer, shorter or lacking.

    Neither may a label or a header that is known say that the order is another.
    """
    runs = [(row, run) for row in rows if len(run := _run(row)) >= len(form.columns)]
    whole = len(runs) == len(form.rows) and all(len(run) == len(form.columns) for _, run in runs)
    if not whole or not _in_printed_order(rows, form, runs[0][0]):
        return {}
    row_of = spellings(form.rows)
    for (row, run), own in zip(runs, form.rows, strict=True):
        said = [label(cell.text) for cell in row[: len(row) - len(run)] if cell.text.strip()]
        if said and row_of.get(said[-1], own.id) != own.id:
            return {}
    return _keyed(form, [run for _, run in runs])


def _disputes_in_order(rows: Sequence[Sequence[RawCell]], form: FormTable) -> Placed:
    """Table 4 as the one run of fifteen figures under a header that does not say another order."""
    runs = [(row, run) for row in rows if len(run := _run(row)) >= len(form.cells)]
    if len(runs) != 1 or len(runs[0][1]) != len(form.cells) or not _in_printed_order(rows, form, runs[0][0]):
        return {}
    return dict(zip(form.cells, runs[0][1], strict=True))


def _run(row: Sequence[RawCell]) -> Sequence[RawCell]:
    """The figures, blanks and dashes a row ends in; () for a row of nothing but blanks."""
    start = len(row)
    while start and read_cell(row[start - 1].text).fills:
        start -= 1
    return row[start:] if any(cell.text.strip() for cell in row) else ()


def _in_printed_order(rows: Sequence[Sequence[RawCell]], form: FormTable, first: Sequence[RawCell]) -> bool:
    """Whether the column labels above the first figures follow the form, as far as there are any."""
    column_of = spellings(form.columns)
    order = [column.id for column in form.columns]
    for row in rows[: next(place for place, row in enumerate(rows) if row is first)]:
        said = [order.index(column_of[word]) for cell in row if (word := label(cell.text)) in column_of]
        regular = said == sorted(set(said)) or all(place == n % len(order) for n, place in enumerate(said))
        if not regular:
            return False
    return True


def _keyed(form: FormTable, runs: Sequence[Sequence[RawCell]]) -> Placed:
    return dict(zip(form.cells, (cell for run in runs for cell in run), strict=True))


# In the text layer of a PDF


def _in_text_layer(table: Table, form: FormTable, data: bytes) -> Placed:
    pages = {cell.at.page for cell in table.cells.values() if cell.at and cell.at.page is not None}
    width = len(form.columns) if table.name == "requests" else len(form.cells)
    layer = text_layer(data, pages, width)
    if len(layer.lines) * width != len(form.cells):
        return {}
    if table.name == "requests":
        row_of = spellings(form.rows)
        for line, row in zip(layer.lines, form.rows, strict=True):
            if row_of.get(label(line.beside), row.id) != row.id:
                return {}
        known = [layer.above[word] for column in form.columns if (word := label(column.label)) in layer.above]
        if known != sorted(known):
            return {}
    return _keyed(form, [line.figures for line in layer.lines])


def _cell(cell_id: str, raw: RawCell | None) -> Cell:
    if raw is None:
        return Cell(cell_id, State.ABSENT)
    reading = read_cell(raw.text)
    return Cell(cell_id, reading.state, reading.value, raw.text, reading.how, raw.at, reading.unit)

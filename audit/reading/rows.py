"""Physical rows, the copies of a table they make up, and the cells read from them: what all three tables need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from audit.form import FormTable
from audit.reading.confidence import confidence, reasons_for
from audit.reading.document import Grid, RawCell
from audit.reading.layouts import usual
from audit.reading.number import Reading, label, read_cell
from audit.report import Cell, How, RowMatch, State, Table, Trouble


@dataclass(frozen=True, slots=True)
class Row:
    """A physical row with what its cells hold. ``place`` counts rows over the document; ``section`` it stands in."""

    place: int
    grid: int
    cells: tuple[RawCell, ...]
    readings: tuple[Reading, ...]
    section: str | None = None
    hidden: bool = False
    words: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """The labels of the text cells, in order, are asked for many times."""
        pairs = zip(self.cells, self.readings, strict=True)
        words = tuple(label(cell.text) for cell, reading in pairs if reading.state is State.TEXT)
        object.__setattr__(self, "words", words)

    def text(self) -> str:
        return " | ".join(" ".join(cell.text.split()) for cell in self.cells)


ANOTHER_YEAR = "another year"
"""In the place of a section: the table is announced as one for comparison."""
DISPUTES_CELLS = 15
"""Cells of table 4. A row of so many is kept although blank: the table may have been left empty."""


def rows_of(grids: Iterable[tuple[Grid, str | None]]) -> list[Row]:
    """Every non-empty physical row of the grids in order; each grid with the section it stands in.

    A labelled row that stands twice below itself, to the letter, counts once.
    """
    found: list[Row] = []
    for number, (grid, section) in enumerate(grids):
        for cells in usual(grid).rows:
            readings = tuple(read_cell(cell.text) for cell in cells)
            if len(cells) == DISPUTES_CELLS or any(reading.state is not State.BLANK for reading in readings):
                row = Row(len(found), number, cells, readings, section, grid.hidden)
                if not (found and _is_copy(row, found[-1])):
                    found.append(row)
    return found


def _is_copy(row: Row, above: Row) -> bool:
    return (
        row.grid == above.grid
        and bool(row.words)
        and has_figure(row)
        and [cell.text for cell in row.cells] == [cell.text for cell in above.cells]
    )


def splits(row: Row) -> list[int]:
    """Where the label may end: after a text cell, if something stands behind it."""
    ends = [i + 1 for i, reading in enumerate(row.readings[:5]) if reading.state is State.TEXT]
    return [end for end in ends if end < len(row.cells)]


def said(row: Row, split: int) -> tuple[str, str]:
    words = [
        label(cell.text)
        for cell, reading in zip(row.cells[:split], row.readings[:split], strict=True)
        if reading.state is State.TEXT
    ]
    return (words[-1], "".join(words)) if words else ("", "")


def part(
    named: Sequence[tuple[Row, str | None]], again: Callable[[Row, Row, str], bool]
) -> list[list[tuple[Row, str | None]]]:
    """Part rows into copies of a table: a name that comes ``again`` starts one and takes its grid's rows along."""
    copies: list[list[tuple[Row, str | None]]] = []
    for foreign in (False, True):
        copies += _part_of([item for item in named if _is_foreign(item[0]) is foreign], again)
    return copies


def _is_foreign(row: Row) -> bool:
    """Hidden, outside the report or announced as another year's: never a piece of the report's own table."""
    return row.hidden or row.section in {None, ANOTHER_YEAR}


def _part_of(
    named: Sequence[tuple[Row, str | None]], again: Callable[[Row, Row, str], bool]
) -> list[list[tuple[Row, str | None]]]:
    copies: list[list[tuple[Row, str | None]]] = [[]]
    seen: dict[str, Row] = {}
    for row, name in named:
        if name and name in seen and again(row, seen[name], name):
            along = [item for item in copies[-1] if item[0].grid == row.grid and seen[name].grid != row.grid]
            copies[-1] = [item for item in copies[-1] if item not in along]
            copies.append(along)
            seen = {known: owner for owner, known in along if known}
        if name:
            seen.setdefault(name, row)
        copies[-1].append((row, name))
    return [copy for copy in copies if copy]


def has_figure(row: Row) -> bool:
    return any(reading.state is State.VALUE for reading in row.readings)


def cell_of(cell_id: str, raw: RawCell, *, change: bool = False) -> Cell:
    reading = read_cell(raw.text, change=change)
    return Cell(cell_id, reading.state, reading.value, raw.text, reading.how, raw.at, reading.unit)


def unread(cell_id: str, row: Row) -> Cell:
    """A cell whose row was found but whose figure cannot be told apart; the whole row is quoted."""
    return Cell(cell_id, State.UNREADABLE, raw=row.text(), at=row.cells[0].at)


def trim(cells: list[RawCell], want: int, *, whole: bool = False) -> list[RawCell] | None:
    """Drop blanks before or behind the figures, if only one way to do so exists and leaves no remark among them.

    Unless the row is known to be ``whole``, what remains beside a dropped blank must not be blank: it may stand for
    a merged label as well, and a figure be lost.
    """
    ways = without_blanks(cells, want)
    if len(ways) != 1 or any(not read_cell(cell.text).fills for cell in ways[0]):
        return None
    doubtful = (ways[0][0] is not cells[0] and not ways[0][0].text.strip()) or (
        ways[0][-1] is not cells[-1] and not ways[0][-1].text.strip()
    )
    return None if doubtful and not whole else ways[0]


def without_blanks(cells: list[RawCell], want: int) -> list[list[RawCell]]:
    """Every way to drop blanks before or behind so many cells."""
    return [
        cells[lead : lead + want]
        for lead in range(len(cells) - want + 1)
        if all(not cell.text.strip() for cell in (*cells[:lead], *cells[lead + want :]))
    ]


def matched(row_id: str, row: Row, split: int, likeness: float, *why: str) -> RowMatch:
    """How a row of the form was found, for people to follow; ``why`` as in ``confidence.WHY``."""
    pairs = zip(row.cells[:split], row.readings[:split], strict=True)
    printed = " › ".join(" ".join(cell.text.split()) for cell, reading in pairs if reading.state is State.TEXT)
    return RowMatch(row_id, printed, round(likeness, 3), why, row.cells[0].at)


def assemble(
    form: FormTable,
    shape: str,
    cells: dict[str, Cell],
    troubles: Sequence[Trouble],
    matches: Sequence[RowMatch] = (),
    doubts: Iterable[str] = (),
    extra: tuple[str, ...] = (),
) -> Table:
    """The table out of its cells: those of rows not seen are absent, ``doubts`` lower the confidence."""
    present = {cell_id.split("/")[1] for cell_id in cells}
    missing = tuple(row.id for row in form.rows if row.id not in present)
    ordered = {cell_id: cells.get(cell_id) or Cell(cell_id, State.ABSENT) for cell_id in form.cells}
    return _weighed(
        Table(form.name, shape, ordered, tuple(troubles), missing, extra, 0.0, tuple(doubts), tuple(matches))
    )


def _weighed(table: Table) -> Table:
    """The table with its reasons complete and the confidence that follows from them."""
    reasons = reasons_for(table)
    return replace(table, reasons=reasons, confidence=confidence(replace(table, reasons=reasons)))


def choose(name: str, tables: Sequence[tuple[Table, Sequence[Row]]]) -> Table:
    """The copy that is shown, stands in its section and is read best.

    Another copy as visible and as well placed that contradicts it makes the disputed cells unreadable.
    """

    def standing(rows: Sequence[Row]) -> tuple[bool, bool]:
        return not any(row.hidden for row in rows), any(row.section == name for row in rows)

    def known(table: Table) -> int:
        return sum(cell.state is State.VALUE for cell in table.cells.values())

    ranked = sorted(tables, key=lambda item: (*standing(item[1]), known(item[0])), reverse=True)
    best, rows = ranked[0]
    cells = dict(best.cells)
    troubles = list(best.troubles)
    reasons = best.reasons
    if any(row.section == ANOTHER_YEAR or (row.hidden and row.section is None) for row in rows):
        # The report shows its sections, and this table in none of them: its figures may be others.
        cells = {cell_id: replace(cell, how=How.INFERRED) for cell_id, cell in cells.items()}
        reasons = (*reasons, "hidden_copy" if any(row.hidden for row in rows) else "another_year")
    for other, other_rows in ranked[1:]:
        if standing(other_rows) != standing(rows) or other.shape != best.shape or known(other) * 2 < known(best):
            continue
        for cell_id, cell in other.cells.items():
            mine = cells[cell_id]
            if mine.state is State.VALUE and cell.state is State.VALUE and mine.value != cell.value:
                cells[cell_id] = replace(mine, state=State.UNREADABLE, value=None, raw=f"{mine.raw} / {cell.raw}")
                troubles.append(Trouble("conflicting_copy", cell_id, f"{mine.raw} / {cell.raw}", mine.at))
    return _weighed(replace(best, cells=cells, troubles=tuple(troubles), reasons=reasons))

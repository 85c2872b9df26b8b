"""A raw table as the grid its markup declares: spans expanded, every place owned by one cell (HTML table model).

Source: WHATWG HTML, 4.9.12 Processing model. A row that does not come out whole is marked, not mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audit.reading.document import RawCell

MOST_COLUMNS = 60
MOST_ROWS = 2_000
"""Past these no table of a report goes; beyond them nothing is expanded, whatever spans a page declares."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of the grid: the cell that owns each column, None where none does.

    ``whole``: the columns are as many as in most rows, and no two cells claimed one place.
    """

    cells: tuple[RawCell | None, ...]
    whole: bool


def expand(rows: Sequence[Sequence[RawCell]]) -> list[GridRow]:
    """The rows with spans expanded; a row span ends with the table. None is whole in a table past all bounds."""
    if len(rows) > MOST_ROWS:
        return [GridRow(tuple(row), whole=False) for row in rows]
    places: list[dict[int, RawCell]] = [{} for _ in rows]
    torn: set[int] = set()
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in places[number]:
                column += 1
            width = min(cell.colspan, MOST_COLUMNS - column)
            if width <= 0:
                torn.add(number)
                break
            for below in range(number, min(number + cell.rowspan, len(rows))):
                for place in range(column, column + width):
                    if places[below].setdefault(place, cell) is not cell:
                        torn.add(below)
            column += width
    usual = Counter(len(place) for place in places).most_common(1)
    width = usual[0][0] if usual else 0
    return [
        GridRow(
            tuple(place.get(column) for column in range(max(place, default=-1) + 1)),
            whole=number not in torn and len(place) == width == max(place, default=-1) + 1,
        )
        for number, place in enumerate(places)
    ]

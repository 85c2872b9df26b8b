"""What stands above each column of a table: the only place where spans are expanded, for they fail among figures."""

from __future__ import annotations

from collections.abc import Sequence

from audit.reading.document import RawCell
from audit.reading.number import label

FOREIGN = "?"
"""Stands for a column whose label the form does not have; an unlabelled column is ``""``."""

_WIDEST = 64


def stacks(lines: Sequence[Sequence[RawCell]]) -> list[tuple[str, ...]]:
    """The labels above each grid column, from the top down, spans expanded as declared (HTML table model)."""
    taken: dict[tuple[int, int], str] = {}
    for y, line in enumerate(lines):
        x = 0
        for cell in line:
            while (y, x) in taken:
                x += 1
            text = label(cell.text)
            for down in range(min(cell.rowspan, len(lines) - y)):
                for right in range(min(cell.colspan, _WIDEST)):
                    taken.setdefault((y + down, x + right), text)
            x += min(cell.colspan, _WIDEST)
    width = 1 + max((x for _, x in taken), default=-1)
    found = []
    for x in range(width):
        column = [taken[y, x] for y in range(len(lines)) if taken.get((y, x))]
        found.append(tuple(text for n, text in enumerate(column) if n == 0 or text != column[n - 1]))
    return found

"""What the second reading of the cells of a broken sum says of the first: it agrees, differs, or was impossible."""

from __future__ import annotations

from collections.abc import Iterable

from audit.report import Report, State

AGREES, DIFFERS, IMPOSSIBLE = "agrees", "differs", "impossible"


def verdict(report: Report, cells: Iterable[str]) -> str | None:
    """The verdict on all cells a sum rests on; None where no second reading was made or nothing was read at first.

    One cell that differs casts doubt on all; one that could not be placed leaves the rest unconfirmed.
    """
    verdicts = {_verdict(report, cell) for cell in cells} - {None}
    return next((one for one in (DIFFERS, IMPOSSIBLE, AGREES) if one in verdicts), None)


def differing(report: Report, cells: Iterable[str]) -> tuple[str, ...]:
    """The cells that a second reading saw otherwise, each once, in order."""
    return tuple(cell for cell in dict.fromkeys(cells) if _verdict(report, cell) == DIFFERS)


def _verdict(report: Report, cell_id: str) -> str | None:
    first, second = report.cell(cell_id).known, report.second.get(cell_id)
    if first is None or second is None:
        return None
    if second.state is State.ABSENT:
        return IMPOSSIBLE
    return AGREES if second.value == first else DIFFERS

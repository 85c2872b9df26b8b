"""The figures and words of a report as its rules need them: each is worked out once, however many rules ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from unicodedata import normalize

from audit.localise import Explanation, Number, Sum, explain, judged
from audit.report import Cell, How, Report, State
from audit.shift import Shift, find


class Figures:
    """The numbers, the sums and the odd cells of one report, by the name of the table."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._known: dict[str, Mapping[str, Number | None]] = {}
        self._odd: dict[str, Sequence[Cell]] = {}
        self._sums: dict[str, Sequence[Sum]] = {}
        self._causes: Sequence[Explanation] | None = None
        self._shift: Shift | None = None
        self._texts: Mapping[str, str] | None = None

    def known(self, table: str) -> Mapping[str, Number | None]:
        """What an accusation may rest on, by cell id; None where nothing was read. Empty without the table."""
        self._look(table)
        return self._known[table]

    def odd(self, table: str) -> Sequence[Cell]:
        """The cells that are not, in print, a whole number of zero or more. In most reports there are none."""
        self._look(table)
        return self._odd[table]

    def sums(self, table: str) -> Sequence[Sum]:
        """The judged sums of a table; none if it was not found."""
        if table not in self._sums:
            found = self._report.tables.get(table)
            absent = found is None or found.shape is None
            self._sums[table] = () if absent or found is None else judged(found, self.known(table))
        return self._sums[table]

    def causes(self) -> Sequence[Explanation]:
        """The broken sums of table 3 by what explains them."""
        if self._causes is None:
            sums = self.sums("requests")
            self._causes = explain(self._report, sums)
            if any(cause.cell is None for cause in self._causes):
                self._shift = find(self._report.tables["requests"], self.known("requests"), sums)
        return self._causes

    def shift(self) -> Shift | None:
        """The move by one column that explains every broken sum of table 3, where no single cell does."""
        self.causes()
        return self._shift

    def texts(self) -> Mapping[str, str]:
        """The text of every section by its key, and under "" what stands above the first, in NFKC."""
        if self._texts is None:
            own = {key: section.text for key, section in self._report.sections.items()}
            self._texts = {
                key: normalize("NFKC", text) for key, text in {"": self._report.preamble, **own}.items() if text
            }
        return self._texts

    def _look(self, table: str) -> None:
        if table in self._known:
            return
        known: dict[str, Number | None] = {}
        odd: list[Cell] = []
        found = self._report.tables.get(table)
        for cell_id, cell in found.cells.items() if found else ():
            value = cell.value if cell.state is State.VALUE and cell.how is How.READ else None
            known[cell_id] = value
            if type(value) is not int or value < 0:
                odd.append(cell)
        self._known[table], self._odd[table] = known, odd

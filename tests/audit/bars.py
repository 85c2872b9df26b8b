"""What judging must hold to, counted over generated reports: ``python -m tests.audit.bars --reports 10000``.

The same counts stand in the test-suite with fewer reports (``test_bars.py``). Exit status 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from audit.context import Context
from audit.engine import judge
from audit.finding import Finding, Kind
from audit.form import IDS, TABLES, load
from audit.report import Report, Section, State
from nianshen.demo import narrative
from tests import generator
from tests.audit.reports import number, report, with_cells

CONTEXT = Context(organisation="example", kind="department")
FIGURES = ("A", "N")
Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """``hits`` of ``cases``; the bar wants at least, or with ``most`` at most, the share ``wanted``."""

    name: str
    cases: int
    hits: int
    wanted: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the bar holds; it never does over no case at all."""
        share = self.hits / self.cases if self.cases else -1.0
        return self.cases > 0 and (share <= self.wanted if self.most else share >= self.wanted)

    def __str__(self) -> str:
        sign = "≤" if self.most else "≥"
        verdict = "met   " if self.met else "MISSED"
        return f"{verdict} {self.hits:>6} of {self.cases:<6} {sign} {self.wanted:4.0%}  {self.name}"


def bars(reports: int, seed: int = 1) -> Iterator[Bar]:
    """Every bar over so many reports of both forms."""
    yield valid_reports(reports, seed)
    yield from single_errors(reports, seed)
    yield rows_of_table_four(reports, seed)
    yield two_errors(reports, seed)
    yield lost_cells(reports, seed)


def valid_reports(count: int, seed: int) -> Bar:
    """Nobody is accused of anything over a report without fault, by any rule."""
    accused = sum(bool(fails(one)) for one in _valid(count, seed))
    return Bar("valid reports accused by any rule", count, accused, 0.0, most=True)


def single_errors(count: int, seed: int) -> Iterator[Bar]:
    """One wrong figure in table 3: told, as one finding, with the cell and what should stand there."""
    rng = random.Random(seed)
    told = named = 0
    for valid in _valid(count, seed):
        cell = rng.choice(load(_form(valid)).tables["requests"].cells)
        findings = fails(with_cells(valid, {cell: misprint(rng, number(valid, cell))}), *FIGURES)
        told += bool(findings)
        named += [(one.cell, one.expected) for one in findings] == [(cell, number(valid, cell))]
    yield Bar("single errors in table 3 told", count, told, 1.0)
    yield Bar("single errors in table 3 named exactly, as one finding", count, named, 0.99)


def rows_of_table_four(count: int, seed: int) -> Bar:
    """One wrong figure in table 4: one finding that names the row."""
    rng = random.Random(seed)
    named = 0
    for valid in _valid(count, seed):
        cell = rng.choice(load(_form(valid)).tables["disputes"].cells)
        findings = fails(with_cells(valid, {cell: misprint(rng, number(valid, cell))}), *FIGURES)
        named += [one.subject for one in findings] == [cell.rsplit("/", 1)[0]]
    return Bar("single errors in table 4 told, the row named", count, named, 1.0)


def two_errors(count: int, seed: int) -> Bar:
    """Two wrong figures in different rows and columns of table 3 are told."""
    rng = random.Random(seed)
    told = 0
    for valid in _valid(count, seed):
        shape = load(_form(valid)).tables["requests"]
        rows, columns = rng.sample([row.id for row in shape.rows], 2), rng.sample([c.id for c in shape.columns], 2)
        cells = [f"requests/{row}/{column}" for row, column in zip(rows, columns, strict=True)]
        told += bool(fails(with_cells(valid, {cell: misprint(rng, number(valid, cell)) for cell in cells}), "A", "N"))
    return Bar("two errors in different rows and columns told", count, told, 1.0)


def lost_cells(count: int, seed: int, share: float = 0.02) -> Bar:
    """With so many cells unread nobody is accused over the others."""
    rng = random.Random(seed)
    accused = 0
    for valid in _valid(count, seed):
        lost = {cell: State.UNREADABLE for cell in valid.cells if rng.random() < share}
        accused += bool(fails(with_cells(valid, lost)))
    return Bar("valid reports with 2 % of their cells lost accused by any rule", count, accused, 0.0, most=True)


def fails(subject: Report, *select: str) -> list[Finding]:
    """The accusations over a report, by all rules or by those that begin so."""
    return [one for one in judge(subject, CONTEXT, select=select).findings if one.kind is Kind.FAIL]


def misprint(rng: random.Random, right: int) -> Number:
    """What a hurried hand makes of a figure: a slip, two digits swapped, a zero more or none, a sign, a point."""
    ways: tuple[Callable[[], Number], ...] = (
        lambda: right + rng.choice((1, 2, 9, 10, 100)),
        lambda: max(0, right - rng.choice((1, 2, 10))),
        lambda: int(str(right)[::-1]),
        lambda: right * 10,
        lambda: 0,
        lambda: -right,
        lambda: right + Decimal("0.5"),
    )
    while (printed := rng.choice(ways)()) == right:
        pass
    return printed


def _valid(count: int, seed: int) -> Iterator[Report]:
    """Valid reports of both forms: half with figures of any size and a text without, half with figures in the text."""
    rng = random.Random(seed)
    for turn in range(count):
        form = IDS[turn % 2]
        yield report(rng.randrange(2**32), form) if turn % 4 < 2 else _told(rng, form)


def _told(rng: random.Random, form: str) -> Report:
    published = generator.publication(rng, form)
    base = report(1, form, year=published.year, agency=published.agency, title=published.title)
    texts = {
        "overview": narrative.overview(published),
        "problems": narrative.problems(published),
        "other_matters": narrative.other_matters(published),
    }
    sections = {
        key: Section(
            key, present=True, heading=part.heading, text="\n".join(texts.get(key, ())), tables=int(key in TABLES)
        )
        for key, part in base.sections.items()
    }
    return replace(with_cells(base, published.figures), sections=sections)


def _form(valid: Report) -> str:
    return valid.form or ""


def main() -> int:
    """Count and print every bar as soon as it is known."""
    parser = argparse.ArgumentParser(description="Count how judging holds over generated reports.")
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    missed = False
    for bar in bars(asked.reports, asked.seed):
        print(bar, flush=True)
        missed = missed or not bar.met
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

"""Whole reports in prose out of ``texts.txt``, filled with the figures of a made table."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from audit.context import Context
from audit.form import expected_form, load
from audit.report import Report
from tests.audit.reports import number, report, with_cells

FILE = Path(__file__).parent / "texts.txt"
_FIGURE = re.compile(r"\{(~?)(\w+)\}")
_REQUESTS = {
    "received": "received",
    "carried_in": "carried_in",
    "concluded": "concluded",
    "carried_forward": "carried_forward",
    "granted": "granted",
    "partly": "partly_granted",
    "notheld": "unavailable.not_held",
    "create": "unavailable.needs_creation",
    "petition": "rejected.petition",
    "repeated": "rejected.repeated",
}
_GROUPS = ("refused", "unavailable", "rejected", "other")
_DISCLOSURE = {
    "issued": "normative_documents/issued",
    "repealed": "normative_documents/repealed",
    "in_force": "normative_documents/in_force",
    "norms_created": "normative_documents/created",
    "rules_issued": "regulations/issued",
    "rules_repealed": "regulations/repealed",
    "rules_in_force": "regulations/in_force",
    "licences": "licences/decisions",
    "penalties": "penalties/decisions",
    "coercion": "compulsory_measures/decisions",
}


@dataclass(frozen=True, slots=True)
class Prose:
    """A report's texts by section, with places for figures; ``zeros``: of an organ that had nothing to count."""

    kind: str
    year: int
    agency: str
    zeros: bool
    sections: dict[str, str]

    def context(self) -> Context:
        return Context(organisation="organ", name=self.agency, kind=self.kind, year=self.year)

    def told(self, seed: int, wrong: str = "", by: int = 1) -> Report:
        """The report with made figures, all right but the one named ``wrong``, which is ``by`` too high."""
        base = self._base(seed)
        values = _values(base)
        if wrong:
            values[wrong] += by
        rng = random.Random(seed)

        def figure(found: re.Match[str]) -> str:
            return f"{rng.randint(2, 900) if found.group(2) == 'n' else values[found.group(2)]}"

        sections = {
            key: replace(part, text=_FIGURE.sub(figure, self.sections[key])) if key in self.sections else part
            for key, part in base.sections.items()
        }
        return replace(base, sections=sections)

    def firm(self) -> tuple[str, ...]:
        """The figures that can be of no other cell."""
        found = (one.groups() for text in self.sections.values() for one in _FIGURE.finditer(text))
        return tuple(dict.fromkeys(name for loose, name in found if not loose and name != "n"))

    def _base(self, seed: int) -> Report:
        title = f"{self.agency}{self.year}年政府信息公开工作年度报告"
        made = report(seed, expected_form(self.year), year=self.year, agency=self.agency, title=title)
        own = "" if self.zeros else "disclosure/regulations" if "县" in self.agency or "区" in self.agency else None
        if own is None:
            return made
        # Below a city no 规章 are made.
        return with_cells(made, {cell: 0 for cell in made.cells if cell.startswith(own)})


def prose() -> Iterator[Prose]:
    """Every report of the file, in order."""
    for block in re.split(r"^## ", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = block.partition("\n")
        kind, year, *zeros, agency = head.split()
        parts = re.split(r"^\[(\w+)\]\n", text, flags=re.MULTILINE)
        sections = {"overview": parts[0].strip(), **dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))}
        yield Prose(kind, int(year), agency, bool(zeros), sections)


def _values(base: Report) -> dict[str, int]:
    def total(*rows: str) -> int:
        return sum(number(base, f"requests/{row}/total") for row in rows)

    table = load(base.form or "").tables["requests"]
    rows = [row.id for row in table.rows]
    disputes = {row: number(base, f"disputes/{row}/total") for row in ("review", "direct_suit", "suit_after_review")}
    disclosure = {name: f"disclosure/{cell}" for name, cell in _DISCLOSURE.items()}
    return {
        **{name: total(row) for name, row in _REQUESTS.items()},
        **{group: total(*(row for row in rows if row.split(".")[0] == group)) for group in _GROUPS},
        **{name: number(base, cell) for name, cell in disclosure.items() if cell in base.cells},
        **{
            f"review_{one}": number(base, f"disputes/review/{one}")
            for one in ("upheld", "corrected", "other", "pending")
        },
        "handled": total("received", "carried_in"),
        "np": number(base, "requests/received/natural_person"),
        "orgs": sum(number(base, f"requests/received/{column.id}") for column in table.columns[1:-1]),
        "review": disputes["review"],
        "direct": disputes["direct_suit"],
        "after": disputes["suit_after_review"],
        "suits": disputes["direct_suit"] + disputes["suit_after_review"],
    }

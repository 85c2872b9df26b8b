"""The reports and facts that the tests of several rules start from; one example of each rule stands on its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from audit.context import Context
from audit.form import load
from audit.report import State, Trouble
from tests.audit.reports import number, report, with_cells, with_table

GOOD = report(4)
DUE = Context(
    organisation="edu",
    name="示例市教育局",
    year=2024,
    due=date(2025, 1, 31),
    due_basis="条例第四十九条",
    today=date(2025, 2, 10),
)
LAST_YEAR = with_cells(
    replace(report(9), year=2023),
    {
        f"requests/carried_forward/{column.id}": number(GOOD, f"requests/carried_in/{column.id}")
        for column in load("2021").tables["requests"].columns
    },
)
NEXT = replace(DUE, previous=LAST_YEAR)


def carried(**forward: int) -> Context:
    """Last year's report carried forward so many more or fewer than this one carries in, by column."""
    values = {
        f"requests/carried_forward/{column}": number(GOOD, f"requests/carried_in/{column}") + delta
        for column, delta in forward.items()
    }
    return replace(NEXT, previous=with_cells(LAST_YEAR, values))


NO_SECTION_4 = replace(
    with_table(GOOD, "disputes", shape=None, cells={}),
    sections={
        **GOOD.sections,
        "disputes": replace(GOOD.sections["disputes"], present=False, heading=None, text="", tables=0),
    },
)
NO_ROW = with_table(
    GOOD,
    "requests",
    missing=("granted",),
    cells={key: cell for key, cell in GOOD.tables["requests"].cells.items() if "/granted/" not in key},
)
TORN = with_table(
    with_cells(GOOD, {"requests/granted/total": State.UNREADABLE}),
    "requests",
    troubles=(Trouble("short_row", "requests/granted", "0 | 0 | 0", None),),
)

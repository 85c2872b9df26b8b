"""Blank cells by cause: one finding names a column, a row or the table."""

from __future__ import annotations

from audit.engine import judge
from audit.finding import Finding
from audit.form import load
from audit.report import Report, State
from tests.audit.reports import OUTER, with_cells
from tests.audit.rules.cases import DUE, GOOD

REQUESTS = load("2021").tables["requests"]
DETAILS = [row.id for row in REQUESTS.rows if row.id not in OUTER]


def blanks(report: Report) -> tuple[Finding, ...]:
    return judge(report, DUE, select=("N001",)).findings


def test_a_total_column_left_blank_is_one_finding_that_names_its_cells() -> None:
    cells = [f"requests/{row}/total" for row in DETAILS]

    (finding,) = blanks(with_cells(GOOD, dict.fromkeys(cells, State.BLANK)))

    assert finding.subject == "requests/*/total"
    assert list(finding.cells) == cells
    assert "『总计』" in finding.message["zh"]


def test_blanks_that_can_only_be_zero_are_said_to_hold() -> None:
    zero = next(cell for cell in REQUESTS.cells if GOOD.cell(cell).value == 0 and "/total" not in cell)

    (finding,) = blanks(with_cells(GOOD, {zero: State.DASH}))

    assert finding.hint == {"zh": "若空白视为 0，各项勾稽关系均成立", "en": "every sum holds if blanks are 0"}


def test_blanks_that_cannot_be_zero_are_said_to_break_sums() -> None:
    (finding,) = blanks(with_cells(GOOD, {"requests/concluded/total": State.BLANK}))

    assert finding.hint is not None
    assert "3 项不成立" in finding.hint["zh"]


def test_a_blank_row_is_one_finding() -> None:
    cells = [f"requests/granted/{column.id}" for column in REQUESTS.columns]

    (finding,) = blanks(with_cells(GOOD, dict.fromkeys(cells, State.BLANK)))

    assert finding.subject == "requests/granted"


def test_a_blank_table_is_one_finding() -> None:
    (finding,) = blanks(with_cells(GOOD, dict.fromkeys(load("2021").tables["disputes"].cells, State.BLANK)))

    assert finding.subject == "disputes"


def test_blanks_alone_break_no_sum() -> None:
    report = with_cells(GOOD, dict.fromkeys(REQUESTS.cells, State.BLANK))

    assert judge(report, DUE, select=("A",)).findings == ()

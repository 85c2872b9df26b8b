"""A report survives its JSON document without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.context import Context
from audit.engine import judge
from audit.report import Cell, Dates, How, Locator, Report, RowMatch, State, Trouble
from audit.serialise import ReportFormatError, report_from_json, report_to_json
from tests.audit.reports import report, with_cells, with_table


def there_and_back(subject: Report) -> Report:
    return report_from_json(json.loads(json.dumps(report_to_json(subject), ensure_ascii=False)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(("2019", "2021")))
def test_a_report_comes_back_equal_and_is_judged_alike(seed: int, form: str) -> None:
    subject = report(seed, form)

    again = there_and_back(subject)

    assert again == subject
    assert judge(again, Context()) == judge(subject, Context())


def test_decimals_places_and_troubles_are_kept() -> None:
    odd = with_cells(report(), {"disclosure/administrative_fees/amount": Decimal("52.150")})
    cell = Cell(
        "requests/granted/other",
        State.UNREADABLE,
        raw="?",
        how=How.INFERRED,
        at=Locator(table=1, row=2, page=3, box=(0.5, 1.0, 2.25, 4.0)),
        unit="件",
    )
    cells = {**odd.tables["requests"].cells, cell.id: cell}
    trouble = Trouble("short_row", "requests/granted", "6", Locator(table=1, row=2))
    match = RowMatch("granted", "（一）予以公开", 0.98, ("label", "order"), Locator(table=1, row=2))
    subject = replace(
        with_table(
            odd,
            "requests",
            cells=cells,
            troubles=(trouble,),
            missing=("other",),
            extra=("其他行",),
            reasons=("short_row",),
            matches=(match,),
        ),
        second={cell.id: cell},
        media="html",
        meta={"pubdate": "2025-01-20"},
        breadcrumb=("首页", "政府信息公开年报"),
        dates=Dates(declared=date(2025, 1, 20), url=date(2025, 1, 21)),
        attachments=(("附件", "/a.pdf"),),
        pictures=2,
        troubles=(Trouble("lossy_text", "document", "3"),),
        sources={"declared": "PubDate"},
    )

    again = there_and_back(subject)

    assert again == subject
    assert str(again.cell("disclosure/administrative_fees/amount").value) == "52.150"


def test_another_document_is_refused() -> None:
    with pytest.raises(ReportFormatError, match="expected schema"):
        report_from_json({"schema": "something/else"})

"""Properties of reading and judging over generated reports: valid ones, ones with a single error, damaged ones."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import form as forms
from audit.context import Context
from audit.engine import judge, outcome_of
from audit.finding import Kind
from audit.reading import NotAReport, UnreadableDocument, read
from tests import generator
from tests.generator import Generated

quick = settings(max_examples=25, deadline=None, derandomize=True)
thorough = settings(max_examples=60, deadline=None, derandomize=True)


@quick
@given(generator.reports())
def test_a_valid_report_is_read_whole_and_yields_no_finding(generated: Generated) -> None:
    report = read(generated.html.encode())
    judgement = judge(report, Context(organisation="example", year=report.year, kind="department"))

    assert {cell: report.cell(cell).known for cell in generated.truth} == generated.truth
    assert report.form == generated.form
    assert judgement.findings == ()
    assert outcome_of(report, judgement) == "clean"


@quick
@given(
    st.integers(0, 2**32),
    st.sampled_from(forms.IDS),
    st.sampled_from(generator.SKINS),
    st.sampled_from(forms.load("2019").tables["requests"].cells),
    st.integers(1, 40),
)
def test_one_wrong_cell_is_one_finding_that_names_it(seed: int, form: str, skin: str, cell: str, excess: int) -> None:
    right = generator.publication(random.Random(seed), form)
    cell = cell.replace("/other/", "/other.miscellaneous/", 1) if form == "2021" and "requests/other/" in cell else cell
    wrong = replace(right, misprints={cell: f"{right.figures[cell] + excess}"})

    report = read(generator.page(wrong, skin).encode())
    judgement = judge(report, Context(organisation="example", year=report.year, kind="department"))

    arithmetic = [finding for finding in judgement.findings if finding.rule.startswith("A")]
    assert [(f.cell, f.expected, f.actual) for f in arithmetic] == [
        (cell, right.figures[cell], right.figures[cell] + excess)
    ]


@thorough
@given(generator.damaged_reports())
def test_whatever_was_done_to_a_page_no_number_is_claimed_that_it_does_not_print(generated: Generated) -> None:
    try:
        report = read(generated.html.encode())
    except (NotAReport, UnreadableDocument):
        return

    claimed = {cell: known for cell in generated.truth if (known := report.cell(cell).known) is not None}

    assert claimed == {cell: generated.truth[cell] for cell in claimed}


@pytest.mark.parametrize("skin", ["trs", "word"])
@pytest.mark.parametrize("elder_first", [True, False])
def test_of_two_reports_on_one_page_the_one_of_its_title_is_judged_or_a_person_is_asked(
    skin: str, elder_first: bool
) -> None:
    newer = replace(generator.publication(random.Random(1), "2021", 60), year=2025)
    older = replace(generator.publication(random.Random(2), "2021", 60), year=2023, agency=newer.agency)
    page, other = generator.page(newer, skin), generator.page(older, skin)
    start, end = other.index("<body"), other.index("</body>")
    inner = other[other.index(">", start) + 1 : end]
    place = page.index(">", page.index("<body")) + 1 if elder_first else page.index("</body>")

    report = read(f"{page[:place]}{inner}{page[place:]}".encode())
    judgement = judge(report, Context(organisation="example", year=2025, kind="department"))

    mixed = {cell for cell in newer.figures if report.cell(cell).known not in (None, newer.figures[cell])}
    assert mixed == set() or report.year == older.year
    assert [one for one in judgement.findings if one.kind is Kind.FAIL and one.rule[0] in "AN"] == []


def test_a_report_of_another_year_is_judged_by_the_form_of_the_year_it_should_be_of() -> None:
    published = replace(generator.publication(random.Random(3), "2019", 12), year=2020)
    report = read(generator.page(published, "trs").encode())

    def told(year: int) -> list[str]:
        findings = judge(report, Context(organisation="example", year=year, kind="department"), select=("S", "A", "N"))
        return [one.rule for one in findings.findings]

    assert (told(2020), told(2024)) == ([], ["S005"])

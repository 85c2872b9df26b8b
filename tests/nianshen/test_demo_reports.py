"""The invented reports: what is correct is read as correct, what is wrong is wrong in one place."""

from __future__ import annotations

import random
from datetime import date

import pytest

from audit import form as forms
from audit.context import Context
from audit.engine import judge
from audit.finding import Finding
from audit.reading import NotAReport, read
from nianshen.demo import figures, site
from nianshen.demo.layout import Rows, official_tables
from nianshen.demo.narrative import Publication, overview
from nianshen.demo.pdf import report_pdf


@pytest.mark.parametrize("form", forms.IDS)
@pytest.mark.parametrize("activity", [0, 3, 80])
def test_generated_figures_satisfy_every_equation(form: str, activity: int) -> None:
    rng = random.Random(7)

    first = figures.tables(form, rng, activity)
    second = figures.tables(form, rng, activity, previous=first)

    assert figures.holds(form, first)
    assert figures.holds(form, second)


def test_what_was_carried_forward_is_carried_in_a_year_later() -> None:
    rng = random.Random(3)
    first = figures.tables("2021", rng, 80)

    second = figures.tables("2021", rng, 80, previous=first)

    columns = [column.id for column in forms.load("2021").tables["requests"].columns]
    assert [second[f"requests/carried_in/{c}"] for c in columns] == [
        first[f"requests/carried_forward/{c}"] for c in columns
    ]


@pytest.mark.parametrize("form", forms.IDS)
def test_every_table_is_a_full_rectangle_with_each_cell_once(form: str) -> None:
    cells = [cell for table in forms.load(form).tables.values() for cell in table.cells]

    tables = official_tables(form, dict.fromkeys(cells, "0"))

    printed = [box.cell for rows in tables.values() for row in rows for box in row if box.cell]
    assert sorted(printed) == sorted(cells)
    assert {name: _widths(rows) for name, rows in tables.items()} == {
        "disclosure": {4},
        "requests": {10},
        "disputes": {15},
    }


def test_the_overview_keeps_to_a_thousand_characters() -> None:
    publication = _publication()

    assert len("".join(overview(publication))) <= 1000


def test_a_report_written_as_pdf_is_read_whole() -> None:
    publication = _publication()

    report = read(report_pdf(publication))

    assert {cell: report.cell(cell).known for cell in publication.figures} == dict(publication.figures)
    assert (report.agency, report.year) == (publication.agency, publication.year)


def test_only_the_planned_faults_of_the_sample_portals_are_found() -> None:
    found: dict[str, set[str]] = {}
    for resource in (*site.city(1).values(), *site.county(1).values()):
        for organisation, finding in _findings(resource):
            found.setdefault(organisation, set()).add(f"{finding.rule} {finding.cell or finding.subject}")

    assert found == {
        "示例市水利局": {"A003 requests/concluded/natural_person"},
        "示例市交通运输局": {"A004 disputes/review"},
        "样例县财政局": {"N001 requests/*/total"},
        "样例县农业农村局": {"C004 other_matters"},
    }


def test_the_second_day_brings_a_repaired_and_a_late_report() -> None:
    before, after = site.city(1), site.city(2)

    changed = {path for path in before if before[path].data != after[path].data}

    assert {path for path in set(after) - set(before) if "/t" in path} == {"/zwgk/zfxxgknb/202602/t20260204_1425.html"}
    assert "/zwgk/zfxxgknb/202601/t20260116_1125.html" in changed


def _findings(resource: site.Resource) -> list[tuple[str, Finding]]:
    try:
        report = read(resource.data, headers={"Content-Type": resource.content_type})
    except NotAReport:
        return []
    name = report.agency or ""
    judgement = judge(report, Context(organisation=name, year=report.year, kind="department"))
    return [(name, finding) for finding in judgement.findings if not finding.rule.startswith("F")]


def _publication() -> Publication:
    values = figures.tables("2021", random.Random(5), 40)
    return Publication("示例市教育局", 2025, "2021", values, date(2026, 1, 16))


def _widths(rows: Rows) -> set[int]:
    """The widths of all grid rows once the spans are laid out."""
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(rows):
        column = 0
        for box in row:
            while (number, column) in taken:
                column += 1
            taken |= {(number + down, column + right) for down in range(box.rowspan) for right in range(box.colspan)}
    return {sum(row == number for row, _ in taken) for number in range(len(rows))}

"""Generated reports and what real pages do to them: a cell that is claimed is right, and what can be read is read."""

from __future__ import annotations

import random

import pytest

from audit.reading import NotAReport, UnreadableDocument, read
from audit.report import How, State
from tests.generator import DAMAGES, SKINS, Generated, damage, report_html

UNCLAIMED = {State.UNREADABLE, State.ABSENT}


def made(seed: str, names: list[str] | None = None) -> Generated:
    """A report out of a seed, with the named damages or up to four by chance."""
    rng = random.Random(seed)
    form, skin = rng.choice(["2021", "2021", "2019"]), rng.choice(SKINS)
    data, truth = report_html(rng, form, skin)
    chosen = rng.sample(sorted(DAMAGES), rng.randint(1, 4)) if names is None else names
    return damage(Generated(data.decode(), truth, form, skin), chosen, rng)


def verdicts(report: Generated) -> tuple[list[str], list[str]]:
    """Cells claimed wrongly, and cells that could have been read and were not."""
    try:
        cells = read(report.html.encode()).cells
    except (NotAReport, UnreadableDocument):
        return [], sorted(report.truth)
    wrong = [
        f"{key}: {cell.state} {cell.value!r}, not {report.truth.get(key)!r}"
        for key, cell in cells.items()
        if cell.how is How.READ
        and (cell.state is State.VALUE if key in report.lost else cell.state not in UNCLAIMED)
        and (cell.value if cell.state is State.VALUE else None) != report.truth.get(key)
    ]
    unread = [
        key for key in report.truth if key not in report.lost and (key not in cells or cells[key].state in UNCLAIMED)
    ]
    return wrong, unread


@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize("form", ["2021", "2019"])
def test_an_undamaged_report_is_read_whole(form: str, skin: str) -> None:
    data, truth = report_html(random.Random(skin), form, skin)

    wrong, unread = verdicts(Generated(data.decode(), truth, form, skin))

    assert (wrong, unread) == ([], [])


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_one_damage_makes_no_cell_wrong(name: str) -> None:
    reports = [made(f"{name}-{n}", [name]) for n in range(3)]

    results = [verdicts(report) for report in reports]

    assert [wrong for wrong, _ in results] == [[], [], []]


@pytest.mark.parametrize("batch", range(4))
def test_damages_together_make_no_cell_wrong_and_leave_most_readable(batch: int) -> None:
    reports = [made(f"together-{batch}-{n}") for n in range(25)]

    results = [verdicts(report) for report in reports]

    assert [(report.damages, wrong) for report, (wrong, _) in zip(reports, results, strict=True) if wrong] == []
    whole = sum(len(set(report.truth) - report.lost) for report in reports)
    # One page in 25 whose columns cannot be told apart costs 4 %; over hundreds of pages the share is about 1 %.
    assert sum(len(unread) for _, unread in results) <= 0.06 * whole


@pytest.mark.parametrize(
    "seed", ["lotus-20261127-1268", "lotus-20261127-1791", "lotus-20261127-36", "lotus-20261127-46"]
)
def test_pages_that_were_once_read_wrongly_are_not_any_more(seed: str) -> None:
    wrong, _ = verdicts(made(seed))

    assert wrong == []

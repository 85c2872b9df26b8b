"""Generated reports as PDF in every layout and with every fault: a cell that is claimed is right."""

from __future__ import annotations

import random

import pytest

from audit.reading import UnreadableDocument, read
from audit.reading.pdf import read_pdf
from audit.report import How, State
from tests.audit.reading import pdf_layouts
from tests.audit.reading.pdf_layouts import Layout, Printed, printed
from tests.generator import publication

UNCLAIMED = {State.UNREADABLE, State.ABSENT}


def made(seed: str, layout: Layout | None = None) -> Printed:
    rng = random.Random(seed)
    report = publication(rng, rng.choice(["2021", "2021", "2019"]), activity=rng.choice([3, 60, 400]))
    return printed(report, layout or pdf_layouts.chosen(rng), rng)


def verdicts(file: Printed) -> tuple[list[str], list[str]]:
    """Cells claimed wrongly, and cells that could have been read and were not."""
    cells = read(file.data).cells
    claimed = {key: cell for key, cell in cells.items() if cell.state not in UNCLAIMED and cell.how is How.READ}
    wrong = [
        f"{key}: {cell.raw!r}, not {file.truth.get(key)}"
        for key, cell in claimed.items()
        if (key not in file.lost or cell.state is State.VALUE)
        and (cell.value if cell.state is State.VALUE else None) != file.truth.get(key)
    ]
    return wrong, [key for key in file.truth if key not in claimed and key not in file.lost]


@pytest.mark.parametrize("breaks", pdf_layouts.BREAKS)
@pytest.mark.parametrize("borders", pdf_layouts.BORDERS)
def test_every_border_and_page_break_is_read_whole(borders: str, breaks: str) -> None:
    wrong, unread = verdicts(made("plain", Layout(borders, breaks)))

    assert wrong == []
    assert len(unread) <= (10 if borders in {"none", "level"} else 0)


@pytest.mark.parametrize("turn", pdf_layouts.TURNS)
def test_a_turned_page_is_read_whole(turn: str) -> None:
    assert verdicts(made("turned", Layout(breaks="rows", turn=turn))) == ([], [])


@pytest.mark.parametrize("seed", ["quill-45", "quill-93", "quill-177"])
def test_a_figure_between_two_columns_without_lines_is_neither_ones(seed: str) -> None:
    assert verdicts(made(seed, Layout("none", "rows", faults=("shifted",))))[0] == []


@pytest.mark.parametrize("fault", pdf_layouts.FAULTS)
def test_one_fault_makes_no_cell_wrong(fault: str) -> None:
    wrong = [
        verdicts(made(f"{fault}-{borders}", Layout(borders, "rows", faults=(fault,))))[0]
        for borders in ("boxes", "open", "none")
    ]

    assert wrong == [[], [], []]


@pytest.mark.parametrize("batch", range(4))
def test_any_layout_with_any_faults_makes_no_cell_wrong(batch: int) -> None:
    files = [made(f"any-{batch}-{number}") for number in range(10)]

    assert [(file.layout, wrong) for file in files if (wrong := verdicts(file)[0])] == []


def test_text_that_recognition_laid_over_a_scan_supports_no_accusation() -> None:
    report = read(made("scan", Layout(faults=("recognised",))).data)

    assert {cell.how for cell in report.cells.values() if cell.state is State.VALUE} == {How.INFERRED}
    assert {trouble.kind for trouble in report.troubles} == {"recognised_text"}


def test_work_grows_with_the_pages_and_not_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many pages is refused before any of them is laid out."""
    laid_out: list[int] = []
    monkeypatch.setattr("audit.reading.pdf._sheet", lambda page, _: laid_out.append(page.page_number))
    sheets = [pdf_layouts.Sheet().text(80, 200, "正文") for _ in range(2000)]

    with pytest.raises(UnreadableDocument) as caught:
        read_pdf(pdf_layouts.write_pdf(*sheets))

    assert (caught.value.reason, laid_out) == ("too_large", [])

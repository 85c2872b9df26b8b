"""Hostile pages cost bounded work and end in a typed error that says what to do, or are read."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup

from audit.reading import NotAReport, UnreadableDocument, html, read, soup
from tests.audit.reading.handmade import REPORT, differences, page

MIB = 2**20
PAGE = page().decode()


def peak(work: Callable[[], object]) -> int:
    """The most memory that Python held while the work was done, in bytes."""
    tracemalloc.start()
    try:
        work()
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most


def refused(data: bytes) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize("span", ["rowspan", "colspan"])
def test_a_span_of_a_billion_costs_no_more_than_any_other(span: str) -> None:
    data = PAGE.replace("<td", f"<td {span}=1000000000", 2).encode()

    assert peak(lambda: read(data)) < 32 * MIB


def test_a_page_past_twenty_megabytes_is_refused_before_it_is_decoded() -> None:
    data = b"<html><p>" + b"x" * (20 * MIB)

    assert peak(lambda: refused(data)) < MIB
    assert refused(data).reason == "too_large"


@pytest.mark.parametrize("cell", ["<td>1</td>", "<td>1", "<tr><td>1</td></tr>"])
def test_too_many_cells_are_refused(cell: str) -> None:
    error = refused(f"<html><table>{cell * (html.MOST_CELLS + 1)}</table></html>".encode())

    assert error.reason == "too_large"
    assert error.message["zh"]


def test_too_many_elements_are_refused_while_they_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soup, "MOST_ELEMENTS", 1000)

    assert refused(b"<html><body>" + b"<p>a</p>" * 1000).reason == "too_large"


@pytest.mark.parametrize("tags", ["<div>", "<table><tr><td>", "<ul><li>"])
def test_nesting_without_end_is_refused_with_a_way_out(tags: str) -> None:
    error = refused(PAGE.replace("<h1>", tags * 20_000 + "<h1>").encode())

    assert error.reason in {"damaged", "too_large"}
    assert "请" in error.message["zh"]


def test_inline_tags_nested_without_end_do_not_hide_the_report() -> None:
    assert differences(read(PAGE.replace("<h1>", "<span>" * 50_000 + "<h1>").encode()), REPORT) == ([], [])


@pytest.mark.parametrize(
    "inside",
    [
        "<p>" + "政府" * 800_000 + "</p>",
        "<script>var a = '" + "政府<p>" * 400_000 + "</script>",
        "<script>'" + "\\" * 2_000_000 + "</script>",
        "<body>" + "<" * 1_000_000,
        "<body>" + "<div class=crumb " * 50_000,
    ],
    ids=["one line", "open string", "backslashes", "open tags", "open path"],
)
def test_one_endless_line_costs_a_few_times_its_size(inside: str) -> None:
    data = f"<html>{inside}</html>".encode()

    def work() -> None:
        with pytest.raises(NotAReport):
            read(data)

    assert peak(work) < 12 * len(data) + 16 * MIB


def test_of_countless_carried_parts_only_some_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []

    def counted(text: str) -> BeautifulSoup:
        built.append(len(text))
        return soup.cut_soup(text)

    monkeypatch.setattr(html, "cut_soup", counted)
    areas = "".join(f"<textarea>&lt;p>{n}</textarea>" for n in range(2000))

    html.read_html(f"<html><body>{areas}</body></html>".encode())

    assert len(built) <= 50

"""The six sections under every way of numbering and laying out their headings; whole reports beside each other."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.form import SECTIONS
from audit.reading import read
from audit.report import Report
from nianshen.demo.narrative import Publication
from nianshen.demo.pages import HEADINGS
from tests.audit.reading.handmade import REPORT, differences, page, rows, table
from tests.generator import publication

BARE = [heading[2:] for heading in HEADINGS]
PLAIN = read(page())


def texts(found: Report) -> dict[str, str]:
    return {key: found.sections[key].text for key in SECTIONS if found.sections[key].present}


NUMBERED: dict[str, Callable[[int, str], str]] = {
    "part": lambda n, text: f"第{'一二三四五六'[n]}部分　{text}",
    "figures": lambda n, text: f"{n + 1}.{text}",
    "bracketed figures": lambda n, text: f"（{n + 1}）{text}",
    "two figures": lambda n, text: f"0{n + 1} {text}",
    "bracketed": lambda n, text: f"（{'一二三四五六'[n]}）{text}",
    "none": lambda _, text: text,
    "space": lambda n, text: f"{'一二三四五六'[n]} {text}",
    "semicolon": lambda n, text: f"{'一二三四五六'[n]}；{text}",
    "formal numerals": lambda n, text: f"{'壹贰叁肆伍陆'[n]}、{text}",
    "roman": lambda n, text: f"{'ⅠⅡⅢⅣⅤⅥ'[n]}、{text}",
    "bullet": lambda n, text: f"■ {'一二三四五六'[n]}、{text}",
    "lenticular": lambda n, text: f"【{'一二三四五六'[n]}、{text}】",
    "spread": lambda n, text: f"&nbsp;{'一二三四五六'[n]}、{' '.join(text)}",
    "a span a character": lambda n, text: f"<b>{'一二三四五六'[n]}</b>、" + "".join(f"<i>{one}</i>" for one in text),
    "zero width": lambda n, text: f"{'一二三四五六'[n]}、{text[:2]}\u200b{text[2:]}",
    "two blocks": lambda n, text: f"{'一二三四五六'[n]}、{text[:3]}</p><p>{text[3:]}",
    "number in a block of its own": lambda n, text: f"{'一二三四五六'[n]}、</p><p>{text}",
    "line break": lambda n, text: f"{'一二三四五六'[n]}、{text[:3]}<br>{text[3:]}",
}


@pytest.mark.parametrize("style", NUMBERED)
def test_headings_are_found_however_they_are_numbered(style: str) -> None:
    headings = [NUMBERED[style](n, text) for n, text in enumerate(BARE)]

    found = read(page(headings=headings))

    assert texts(found) == texts(PLAIN)
    assert differences(found) == ([], [])


@pytest.mark.parametrize(
    "top",
    [
        "".join(f"<p><a href='#{n}'>{heading}</a></p>" for n, heading in enumerate(HEADINGS)),
        "".join(f"<li>{heading}……{n}</li>" for n, heading in enumerate(HEADINGS)),
        f"<p>本报告由{'、'.join(BARE)}六个部分组成。</p>",
    ],
    ids=["links", "dots", "sentence"],
)
def test_a_list_of_contents_is_no_section(top: str) -> None:
    assert texts(read(page(top=top))) == texts(PLAIN)


@pytest.mark.parametrize("unit", ["", "</td><td>单位：件"])
def test_headings_in_the_first_row_of_their_table_are_found(unit: str) -> None:
    html = page().decode()
    for name, heading in zip(("disclosure", "requests", "disputes"), HEADINGS[1:4], strict=True):
        own = table(rows(name))
        within = own.replace("<table>", f"<table><tr><td colspan=9>{heading}{unit}</td></tr>", 1)
        html = html.replace(f"<p>{heading}</p>{own}", within)

    found = read(html.encode())

    assert texts(found) == texts(PLAIN)
    assert differences(found) == ([], [])


def test_headings_as_pictures_are_counted_so_that_they_can_be_doubted() -> None:
    html = page().decode()
    for heading in HEADINGS:
        html = html.replace(f"<p>{heading}</p>", "<p><img src=heading.png width=600></p>")

    found = read(html.encode())

    assert (texts(found), found.pictures) == ({}, len(HEADINGS))


OTHER = publication(random.Random(77), "2021", activity=400)


def beside(report: Publication, other: Publication, *, first: bool, titled: bool = True) -> bytes:
    """Two whole reports on one page, whose window title names the one that it is about, or none."""
    own, foreign = (page(one).decode() for one in (report, other))
    foreign = foreign.split("<body>")[1].replace("</body>", "")
    html = own.replace("</body>", foreign + "</body>") if first else own.replace("<body>", "<body>" + foreign)
    return (html if titled else re.sub("<title>.*?</title>", "", html)).encode()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        replace(OTHER, agency=REPORT.agency, year=REPORT.year - 1),
        replace(OTHER, agency="样例县水利局", year=REPORT.year),
    ],
    ids=["of another year", "of another agency"],
)
def test_of_two_reports_on_a_page_only_the_one_it_names_is_read(other: Publication, first: bool) -> None:
    found = read(beside(REPORT, other, first=first))

    assert (found.agency, found.year) == (REPORT.agency, REPORT.year)
    assert texts(found) == texts(PLAIN)
    assert differences(found) == ([], [])


def test_without_a_name_the_first_report_is_read_and_nothing_of_the_second() -> None:
    other = replace(OTHER, agency="样例县水利局", year=REPORT.year)

    found = read(beside(REPORT, other, first=False, titled=False))

    assert found.agency == other.agency
    assert differences(found, other) == ([], [])

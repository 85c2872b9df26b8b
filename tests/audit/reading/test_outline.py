"""Headings, titles and dates in the words of real filers."""

from __future__ import annotations

from datetime import date

import pytest

from audit.form import SECTIONS
from audit.reading import read
from nianshen.demo.pages import HEADINGS
from tests.audit.reading.handmade import REPORT, page

REWORDED = (
    ("（一）总体情况", *(f"（{n}）{text[2:]}" for n, text in zip("二三四五六", HEADINGS[1:], strict=True))),
    (
        "一、概述",
        "二、主动公开情况",
        "三、依申请公开情况",
        "四、行政复议和行政诉讼情况",
        "五、不足及改进措施",
        "六、其他事项",
    ),
    (
        f"一、{REPORT.year}年总体情况",
        "二、政府信息主动公开情况",
        "三、收到和处理信息公开申请情况",
        "四、政府信息公开行政复议、诉讼情况",
        "五、存在的主要问题、困难及改进情况",
        "六、其他需要说明的事项",
    ),
)


@pytest.mark.parametrize("headings", REWORDED, ids=["bracketed", "short", "long"])
def test_headings_in_the_filers_own_words_are_found(headings: tuple[str, ...]) -> None:
    sections = read(page(headings=headings)).sections

    assert [sections[key].heading for key in SECTIONS] == list(headings)


def test_a_sub_heading_does_not_stand_in_for_a_missing_section() -> None:
    headings = (HEADINGS[0] + "</p><p>（五）存在的问题", *HEADINGS[1:4], "其他", HEADINGS[5])

    assert not read(page(headings=headings)).sections["problems"].present


@pytest.mark.parametrize(
    "title",
    [
        "示例县水务局政府信息公开工作{}年度报告",
        "[示例县水务局]{}年政府信息公开工作年度报告",
        "{}年度示例县水务局政务公开工作年度报告",
        "示例县水务局关于{}年度政府信息公开工作情况的报告",
        "示例县水务局<br>{}年政府信息公开工作<br>年度报告",
    ],
)
def test_agency_and_year_are_found_in_unusual_titles(title: str) -> None:
    found = read(page(title=title.format(REPORT.year)))

    assert (found.agency, found.year) == ("示例县水务局", REPORT.year)


def test_a_title_without_a_name_gives_no_agency() -> None:
    assert read(page(title="政府信息公开年度报告")).agency is None


DAY = date(REPORT.year + 1, 1, 20)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<p>发布时间：{day} 10:00 来源：示例市教育局 浏览次数：12</p>", DAY),
        ("<p>{day} 10:00:00 来源：示例市教育局</p>", DAY),
        ("<div>发布时间：</div><div>{day}</div>", DAY),
        ("<p>成文日期：{earlier} 发布日期：{day}</p>", DAY),
        ("<ul><li>发文日期：{earlier}</li><li>发布日期：{day}</li></ul>", DAY),
        ("<p>发布日期： 成文日期：{earlier}</p>", None),
        ("<p>成文日期：{earlier}</p>", None),
    ],
)
def test_the_day_of_publication_is_told_from_other_days(line: str, expected: date | None) -> None:
    earlier = DAY.replace(day=10).isoformat()

    assert read(page(top=line.format(day=DAY, earlier=earlier))).dates.declared == expected


@pytest.mark.parametrize("tail", ["<p>上一篇：通知</p><p>发布时间：{later}</p>", "<p>发布时间：{before}</p>"])
def test_days_of_other_pages_are_not_taken(tail: str) -> None:
    later, before = DAY.replace(month=9), DAY.replace(year=REPORT.year, month=3)

    assert read(page(tail=tail.format(later=later, before=before))).dates.declared is None

"""Whose report it is and of which year: read where it is told, left open where the page contradicts itself."""

from __future__ import annotations

import pytest

from audit.reading import read
from tests.audit.reading.handmade import REPORT, page

YEAR, AGENCY = REPORT.year, REPORT.agency
NUMERALS = "".join("〇一二三四五六七八九"[int(figure)] for figure in str(YEAR))
PERIOD = f"自{YEAR}年1月1日起至{YEAR}年12月31日止"
UNSIGNED = f"{YEAR}年政府信息公开工作年度报告"
NAMELESS = f"{AGENCY}政府信息公开工作年度报告"
PUBLISHED = f"<p>发布日期：{YEAR + 1}-01-20</p>"


def changed(data: bytes, old: str, new: str) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    "title",
    [
        f"{AGENCY}{NUMERALS}年政府信息公开工作年度报告",
        f"{AGENCY}{NUMERALS.replace('〇', '0')}年政府信息公开工作年度报告",
        f"{AGENCY}{YEAR + 1}年政府信息公开年报（{YEAR}年度）",
        f"关于公布《{AGENCY}{YEAR}年政府信息公开工作年度报告》的通知",
    ],
)
def test_year_and_agency_are_read_from_the_title(title: str) -> None:
    found = read(page(title=title))

    assert (found.agency, found.year) == (AGENCY, YEAR)


@pytest.mark.parametrize(
    "period",
    [
        f"{YEAR}年1月1日-{YEAR}年12月31日",
        f"{YEAR}年1月1日—12月31日",
        f"{YEAR}年01月01日至同年12月31日",
        f"{YEAR}年1月1日起，至{YEAR}年12月31日止",
        f"{YEAR}.1.1-{YEAR}.12.31",
        f"{YEAR}年1月至12月",
        f"{YEAR} 年 1 月 1 日 至 12 月 31 日",
        f"{NUMERALS}年一月一日至十二月三十一日",
    ],
)
def test_a_title_without_a_year_leaves_it_to_the_period(period: str) -> None:
    found = read(changed(page(title=NAMELESS), PERIOD, period))

    assert (found.year, found.sources["year"]) == (YEAR, "period")


def test_the_day_of_publication_decides_between_title_and_period() -> None:
    title = f"{AGENCY}{YEAR + 1}年政府信息公开工作年度报告"
    stale = PERIOD.replace(str(YEAR), str(YEAR - 1))

    assert read(page(title=title, top=PUBLISHED)).year == YEAR
    assert read(changed(page(top=PUBLISHED), PERIOD, stale)).year == YEAR


def test_no_year_is_claimed_where_nothing_decides() -> None:
    period = f"{YEAR + 3}年1月1日至{YEAR + 3}年12月31日"

    found = read(changed(page(title=f"{AGENCY}{YEAR + 5}年政府信息公开工作年度报告"), PERIOD, period))

    assert (found.year, found.sources.get("year")) == (None, None)


@pytest.mark.parametrize(
    "line",
    [
        "<p>政务公开</p>",
        "<p>互动交流</p>",
        "<p>政务服务大厅</p>",
        "<p>部门街道</p>",
        "<p>当前位置：首页 &gt; 政务公开 &gt; 政府信息公开年报</p>",
        "<h2>示例市人民政府门户网站</h2>",
        "<p>来源：示例市人民政府网站</p>",
        "<meta name=ContentSource content=示例市政府网>",
        "<meta name=author content=网站管理员>",
        "<p>来源：本站</p>",
    ],
)
def test_a_portal_or_a_column_is_no_agency(line: str) -> None:
    data = changed(page(title=UNSIGNED), "<body>", f"<body>{line}")

    assert read(data).agency is None


@pytest.mark.parametrize(
    ("top", "tail"),
    [
        (f"<p>来源：{AGENCY} 浏览：3</p>", ""),
        (f"<div><span>来源：{AGENCY}</span><span>发布时间：{YEAR + 1}-01-20</span></div>", ""),
        (f"<table><tr><th>发布机构</th><td>{AGENCY}</td><th>文号</th><td></td></tr></table>", ""),
        (f"<table><tr><td>索引号</td><td>发布机构</td></tr><tr><td>1</td><td>{AGENCY}</td></tr></table>", ""),
        (f"<meta name=ContentSource content={AGENCY}>", ""),
        ("", f"<p>{AGENCY}</p><p>{YEAR + 1}年1月20日</p>"),
        ("<p>来源：示例市大数据局</p>", f"<p>{AGENCY}　　{YEAR + 1}年1月20日</p>"),
    ],
)
def test_a_title_without_an_agency_leaves_it_to_the_signature_and_the_page(top: str, tail: str) -> None:
    assert read(page(title=UNSIGNED, top=top, tail=tail)).agency == AGENCY


def test_a_list_of_other_years_reports_above_is_not_the_title() -> None:
    lines = "".join(f"<li>{AGENCY}{year}年政府信息公开工作年度报告</li>" for year in (2017, 2018, 2019))
    plain = page().replace(b"<h1>", b"<div>").replace(b"</h1>", b"</div>")
    data = changed(plain, "<body>", f"<body><ul>{lines}</ul>").replace(f"<title>{REPORT.title}".encode(), b"<title>")

    assert read(data).year == YEAR

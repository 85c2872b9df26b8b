"""Several entries in one row, line or paragraph: each has the organ and the day that stand next to it."""

from __future__ import annotations

from datetime import date

import pytest

from crawler.cms import Page, static

EDU, FIN, CIV = "示例市教育局", "示例市财政局", "示例市民政局"
DAYS = {EDU: "2026-01-10", FIN: "2026-01-20", CIV: "2026-01-30"}
TITLE = "2025年政府信息公开工作年度报告"


def entries(template: str, between: str = "", *, own: bool = False) -> str:
    """One entry an organ: ``{n}`` its name, ``{a}`` the link, ``{d}`` the day; ``own``: the title names the organ."""
    links = {name: f"<a href='/{place}.html'>{name * own}{TITLE}</a>" for place, name in enumerate(DAYS)}
    return between.join(template.format(n=name, a=links[name], d=day) for name, day in DAYS.items())


ROWS = {
    "lines of a paragraph": f"<p>{entries('[{n}]{a} {d}<br>')}</p>",
    "lines, the organ behind": f"<p>{entries('{d} {a} ({n})<br>')}</p>",
    "a paragraph without lines": f"<p>{entries('[{n}] {a} {d} ')}</p>",
    "items of spans": f"<ul><li>{entries('<b>{n}</b>{a}<span>{d}</span> ')}</li></ul>",
    "a definition": f"<dl><dd>{entries('<span>{n}</span>{a}<em>{d}</em>', '<br/>')}</dd></dl>",
    "cells with all of it": f"<table><tr>{entries('<td>{a}<i>{n}</i> ({d})</td>')}</tr></table>",
    "cells beside each other": f"<table><tr>{entries('<td>{n}</td><td>{a}</td><td>{d}</td>')}</tr></table>",
    "cells, the day in front": f"<table><tr>{entries('<td>{d}</td><td>{a}</td><td>{n}</td>')}</tr></table>",
    "terms": f"<dl>{entries('<dt>{a}</dt><dd>发布机构：{n} 日期：{d}</dd>')}</dl>",
    "a cell with all of it": f"<table>{entries('<tr><td>{a}<i>{n}</i> ({d})</td></tr>')}</table>",
    "rows of their own": f"<table>{entries('<tr><td>{n}</td><td>{a}</td><td>{d}</td></tr>')}</table>",
}


def read(inner: str) -> list[tuple[str, date | None]]:
    page = Page("http://x.test/nb/", f"<html><title>政府信息公开年报</title><body>{inner}</body></html>")
    return [(link.organ, link.date) for link in static.parse(page).items]


@pytest.mark.parametrize("row", ROWS)
def test_an_entry_has_the_organ_and_the_day_next_to_it(row: str) -> None:
    assert read(ROWS[row]) == [(name, date.fromisoformat(day)) for name, day in DAYS.items()]


@pytest.mark.parametrize(
    "inner",
    [
        f"<table><tr>{entries('<td>{a}</td><td>{d}</td>', own=True)}</tr></table>",
        f"<p>{entries('{a} {d} ', own=True)}</p>",
    ],
)
def test_an_entry_that_names_its_organ_has_its_own_day(inner: str) -> None:
    assert [day for _, day in read(inner)] == [date.fromisoformat(day) for day in DAYS.values()]


@pytest.mark.parametrize(
    "inner",
    [
        f"<li>{EDU} <a href=/25.html>2025年度报告</a> <a href=/24.html>2024年度报告</a></li>",
        f"<table><tr><td>{EDU}</td><td><a href=/25.html>2025年报</a></td><td><a href=/24.html>2024年报</a></td></tr>",
        f"<p>{EDU}：<a href=/25.html>2025年度报告</a><br><a href=/24.html>2024年度报告</a></p>",
    ],
)
def test_the_one_organ_of_a_row_is_that_of_all_its_entries(inner: str) -> None:
    assert [organ for organ, _ in read(inner)] == [EDU, EDU]


@pytest.mark.parametrize("more", ["更多", "更多>>", "[更多]", "more+"])
def test_the_way_to_more_is_no_part_of_an_organs_name(more: str) -> None:
    head = f"<div class=hd><span>{EDU}</span><a href=/m/>{more}</a></div>"

    assert (EDU, None) in read(f"{head}<div><ul><li><a href=/a.html>{TITLE}</a></li></ul></div>")


def test_a_row_of_tabs_above_a_list_is_no_organ() -> None:
    tabs = "<div><a href=/bm/>市政府部门</a><a href=/xz/>乡镇（街道）</a></div>"

    assert read(f"{tabs}<ul><li><a href=/a.html>{TITLE}</a></li></ul>") == [("", None)]


@pytest.mark.parametrize(
    "name", ["示例市卫生健康委员会卫生监督所", "示例市司法局青石站", "示例市工商业联合会", "示例经济开发区"]
)
def test_what_a_box_is_headed_with_is_an_organ_whatever_its_kind(name: str) -> None:
    assert read(f"<div>{name}</div><ul><li><a href=/a.html>{TITLE}</a></li></ul>") == [(name, None)]

"""Whom a first look at a portal finds on its list, wherever the list names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nianshen.probing import Look, probe
from tests.crawler.site import Site, listing, row, serve

NAMES = (
    "示例市教育局", "青石镇人民政府", "示例高新区管委会", "市水利局", "示例市人民政府办公室",
    "国家税务总局示例市税务局", "县委编办",
)  # fmt: skip
TITLE = "2025年政府信息公开工作年度报告"


def rows(template: str) -> str:
    """A row an organ: ``{n}`` its name, ``{t}`` the title, ``{h}`` the address."""
    return "".join(template.format(n=name, t=TITLE, h=f"/r/{place}.html") for place, name in enumerate(NAMES))


def table(template: str, head: str = "") -> str:
    return f"<table>{head}{rows(template)}</table>"


LISTS = {
    "the title": rows("<li><a href={h}>{n}{t}</a><i>2026-01-20</i></li>"),
    "a column before": table("<tr><td>{n}</td><td><a href={h}>{t}</a></td><td>2026-01-20</td></tr>"),
    "a column behind": table("<tr><td><a href={h}>{t}</a></td><td>2026-01-20</td><td>{n}</td></tr>"),
    "the title attribute": rows("<li><a href={h} title='{n}{t}'>{t}</a><i>2026-01-20</i></li>"),
    "the attribute of a span": rows("<li><a href={h}><span title='{n}{t}'>{t}</span></a><i>2026-01-20</i></li>"),
    "the organ alone in the attribute": rows("<li><a href={h} title='{n}'>{t}</a><i>2026-01-20</i></li>"),
    "a mark before the title": rows("<li>[{n}] <a href={h}>{t}</a><i>2026-01-20</i></li>"),
    "years as columns": table(
        "<tr><td>{n}</td><td><a href={h}>查看</a></td></tr>", "<tr><th>单位</th><th>2025年</th></tr>"
    ),
    "names below a year": f"<h3>2025年</h3>{rows('<li><a href={h}>{n}</a></li>')}",
    "headings": rows("<dl><dt>{n}</dt><dd><a href={h}>2025年</a></dd></dl>"),
    "folders": rows("<li><a href={h}>{n}</a></li>"),
    "folders with the column's name": rows("<li><a href={h}>{n}政府信息公开年报</a></li>"),
}


def look(site: Site, folder: Path) -> Look:
    return Look(site.url("/nb/"), folder, 2025, "mailto:ops@example.org", 0.0, private=("127.0.0.0/8",))


@pytest.mark.parametrize("where", LISTS)
def test_a_probe_finds_the_organs_wherever_the_list_names_them(tmp_path: Path, where: str) -> None:
    with serve() as site:
        site.put("/nb/", listing(LISTS[where], title="政府信息公开年报_示例市人民政府"))

        seen = probe(look(site, tmp_path), lambda _: None)

    assert seen.organs == NAMES


def test_a_few_links_to_offices_are_not_the_organs_of_a_list(tmp_path: Path) -> None:
    with serve() as site:
        site.put("/nb/", listing(row("工作动态", "/x.html"), tail="<a href=/edu/>示例市教育局</a>"))

        seen = probe(look(site, tmp_path), lambda _: None)

    assert seen.organs == ()

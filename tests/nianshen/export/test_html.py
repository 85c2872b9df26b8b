"""The page is the official form with its marks; nothing in it comes from elsewhere or runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.form import load
from nianshen.export.document import Document
from nianshen.export.drawing import layout
from nianshen.export.html import html_text
from tests.nianshen.export import making


def page(lang: str = "zh") -> BeautifulSoup:
    return BeautifulSoup("".join(html_text(making.documents(), lang)), "lxml")


def test_all_cells_of_the_form_are_drawn_with_its_merged_headers() -> None:
    found = page()

    cells = [cell for table in load("2021").tables.values() for cell in table.cells]
    assert sorted(td["title"] for td in found.find_all("td")) == sorted(cells)
    assert len(found.find_all("td")) == 200
    spans = {th.text: (th.get("rowspan"), th.get("colspan")) for th in found.select("table.requests th")}
    assert spans["三、本年度办理结果"] == ("22", None)
    assert spans["法人或其他组织"] == (None, "5")
    boxes = sum(len(row) for row in layout("2021", "requests"))
    assert len(found.select("table.requests th, table.requests td")) == boxes


def test_a_broken_cell_is_marked_without_colour_and_linked_with_its_finding() -> None:
    found = page()

    (cell,) = found.select("td.broken")
    assert cell["title"] == making.WRONG
    assert "✖" in cell.text
    assert "疑似" in cell.select_one('[role="img"]')["aria-label"]
    finding = found.find(id=cell["aria-describedby"])
    assert "3 + 0 ≠ 2 + 0" in finding.text
    assert finding.find("a")["href"] == f"#{cell['id']}"


def test_an_unread_cell_is_not_shown_as_zero_and_an_inferred_one_is_told_apart() -> None:
    found = page()

    assert found.find(title=making.UNREAD)["class"] == ["unread"]
    assert found.find(title=making.UNREAD).text.startswith("未读出")
    assert found.find(title=making.INFERRED)["class"] == ["inferred"]


def test_hostile_words_stay_words() -> None:
    text = "".join(html_text(making.documents()))

    assert "<script" not in text
    assert "\u202e" not in text
    assert text.count("</title>") == 1


def test_nothing_is_loaded_and_nothing_can_run() -> None:
    found = page()

    assert found.find_all(["script", "link", "img", "iframe", "object", "form"]) == []
    assert found.select("[src], [style], [onclick], [onload]") == []
    assert all(a["href"].startswith("#") for a in found.find_all("a"))
    policy = found.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "url(" not in found.style.text


def test_every_link_leads_to_something_and_no_id_is_used_twice() -> None:
    found = page()

    ids = [tag["id"] for tag in found.select("[id]")]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in found.find_all("a")} <= set(ids)


@pytest.mark.parametrize(("lang", "tongue", "title"), [("zh", "zh-CN", "年度报告"), ("en", "en", "Check of")])
def test_the_wanted_language_comes_first_with_the_other_beside(lang: str, tongue: str, title: str) -> None:
    found = page(lang)

    assert found.html["lang"] == tongue
    assert found.h1.text.startswith(title)
    assert {small["lang"] for small in found.find_all("small")} == {"en" if lang == "zh" else "zh-CN"}


def test_a_file_that_was_not_read_says_why() -> None:
    assert "没有这个文件" in page().select("article")[1].text


@given(words=st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_no_words_add_an_element_or_an_attribute(words: str) -> None:
    usual = making.documents()[0]
    shape = [(tag.name, sorted(tag.attrs)) for tag in page_of([usual]).find_all(True)]

    hostile = page_of([replace(usual, agency=words or "x", source=words)])

    assert [(tag.name, sorted(tag.attrs)) for tag in hostile.find_all(True)] == shape


def page_of(documents: list[Document]) -> BeautifulSoup:
    return BeautifulSoup("".join(html_text(documents)), "lxml")

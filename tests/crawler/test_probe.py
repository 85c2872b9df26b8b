"""Looking at a portal for the first time: the way to the reports' column, and how far a look goes."""

from __future__ import annotations

import pytest

from crawler.cms.page import Link, Page
from crawler.follow import Plan
from crawler.ledger import Visit
from crawler.probe import Reach, Scope, towards
from crawler.select import Choice, Kind, organ_in

HOME = """<html><title>示例市人民政府</title><body>
<a href="/">首页</a><a href="/zwgk/">政务公开</a><a href="/zwgk/zdgk/">法定主动公开内容</a><a href="/x.pdf">公开年报</a>
<a href="http://zwgk.example.gov.cn/nb/">政府信息公开年报</a><a href="http://other.org.cn/nb/">政府信息公开年报</a>
<a href="/news/1.html">市政府信息公开年报编制工作会议在示例市召开并部署下一阶段</a></body></html>"""


def page(text: str = HOME) -> Page:
    return Page("http://www.example.gov.cn/", text)


def choice(title: str) -> Choice:
    return Choice(Kind.REPORT, Link(title, "http://www.example.gov.cn/1.html"), "edu", 2025)


def test_the_column_itself_comes_before_what_only_leads_to_it() -> None:
    assert towards(page()) == (
        "http://zwgk.example.gov.cn/nb/",
        "http://www.example.gov.cn/zwgk/zdgk/",
        "http://www.example.gov.cn/zwgk/",
    )


def test_a_probe_follows_the_two_best_links_of_a_page_that_is_not_the_column() -> None:
    plan = Reach(Scope.PROBE).widened(Plan(()), page(), Visit("p", "list", "http://www.example.gov.cn/"))

    assert plan.folder_urls == ("http://zwgk.example.gov.cn/nb/", "http://www.example.gov.cn/zwgk/zdgk/")
    assert [(one.role, one.depth) for one in plan.folders] == [("list", 0), ("list", 0)]


@pytest.mark.parametrize(
    ("scope", "plan"),
    [
        (Scope.RUN, Plan(())),
        (Scope.LISTS, Plan(())),
        (Scope.PROBE, Plan((choice("示例市教育局2025年政府信息公开年报"),), names_column=True)),
        (Scope.PROBE, Plan((choice("示例市教育局2025年政府信息公开年报"),) * 5)),
        (Scope.PROBE, Plan((), folders=(Visit("p", "list", "/nb/"),), folder_urls=("/nb/",))),
    ],
)
def test_a_page_that_leads_on_by_itself_is_not_widened(scope: Scope, plan: Plan) -> None:
    assert Reach(scope).widened(plan, page(), Visit("p", "list", "/")) is plan


def test_lists_alone_fetch_no_report_but_open_a_bare_year() -> None:
    titles = ("示例市教育局2025年政府信息公开年报", "2025年")

    assert [Reach(Scope.LISTS).fetches(choice(title)) for title in titles] == [False, True]
    assert all(Reach().fetches(choice(title)) for title in titles)


def test_a_look_ends_when_its_pages_are_spent() -> None:
    few = Reach.from_json({"scope": "probe", "most_pages": 3})

    assert [few.spent(asked) for asked in (2, 3)] == [False, True]
    assert not Reach.from_json({}).spent(10_000)


@pytest.mark.parametrize(
    ("title", "organ"),
    [
        ("示例市教育局2025年政府信息公开工作年度报告", "示例市教育局"),
        ("示例市财政局（地方金融监管局）2025年政府信息公开年报", "示例市财政局"),
        ("2025年政府信息公开工作年度报告", ""),
    ],
)
def test_a_title_says_whose_report_it_is(title: str, organ: str) -> None:
    assert organ_in(title) == organ

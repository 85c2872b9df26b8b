"""Whose report a link is, and of which year."""

from __future__ import annotations

import pytest

from crawler.cms import Link
from crawler.portal import Organisation
from crawler.select import Kind, choose, owner_in_title, year_of

EDU = Organisation("edu", "示例市教育局", ("市教育局", "教育局"), region="示例市")
GOV = Organisation("gov", "示例市人民政府", kind="government", region="示例市")
OFFICE = Organisation("office", "示例市人民政府办公室", region="示例市")
ALL = (EDU, GOV, OFFICE)


def link(title: str, organ: str = "") -> Link:
    return Link(title, "http://x.test/a.html", None, organ)


@pytest.mark.parametrize(
    ("title", "who", "year"),
    [
        ("示例市教育局2025年政府信息公开工作年度报告", "edu", 2025),
        ("示例市教育局2025年度政府信息公开年度报告", "edu", 2025),
        ("示例市教育局２０２５年政府信息公开年报", "edu", 2025),
        ("示例市教育局二〇二五年政府信息公开工作年度报告", "edu", 2025),
        ("2025年度示例市教育局政府信息公开工作年度报告", "edu", 2025),
        ("关于发布《示例市教育局2025年政府信息公开工作年度报告》的公告", "edu", 2025),
        ("市教育局2025年政府信息公开工作报告", "edu", 2025),
        ("示例市人民政府2025年政府信息公开工作年度报告", "gov", 2025),
        ("示例市人民政府办公室2025年政府信息公开工作年度报告", "office", 2025),
    ],
)
def test_a_title_names_its_organisation_and_year(title: str, who: str, year: int) -> None:
    found = choose(link(title), ALL)

    assert (found.kind, found.organisation, found.year) == (Kind.REPORT, who, year)
    assert found.why


@pytest.mark.parametrize(
    "title",
    [
        "示例市教育局2025年法治政府建设年度报告",
        "示例市教育局2025年部门决算公开",
        "示例市教育局政府网站工作年度报表（2025年）",
        "图解：示例市教育局2025年政府信息公开工作年度报告",
        "示例市教育局2025年政府信息公开工作年度报告（图片版）",
        "关于做好2025年政府信息公开工作年度报告编制工作的通知",
        "示例市教育局召开2025年工作会议",
    ],
)
def test_neighbours_and_companions_are_no_reports(title: str) -> None:
    assert choose(link(title), ALL, column=True).kind is Kind.NOT_A_REPORT


def test_a_longer_name_is_another_organisation() -> None:
    found = choose(link("示例市人民政府办公室2025年政府信息公开工作年度报告"), (GOV,))

    assert (found.kind, found.organisation) == (Kind.OTHER, None)


@pytest.mark.parametrize(
    "title", ["示例市卫生健康委员会2025年政府信息公开年度报告", "甲县教育局2025年政府信息公开年度报告"]
)
def test_another_organisations_report_is_never_ours(title: str) -> None:
    assert choose(link(title), (EDU,)).kind is Kind.OTHER


def test_a_name_only_half_understood_goes_to_review_with_its_suspects() -> None:
    found = choose(link("示例市教育局及下属单位2025年政府信息公开年度报告"), ALL)

    assert (found.kind, found.suspects) == (Kind.AMBIGUOUS, ("edu",))


def test_a_title_without_organ_belongs_to_the_only_organisation_of_the_portal() -> None:
    found = choose(link("2025年政府信息公开工作年度报告"), (EDU,))

    assert found.organisation == "edu"
    assert any("只有一个机构" in why for why in found.why)


def test_a_title_without_organ_takes_the_organ_column() -> None:
    assert choose(link("2025年政府信息公开工作年度报告", "示例市教育局"), ALL).organisation == "edu"


def test_an_organ_column_with_another_name_is_not_overruled_by_the_only_organisation() -> None:
    assert choose(link("2025年政府信息公开工作年度报告", "示例市卫生局"), (EDU,)).kind is Kind.OTHER


def test_an_office_in_the_organ_column_is_not_the_only_organisation_that_it_is_named_after() -> None:
    found = choose(link("2025年政府信息公开工作年度报告", "示例市人民政府办公室"), (GOV,))

    assert (found.kind, found.organisation) == (Kind.OTHER, None)


def test_a_title_without_organ_on_a_shared_portal_is_ambiguous_for_all() -> None:
    found = choose(link("2025年政府信息公开工作年度报告"), ALL)

    assert (found.kind, found.suspects) == (Kind.AMBIGUOUS, ("edu", "gov", "office"))


def test_a_name_shared_by_two_organisations_is_ambiguous() -> None:
    other = Organisation("edu2", "另一教育局", ("教育局",))

    assert choose(link("教育局2025年政府信息公开年度报告"), (EDU, other)).kind is Kind.AMBIGUOUS


@pytest.mark.parametrize(
    ("title", "year"), [("2025年度报告", 2025), ("二○二四年", 2024), ("年度报告", None), ("2024年至2025年", None)]
)
def test_the_year_is_the_only_one_named(title: str, year: int | None) -> None:
    assert year_of(title) == year


def test_a_page_title_names_an_owner_but_a_site_name_does_not() -> None:
    assert owner_in_title("政府信息公开年报 - 示例市教育局", ALL) == "edu"
    assert owner_in_title("政府信息公开年报-示例市人民政府", ALL) is None


TOWN = (
    *ALL,
    Organisation("exam", "示例市教育局考试院", region="示例市"),
    Organisation("audit", "示例市审计局", region="示例市"),
    Organisation("law", "示例市综合行政执法局", region="示例市"),
    Organisation("reform", "示例市发展和改革委员会", region="示例市"),
    Organisation("finance", "示例市财政局", region="示例市"),
    Organisation("street", "金山街道办事处", region="示例市"),
    Organisation("staff", "江西省示例市人力资源和社会保障局", region="示例市"),
    Organisation("east", "东湖区教育局", region="示例市东湖区"),
    Organisation("county", "歙县教育局", region="示例市歙县"),
    Organisation("town", "青石镇人民政府", kind="township", region="示例市歙县"),
    Organisation("zone", "示例高新技术产业开发区管理委员会", ("示例高新区管委会",), kind="zone", region="示例市"),
    Organisation("tax", "国家税务总局示例市税务局", region="示例市"),
    Organisation("health", "示例市卫生健康委员会", ("示例市卫生和计划生育委员会",), region="示例市"),
    Organisation("sport", "示例市文化体育局", region="示例市"),
    Organisation("traffic", "示例市公安局交通警察支队", region="示例市"),
    Organisation("police", "示例市公安局", region="示例市"),
)


@pytest.mark.parametrize(
    ("title", "who"),
    [
        ("江西省示例市教育局2025年政府信息公开工作年度报告", "edu"),
        ("示例市教育局考试院2025年政府信息公开工作年度报告", "exam"),
        ("示例市政府2025年政府信息公开工作年度报告", "gov"),
        ("示例市2025年政府信息公开工作年度报告", "gov"),
        ("示例市政府办2025年政府信息公开年报", "office"),
        ("示例市发展改革委2025年政府信息公开工作年度报告", "reform"),
        ("示例市财政局（地方金融监管局）2025年政府信息公开工作年度报告", "finance"),
        ("2025年政府信息公开工作年度报告（示例市财政局）", "finance"),
        ("市财政局2025年政府信息公开年报", "finance"),
        ("示例市财政局政府信息公开2025年度报告", "finance"),
        ("[2026-01-20]示例市财政局2025政府信息公开年报", "finance"),
        ("示例市财政局2025年政府信息公开年报（2026年1月发布）", "finance"),
        ("1、示例市财政局2025年政府信息公开年度工作报告（全文）", "finance"),
        ("示例市金山街道2025年政府信息公开工作年度报告", "street"),
        ("示例市人社局2025年政府信息公开工作年度报告", "staff"),
        ("示例市人力资源和社会保障局2025年政府信息公开工作年度报告", "staff"),
        ("示例市东湖区教育局2025年政府信息公开工作年度报告", "east"),
        ("示例市财政局2025年政府信息公开工作…", "finance"),
        ("示例市财政局2025年政府信息公开工作年", "finance"),
        ("示例市歙县教育局2025年政府信息公开工作年度报告", "county"),
        ("青石镇2025年政府信息公开工作年度报告", "town"),
        ("青石镇人民政府2025年信息公开年报", "town"),
        ("示例市财政局2025年政府信息主动公开和依申请公开工作年度报告", "finance"),
        ("青石镇人民政府信息公开年报（2025年）", "town"),
        ("示例市人民政府信息公开2025年度工作报告", "gov"),
        ("歙县青石镇2025年政府信息公开年报", "town"),
        ("示例高新区2025年政府信息公开工作年度报告", "zone"),
        ("示例市税务局2025年政府信息公开工作年度报告", "tax"),
        ("示例市卫生和计划生育委员会2025年政府信息公开工作年度报告", "health"),
        ("示例市卫健委2025年政府信息公开工作年度报告", "health"),
        ("示例市公安局2025年政府信息公开工作年度报告", "police"),
        ("二、示例市财政局2025年政府信息公开工作年度报告书", "finance"),
        ("【更正】示例市财政局关于2025年政府信息公开工作总结报告的公示", "finance"),
        ("示例市财政局2025年报", "finance"),
    ],
)
def test_everyday_forms_of_a_name_are_the_organisation(title: str, who: str) -> None:
    found = choose(link(title), TOWN, column=True)

    assert (found.kind, found.organisation, found.year) == (Kind.REPORT, who, 2025)


@pytest.mark.parametrize(
    ("title", "who"),
    [("示例市审计局2025年政府信息公开年报", "audit"), ("示例市综合行政执法局2025年信息公开年报", "law")],
)
def test_an_organ_named_like_a_neighbouring_duty_is_not_excluded(title: str, who: str) -> None:
    assert choose(link(title), TOWN).organisation == who


@pytest.mark.parametrize("title", ["示例市教育局、示例市体育局2025年政府信息公开年报", "示例市教育局2025年政…"])
def test_a_title_that_may_be_ours_is_looked_at_before_absence_is_claimed(title: str) -> None:
    found = choose(link(title), TOWN, column=True)

    assert (found.kind, "edu" in found.suspects) == (Kind.AMBIGUOUS, True)


@pytest.mark.parametrize(
    ("title", "suspect"),
    [("示例市文体局2025年政府信息公开年报", "sport"), ("示例市公安局交警支队2025年政府信息公开年报", "traffic")],
)
def test_what_may_be_a_short_form_of_ours_is_a_doubt_about_that_one_alone(title: str, suspect: str) -> None:
    found = choose(link(title), TOWN, column=True)

    assert (found.kind, found.suspects) == (Kind.AMBIGUOUS, (suspect,))


@pytest.mark.parametrize("title", ["示例市体育局2025年政府信息公开年报", "示例市公安局禁毒支队2025年政府信息公开年报"])
def test_a_word_that_stands_whole_in_a_longer_name_is_no_short_form_of_it(title: str) -> None:
    assert choose(link(title), TOWN, column=True).kind is Kind.OTHER


@pytest.mark.parametrize("words", ["绩效报告", "党务公开年度报告", "依申请公开年度报告", "建议提案办理情况报告"])
def test_other_reports_in_the_column_are_none(words: str) -> None:
    assert choose(link(f"示例市财政局2025年{words}"), TOWN, column=True).kind is Kind.NOT_A_REPORT


def test_a_name_below_a_year_is_a_report_in_the_column_alone() -> None:
    below = Link("市教育局", "http://x.test/a.html", year=2025)

    found = choose(below, ALL, column=True)

    assert (found.kind, found.organisation, found.year) == (Kind.REPORT, "edu", 2025)
    assert choose(below, ALL).kind is Kind.NOT_A_REPORT


def test_the_same_office_of_another_place_is_another_organisation() -> None:
    assert choose(link("乙市教育局2025年政府信息公开年报"), TOWN).kind is Kind.OTHER

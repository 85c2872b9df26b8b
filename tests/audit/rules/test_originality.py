"""Copied texts and foreign names: new figures make no new text, and other organs may be spoken of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.context import Alike, Context
from audit.engine import judge
from audit.finding import Finding, Kind, Severity
from audit.report import Report
from tests.audit.reports import OVERVIEW, PROBLEMS, with_text
from tests.audit.rules.cases import DUE, GOOD, LAST_YEAR

OTHER_TEXT = (
    "这一年我们把重心放在基层：为每个学校编印事项标准目录，安排联络员上门辅导，家长可以扫码查询招生划片范围，热线接听人员全部换岗轮训，"
    "开放日邀请学生代表走进机关，旁听局务会议的讨论过程，并把会议纪要整理成问答贴在布告栏旁，供来访者翻看带走。"
)
BEFORE = replace(DUE, previous=LAST_YEAR)


def findings(report: Report, context: Context, *rules: str) -> tuple[Finding, ...]:
    return judge(report, context, select=rules).findings


def last_year(overview: str = OVERVIEW, problems: str = PROBLEMS, **changes: object) -> Context:
    previous = with_text(with_text(LAST_YEAR, "overview", overview), "problems", problems)
    return replace(DUE, previous=replace(previous, **changes))  # type: ignore[arg-type]


def test_the_same_text_is_one_error_and_not_two_findings() -> None:
    (finding,) = findings(GOOD, last_year(), "Q001", "Q004")

    assert (finding.rule, finding.severity, finding.actual) == ("Q001", Severity.ERROR, 100)


@pytest.mark.parametrize(
    ("word", "other"),
    [("320", "318"), ("2 次", "5 次"), ("（一）", "一、"), ("2 期", "两期"), ("网站", "网\n站"), ("，", "； ")],
)
def test_new_figures_marks_and_breaks_make_no_new_text(word: str, other: str) -> None:
    context = last_year(OVERVIEW.replace(word, other), PROBLEMS.replace(word, other))

    (finding,) = findings(GOOD, context, "Q001")

    assert finding.severity is Severity.ERROR


def test_a_text_with_the_old_name_of_the_organ_is_still_the_same() -> None:
    now = with_text(GOOD, "overview", "示例市教育局" + OVERVIEW)
    then = last_year("示例市教育委员会" + OVERVIEW, agency="示例市教育委员会")

    assert [one.rule for one in findings(now, replace(then, aliases=("示例市教育委员会",)), "Q001")] == ["Q001"]


def test_a_rewritten_half_is_a_warning_of_its_own() -> None:
    (finding,) = findings(GOOD, last_year(OVERVIEW[:90]), "Q001", "Q004")

    assert (finding.rule, finding.severity) == ("Q004", Severity.WARNING)
    assert "公开" in finding.message["zh"]


def test_another_text_is_the_organs_own() -> None:
    assert findings(GOOD, last_year(OTHER_TEXT, OTHER_TEXT[::-1]), "Q") == ()


def test_words_that_all_must_write_are_no_copy() -> None:
    common = (
        "坚持以习近平新时代中国特色社会主义思想为指导，全面贯彻党的二十大精神，落实国务院关于政务公开的部署，严格执行《政府信息公开条例》，"
        "坚持以公开为常态、不公开为例外，做到应公开尽公开。本报告所列数据统计期限自1月1日起至12月31日止，如有疑问请与我局联系（联系电话：123）。"
    )
    now = with_text(with_text(GOOD, "overview", common + OTHER_TEXT), "problems", OTHER_TEXT[::-1])

    assert findings(now, last_year(common), "Q") == ()


def test_a_text_too_short_to_be_copied_is_left_alone() -> None:
    short = "全年公开信息 20 条。下一步将加强学习。"

    now = with_text(with_text(GOOD, "overview", short), "problems", short)
    assert findings(now, last_year(short, short), "Q001", "Q004") == ()


@pytest.mark.parametrize(
    ("likeness", "severity"), [(0.799, None), (0.8, Severity.WARNING), (0.899, Severity.WARNING), (0.9, Severity.ERROR)]
)
def test_likeness_to_another_organ_grades_the_finding(likeness: float, severity: Severity | None) -> None:
    alike = (Alike("civil", "示例市民政局", 2024, 0.3), Alike("finance", "示例市财政局", 2023, likeness, "某段文字"))

    found = findings(GOOD, replace(DUE, alike=alike), "Q002")

    assert [one.severity for one in found] == ([severity] if severity else [])
    assert all("示例市财政局 2023" in one.message["zh"] for one in found)


def test_a_government_and_its_office_may_share_a_text() -> None:
    context = replace(DUE, name="示例市人民政府", alike=(Alike("office", "示例市人民政府办公室", 2024, 1.0),))

    assert findings(replace(GOOD, agency="示例市人民政府"), context, "Q002") == ()


NAMES = replace(
    DUE,
    kind="department",
    aliases=("市教育局",),
    other_names=frozenset(
        {
            "示例市民政局",
            "示例市财政局",
            "示例市人民政府",
            "示例市司法局",
            "别处县教育局",
            "民政局",
            "市教育局",
            "甲县人民政府办公室",
        }
    ),
)

LEFT_BEHIND = [
    "示例市民政局2024年主动公开政府信息 320 条。",
    "2024年，示例市民政局认真落实政府信息公开工作要求。",
    "2024 年示例市财政局高度重视政务公开工作。",
    "一年来，别处县教育局严格执行信息公开条例。",
    "今年以来，示例市司法局深入推进政务公开。",
    "（一）示例市民政局主动公开情况良好。",
    "一是示例市民政局持续加强政府信息公开。",
    "总体较好。示例市民政局坚持公开为先，政府信息公开有序。",
    "全年，示例市民政局共公开信息 30 条。",
    "甲县人民政府办公室2024年政府信息公开工作情况如下。",
    "别处县教育局政府信息公开工作总体平稳。",
    "2024年度，别处县教育局积极推进信息公开。",
    "民政局切实做好政务公开。",
    "示例市财政局，认真贯彻条例。",
    "示例市司法局始终把政务公开摆在突出位置。",
    "1.示例市民政局没有收到政府信息公开申请。",
    "示例市民政局未收到政府信息公开申请。",
    "2024年，示例市司法局按照条例要求做好各项工作。",
    "示例市财政局全面落实政务公开要点。",
    "示例市民政局进一步规范信息公开流程。",
    "示例市民政局不断提高政府信息公开水平。",
]
RIGHTLY_NAMED = [
    "联合示例市民政局开展政策解读。",
    "示例市民政局、示例市财政局共同印发通知。",
    "我局与示例市民政局建立会商机制。",
    "配合示例市司法局做好规范性文件清理。",
    "根据示例市财政局统一部署公开预决算。",
    "示例市人民政府2024年印发政务公开工作要点。",
    "示例市教育局2024年主动公开政府信息 320 条。",
    "市教育局认真落实政府信息公开条例。",
    "示例市财政局关于公开预算的通知已转发。",
    "示例市司法局等部门来局调研。",
    "向示例市民政局学习先进经验。",
    "转发示例市民政局2024年主动公开目录。",
    "接受示例市财政局监督检查。",
    "示例市民政局局长应邀授课。",
    "经示例市司法局合法性审查后公开。",
    "收到示例市民政局转来的申请 2 件。",
    "示例市民政局和我局联合发布指南。",
    "示例市财政局批复的部门预算已公开。",
    "示例市民政局网站链接已更新。",
    "由示例市财政局统一收取，本机关未收费。",
    "示例市民政局与我局2024年共同推进政务公开。",
]


@pytest.mark.parametrize("sentence", LEFT_BEHIND)
def test_a_sentence_that_reports_anothers_work_is_a_warning(sentence: str) -> None:
    (finding,) = findings(with_text(GOOD, "overview", f"{OVERVIEW}{sentence}"), NAMES, "Q003")

    assert (finding.kind, finding.severity) == (Kind.FAIL, Severity.WARNING)
    assert str(finding.actual) in sentence


@pytest.mark.parametrize("sentence", RIGHTLY_NAMED)
def test_other_organs_may_be_spoken_of(sentence: str) -> None:
    assert findings(with_text(GOOD, "overview", f"{OVERVIEW}{sentence}"), NAMES, "Q003") == ()


@pytest.mark.parametrize("sentence", ["示例市财政局积极配合我局公开预决算信息。", "示例市司法局严格审查文件合法性。"])
def test_a_sentence_that_may_be_right_goes_to_a_person(sentence: str) -> None:
    (finding,) = findings(with_text(GOOD, "overview", f"{OVERVIEW}{sentence}"), NAMES, "Q003")

    assert finding.kind is Kind.OPEN


def test_a_government_speaks_of_its_departments() -> None:
    context = replace(NAMES, name="示例市人民政府", kind="government", aliases=())
    text = OVERVIEW + "示例市民政局2024年主动公开政府信息 320 条。"

    assert findings(with_text(replace(GOOD, agency="示例市人民政府"), "overview", text), context, "Q003") == ()


def test_what_lacks_its_context_is_not_judged() -> None:
    judgement = judge(GOOD, DUE, select=("Q",))

    assert [one.rule for one in judgement.not_judged] == ["Q001", "Q002", "Q003", "Q004"]

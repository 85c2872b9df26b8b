"""The words of the text: what real reports say must satisfy, what says nothing must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.engine import judge
from audit.finding import Finding, Severity
from audit.report import Report
from tests.audit.reports import OVERVIEW, PROBLEMS, with_text
from tests.audit.rules.cases import DUE, GOOD


def findings(report: Report, rule: str) -> tuple[Finding, ...]:
    return judge(report, DUE, select=(rule,)).findings


def test_each_missing_aspect_is_named_and_the_number_grades_the_finding() -> None:
    sentences = OVERVIEW.split("。")[:-1]
    kept = {1: sentences[:8], 2: sentences[:6], 3: sentences[:4]}
    drop = {1: "监督保障", 2: "政府信息公开平台建设、监督保障", 3: "政府信息管理、政府信息公开平台建设、监督保障"}
    severities = {1: Severity.NOTE, 2: Severity.WARNING, 3: Severity.ERROR}
    for count, names in drop.items():
        text = "。".join(kept[count]).replace("网站", "渠道") + "。"
        (finding,) = findings(with_text(GOOD, "overview", text), "C001")
        assert (finding.severity, finding.actual) == (severities[count], 5 - count)
        assert names in finding.message["zh"]


@pytest.mark.parametrize(
    "sentence",
    [
        "依法受理并答复群众提出的申请 3 件。",
        "畅通受理渠道，全年未收到政府信息公开申请。",
        "（二）依申请公开。规范办理程序。",
        "2024 年办理公开申请共 12 件，均已答复。",
    ],
)
def test_common_wordings_of_requests_count(sentence: str) -> None:
    text = OVERVIEW.replace("（二）依申请公开。全年收到政府信息公开申请 15 件，均按期答复。", sentence)

    assert findings(with_text(GOOD, "overview", text), "C001") == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "成立由主要领导任组长的工作领导小组，压实各科室责任。",
        "全年开展业务学习和培训 4 次，覆盖全体经办人员。",
        "主动接受社会评议，未发生责任追究情形。",
        "对信息发布情况每季度检查并通报结果。",
    ],
)
def test_common_wordings_of_supervision_count(sentence: str) -> None:
    text = OVERVIEW[: OVERVIEW.index("（五）")] + sentence

    assert findings(with_text(GOOD, "overview", text), "C001") == ()


def test_a_line_break_inside_a_word_hides_nothing() -> None:
    text = OVERVIEW.replace("申请公开", "申\n请公开").replace("考核", "考 \n核")

    assert findings(with_text(GOOD, "overview", text), "C001") == ()


@pytest.mark.parametrize(
    "text",
    ["本年度未收取信息处理费。", "本机关未发生依申请公开收费情况。", "2024 年没有收取任何费用。"],
)
def test_a_word_on_fees_anywhere_is_enough(text: str) -> None:
    silent = with_text(GOOD, "other_matters", "无。")

    assert findings(with_text(silent, "overview", OVERVIEW + text), "C004") == ()


def test_a_list_of_administrative_fees_is_no_word_on_handling_fees() -> None:
    report = with_text(GOOD, "other_matters", "公布行政事业性收费目录清单。")

    assert [finding.rule for finding in findings(report, "C004")] == ["C004"]


def test_before_2020_nothing_need_be_said_of_fees() -> None:
    report = with_text(GOOD, "other_matters", "无。")

    assert judge(report, replace(DUE, year=2019), select=("C004",)).findings == ()


def test_problems_without_a_measure_are_a_warning() -> None:
    text = "对照新要求新任务，仍存在以下短板：一是主动公开工作还需进一步规范。"

    (finding,) = findings(with_text(GOOD, "problems", text), "C005")

    assert finding.severity is Severity.WARNING
    assert "没有改进措施" in finding.message["zh"]


def test_one_problem_and_general_words_are_a_note() -> None:
    text = (
        "虽然取得了成效，但还存在更新不及时等问题。下一步，我局将提高认识，加大力度，增强服务意识，"
        "努力提升工作质量和水平，更好地满足群众的需求。"
    )

    (finding,) = findings(with_text(GOOD, "problems", text), "C005")

    assert finding.severity is Severity.NOTE


def test_a_concrete_section_is_left_alone() -> None:
    assert findings(with_text(GOOD, "problems", PROBLEMS), "C005") == ()

"""Order, headings, basis, leftovers and numbering: what counts, and what looks like it and does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.engine import judge
from audit.finding import Kind
from audit.report import Report, RowMatch
from audit.rules.example import valid
from tests.audit.reports import with_table, with_text
from tests.audit.rules.cases import DUE

REPORT = valid()


def told(rule: str, subject: Report) -> list[str]:
    return [one.subject for one in judge(subject, DUE, select=(rule,)).findings if one.kind is Kind.FAIL]


def headed(**headings: str) -> Report:
    parts = {key: replace(REPORT.sections[key], heading=heading) for key, heading in headings.items()}
    return replace(REPORT, sections={**REPORT.sections, **parts})


@pytest.mark.parametrize(
    "words",
    [
        "全年主动公开政府信息XX条。",
        "共受理申请××件。",
        "2024年X月X日印发。",
        "20XX年，我局认真落实要求。",
        "由XX局牵头落实。",
        "（此处填写工作情况）",
        "【请填写本单位情况】",
        "单位名称2024年工作情况。",
        "主动公开____条。",
        "主动公开（ ）条。",
        "填表说明：本表由各单位填写。",
        "该部分以表格形式报告。表格如下：",
    ],
)
def test_what_a_template_left_is_told(words: str) -> None:
    assert told("S007", with_text(REPORT, "overview", words)) == ["overview"]


@pytest.mark.parametrize(
    "words",
    [
        "张XX诉我局政府信息公开一案已审结。",
        "申请人李××申请公开XX局的会议纪要。",
        "已隐去XX公司等当事人名称。",
        "网址为http://xxgk.example.gov.cn/xx/index.html。",
        "推进“互联网+XXL”试点，型号为XX100。",
        "公开发文单位名称和联系方式。",
        "开展公众满意度调查，按模板答复申请。",
        "完善答复文书（见附件）【专栏】。",
    ],
)
def test_what_only_looks_like_a_template_is_left_alone(words: str) -> None:
    assert told("S007", with_text(REPORT, "overview", words)) == []


@pytest.mark.parametrize(
    "words",
    [
        "按照《政府信息公开条例》（国务院令第492号）和国办公开办函〔2019〕60号要求编制。",
        "依据国务院令 第４９２号，编制本报告。",
    ],
)
def test_a_superseded_basis_is_told(words: str) -> None:
    assert told("S006", replace(REPORT, preamble=words)) == ["report"]


@pytest.mark.parametrize(
    "words",
    [
        "根据《政府信息公开条例》（国务院令第711号）和国办公开办函〔2021〕30号要求编制。",
        "原条例（国务院令第492号）规定的栏目已按要求清理。",
        "60号会议室按照要求开放，热线为0492号段。",
        "答复文件编号为第492号。",
    ],
)
def test_history_and_other_numbers_are_no_basis(words: str) -> None:
    assert told("S006", replace(REPORT, preamble=words)) == []


def test_sections_that_changed_places_are_told_and_are_no_muddle_of_numbers() -> None:
    swapped = headed(disputes="五、政府信息公开行政复议、行政诉讼情况", problems="四、存在的主要问题及改进情况")

    assert (told("S002", swapped), told("S012", swapped)) == (["report"], [])


def test_sections_in_another_place_of_the_print_are_told() -> None:
    keys = ("overview", "disclosure", "disputes", "requests", "problems", "other_matters")

    assert told("S002", replace(REPORT, sections={key: REPORT.sections[key] for key in keys})) == ["report"]


@pytest.mark.parametrize(
    "heading",
    [
        "五、存在的主要问题及改进情况",
        "第五部分 存在的主要问题及改进情况",
        "（五）存在的主要问题及改进情况",
        "存在的主要问题及改进情况",
    ],
)
def test_other_ways_to_number_a_heading_are_no_rewording(heading: str) -> None:
    subject = headed(problems=heading)

    assert told("S003", subject) == told("S002", subject) == told("S012", subject) == []


def test_numbers_pushed_on_by_a_promoted_topic_are_told() -> None:
    headings = {
        "disclosure": "三、主动公开政府信息情况",
        "requests": "四、收到和处理政府信息公开申请情况",
        "disputes": "五、政府信息公开行政复议、行政诉讼情况",
        "problems": "六、存在的主要问题及改进情况",
        "other_matters": "七、其他需要报告的事项",
    }

    assert told("S012", headed(**headings)) == ["report"]


@pytest.mark.parametrize(
    ("line", "subjects"),
    [
        ("二、强化平台建设", ["report"]),
        ("一、二季度信息发布情况", []),
        ("一、本年新收政府", []),
        ("三、本年度办理结", []),
        ("四、结转下年度继续办理", []),
    ],
)
def test_a_topic_numbered_like_a_section_is_told_and_a_label_out_of_table_3_is_none(
    line: str, subjects: list[str]
) -> None:
    section = REPORT.sections["requests"]
    report = replace(REPORT, sections={**REPORT.sections, "requests": replace(section, text=f"{section.text}\n{line}")})

    assert told("S012", report) == subjects


@pytest.mark.parametrize(
    ("printed", "likeness", "subjects"),
    [
        ("（一）予以公开", 1.0, []),
        ("三、本年度办理结果（一）予以公开", 0.8, []),
        ("予以公开", 0.9, []),
        ("（一）全部公开的申请", 0.7, ["requests"]),
    ],
)
def test_a_label_is_reworded_only_if_its_words_are_others(printed: str, likeness: float, subjects: list[str]) -> None:
    match = RowMatch("granted", printed, likeness)

    assert told("S010", with_table(REPORT, "requests", matches=(match,))) == subjects


@pytest.mark.parametrize(("text", "left"), [("公开方式：网站（√）、公报（ ）。", False), ("联系单位：（ ）。", True)])
def test_an_empty_bracket_beside_a_ticked_one_is_an_answer(text: str, left: bool) -> None:
    section = replace(REPORT.sections["overview"], text=text)

    assert bool(told("S007", replace(REPORT, sections={**REPORT.sections, "overview": section}))) == left

"""Whole paragraphs in many voices with the figures of generated reports: right ones, and one wrong at a time."""

from __future__ import annotations

import random
from string import Formatter

import pytest

from audit.context import Context
from audit.engine import judge
from audit.finding import Kind
from audit.form import load
from audit.report import Report
from tests.audit.reports import number, report, with_text

PARAGRAPHS = (
    "（一）主动公开。全年通过门户网站公开信息{noise}条，其中政策解读{noise}篇。制发行政规范性文件{issued}件，废止{repealed}件，现行有效{in_force}件。\n"
    "（二）依申请公开。2024年共收到政府信息公开申请{received}件，上年结转{carried_in}件，办结{concluded}件，结转下年度继续办理{carried_forward}件。",
    "（二）依申请公开情况\n我局畅通申请渠道，全年新收政府信息公开申请{received}件（其中网上{noise}件、信函{noise}件），加上2023年结转{carried_in}件，"
    "共答复{concluded}件，另有{carried_forward}件结转至2025年办理。从办理结果看，予以公开{granted}件，部分公开{partly}件，不予公开{refused}件，"
    "无法提供{unavailable}件，不予处理{rejected}件，其他处理{other}件。",
    "二是依申请公开更加规范。本年度受理依申请公开{received}件，较上年增加{noise}件，增长{noise}%；去年结转{carried_in}件；按期办结{concluded}件。"
    "接听咨询电话{noise}次，办理12345工单{noise}件，均已办结。",
    "全年受理政府信息公开申请{received}宗，同比下降{noise}%。其中，予以公开{granted}宗，部分公开{partly}宗，不予公开{refused}宗。"
    "因政府信息公开引发的行政复议{review}宗，行政诉讼{suits}宗。办理人大建议{noise}件、政协提案{noise}件，办结率100%。",
    "（二）规范依申请公开办理。严格落实登记、审核、办理、答复、归档流程，2024年接收申请{received}件，上年度结转{carried_in}件，"
    "全部在法定期限内作出处理，其中无法提供{unavailable}件，不予处理{rejected}件；{carried_forward}件结转下一年度办理。"
    "2023年收到申请{noise}件、办结{noise}件。",
    "我单位2024年度共办理政府信息公开申请{handled}件，其中新收{received}件、上年结转{carried_in}件；累计回复网民留言{noise}条，"
    "受理信访事项{noise}件。行政复议{review}件、行政诉讼{suits}件均与政府信息公开有关。",
    "主动公开方面，全年制定出台行政规范性文件{issued}件，清理规范性文件{noise}件，修改{noise}件，废止行政规范性文件{repealed}件，"
    "截至年底现行有效的行政规范性文件{in_force}件；作出行政许可决定{licences}件、行政处罚决定{penalties}件，公示双公示信息{noise}条。",
    "（二）依申请公开。2024 年，本机关收到公民、法人或者其他组织提出的政府信息公开申请 {received} 件，"
    "已答复 {concluded} 件，"
    "结转下年 {carried_forward} 件。答复情况：予以公开 {granted} 件；部分公开 {partly} 件；不予公开 {refused} 件；"
    "无法提供 {unavailable} 件；不予处理 {rejected} 件；其他处理 {other} 件。",
)
SEEDS = range(12)


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_a_paragraph_that_is_right_accuses_nobody(paragraph: str) -> None:
    for seed in SEEDS:
        base = report(seed)
        text = _filled(paragraph, base, random.Random(seed))

        findings = judge(with_text(base, "overview", text), Context(), select=("T",)).findings

        assert [one.message["zh"] for one in findings] == []


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_each_figure_that_is_wrong_is_named(paragraph: str) -> None:
    names = [name for _, name, _, _ in Formatter().parse(paragraph) if name and name != "noise"]
    missed = []
    for seed in SEEDS:
        base = report(seed)
        for wrong in names:
            text = _filled(paragraph, base, random.Random(seed), wrong)
            findings = judge(with_text(base, "overview", text), Context(), select=("T",)).findings
            if not any(one.kind is Kind.FAIL for one in findings):
                missed.append((seed, wrong))

    assert len(missed) <= 0.05 * len(SEEDS) * len(names), missed


def _filled(paragraph: str, base: Report, rng: random.Random, wrong: str = "") -> str:
    """The paragraph with the report's figures; ``wrong`` is one too many by a number no other reading gives."""
    values = _values(base)
    if wrong:
        values[wrong] += 100_003
    words = (
        (plain, f"{rng.randint(2, 900) if name == 'noise' else values[name]}" if name else "")
        for plain, name, _, _ in Formatter().parse(paragraph)
    )
    return "".join(plain + figure for plain, figure in words)


def _values(base: Report) -> dict[str, int]:
    def total(*rows: str) -> int:
        return sum(number(base, f"requests/{row}/total") for row in rows)

    def group(name: str) -> int:
        return total(*(row.id for row in load("2021").tables["requests"].rows if row.id.startswith(f"{name}.")))

    outer = ("received", "carried_in", "concluded", "carried_forward", "granted")
    norms = "disclosure/normative_documents"
    return {
        **{row: total(row) for row in outer},
        **{name: group(name) for name in ("refused", "unavailable", "rejected", "other")},
        **{column: number(base, f"{norms}/{column}") for column in ("issued", "repealed", "in_force")},
        **{row: number(base, f"disclosure/{row}/decisions") for row in ("licences", "penalties")},
        "handled": total("received", "carried_in"),
        "partly": total("partly_granted"),
        "review": number(base, "disputes/review/total"),
        "suits": number(base, "disputes/direct_suit/total") + number(base, "disputes/suit_after_review/total"),
    }

"""Documents that speak the language of the report and are none: they are told apart and never audited."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from audit.reading import NotAReport, read
from audit.report import State
from nianshen.demo.pages import HEADINGS
from tests.audit.reading.handmade import page, rows, table

COLUMN = "<p>首页 &gt; 政务公开 &gt; 政府信息公开年报</p>"
SUITS = (
    "<table><tr><td colspan=5>行政复议</td><td colspan=10>行政诉讼</td></tr>"
    f"<tr>{'<td>结果维持</td><td>结果纠正</td><td>其他结果</td><td>尚未审结</td><td>总计</td>' * 3}</tr>"
    f"<tr>{'<td>3</td>' * 15}</tr></table>"
)
DECISIONS = (
    "<table><tr><td>信息内容</td><td>本年处理决定数量</td></tr><tr><td>行政许可</td><td>35</td></tr>"
    "<tr><td>行政处罚</td><td>12</td></tr><tr><td>行政强制</td><td>0</td></tr></table>"
)


def document(title: str, lines: Iterable[str], more: str = "") -> bytes:
    body = "".join(f"<p>{line}</p>" for line in lines)
    return f"<html><title>{title}</title><body>{COLUMN}<h1>{title}</h1>{body}{more}</body></html>".encode()


STRANGERS = {
    "on the rule of law": document(
        "示例市水利局2023年度法治政府建设年度报告",
        ["一、总体情况", "主动公开政府信息320条，收到政府信息公开申请5件。", "二、存在的主要问题及改进措施", "略。"],
    ),
    "final accounts": document(
        "示例市水利局2023年度部门决算",
        ["一、总体情况", "收入总计126万元。", "二、存在的问题及改进措施", "略。", "三、其他需要报告的事项", "无。"],
        "<table><tr><td>行政事业性收费</td><td>3.2</td><td>0</td></tr></table>",
    ),
    "on reviews": document(
        "示例市2023年行政复议工作年度报告", ["一、总体情况", "受理320件。", "二、存在的主要问题及改进措施"], SUITS
    ),
    "statistics of enforcement": document("示例市水利局2023年度行政执法统计年报", ["行政处罚情况"], DECISIONS + SUITS),
    "guide": document(
        "示例市水利局政府信息公开指南", ["一、主动公开", "规章、行政规范性文件、行政许可。", "二、依申请公开"]
    ),
    "form of application": document(
        "政府信息公开申请表",
        [],
        "<table><tr><td>类型</td><td>商业企业□ 科研机构□ 法律服务机构□ 其他□</td></tr><tr><td>名称</td></tr></table>",
    ),
    "notice": document(
        "关于做好2023年政府信息公开工作年度报告编制工作的通知",
        ["报告由总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况等六个部分组成。", "1月31日前报送。"],
    ),
    "plan": document("示例市2024年政务公开工作要点", ["一、主动公开", "二、依申请公开", "三、编制2023年年度报告"]),
    "list": document(
        "政府信息公开年报",
        [f"示例市水利局{year}年政府信息公开工作年度报告 {year + 1}-01-20" for year in range(2018, 2025)],
    ),
    "gone": document("您访问的页面不存在", ["五秒后返回首页"]),
}


@pytest.mark.parametrize("data", STRANGERS.values(), ids=STRANGERS)
def test_another_document_is_no_report(data: bytes) -> None:
    with pytest.raises(NotAReport) as caught:
        read(data)

    assert caught.value.message["zh"]
    assert caught.value.message["en"]


def test_a_form_left_blank_is_no_report() -> None:
    def blank(name: str) -> str:
        return table(
            [[box if not box.cell else type(box)("", box.colspan, box.rowspan) for box in line] for line in rows(name)]
        )

    tables = "".join(
        f"<p>{heading}</p>{blank(name)}"
        for heading, name in zip(HEADINGS[1:4], ("disclosure", "requests", "disputes"), strict=True)
    )

    with pytest.raises(NotAReport) as caught:
        read(document("政府信息公开工作年度报告格式", [HEADINGS[0]], tables))

    assert "空白" in caught.value.message["zh"]


def test_a_report_of_which_only_last_years_table_is_found_claims_none_of_its_figures() -> None:
    found = read(page(tables={"requests": f"<p>附：上一年度情况</p>{table(rows('requests'))}"}))

    cells = found.tables["requests"].cells.values()
    assert {cell.how.value for cell in cells if cell.state is State.VALUE} == {"inferred"}
    assert "another_year" in found.tables["requests"].reasons

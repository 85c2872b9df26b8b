"""The words of the text: what real reports say must satisfy, what says nothing must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.engine import judge
from audit.finding import Finding, Severity
from audit.report import Report
from tests.audit.reports import OVERVIEW, PROBLEMS, with_cells, with_text
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
    text = OVERVIEW.replace("（二）依申请公开。规范受理政府信息公开申请，均按期答复。", sentence)

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


BARE = "全年通过门户网站公布信息 320 条，发布前严格审核把关，由专人负责并定期检查。"
"""An overview that speaks of everything but requests."""

REQUESTS = [
    "全年零申请。",
    "未收到政府信息公开申请。",
    "没有收到公民的申请件。",
    "受理渠道畅通，接到申请 3 件，全部答复。",
    "依法依规办理依申请公开事项。",
    "本年度申请量为 12 件。",
    "完善申请接收、登记、答复流程。",
    "新收信息公开申请共计 5 宗。",
    "当面、信函、在线申请渠道均已开通。",
    "收到不动产登记信息公开申请 3 件。",
    "办理财政信息公开申请 2 件。",
    "规范申请办理，提高答复质量。",
    "全年收到群众申请 8 份，按期办结。",
    "安排申请受理点 2 处并公布电话。",
    "依申 \n请公开工作有序开展。",
    "做好公开申请的登记和答复。",
    "收件 6 件，均在法定期限内答复。",
    "申请数量与上年持平，未出现超期。",
    "（二）依申请公开情况。按规定办理。",
    "处理自然人提出的申请 4 件。",
]
NOT_REQUESTS = [
    "受理行政许可申请 300 件。",
    "办理低保申请 120 件。",
    "收到临时救助申请 40 份。",
    "受理不动产登记申请 5000 件。",
    "受理行政复议申请 3 件。",
    "收到补贴申请材料 60 份。",
    "办理证照申请 88 件。",
    "受理工伤认定 12 件。",
    "收到群众来信 30 件，均已回复。",
    "办理建议提案 8 件。",
    "接听热线电话 400 个。",
    "答复网民留言 56 条。",
    "受理专利申请资助 5 件。",
    "接收公租房申请 90 户。",
    "办理信访事项 14 件。",
    "受理贷款贴息申请 6 笔。",
    "收到投诉举报 21 件。",
    "办理入学申请 700 人次。",
    "受理劳动仲裁申请 33 件。",
    "处理法院强制执行申请 2 件。",
]


@pytest.mark.parametrize("sentence", REQUESTS)
def test_a_word_on_requests_is_heard_however_it_is_put(sentence: str) -> None:
    assert findings(with_text(GOOD, "overview", BARE + sentence), "C001") == ()


@pytest.mark.parametrize("sentence", ["", *NOT_REQUESTS])
def test_other_business_is_no_word_on_requests(sentence: str) -> None:
    (finding,) = findings(with_text(GOOD, "overview", BARE + sentence), "C001")

    assert "依申请公开" in finding.message["zh"]
    assert finding.severity is Severity.NOTE


def test_the_trade_of_a_market_regulator_is_no_supervision_of_disclosure() -> None:
    text = "市场监督管理局公布信息 320 条，审核严格。网站更新及时。受理信息公开申请 3 件。食品安全监管成效明显。"

    (finding,) = findings(with_text(GOOD, "overview", text), "C001")

    assert "监督保障" in finding.message["zh"]


GOVERNMENT = replace(DUE, kind="government", name="示例市人民政府")
NOTHING = "公开信息 320 条。收到申请 12 件。严格审查。优化网站。组织培训 2 次，专人负责。"
ANSWERED = [
    "将政务公开纳入年度考核。",
    "开展社会评议一次。",
    "未发生责任追究情形。",
    "纳入绩效管理，占分 4%。",
    "接受第三方评估，位列全市第二。",
    "公众满意度为 96%。",
    "全年没有因信息公开被追责的情况。",
    "对落实不力的单位严肃问责。",
    "组织问卷测评，满意率较高。",
    "邀请群众代表评价公开工作。",
    "年终考评结果为优秀。",
    "约谈更新不及时的单位 1 家。",
    "通报批评 2 个部门。",
    "主动接受社会各界评\n议。",
    "考核结果作为评先评优依据。",
    "工作考核：优秀。社会评议：良好。",
    "政务公开考核得分 98 分。",
    "本年度无责任追究情况。",
    "引入第三方开展政务公开评估。",
    "对各镇街公开工作进行季度考核。",
]
NOT_ANSWERED = [
    "印发工作要点。",
    "召开推进会 2 次。",
    "健全工作机制。",
    "分管领导亲自抓。",
    "主要负责人听取汇报。",
    "开展自查 4 次。",
    "加强业务指导。",
    "落实责任分工。",
    "配备专职人员 2 名。",
    "组织培训班 3 期。",
    "强化监督检查。",
    "每季度通报更新情况。",
    "明确责任领导和责任科室。",
    "设立举报电话。",
    "建立台账，逐项销号。",
    "开展保密检查。",
    "接受人大监督。",
    "聘请监督员 5 名。",
    "落实经费保障。",
    "转发上级文件并组织学习。",
]


@pytest.mark.parametrize("sentence", ANSWERED)
@pytest.mark.parametrize("section", ["overview", "other_matters"])
def test_one_of_three_words_on_accountability_anywhere_is_enough(section: str, sentence: str) -> None:
    bare = with_text(with_text(with_text(GOOD, "problems", "略。"), "other_matters", "无。"), "overview", NOTHING)
    text = bare.sections[section].text + sentence

    assert judge(with_text(bare, section, text), GOVERNMENT, select=("C002",)).findings == ()


@pytest.mark.parametrize("sentence", NOT_ANSWERED)
def test_a_government_silent_on_accountability_is_an_error(sentence: str) -> None:
    bare = with_text(with_text(with_text(GOOD, "problems", "略。"), "other_matters", "无。"), "overview", NOTHING)

    (finding,) = judge(with_text(bare, "overview", NOTHING + sentence), GOVERNMENT, select=("C002",)).findings

    assert finding.severity is Severity.ERROR


FEES = [
    "未产生相关费用。",
    "收取费用总额0.00元。",
    "未收取信息处理费。",
    "信息处理费为 0 元。",
    "依申请公开未产生信息处理费用。",
    "未向申请人收取任何费用。",
    "免收信息处理费 2 件。",
    "政府信息公开收费 0 元。",
    "没有发生收费。",
    "依申请公开零收费。",
    "收费情况：无。",
    "信息公开处理费：无。",
    "无信息处理收费。",
    "未发出收费通知。",
    "收取检索、复制、邮寄等费用 0 元。",
    "未收取复制费、邮寄费。",
    "无收费及减免情况。",
    "信息处理收费金额为零。",
    "没有对公民、法人收费。",
    "提供政府信息不收费。",
    "本年度信息处\n理费收取 400 元。",
    "按照信息处理费管理办法，共收取 1200 元。",
]
OTHER_FEES = [
    "无。",
    "公开行政事业性收费目录。",
    "整治不合理收费。",
    "公布涉企收费清单。",
    "公示教育收费标准。",
    "规范停车收费管理。",
    "公开收费公路信息。",
    "严查乱收费行为。",
    "公开财政预决算和三公经费。",
    "落实减税降费政策。",
    "公布医疗收费价格。",
    "公开物业收费标准。",
    "公示收费许可证。",
    "公布行政事业收费项目。",
    "整治违规收费。",
    "缴纳党费 300 元。",
    "报销差旅费。",
    "发放补贴经费。",
    "公布殡葬收费标准。",
    "无其他需要报告的事项。",
]


@pytest.mark.parametrize("sentence", FEES)
def test_a_word_on_handling_fees_is_heard_however_it_is_put(sentence: str) -> None:
    assert findings(with_text(GOOD, "other_matters", sentence), "C004") == ()


@pytest.mark.parametrize("sentence", OTHER_FEES)
def test_fees_of_another_kind_are_no_word_on_handling_fees(sentence: str) -> None:
    assert [one.rule for one in findings(with_text(GOOD, "other_matters", sentence), "C004")] == ["C004"]


PLAIN = [
    "公开不够及时，解读形式单一。下一步将每月更新栏目，举办培训 2 期。",
    "一是力度不够；二是渠道不多。改进：一是建立台账；二是专人更新。",
    "部分科室主动公开意识不强，内容质量不高。今后：制定清单，定期通报。",
    "公开内容缺乏深度，更新频率偏低。我局将印发工作方案，明确责任人。",
    "还需加强学习，仍待完善机制。已制定培训计划，组织专题培训 3 次。",
    "队伍不稳定、业务不熟练，存在短板。为此配备专职人员，每季度培训。",
    "一是政策调整频繁，旧文件仍按有效展示，二是答复引用依据不完整。为此，一是逐件标注有效性，二是答复书须经法制审核。",
    "（1）项目公开内容偏粗；（2）内部流转用时过长。对应措施：（1）按四个阶段分节点公开；（2）开发流转提醒功能。",
    "宣传到村到户不够，老年人获取信息困难。拟利用大喇叭、明白纸、入户等方式补齐，报送情况每月排名。",
    "虽然做了大量工作，但公开的主动性还要继续提升。我们要学习先进地区经验，每季度开展一次对标。",
    "主要是公开深度不够，群众参与度低。我们采取召开座谈会、发放问卷等方式听取意见，逐条改进。",
    "无专职人员的问题仍在。已向编办申请增编，暂由文秘人员兼任。",
    "工作中暴露出信息发布审核链条长、效率低的情况，已压缩审核环节，由5个减至3个。",
    "机构改革后原有目录与现有职责对应关系混乱。已重新编制目录并于11月上线。",
]
PRAISE = [
    "本年度工作总体平稳，各项任务顺利完成。",
    "各项工作取得新成效，圆满完成年度目标任务。",
    "本机关不存在问题，没有不足。",
    "工作稳步推进，群众反映良好。",
    "我局高度重视，成绩显著，受到上级好评。",
    "全年公开及时、准确、全面，群众满意。",
    "圆满完成全年各项公开任务目标。",
]
ONLY_PROBLEMS = [
    "一是公开不及时；二是解读形式单一；三是队伍薄弱。",
    "主要问题是内容不够全面，时效性有待提高。",
    "公开意识仍有差距，渠道较少。",
    "存在更新滞后、栏目空白等现象。",
    "部分单位重视不够，业务人员不足。",
    "信息质量不高，深度不够，广度不足。",
    "依申请公开答复不规范的问题时有发生。",
]
VAGUE = [
    "工作中还存在公开不够及时的问题。下一步我们将继续努力，不断提升工作水平。",
    "存在一定不足。今后将进一步加强学习，提高认识。",
    "与群众期待仍有差距，我们将再接再厉，把工作做好做实。",
    "公开力度不够。下步将加大力度，强化措施，推进工作。",
    "公开意识有待提升，今后继续加强。",
    "内容不够丰富，将进一步丰富内容。",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_on_problems_and_measures_are_left_alone(text: str) -> None:
    assert findings(with_text(GOOD, "problems", text), "C005") == ()


@pytest.mark.parametrize(
    ("text", "severity", "word"),
    [
        *((text, Severity.WARNING, "未指出") for text in PRAISE),
        *((text, Severity.WARNING, "没有改进措施") for text in ONLY_PROBLEMS),
        *((text, Severity.NOTE, "笼统") for text in VAGUE),
    ],
)
def test_empty_words_on_problems_are_named_for_what_they_lack(text: str, severity: Severity, word: str) -> None:
    (finding,) = findings(with_text(GOOD, "problems", text), "C005")

    assert finding.severity is severity
    assert word in finding.message["zh"]


@pytest.mark.parametrize(
    ("name", "kind", "fires"),
    [
        ("示例县人民政府", "government", True),
        ("示例市示例区人民政府", "government", True),
        ("示例镇人民政府", "township", True),
        ("示例县民政局", "department", True),
        ("示例市高新区管委会", "zone", True),
        ("示例自治区人民政府", "government", False),
        ("示例特别行政区政府", "government", False),
        ("示例市人民政府", "government", False),
        ("示例自治州人民政府", "government", False),
        ("示例省司法厅", "department", False),
        ("示例市司法局", None, False),
    ],
)
def test_only_an_organ_that_certainly_makes_no_rules_is_asked(name: str, kind: str | None, fires: bool) -> None:
    report = with_cells(GOOD, {"disclosure/regulations/in_force": 6})

    found = judge(report, replace(DUE, name=name, kind=kind), select=("C007",)).findings

    assert [one.severity for one in found] == ([Severity.NOTE] if fires else [])


def test_fees_unpaid_and_unspoken_of_are_one_finding() -> None:
    report = with_cells(with_text(GOOD, "other_matters", "无。"), {"requests/other.fee_unpaid/total": 2})

    assert [one.rule for one in judge(report, DUE, select=("C004", "C008")).findings] == ["C008"]


def test_a_concrete_section_is_left_alone() -> None:
    assert findings(with_text(GOOD, "problems", PROBLEMS), "C005") == ()

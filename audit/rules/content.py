"""Does the text say what it must (C001-C008). Words are looked for generously: silence is hard to prove."""

from __future__ import annotations

import re
from collections.abc import Iterator

from audit.context import Context
from audit.finding import Kind, Outcome, Severity
from audit.report import Report, Section
from audit.rules import doubt
from audit.rules.registry import rule

# What real reports call the five aspects of 国办公开办函〔2021〕30号.
_ASPECTS = tuple(
    ({"zh": zh, "en": en}, re.compile(words))
    for zh, en, words in (
        (
            "主动公开",
            "proactive disclosure",
            r"主动公开|(?:公开|发布|更新|公示|推送|刊登|编发)[^。；]{0,25}(?:信息|文件|内容|稿件|动态|公报)"
            r"|(?:信息|文件)[^。；]{0,12}\d+[余多]?[条件篇份]|政策解读|解读材料|重点领域|应公开尽公开",
        ),
        (
            "依申请公开",
            "requests",
            r"依申请|依法申请|申请[^。；]{0,6}办结|信息公开申请|公开申请|申请公开|申请[人量数件渠办答接受处审]|收件"
            r"|(?:受理|收到|接收|接到|新收|办理|答复|处理)[^。；]{0,25}申请|零申请|申请[^。；，]{0,8}(?:为|均为)?(?:零|\d+[件宗份])",
        ),
        (
            "政府信息管理",
            "information management",
            r"信息(?:资源)?(?:的)?管理|规范性文件|保密|审[核查定批]|三审|双审|审批程序|校对|公开属性|发布(?:管理)?(?:制度|机制|程序|流程)"
            r"|管理(?:制度|机制|办法|规定)|先审后|审签|把关|属地管理|分级负责|动态(?:管理|调整|更新)|清理|台账|目录|指南|归档|档案|源头"
            r"|规范化|标准化|错敏|敏感信息",
        ),
        (
            "政府信息公开平台建设",
            "platforms",
            r"平台|网站|门户|新媒体|公众(?:账)?号|微信|微博|抖音|客户端|专栏|栏目|专区|公报|集约化|查阅[点室场]|公开栏|公示栏|公开墙"
            r"|融媒体|电子屏|显示屏|APP|网页|官网",
        ),
        (
            "监督保障",
            "supervision and support",
            r"监督|监管|考核|考评|绩效|培训|评议|评估|测评|追究|追责|问责|督查|督导|督促|督办|检查|抽查|巡查|巡检|自查|通报|领导小组"
            r"|组织领导|组织保障|制度保障|经费保障|分管领导|主要领导|主要负责人|工作专班|专人|专职|人员配备|队伍建设|业务指导|学习教育|专题学习"
            r"|责任分工|经费|抓保障|保障(?:机制|措施|体系|力度)|听取[^。；]{0,12}(?:汇报|意见)",
        ),
    )
)
# Words of an aspect that speak of something else: the trade of a market regulator, an application for a licence.
_OTHER_TRADE = re.compile(
    r"市场监督管理|监督管理(?:局|委员会|部门|所|工作|职责)|(?:市场|食品|药品|食药|安全生产|金融|工程|质量|消防|生态|环境|交通|价格|卫生)\w{0,4}监[管督]"
    r"|(?:行政)?(?:许可|审批|低保|救助|补贴|补助|入学|登记|复议|贷款|证照|资质|专利|工伤|仲裁|强制执行|公租房|住房|立项|入党|财政|资金)"
    r"(?:(?!公开)[^。；，、]){0,6}申请(?![^。；，]{0,6}公开)|申请(?:低保|救助|补贴|补助|贷款|登记|许可|专利|复议|仲裁|法院|强制执行|资金)"
    r"|(?:融资|担保|交易|招商|科创|服务外包)平台|门户[^。；网]{0,4}(?:城市|枢纽|地位)|归档立卷"
)
_OTHER_FEE = re.compile(
    r"(?:不合理|乱|违规|涉企|行政事业性?|教育|停车|物业|医疗|殡葬|经营服务性?|不动产登记|考试|公路|车辆通行)\w{0,3}收费|收费(?:公路|站|许可证|目录|清单|项目|标准公示)"
)
_FEE = re.compile(
    r"信息(?:公开)?处理费|信息处理[^。；，]{0,6}(?:费|收费)|(?:收取|收费|费用)[^。；]{0,20}(?:信息公开|申请|处理)"
    r"|(?:信息公开|申请|处理)[^。；]{0,30}(?:收取|收费|费用)|(?:未|没有|不)(?:曾|再|予)?(?:收取|收费|产生[^。；，]{0,6}费)"
    r"|收费(?:情况|通知|金额|减免|及减免|为?[零0])|(?:未|没有|不|无|零|免)[^。；，]{0,8}收费|收取[^。；，]{0,12}费|免收|免费提供"
    r"|(?:检索|复制|邮寄|工本|成本)[^。；，]{0,8}费"
)
_HEADING = re.compile(r"存在的?(?:主要)?(?:问题|不足)[及和与、]?(?:下一步)?(?:改进|整改)的?\w{0,4}")
_NEED = re.compile(
    r"(?:仍|还|有|尚|亟)[需待须要]|需(?:要)?(?:进一步|不断|持续|继续)|待(?:进一步)?(?:加强|提高|提升|完善|改进)|短板|弱项|薄弱|欠缺|欠佳|差距|滞后|落后|单一"
    r"|不(?!断|仅|但|止|只|少于|低于|超过|忘|懈|折|予|见面|动产|同)|有限|问题|困难|缺乏|缺少|缺失|缺口|[偏较][低少慢弱窄粗长短浅晚重难差高]|[过太][长短粗细高低多少窄慢简]"
    r"|未(?!来|公开|发生|出现|收到|产生|发现|接|满|雨|成年)|参差|瓶颈|漏洞|疏漏|脱节|(?:提升|改进|提高|完善)(?:的)?空间|现象|难以|短缺|频繁|笼统|粗放|紧张|压力|同质|重[^，；、]{1,6}[、]?轻|兼职|老化|遗漏|误差|费时"
)
_NO_NEED = re.compile(
    r"(?:不存在|没有|未发现|无)[^。；，]{0,8}(?:问题|不足)|问题导向|回应[^。；，]{0,8}问题|解决[^。；，]{0,10}问题|(?:成效|效果|作用)[^。；，]{0,4}(?:不断|显著)"
    r"|突发现象"
)
_MEASURE = re.compile(
    r"下一步|下步|今后|接下来|将[^。；，]{1,}|为此|针对|措施|举措|整改|改进|加强|加大|强化|完善|健全|提升|提高|优化|深化|推进|建立|规范|落实|做好|开展|组织|拓展|丰富|创新"
    r"|已[^。；，]{2,}|配备|增加|设立|明确"
)
_CONCRETE = re.compile(
    r"座谈|问卷|邀请|专家|增编|增派|试点|模板|对标|回访|巡查|制定|制作|编[印制写]|印发|出台|建立|修订|举办|聘请|配备|每(?:逢|隔|半)?[日天周旬月季年]|按[日周月季]|\d|[一二两三四五六七八九十]+[次期场项个条件名人天份部篇轮处]"
    r"|清单|台账|机制|方案|专项|专题|专栏|专班|专人|定期|责任人|纳入|考核|通报|培训班|[一两二三四五六]是|(?:一|二|三|四)、|第[一二三四]"
)
_OF_A_YEAR = re.compile(r"20\d\d年(?:度|以来)?")
# From such words on a section speaks of what is done about it, until it turns to a problem again.
_TURN = re.compile(
    r"^[拟将已]|下一?步|今后|接下来|针对|为此|对此|(?:改进|整改|解决)(?:情况|措施|举措|办法|方法|方面|方向|思路|计划|打算|安排)|(?:措施|举措|打算)[:：是为]"
    r"|20\d\d年[^。；，]{0,8}(?:将|拟|计划|打算|重点)|[我本][省市州县区局委镇乡部办厅处站所院会队]*(?:机关|单位|中心|街道)?将"
)
_TURN_BACK = re.compile(r"(?:存在|主要|突出)的?(?:主要|突出)?(?:问题|不足)|^[^。；，]{0,6}(?:问题|不足)[:：]")
_SHORTEST_MEASURE = 6
_SHORTEST_ACT = 9
"""A clause that names no problem, behind one that does, is taken for what is done about it from here on."""
_PRAISE = re.compile(r"成[效绩果]|好评|平稳|顺利|圆满|显著|满意|良好|稳步|高度重视|肯定")
_LISTED = re.compile(r"[一二三四五]是|[(（][一二三四五1-5][)）]|[1-5][.．、]|[①②③]|；")
_ACCOUNTABILITY = re.compile(
    r"满意率|打分|排名|评比|目标(?:责任|管理)|考核|考评|绩效|评议|评价|评估|测评|满意度|追究|追责|问责|通报批评|约谈"
)
_TOPIC = re.compile(
    r"公开|信息|申请|条例|网站|平台|新媒体|公众号|微信|微博|解读|回应|政策|文件|公文|栏目|专栏|专区|发布|公布|公示|公报|保密|审[查核]|目录|指南|主动|答复"
    r"|监督|考核|评议|培训|检查|追究|政务|透明|知情|舆情|热线|信箱|留言|意见|征集|台账|档案|数据|机制|领导小组"
)
_SENTENCE = re.compile(r"[。！？!?]+")
_CLAUSE = re.compile(r"[。；;，,！!]+")
_SHORTEST_SAYING = 9
_NOTHING = re.compile(r"[零未无没]|\d")
_LONGEST_OVERVIEW = 1000
_SHORT_BESIDE_PICTURES = 200
_RULES_CELLS = ("issued", "repealed", "in_force", "created")
# A place that makes no 规章: a county, a district of a city, a township, a zone. 自治区 and 特别行政区 do.
_BELOW_CITY = re.compile(
    r"县(?![域级])|(?<!自治)旗(?=人民政府)|(?<=[^治])区人民政府|(?:镇|乡|街道)(?:人民政府|办事处)|开发区|高新区|经开区|产业园区|工业园区"
    r"|[^治政][^治政]区(?=教育局|民政局|财政局|司法局|审计局|卫生健康|农业农村|住房|城市管理|市场监督|应急管理|统计局|发展和改革|行政审批)"
)


@rule("C001", letter="M", basis="国办公开办函〔2021〕30号", version=3)
def overview_covers_aspects(report: Report) -> Iterator[Outcome]:
    """The overview speaks of all five aspects, each in at least one sentence that says something."""
    section = report.sections.get("overview")
    if section is None or not section.present or section.characters < 10:
        yield Outcome(Kind.NOT_APPLICABLE, "overview")
        return
    text = _flat(section)
    if report.agency:
        text = text.replace(report.agency, "本机关")
    sentences = [sentence for sentence in _SENTENCE.split(_OTHER_TRADE.sub("", text)) if sentence]
    missing = [name for name, words in _ASPECTS if not _spoken_of(sentences, words)]
    if not missing:
        yield Outcome(Kind.PASS, "overview")
    elif doubt.partial(report) or (report.pictures and section.characters < _SHORT_BESIDE_PICTURES):
        yield Outcome(Kind.OPEN, "overview")
    else:
        graded = {1: Severity.NOTE, 2: Severity.WARNING}
        yield Outcome(
            Kind.FAIL,
            "overview",
            args={
                "missing": {
                    "zh": "、".join(name["zh"] for name in missing),
                    "en": ", ".join(name["en"] for name in missing),
                },
                "count": len(missing),
            },
            expected=5,
            actual=5 - len(missing),
            severity=graded.get(len(missing), Severity.ERROR),
        )


@rule("C002", letter="H", basis="条例第五十条第一款第（四）项", version=2)
def accountability_of_governments(report: Report, context: Context) -> Iterator[Outcome]:
    """A people's government says what came of assessment, public appraisal and holding to account."""
    section = report.sections.get("overview")
    if context.kind is None:
        yield Outcome(Kind.OPEN, "overview", context_missing=True)
    elif context.kind != "government" or section is None or not section.present or section.characters < 10:
        yield Outcome(Kind.NOT_APPLICABLE, "overview")
    elif any(_ACCOUNTABILITY.search(text) for text in _texts(report)):
        yield Outcome(Kind.PASS, "overview")
    elif doubt.partial(report) or doubt.of_document(report) or _lost_section(report):
        yield Outcome(Kind.OPEN, "overview")
    else:
        yield Outcome(Kind.FAIL, "overview")


@rule("C003", letter="L", basis="格式惯例：总体情况原则上不超过一千字")
def overview_length(report: Report) -> Iterator[Outcome]:
    """The overview has at most a thousand characters, white space not counted."""
    section = report.sections.get("overview")
    if section is None or not section.present:
        yield Outcome(Kind.NOT_APPLICABLE, "overview")
    elif section.characters <= _LONGEST_OVERVIEW:
        yield Outcome(Kind.PASS, "overview")
    elif _lost_section(report):
        # The text of a section whose heading was not seen stands in the one before it.
        yield Outcome(Kind.OPEN, "overview")
    else:
        yield Outcome(
            Kind.FAIL,
            "overview",
            args={"characters": section.characters, "over": section.characters - _LONGEST_OVERVIEW},
            expected=_LONGEST_OVERVIEW,
            actual=section.characters,
            formula=f"{section.characters} > {_LONGEST_OVERVIEW}",
        )


@rule("C004", letter="L", basis="国办函〔2020〕109号；格式惯例", version=3)
def fees_spoken_of(report: Report, context: Context, active: frozenset[str]) -> Iterator[Outcome]:
    """Since 2020 the report says whether information-handling fees were collected, 0 included."""
    year = context.year_of(report)
    section = report.sections.get("other_matters")
    if year is None:
        yield Outcome(Kind.OPEN, "other_matters", context_missing=True)
    elif year < 2020 or section is None or not section.present:
        yield Outcome(Kind.NOT_APPLICABLE, "other_matters")
    elif _fee_mentioned(report):
        yield Outcome(Kind.PASS, "other_matters")
    elif doubt.partial(report):
        yield Outcome(Kind.OPEN, "other_matters")
    elif "C008" in active and _fee_unpaid(report):
        yield Outcome(Kind.NOT_APPLICABLE, "other_matters")
    else:
        yield Outcome(Kind.FAIL, "other_matters", args={"year": year})


@rule("C005", letter="M", basis="条例第五十条第一款第（四）项；格式惯例", version=4)
def problems_concrete(report: Report) -> Iterator[Outcome]:
    """The fifth section names a problem and a measure, and says more than any organ could say of itself."""
    section = report.sections.get("problems")
    if section is None or not section.present or section.characters < 10:
        yield Outcome(Kind.NOT_APPLICABLE, "problems")
        return
    problems, measures = _problems_and_measures(_HEADING.sub("", _flat(section)))
    lacking = "" if problems and measures else "measure" if problems else "problem"
    vague = problems < 2 and not any(_CONCRETE.search(_OF_A_YEAR.sub("", clause)) for clause in measures)
    if not lacking and not vague:
        yield Outcome(Kind.PASS, "problems")
    elif doubt.partial(report) or section.tables:
        yield Outcome(Kind.OPEN, "problems")
    else:
        yield Outcome(
            Kind.FAIL,
            "problems",
            args={"characters": section.characters, "problems": problems},
            severity=None if lacking else Severity.NOTE,
            message=lacking or "vague",
        )


@rule("C006", letter="L", basis="国办公开办函〔2021〕30号：不宜泛化")
def overview_on_topic(report: Report) -> Iterator[Outcome]:
    """Most sentences of the overview speak of disclosure and not of the organ's other work. Advisory."""
    section = report.sections.get("overview")
    if section is None or not section.present:
        yield Outcome(Kind.NOT_APPLICABLE, "overview")
        return
    sentences = [one for one in _SENTENCE.split(_flat(section)) if len(one) >= _SHORTEST_SAYING]
    astray = [one for one in sentences if not _TOPIC.search(one)]
    if len(sentences) < 6 or 2 * len(astray) <= len(sentences):
        yield Outcome(Kind.PASS, "overview")
    elif doubt.partial(report) or _lost_section(report):
        yield Outcome(Kind.OPEN, "overview")
    else:
        yield Outcome(
            Kind.FAIL,
            "overview",
            args={"astray": len(astray), "sentences": len(sentences), "example": astray[0][:40]},
            actual=len(astray),
            formula=f"{len(astray)} / {len(sentences)}",
        )


@rule("C007", letter="L", basis="格式惯例：规章由有规章制定权的机关填报")
def rules_of_an_organ_that_makes_none(report: Report, context: Context) -> Iterator[Outcome]:
    """A county, a district, a township, a zone and their departments report no 规章 of their own."""
    subject = "disclosure/regulations"
    cells = [report.cell(f"{subject}/{column}") for column in _RULES_CELLS]
    cells = [cell for cell in cells if cell.id in report.cells]
    above = [cell for cell in cells if (cell.known or 0) > 0]
    if not _makes_no_rules(report, context):
        yield Outcome(Kind.NOT_APPLICABLE, subject)
    elif above:
        yield Outcome(
            Kind.FAIL,
            subject,
            args={"figures": "、".join(cell.raw or str(cell.value) for cell in above)},
            cells=tuple(cell.id for cell in above),
            cell=above[0].id,
            expected=0,
            actual=above[0].known,
        )
    elif not cells or any(cell.known is None for cell in cells):
        yield Outcome(Kind.OPEN, subject)
    else:
        yield Outcome(Kind.PASS, subject)


@rule("C008", letter="M", basis="国办函〔2020〕109号；格式惯例")
def fee_cases_explained(report: Report) -> Iterator[Outcome]:
    """Where requests ended because a fee was not paid, the report speaks of information-handling fees."""
    subject = "requests/other.fee_unpaid/total"
    section = report.sections.get("other_matters")
    table = report.tables.get("requests")
    if table is None or subject not in table.cells:
        yield Outcome(Kind.NOT_APPLICABLE, subject)
    elif report.cell(subject).known is None:
        yield Outcome(Kind.OPEN, subject)
    elif not (unpaid := _fee_unpaid(report)) or _fee_mentioned(report):
        yield Outcome(Kind.PASS, subject)
    elif section is None or not section.present or doubt.partial(report):
        yield Outcome(Kind.OPEN, subject)
    else:
        yield Outcome(Kind.FAIL, subject, args={"unpaid": unpaid}, cells=(subject,), cell=subject, actual=unpaid)


def _flat(section: Section) -> str:
    """White space goes first: a line break inside a word of an extracted text must not hide it."""
    return "".join(section.text.split())


def _texts(report: Report) -> Iterator[str]:
    yield report.preamble
    for section in report.sections.values():
        yield _flat(section)


def _problems_and_measures(text: str) -> tuple[int, list[str]]:
    """How many problems are named, and the clauses that say what is done about them.

    An author may name a problem in words nobody foresaw: what is listed before the turn to measures is one, too.
    """
    problems, measures, turned, before = 0, list[str](), False, ""
    for clause in _CLAUSE.split(text):
        turn, back = _TURN.search(clause), _TURN_BACK.search(clause)
        if turn and not turned and not problems and _LISTED.search(before) and not _PRAISE.search(before):
            problems += 1
        turned = bool(turn and not (back and back.start() > turn.start())) or (turned and not back)
        before += clause + "；"
        needs = sum(bool(_NEED.search(_NO_NEED.sub("", part))) for part in clause.split("、"))
        acts = _MEASURE.search(clause) or (problems and len(clause) >= _SHORTEST_ACT and not _PRAISE.search(clause))
        if (turned and len(clause) >= _SHORTEST_MEASURE) or (acts and not needs):
            measures.append(clause)
        if needs and not (turn and turned):
            problems += needs
    return problems, measures


def _spoken_of(sentences: list[str], words: re.Pattern[str]) -> bool:
    """A sentence with one of the words says something: nine characters, or that there was none.

    A heading borrows the next sentence.
    """
    for place, sentence in enumerate(sentences):
        if words.search(sentence):
            following = sentences[place + 1] if len(sentence) < 16 and place + 1 < len(sentences) else ""
            if len(sentence) + len(following) >= _SHORTEST_SAYING or _NOTHING.search(sentence):
                return True
    return False


def _fee_mentioned(report: Report) -> bool:
    """Anywhere in the text, in any of the words for it; fees of another kind do not count."""
    return any(_FEE.search(_OTHER_FEE.sub("", text)) for text in _texts(report) if "费" in text)


def _fee_unpaid(report: Report) -> int:
    """Requests that ended because a fee was not paid; 0 if the cell was not read."""
    return int(report.cell("requests/other.fee_unpaid/total").known or 0)


def _lost_section(report: Report) -> bool:
    """A heading was not seen, so that text may stand in a section it does not belong to."""
    return any(not section.present for section in report.sections.values())


def _makes_no_rules(report: Report, context: Context) -> bool:
    """What the kind or the name alone makes certain; of a city or a department of unknown level nothing is."""
    name = context.name or report.agency or ""
    return context.kind == "township" or bool(_BELOW_CITY.search(name))

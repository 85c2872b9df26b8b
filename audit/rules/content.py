"""Does the text say what it must (C001, C004, C005). Words are looked for generously: silence is hard to prove."""

from __future__ import annotations

import re
from collections.abc import Iterator

from audit.context import Context
from audit.finding import Kind, Outcome, Severity
from audit.report import Report
from audit.rules import doubt
from audit.rules.registry import rule

# What real reports call the five aspects of 国办公开办函〔2021〕30号.
_ASPECTS = {
    "proactive": (
        {"zh": "主动公开", "en": "proactive disclosure"},
        r"主动公开|(?:公开|发布|更新|公示)[^。；]{0,25}(?:信息|文件|内容|稿件|动态)|(?:信息|文件)[^。；]{0,12}\d+[条件篇]"
        r"|政策解读|重点领域",
    ),
    "requests": (
        {"zh": "依申请公开", "en": "requests"},
        r"依申请|依法申请|信息公开申请|公开申请|申请公开|申请[人量数件渠办答接受处审]|收件"
        r"|(?:受理|收到|接收|接到|新收|办理|答复|处理)[^。；]{0,25}申请",
    ),
    "management": (
        {"zh": "政府信息管理", "en": "information management"},
        r"信息(?:资源)?(?:的)?管理|规范性文件|保密|审核|审查|三审|双审|校对|公开属性|发布(?:管理)?(?:制度|机制|程序|流程)|管理(?:制度|机制|办法)"
        r"|先审后|审签|把关|属地管理|分级负责|动态(?:管理|调整|更新)|清理|台账|目录|指南|归档|档案|源头|规范化|标准化",
    ),
    "platform": (
        {"zh": "政府信息公开平台建设", "en": "platforms"},
        r"平台|网站|门户|新媒体|公众(?:账)?号|微信|微博|客户端|专栏|栏目|专区|公报|集约化|查阅[点室场]|公开栏|公示栏|融媒体|APP",
    ),
    "supervision": (
        {"zh": "监督保障", "en": "supervision and support"},
        r"监督|监管|考核|培训|评议|评估|追究|追责|问责|督查|督导|督促|督办|检查|抽查|巡查|自查|通报|领导小组|组织领导|组织保障"
        r"|分管领导|主要领导|工作专班|专人|专职|人员配备|队伍建设|业务指导|学习教育|专题学习",
    ),
}
_FEE = re.compile(
    r"信息(?:公开)?处理费|(?:收取|收费|费用)[^。；]{0,20}(?:信息公开|申请|处理)|(?:信息公开|申请|处理)[^。；]{0,30}(?:收取|收费|费用)"
    r"|(?:未|没有|不)(?:曾)?(?:收取|收费|产生费用)|收费(?:情况|通知|金额|为?[零0])"
    r"|(?:未|没有|不|无)[^。；，]{0,8}收费|收取费用"
)
_HEADING = re.compile(r"存在的?(?:主要)?问题[及和与、](?:下一步)?(?:改进|整改)的?\w{0,4}")
_NEED = re.compile(
    r"(?:仍|还|有)(?:需|待)|需(?:要)?进一步|待(?:进一步)?(?:加强|提高|提升|完善|改进)|不够|不足|短板|薄弱|欠缺|差距|滞后|单一"
    r"|不[高强深全细广多快]|不到位|不及时|不完善|不规范|不均衡|不平衡|不熟|不主动|有限|问题|困难|缺乏|缺少|偏[低少慢弱]"
)
_NO_NEED = re.compile(
    r"(?:不存在|没有|未发现|无)[^。；，]{0,8}(?:问题|不足)|问题导向|回应[^。；，]{0,8}问题|解决[^。；，]{0,10}问题"
)
_MEASURE = re.compile(
    r"下一步|下步|今后|接下来|将[^。；，]{1,}|为此|针对|措施|举措|整改|改进|加强|加大|强化|完善|健全|提升|提高|优化|深化|推进|建立|规范|落实|做好|开展|组织|拓展|丰富|创新"
)
_CONCRETE = re.compile(
    r"制定|印发|出台|建立|修订|举办|每[日周月季年]|\d+\s*[次期场项个条件名人天]|清单|台账|机制|方案|专项|专题|专栏|专班|定期|责任人|纳入|考核|通报"
    r"|[一两二三四五六]是|(?:一|二|三|四)、"
)
_SHORTEST_SAYING = 9
_SENTENCE = re.compile(r"[。！？!?]+")


@rule("C001", letter="M", basis="国办公开办函〔2021〕30号")
def overview_covers_aspects(report: Report) -> Iterator[Outcome]:
    """The overview speaks of all five aspects, each in at least one sentence that says something."""
    section = report.sections.get("overview")
    if section is None or not section.present or section.characters < 10:
        yield Outcome(Kind.NOT_APPLICABLE, "overview")
        return
    # White space goes first: a line break inside a word of an extracted text must not hide it.
    sentences = [sentence for sentence in _SENTENCE.split("".join(section.text.split())) if sentence]
    missing = [name for name, words in _ASPECTS.values() if not _spoken_of(sentences, re.compile(words))]
    if not missing:
        yield Outcome(Kind.PASS, "overview")
    elif doubt.partial(report):
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


@rule("C004", letter="L", basis="国办函〔2020〕109号；格式惯例")
def fees_spoken_of(report: Report, context: Context) -> Iterator[Outcome]:
    """Since 2020 the report says whether information-handling fees were collected, 0 included."""
    year = context.year_of(report)
    section = report.sections.get("other_matters")
    if year is None:
        yield Outcome(Kind.OPEN, "other_matters", context_missing=True)
    elif year < 2020 or section is None or not section.present:
        yield Outcome(Kind.NOT_APPLICABLE, "other_matters")
    elif any(_FEE.search(text) for text in _texts(report)):
        yield Outcome(Kind.PASS, "other_matters")
    elif doubt.partial(report):
        yield Outcome(Kind.OPEN, "other_matters")
    else:
        yield Outcome(Kind.FAIL, "other_matters", args={"year": year})


@rule("C005", letter="M", basis="国办公开办函〔2021〕30号；格式惯例")
def problems_concrete(report: Report) -> Iterator[Outcome]:
    """The fifth section names a problem and a measure, and says more than any organ could say of itself."""
    section = report.sections.get("problems")
    if section is None or not section.present or section.characters < 10:
        yield Outcome(Kind.NOT_APPLICABLE, "problems")
        return
    text = _HEADING.sub("", "".join(section.text.split()))
    clauses = [clause for clause in re.split(r"[。；;，,！!]+", text) if clause]
    problems = [clause for clause in clauses if _NEED.search(_NO_NEED.sub("", clause))]
    measures = [clause for clause in clauses if clause not in problems and _MEASURE.search(clause)]
    lacking = "" if problems and measures else "measure" if problems else "problem"
    vague = len(problems) < 2 and not any(_CONCRETE.search(clause) for clause in measures)
    # Some say in few words what others spread over a page.
    terse = section.characters < 120 and len(problems) < 2
    if not lacking and not terse and not vague:
        yield Outcome(Kind.PASS, "problems")
    elif doubt.partial(report):
        yield Outcome(Kind.OPEN, "problems")
    else:
        yield Outcome(
            Kind.FAIL,
            "problems",
            args={"characters": section.characters, "problems": len(problems)},
            severity=None if lacking else Severity.NOTE,
            message=lacking or "vague",
        )


def _spoken_of(sentences: list[str], words: re.Pattern[str]) -> bool:
    """A sentence with one of the words says something: nine characters; a heading borrows the next one."""
    for place, sentence in enumerate(sentences):
        if words.search(sentence):
            following = sentences[place + 1] if len(sentence) < 16 and place + 1 < len(sentences) else ""
            if len(sentence) + len(following) >= _SHORTEST_SAYING:
                return True
    return False


def _texts(report: Report) -> Iterator[str]:
    yield report.preamble
    for section in report.sections.values():
        yield "".join(section.text.split())

"""Sentences into claims: what quantity, how many, and whether the author plainly speaks of the report's own figures.

Every figure takes its meaning from the words between it and the figure before, else from those behind it. A figure
that may be of another year, another organ, one channel or one kind of case makes no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache, partial

from audit.narrative.plain import strange, within
from audit.narrative.sentence import sentences

Number = int | Decimal

IN, OUT, ELSEWHEN = "\ue001", "\ue002", "\ue003"
"""Stand for the words of a carry-over from last year and into the next one, whose years are not other years, and for
days that are not the whole year.
"""


HANDLED = frozenset({"new", "received", "carried_in", "carried_forward", "concluded", "processed"})
"""How many requests came in, went out and stayed, in all."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence gives a quantity (a key of ``audit.narrative.quantity``) a value.

    ``firm``: a reader could take it in no other way. ``worded``: said in words (未收到), not in figures. ``broad``:
    of a whole area or system, which the table may be or not. ``quote`` is the sentence. ``beside`` are the words next
    to the figure and to those before it, each with the kinds of words that change nothing there.
    """

    quantity: str
    value: Number
    quote: str
    firm: bool = True
    worded: bool = False
    broad: bool = False
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def plain(self, agency: str) -> bool:
        """Whether no word next to the figure may change what it counts. Asked only of a figure that disagrees."""
        return not any(strange(words, agency, *kinds) for words, kinds in self.beside)


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole and all its parts as one sentence lists them."""

    whole: Number
    parts: tuple[Number, ...]
    quote: str


@dataclass(slots=True)
class _State:
    """What a sentence has said so far. ``named``: the topic stood in this very sentence.

    ``elsewhere``: it speaks of nothing that the tables count. ``beside``: the words next to its figures so far.
    """

    heading: str
    quote: str
    year: int | None
    agency: str
    topic: str = ""
    named: bool = False
    this_year: bool = False
    other_year: bool = False
    broad: bool = False
    foreign: bool = False
    parts: bool = False
    verb: str = ""
    channel: bool = False
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()
    elsewhere: bool = False
    disputes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure in its clause: its value, its unit, the words before it back to the last figure, those behind it."""

    value: Number
    unit: str
    before: str
    behind: str
    clause: str


@lru_cache(maxsize=32)
def read(text: str, year: int | None, agency: str, topic: str = "") -> tuple[tuple[Claim, ...], tuple[Listing, ...]]:
    """What a section claims, in order. ``topic`` is what it speaks of where no sentence says (its own title)."""
    claims: list[Claim] = []
    listings: list[Listing] = []
    heading, carried = "", ""
    for sentence in sentences(text):
        if sentence.heading != heading:
            heading, carried = sentence.heading, ""
        state = _State(heading or topic, sentence.quote, year, agency, topic=carried or _of_heading(heading or topic))
        state.elsewhere = bool(_CLASSED.search(sentence.text))
        if not state.topic and _of_requests(sentence.text):
            state.topic = "requests"
        marked = _marked(sentence.text, year)
        claims += _claims(marked, state)
        listings += _listings(marked, sentence.quote)
        carried = state.topic
    return tuple(claims), tuple(listings)


def _of_requests(text: str) -> bool:
    """Results of requests: those of a sentence that names requests, or three kinds of them, which nothing else has."""
    kinds = {one.lastgroup for one in _RESULT.finditer(text)}
    return bool(kinds) and (bool(_ABOUT_REQUESTS.search(text)) or len(kinds.intersection(_GROUPS)) >= 3)


_ABOUT_REQUESTS = re.compile(r"信息公开的?申请|依申请公开")


_CLASSED = re.compile(
    r"公文|公开属性|作为(?:行政)?复议机[关构]|主动公开[^，]{0,8}\d[^。]*?依申请公开\d[^。]*?不(?:予)?公开\d"
)
"""Documents sorted into those to be published, on request or not at all; a court of appeal that counts its cases."""


def _of_heading(heading: str) -> str:
    return "requests" if "申请" in heading else ""


# Clauses: whose figures, of which year

_CLAUSE = re.compile(r"([，,;()])")
_ENDS_IN_FIGURE = re.compile(r"\d[件宗份起例条]$")
_CARRIED_IN = re.compile(
    r"(?:上一?年度?|去年度?|往年|(20\d\d)年度?)(?:未办结|遗留|跨年)?的?(?:结转|接转|转接|转入|遗留|转来)(?:至|到|入)?"
    r"(?:本年度?|今年|20\d\d年度?)?(?:继续)?(?:办理|答复)?的?|结转自?上一?年度?的?"
)
_CARRIED_OUT = re.compile(
    r"(?:结转|转接|转入|转|顺延|延续|延期|延|推迟|跨年)(?:至|到|入)?(?:下一?年度?|次年度?|翌年|(20\d\d)年度?)(?:继续)?(?:办理|答复|处理)?"
    r"|(?:至|到)下一?年度?(?:继续)?(?:办理|答复)"
)
_SPAN = re.compile(
    r"(?:自|从)?(?:(20\d\d)年)?(\d{1,2})月(?:(\d{1,2})日|份|初)?起?(?:至|到|-|—|–|~)(?:(20\d\d)年)?(\d{1,2})月(?:(\d{1,2})日|份|底|末)?"
)
_DAY = re.compile(r"(截[至止]到?)?(?:(20\d\d)年)?(\d{1,2})月(?:(\d{1,2})日|底|末)")
_COMPARED = re.compile(r"(?:较|比|与)之?(?:上|去|前|往|20\d\d|同)|同比|环比|增长|增加|减少|下降|上升|回落|增幅|降幅")
_OTHER_YEAR = re.compile(
    r"上一?年|去年|前年|往年|历年|近[一二两三四五六七八九十\d]{1,2}年|[二两三四五六七八九十]年来|以来|十[二三四]五|明年|下一?年|次年|目前|[上下]半年|季度|\d月|"
    + ELSEWHEN
)
_THIS_YEAR = re.compile(r"今年|本年|全年|年内|一年来")
_A_YEAR = re.compile(r"(20\d\d)年")
_BROAD = re.compile(
    r"全[市县区省镇州盟旗乡]|全系统|各(?:级|部门|单位|县|区|市|乡|镇|街道|职能|行政机关)|[本我](?:市|县|区|省)(?!.{0,6}局)"
)
_NARROW = re.compile(r"本级|下属|所属|基层|直属|[市县区]直|政府部门|部门被")
_OWN = re.compile(r"全[局委厅院队站]|[我本该](?:局|委|厅|办|部|中心|镇|乡|街道|单位|机关|院|会|队|站|支队|分局)")
_ACTING = (
    r"(?:局|委|厅|办公室|政府办|政府|镇|乡|街道|办事处|中心|法院|公司|学校|医院|部门|单位)"
    r"(?=(?:本级|未|没有|代表?[^，]{1,8}|共|全年|累计|一共|本?年度|20\d\d年)*(?:收到|受理|接收|接到|新收|办理|答复|办结|制[定发]|印发|出台|现行|被))"
)
_ACTS = re.compile(_ACTING)
_ORGAN = re.compile(rf"([\u4e00-\u9fff]{{1,14}}?{_ACTING})")
_LEAD = re.compile(r"^(?:20\d\d)?(?:年度?|全年|截至|截止|今年|本年度?|由|对|其中|经|向|在|以|度)+")
_HELPING = re.compile(
    r"协助|会同|配合|指导|督促|转办|交办|移交|转送|抽查|评查|联合|同一申请|计划|拟于|预计|力争|将于|复议机[关构]|平均|[月日人周户]均|(?<!\d)年均(?!已)|不超过|起草|代拟"
)
_PARTS = re.compile(r"其中|包括|包含|含(?!有)|分别|申请人(?:[中为是])|申请主体|按申请人")


def _marked(text: str, year: int | None) -> str:
    def carried_in(found: re.Match[str]) -> str:
        named = found.group(1)
        return found.group() if named and year is not None and int(named) != year - 1 else IN

    def carried_out(found: re.Match[str]) -> str:
        named = found.group(1)
        return found.group() if named and year is not None and int(named) != year + 1 else OUT

    if "转" in text or "延" in text or "遗留" in text or "下" in text:
        text = _CARRIED_OUT.sub(carried_out, _CARRIED_IN.sub(carried_in, text))
    if "月" in text:
        text = _DAY.sub(partial(_of_day, year), _SPAN.sub(partial(_of_span, year), text))
    return text.replace("今年以来", "今年")


def _of_span(year: int | None, found: re.Match[str]) -> str:
    """The whole year for the days from its first to its last; any others are of a time the tables do not count."""
    first, month, day, last, end_month, end_day = found.groups()
    whole = (month, day or "1") == ("1", "1") and (end_month, end_day or "31") == ("12", "31")
    return "本年" if whole and {first, last} <= {None, str(year)} else ELSEWHEN


def _of_day(year: int | None, found: re.Match[str]) -> str:
    """Nothing for the year's last day, up to which its figures run."""
    until, named, month, day = found.groups()
    ends = until and month == "12" and day in (None, "31") and named in (None, str(year))
    return "" if ends else ELSEWHEN


def _claims(text: str, state: _State) -> Iterator[Claim]:
    pieces = _CLAUSE.split(text)
    outside: list[bool] = []
    for place in range(0, len(pieces), 2):
        clause, mark = pieces[place], pieces[place - 1] if place else ""
        before = pieces[place - 2] if place else ""
        if mark == "(":
            # Figures in brackets behind a figure divide it.
            outside.append(state.parts)
            state.parts = state.parts or bool(_ENDS_IN_FIGURE.search(before))
        elif mark == ")" and outside:
            state.parts = outside.pop()
        compared = _COMPARED.search(clause)
        said = clause[: compared.start()] if compared else clause
        if said:
            if mark in _COMMAS and _may_restrict(before):
                state.beside = (*state.beside, (before, _KINDS))
            _place(said, state)
            for claim in _of_clause(said, before, text, state):
                yield replace(claim, broad=state.broad) if state.broad else claim


def _may_restrict(before: str) -> bool:
    """Whether the clause before is but a time or a circle (高峰期, 国庆期间) that what follows is counted in."""
    short = 0 < len(before) <= _SHORTEST_SAYING and not before.startswith(_CAUSES) and not _DIGIT.search(before)
    return short or before.endswith("期间")


_SHORTEST_SAYING = 6
_COMMAS = ("，", ",", ";")
_CAUSES = ("因", "由于", "鉴于")
_KINDS = ("results", "disputes", "documents", "denials")


def _place(clause: str, state: _State) -> None:
    """Whose figures follow, and of which year; what a clause does not say stays as it was."""
    years = {int(one) for one in _A_YEAR.findall(clause)}
    mine = bool(_THIS_YEAR.search(clause)) or state.year in years
    if _OTHER_YEAR.search(clause) or years - {state.year} or ("累计" in clause and not (mine or state.this_year)):
        state.other_year, state.this_year = True, False
    elif mine:
        state.other_year, state.this_year = False, True
    if _NARROW.search(clause):
        state.foreign = True
    elif _OWN.search(clause):
        state.foreign = state.broad = False
    elif _BROAD.search(clause):
        state.broad = True
    elif _ACTS.search(clause) and (organ := _ORGAN.search(clause)):
        state.foreign = not within(_LEAD.sub("", organ.group(1)), state.agency)
    if clause.startswith(("通过", "利用", "经由")):
        state.channel = len(_CHANNEL.findall(clause)) == 1 and not _MANY.search(clause)


def _of_clause(clause: str, before: str, sentence: str, state: _State) -> Iterator[Claim]:
    own = not (state.other_year or state.foreign or state.elsewhere)
    if own and _DENIES.search(clause):
        yield from _worded(clause, before, sentence, state)
    end = 0
    if _DIGIT.search(clause):
        own = own and not _HELPING.search(clause)
        for figure, start, stop in _figures(clause):
            gap = clause[end:start]
            end = stop
            _take_topic(gap, clause[:start], figure.behind, state)
            if own and (reader := _READERS.get(state.topic)):
                for claim in reader(figure, state):
                    state.beside = (*state.beside, (_beside(figure), _kinds(claim, state)))
                    yield replace(claim, beside=state.beside)
    _take_topic(clause[end:], clause, "", state)


def _kinds(claim: Claim, state: _State) -> tuple[str, ...]:
    """Which words change nothing beside the figure of a claim."""
    if state.topic in _ROWS:
        return ("disputes",)
    if state.topic != "requests":
        return ("documents",)
    return () if claim.quantity in HANDLED else ("results",)


def _beside(figure: _Figure) -> str:
    """The words a figure takes its meaning from: those before it, and up to the topic if that stands behind it."""
    named = None if _TOPIC.search(figure.before) else _TOPIC.search(figure.behind)
    return figure.before + (figure.behind[: named.end()] if named else "")


_DIGIT = re.compile(r"\d")
_DENIES = re.compile(r"[未没无零均都不全]")


# Figures and topics

_FIGURE = re.compile(
    r"(约|近|超过?|逾|不少于|不足|至少|将近|大约)?(?<![\d.第〔])(\d{1,15}(?:\.\d{1,6})?)((?:万|亿)(?!元))?(余|多|几|来)?"
    r"(万元|元|件次|人次|工作日|个工作日|个百分点|[件宗份起例条部篇项个次人批期场年月日天%号])?(以上|左右|以内)?"
)
_SCALE = {"万": 10_000, "亿": 100_000_000, "": 1}
_TOPIC = re.compile(
    # Most characters begin no topic: they are told by one look, not by thirty attempts.
    r"(?=[行许救仲办查登资补认调注审强赔项求业贷参1热信来上投举咨建提议留工网问解培答文范目指栏清裁典政会公双应制意案台宣处依申复未直经诉规主发])"
    r"(?:(?P<elsewhere>(?:行政)?(?:许可|救助|仲裁|办事|查询|登记|资助|补贴|认定|调解|注册|审批|强制执行|赔偿|项目|求助|业务|贷款|资质|参保)(?:[\u4e00-\u9fff]{0,2})申请"
    r"|12345|热线|信访(?!、?举报|类)|来信|来访|上访|(?<!举报)(?<!举报、)投诉|(?<!信访)(?<!信访、)举报|咨询|建议|提案|议案|留言|信箱|工单|来电|网民|问政|解读|培训|答复书|文书|范本"
    r"|目录|指南|栏目|清单|裁量|典型|仲裁|办件|政务服务|会商|会议|公文|双公示|应诉|公众号|制度|意见|案例|信用信息|台账|宣传|许可信息|处罚信息|处罚结果)"
    r"|(?P<requests>(?:政府|政务)?信息(?:依申请)?公开的?申请|依申请公开(?:的?申请)?|公开申请|信息申请|申请公开|申请(?:政府|政务)信息)"
    r"|(?P<both>行政复议(?:案件|申请)?(?:[、和及与或/]|以及)+(?:被?提起)?(?:行政)?诉讼|复议诉讼)"
    r"|(?P<direct>未经(?:行政)?复议(?:而|程序)?(?:直接)?(?:起诉|提起(?:行政)?诉讼|(?:行政)?诉讼)|直接(?:起诉|提起(?:行政)?诉讼))"
    r"|(?P<after>(?:经(?:行政)?)?复议后(?:再?提?起诉讼?|提起行政诉讼|(?:行政)?诉讼))"
    r"|(?P<review>(?:行政)?复议(?!机|决定|后))|(?P<suit>(?:行政)?诉讼(?!请求|费))"
    r"|(?P<norm>规范性文件(?!政策|目录|起草))|(?P<rule>规章(?!制度))"
    r"|(?P<licence>行政许可)|(?P<penalty>行政处罚)|(?P<compulsory>行政强制)|(?P<revenue>行政事业性收费)"
    r"|(?P<fee>处理费)|(?P<publish>主动公开(?!规章|行政规范|规范性)|发布(?!规章|行政规范|规范性)|公开(?:各类)?(?:政府|政务)?信息)|(?P<bare>申请(?!人)))"
)


def _figures(clause: str) -> Iterator[tuple[_Figure, int, int]]:
    """Exact figures of a clause; one that is rounded, a share or a rank is passed over."""
    found = list(_FIGURE.finditer(clause))
    for place, one in enumerate(found):
        about, digits, scale, more, unit, bound = one.groups()
        stop = found[place + 1].start() if place + 1 < len(found) else len(clause)
        before = clause[found[place - 1].end() if place else 0 : one.start()]
        if about or more or bound or unit in _NO_COUNT or (scale and "元" not in (unit or "")):
            continue
        figure = _Figure(_value(digits, scale), unit or "", before, clause[one.end() : stop], clause)
        yield figure, one.start(), one.end()


def _value(digits: str, scale: str | None) -> Number:
    value = Decimal(digits) * _SCALE[scale or ""]
    return int(value) if value == value.to_integral_value() else value


_NO_COUNT = frozenset({"年", "月", "日", "天", "%", "号", "工作日", "个工作日", "个百分点", "批", "期", "场"})


def _take_topic(gap: str, clause: str, behind: str, state: _State) -> None:
    """Let the last topic before a figure stand, else the first one behind it, else the one that stood before."""
    if _PARTS.search(gap):
        state.parts = True
    found = list(_TOPIC.finditer(gap))
    if not found and behind and not (state.named and _ROLE.search(gap + behind)):
        found = list(_TOPIC.finditer(behind))[:1]
    for one in found:
        name = one.lastgroup or ""
        if name == "bare":
            if state.topic == "elsewhere" and not _VERB.search(gap):
                continue
            name = "requests"
            known = state.named or "申请" in state.heading
            state.named = known and _plain(clause[: clause.rfind("申请")])
        else:
            state.named = True
        if {name, state.topic} != {"norm", "rule"} and name != state.topic:
            state.verb = ""
        state.topic = name


def _plain(before: str) -> bool:
    return not before or before.endswith(_BEFORE_BARE)


_BEFORE_BARE = (
    "收到",
    "受理",
    "接收",
    "接到",
    "新收",
    "办结",
    "答复",
    "办理",
    "处理",
    "书面",
    "有效",
    "各类",
    "件",
    "的",
    "网上",
    "网络",
    "在线",
    "信函",
    "邮寄",
    "当面",
    "现场",
    "自然人",
    "企业",
    "组织",
    "共",
    "完成",
    IN,
    OUT,
)


# Requests

_RESULT = re.compile(
    # Most characters begin no result: one look tells.
    r"(?=[部予同全不未无其没另补国法三第内过执行信重公大逾])"
    r"(?:(?P<partly_granted>部分(?:予以)?公开)|(?P<granted>予以公开|同意公开|全部公开|全文公开)|(?P<refused>不予公开|未予公开|不同意公开)"
    r"|(?P<unavailable>无法提供)|(?P<rejected>不予处理)|(?P<other>其[他它]处理)"
    r"|(?P<not_held>不掌握)|(?P<needs_creation>没有现成|另行制作)|(?P<unclear_after_correction>补正后[^，]{0,8}不明确)"
    r"|(?P<state_secret>国家秘密)|(?P<law_forbids>法律、?行政法规禁止)|(?P<safety_and_stability>三安全一稳定)"
    r"|(?P<third_party_rights>第三方(?:合法)?权益)|(?P<internal_affairs>内部事务)|(?P<process_information>过程性)"
    r"|(?P<enforcement_files>执法案卷)|(?P<administrative_query>行政查询)"
    r"|(?P<petition>信访、?(?:举报、?投诉)?类|信访、?举报、?投诉|信访举报)|(?P<repeated>重复申请)|(?P<published_material>公开出版物)"
    r"|(?P<excessive>大量反复)|(?P<reconfirmation>重新出具)|(?P<uncorrected>逾期[不未]补正)|(?P<fee_unpaid>未按[^，]{0,10}缴))"
)
_GROUPS = ("partly_granted", "granted", "refused", "unavailable", "rejected", "other")
_JOINT = re.compile(r"(?:[、和及与或/的因]|以及|并|答复|信息|属于|需要?|公开|处理)*")
_VERB = re.compile(
    r"(?P<new>新收到?|新增)|(?P<received>收到|接收|受理|接到|收悉|登记)"
    r"|(?P<concluded>办结|办理完[毕成]|处理完[毕成]|答复|回复)|(?P<processed>办理|处理)"
)
_NOT_SO = re.compile(
    r"未办结|未答复|超期|逾期|不予受理|正在|在办|未按期|不再|涉及|关于|占|撤回|撤销|补正(?!后)|延期|征求|转送|口头|告知"
)
_APPLICANT = re.compile(
    r"(?P<natural_person>自然人|公民|个人)|(?P<organisations>法人(?:(?:组织)?(?:或者?|和|及|、)其他组织)?|组织机构)"
    r"|(?P<business>(?:商业)?企业)|(?P<research>科研机构)|(?P<nonprofit>公益组织)|(?P<legal_service>法律服务机构)"
)
_CHANNEL = re.compile(
    r"网络|网上|网站|在线|线上|线下|信函|邮寄|邮政|信件|当面|现场|窗口|电子邮件|邮箱|传真|平台|系统|快递|EMS|微信|电话"
)
_MANY = re.compile(r"等|各[类种]|多种|多渠道|线上线下")
_FILLER = re.compile(
    r"(?:[共计了为的并已均和及、:至合件数量总达有类]|书面|有效|公众|群众|公民|法人|或者?|其他组织|自然人|申请人?|提[出交]|依法|社会|各[界种]"
    r"|(?:公开|申请)(?:事项|案件)|政府|政务|信息|公开|依申请|情况|全部|按时|按期|予以|分别)*"
)
_RECOUNTED = re.compile(r"有效申请|实际受理|不属于政府信息|非(?:政府)?信息公开|撤回|撤销申请|合并|并案|转为|件次")
"""Where an author counts the same papers twice over, no single number is the table's."""
_ROLE = re.compile(f"{_RESULT.pattern}|[{IN}{OUT}]".replace("?P<", "?P<_"))
_EMPTY = re.compile(r"(?:[共计合，、]|总计|合计|一共)*")
_COUNTED = frozenset("件宗份起例条")


def _requests(figure: _Figure, state: _State) -> Iterator[Claim]:
    gap, unit = figure.before, figure.unit
    if unit not in _COUNTED and unit not in ("", "个", "次", "人次", "项", "件次"):
        return
    single = not _RECOUNTED.search(state.quote)
    sure = unit in _COUNTED and single and (state.named or "申请" in state.heading)
    if rows := _result(gap):
        if "分别" not in gap:
            plain = single and (unit in _COUNTED or not unit) and not _MANY.search(gap[-2:])
            yield Claim(rows, figure.value, state.quote, firm=plain)
        return
    if IN in gap or OUT in gap:
        last = max(gap.rfind(IN), gap.rfind(OUT))
        if _FILLER.fullmatch(gap, last + 1):
            yield Claim("carried_in" if gap[last] == IN else "carried_forward", figure.value, state.quote, firm=single)
        return
    if unit and not _NOT_SO.search(gap) and not _NOT_SO.search(figure.behind):
        yield from _handled(figure, state, sure=sure)


def _handled(figure: _Figure, state: _State, *, sure: bool) -> Iterator[Claim]:
    """How many were received, by whom, and concluded."""
    gap = figure.before
    applicants = [one.lastgroup or "" for one in _APPLICANT.finditer(gap)]
    if len(applicants) == 1:
        if "提出" not in gap:
            yield Claim(f"received.{applicants[0]}", figure.value, state.quote, firm=sure and state.parts)
        return
    channels = len(set(_CHANNEL.findall(gap)))
    if state.channel or (channels and not _MANY.search(gap) and channels < 2) or _CHANNEL.search(figure.behind):
        return
    verbs = [one.lastgroup or "" for one in _VERB.finditer(gap)]
    if not verbs and (behind := _behind(figure.behind)):
        yield Claim(behind, figure.value, state.quote, firm=sure)
    elif not verbs and _THEN_DONE.match(figure.behind):
        yield Claim("concluded", figure.value, state.quote, firm=sure and gap in ("", "其中"))
    elif verbs:
        yield from _done(figure, verbs, sure=sure and (channels < 2 or bool(_MANY.search(gap))), state=state)
    elif _TOPIC.search(gap) and not state.parts:
        yield Claim("received", figure.value, state.quote, firm=sure and (state.this_year or "共" in gap))
    elif _EMPTY.fullmatch(gap) and gap and state.named and not state.parts:
        yield Claim("received", figure.value, state.quote, firm=False)


_THEN_DONE = re.compile(
    r"(?:申请|政府信息公开|[均已都]|全部|按[时期]|依法|在[^，]{1,12}内)*(?:办结|办理完[毕成]|处理完[毕成]|答复)"
)


def _result(words: str) -> str:
    """The rows of table 3 that results named one after the other stand for, joined by ``+``; empty if there are none.

    A reason names its row, not its group, unless it is only an example (等).
    """
    found = list(_RESULT.finditer(words))
    if not found:
        return ""
    details = [one for one in found if one.lastgroup not in _GROUPS]
    groups = [one for one in found if one.lastgroup in _GROUPS]
    if details and not (groups and "等" in words[details[-1].end() : groups[-1].start()]):
        found = details
    elif details:
        found = groups[-1:]
    joined = [found[-1]]
    for one in reversed(found[:-1]):
        if not _JOINT.fullmatch(words, one.end(), joined[0].start()):
            break
        joined.insert(0, one)
    if not _AFTER_RESULT.fullmatch(words, joined[-1].end()):
        return ""
    return "+".join(dict.fromkeys(one.lastgroup or "" for one in joined))


_AFTER_RESULT = re.compile(
    r"(?:[的共计了为有:)”\"类]|答复|申请|相关|政府|政务|公开|信息|事项|处理|情形|决定|而|需要?|另行|制作|无法提供|不予|案卷|等(?:原因|情形)?|要求|行为)*"
)


def _behind(words: str) -> str:
    if words and words[0] in (IN, OUT):
        return "carried_in" if words[0] == IN else "carried_forward"
    found = re.search(f"[{IN}{OUT}]", words)
    if found and (found.start() <= 6 or _FILLER.fullmatch(words, 0, found.start())):
        return "carried_in" if found.group() == IN else "carried_forward"
    return _result(words) if _RESULT.search(words[:24]) else ""


def _done(figure: _Figure, verbs: list[str], *, sure: bool, state: _State) -> Iterator[Claim]:
    gap = figure.before
    last = list(_VERB.finditer(gap))[-1]
    named = [one for one in _TOPIC.finditer(gap, last.end()) if one.lastgroup in ("requests", "bare")]
    after = gap[named[-1].end() if named else last.end() :]
    role = verbs[-1]
    if {"received", "concluded"} <= set(verbs):
        role = "processed"
    plain = bool(_FILLER.fullmatch(after)) and (not named or len(gap[last.end() : named[-1].start()]) <= 30)
    if named and named[-1].lastgroup == "bare":
        plain = plain and bool(_FILLER.fullmatch(gap, last.end(), named[-1].start()))
    if not named and figure.behind.startswith(("申请", "政府信息", "信息公开", "依申请")):
        plain = bool(_FILLER.fullmatch(gap, last.end()))
    if state.parts and role == "received":
        plain = False
    yield Claim(role, figure.value, state.quote, firm=sure and plain)


# Reviews and lawsuits

_VERDICT = re.compile(
    r"(?P<upheld>维持)|(?P<corrected>结果纠正|(?<!被)纠正)|(?P<other>其[他它]结果)|(?P<pending>未审结|审理中|正在审理)"
)
_NO_VERDICT = re.compile(
    r"纠错|驳回|终止|败诉|胜诉|撤[回销]|责令|确认|一审|二审|再审|应诉|出庭|调解|受理机关|和解|变更"
)
_OF_A_JUDGE = re.compile(f"受理|审理|审结|办理|办结|应诉|{IN}|{OUT}")
_ROWS = {
    "review": ("review",),
    "suit": ("direct_suit", "suit_after_review"),
    "direct": ("direct_suit",),
    "after": ("suit_after_review",),
    "both": ("review", "direct_suit", "suit_after_review"),
}


def _own_behind(figure: _Figure) -> str:
    """The words behind a figure, unless they lead to the next one (行政复议3件：维持2件)."""
    last = figure.clause.endswith(figure.behind)
    leads_on = figure.behind.startswith(":") or (not last and figure.behind[-1:] not in "、和及")
    return "" if leads_on else figure.behind


def _disputes(figure: _Figure, state: _State) -> Iterator[Claim]:
    gap = figure.before
    if (
        figure.unit not in ("件", "起", "例", "宗", "次", "")
        or _NO_VERDICT.search(gap)
        or _NO_VERDICT.search(figure.behind)
    ):
        return
    if not any(word in state.quote or word in state.heading for word in ("信息公开", "依申请", "复议、行政诉讼")):
        return
    sure = figure.unit in ("件", "起", "例", "宗") and not _OF_A_JUDGE.search(gap)
    rows = "+".join(_ROWS[state.topic])
    verdict = [one.lastgroup or "" for one in _VERDICT.finditer(gap)]
    verdict = verdict or [one.lastgroup or "" for one in _VERDICT.finditer(_own_behind(figure))]
    if verdict:
        if not _TOPIC.search(figure.behind) or not figure.unit:
            state.disputes.clear()
            yield Claim(f"{rows}/{verdict[-1]}", figure.value, state.quote, firm=sure and len(verdict) == 1)
    elif _TOPIC.search(gap) or _TOPIC.search(figure.behind):
        state.disputes.append(rows)
        whole = not state.parts or state.topic in ("direct", "after")
        yield Claim(f"{rows}/total", figure.value, state.quote, firm=sure and whole)


# Documents, decisions and fees of table 2

_MADE = re.compile(
    r"(?P<issued>制发|制定|出台|印发|新?制作)|(?P<disclosed>公开|发布)|(?P<repealed>废止)|(?P<in_force>现行有效|继续有效)"
)
_OTHER_ACT = re.compile(
    r"修[改订]|牵头|提请|推动|报请|清理|审查|审核|备案|起草|解读|公布|汇编|报送|代拟|参与|征求|失效|评估|历年|梳理|转发|保留|论证|说明|听证|办结|讨论|研究"
)


def _documents(figure: _Figure, state: _State) -> Iterator[Claim]:
    gap = figure.before
    made = [one.lastgroup or "" for one in _MADE.finditer(gap)]
    named = _TOPIC.search(gap) or _TOPIC.search(figure.behind)
    if made:
        state.verb = made[0] if made[-1] == "disclosed" else made[-1]
    if figure.unit not in ("件", "部", "份", "个", "项") or not state.verb or _OTHER_ACT.search(figure.clause):
        return
    if (state.parts and not made) or not (made or named) or "名义" in gap:
        return
    joint = re.search(r"规章(?:[、和及与或]|以及)+(?:行政)?规范性文件|规范性文件(?:[、和及与或]|以及)+规章", gap)
    sure = figure.unit in ("件", "部", "份") and not state.parts and not joint
    yield Claim(f"{state.topic}.{state.verb}", figure.value, state.quote, firm=sure and _plainly_made(gap))


def _plainly_made(gap: str) -> bool:
    """Nothing stands between the kind of document and its number, so that it is the document that is counted."""
    found = [one for one in _TOPIC.finditer(gap) if one.lastgroup in ("norm", "rule")]
    made = list(_MADE.finditer(gap))
    after = max([one.end() for one in found] + [one.end() for one in made], default=0)
    return bool(re.fullmatch(r"(?:[共计了为的数量:件]|合计|总数)*", gap[after:]))


def _decisions(figure: _Figure, state: _State) -> Iterator[Claim]:
    if figure.unit not in ("件", "宗", "起", "例"):
        return
    plain = "决定" in figure.before or ("作出" in figure.clause and _TOPIC.search(figure.before))
    doubtful = re.search(
        r"公开|公示|听证|撤销|减免|典型|案例|事项|清单|备案|公布|录入|归集|上报|免予|从轻|重大|执行", figure.clause
    )
    if _TOPIC.search(figure.before):
        yield Claim(f"{state.topic}.decisions", figure.value, state.quote, firm=bool(plain and not doubtful))


def _revenue(figure: _Figure, state: _State) -> Iterator[Claim]:
    if figure.unit == "万元" and re.search(r"收费|收取|征收", figure.clause) and not state.parts:
        yield Claim("revenue", figure.value, state.quote, firm="金额" in figure.before or "收取" in figure.before)


def _fee(figure: _Figure, state: _State) -> Iterator[Claim]:
    if (
        figure.unit in ("元", "万元")
        and re.search(r"收取|收缴|收到|收费", figure.clause)
        and not _DUE.search(figure.clause)
    ):
        value = figure.value * (10_000 if figure.unit == "万元" else 1)
        yield Claim("fee", value, state.quote)


_DUE = re.compile(r"通知|应收|减免|退|免收|标准|每件|/件")


_READERS = {
    "requests": _requests,
    **dict.fromkeys(_ROWS, _disputes),
    "norm": _documents,
    "rule": _documents,
    **dict.fromkeys(("licence", "penalty", "compulsory"), _decisions),
    "revenue": _revenue,
    "fee": _fee,
}


# What is said in words

_NOT = r"(?:未曾|未(?!经)|没有|没|无|暂无|尚未)"
_NO_REQUEST = re.compile(
    rf"{_NOT}[^，费]*?(?:信息公开的?申请|依申请公开|公开申请|申请公开|公开(?:本机关|相关)?(?:政府|政务)?信息的?申请|(?<=公开政府信息)的申请)(?!人)"
    r"(?:(?:政府|政务)?信息)?的?(?:申请(?!人))?(?:的?(?:事项|件|情况|案件|表|受理))?$"
)
_ZERO_REQUEST = re.compile(r"零申请|(?:申请|依申请公开)(?:件|数量?|总量)?为零")
_UNFIT = re.compile(
    r"超期|逾期|未答复|投诉|举报|意见|不予|收费|终止|撤回|纠错|败诉|上半年|重大|补正|涉及|重复|大量|恶意|批量"
)
_SOME_APPLICANTS = re.compile(r"^(?!.*(?:公民|个人|自然人|群众|公众|社会)).*(?:法人|企业|组织|机构|律师)")
_NO_DISPUTE = re.compile(
    rf"{_NOT}[^，]{{0,40}}?(?:复议|诉讼)(?:的|等)?(?:案件|事项|情况|情形|申请|案|事件)*(?:发生)?$"
    r"|(?:复议|诉讼)[^，\d]{0,12}(?:未发生|为零|均无)$"
)
_OTHER_CAUSE = re.compile(r"因(?!(?:政府|政务)?信息公开|依申请|公开|申请|此)")
_COMPLAINTS = re.compile(r"(?:举报|投诉|、)+[和及与、]")
_DENIED = {
    "review": r"复议(?!后)(?<!未经复议)(?<!未经行政复议)",
    "direct": r"未经(?:行政)?复议|直接起诉",
    "after": r"复议后",
    "suit": r"^(?!.*(?:未经(?:行政)?复议|直接起诉|复议后)).*诉讼",
}
_NO_NORM = re.compile(rf"{_NOT}(?:新)?(?:制发|制定|出台|印发)[^，]{{0,8}}规范性文件$")
_NO_CARRY = re.compile(rf"{_NOT}(?:申请)?(?:{OUT}|结转)[^，]{{0,8}}$")
_NO_FEE = re.compile(rf"(?:{_NOT}|不)[^，]{{0,6}}(?:收取|收费|产生)[^，]{{0,16}}(?:处理费|费用|收费)?[^，]{{0,6}}$")
_ALL_DONE = re.compile(
    r"(?:均|全部|都)(?:已经?)?(?:全部)?(?P<timely>(?:在[^，]{1,14}?(?:内|前)|按时|按期|按规定|按要求|及时|如期|依法依规|依法|依规|规范|予以|已)*)"
    r"(?:办结|办理完[毕成]|处理完[毕成]|答复完[毕成]|办毕)"
)
_TIMELY = re.compile(r"时|期|内|前|规定|要求")
_PARTLY_DONE = re.compile(f"到期|其余|除|应答复|应办结|已答复|{IN}")
_SOME_UPHELD = re.compile(r"其余|除|审结的|已审结|一审")
_ALL_UPHELD = re.compile(r"(?:均|全部|都)(?:已)?(?:被|获|予以|为|得到|结果)*维持")


def _worded(clause: str, before: str, sentence: str, state: _State) -> Iterator[Claim]:
    """Claims without a figure: nothing received, nothing left over, all upheld."""

    def zero(quantity: str, words: str = clause, *kinds: str) -> Claim:
        firm = not _HELPING.search(clause)
        return Claim(quantity, 0, state.quote, firm=firm, worded=True, beside=((words, (*kinds, "denials")),))

    if (
        "申请" in clause
        and (_NO_REQUEST.search(clause) or _ZERO_REQUEST.search(clause))
        and not _UNFIT.search(clause)
        and not _SOME_APPLICANTS.search(clause)
        and ("任何" in clause or not _CHANNEL.search(clause))
    ):
        state.topic, state.named = "requests", True
        yield zero("received.words")
    if "复议" in clause or "诉讼" in clause:
        spoken = _COMPLAINTS.sub("", clause)
        if _NO_DISPUTE.search(spoken) and not _OTHER_CAUSE.search(spoken) and not _UNFIT.search(spoken):
            named = [name for name in _DENIED if re.search(_DENIED[name], spoken)]
            rows = dict.fromkeys(row for name in named for row in _ROWS[name])
            yield zero("+".join(rows) + "/total", spoken, "disputes")
    if "规范性文件" in clause and _NO_NORM.search(clause):
        yield zero("norm.issued", clause, "documents")
    if _NO_CARRY.search(clause) and (OUT in clause or "结转" in clause):
        yield zero("carried_forward", "")
    if "费" in clause and _NO_FEE.search(clause) and "处理费" in sentence:
        yield zero("fee", "")
    excepted = _PARTLY_DONE.search(before) or _PARTLY_DONE.search(clause) or OUT in sentence or "结转" in sentence
    done = None if excepted else _ALL_DONE.search(clause)
    if done and _speaks_of_requests(words := clause[: done.start()], state):
        timely = ".timely" if _TIMELY.search(done.group("timely")) else ""
        yield replace(zero(f"carried_forward{timely}"), beside=(*state.beside, (words, ())))
    if state.disputes and _ALL_UPHELD.search(clause) and not _SOME_UPHELD.search(before + clause):
        yield Claim(
            "+".join(dict.fromkeys("+".join(state.disputes).split("+"))) + "/all_upheld", 0, state.quote, worded=True
        )


def _speaks_of_requests(words: str, state: _State) -> bool:
    found = [one.lastgroup for one in _TOPIC.finditer(words)]
    if not found and not _FILLER.fullmatch(words):
        return False
    topic = found[-1] if found else state.topic
    return topic in ("requests", "bare") and (state.named or bool(found)) and not state.parts


# Wholes and parts

_MARK = re.compile(r"其中|分别[为是]|包括|包含|由(?=[^。;]{4,160}组成)")
_OVERLAPPING = re.compile(r"重复(?!申请)|多渠道|多类|多个领域|兼有|交叉|同时(?:在|通过|涉及)")
"""Where one thing stands in several parts, they are more than the whole."""
_REST = re.compile(r"^[，,、和及]*(?:以及)?其[他它](?!处理)")
_SIX = frozenset(_GROUPS)
_ANOTHER_TALE = re.compile(
    rf"收到|受理|办结|答复(?!$)|同比|增|减|较|比|结转|[{IN}{OUT}]|以上|解读|网站|公众号|微信|微博|;"
)


def _listings(text: str, quote: str) -> Iterator[Listing]:
    if _OVERLAPPING.search(text):
        return
    for mark in _MARK.finditer(text):
        wholes = list(_FIGURE.finditer(text, max(0, mark.start() - 40), mark.start()))
        if not wholes or not re.fullmatch(r"[^\d。;]{0,14}", text[wholes[-1].end() : mark.start()]):
            continue
        found = _parts(text[mark.end() :], wholes[-1].group(5))
        if found is None or wholes[-1].group(1) or wholes[-1].group(4):
            continue
        parts, labels = found
        if len(parts) >= 2 and (mark.group()[:2] in ("分别", "由") or _complete(labels)):
            yield Listing(_value(*wholes[-1].group(2, 3)), tuple(parts), quote)


def _parts(tail: str, unit: str) -> tuple[list[Number], list[str]] | None:
    """The figures that follow in the same unit, with their labels; None if the list is open (等)."""
    parts: list[Number] = []
    labels: list[str] = []
    end = 0
    for one in _FIGURE.finditer(tail):
        label = tail[end : one.start()]
        if one.group(5) == "%":
            end = one.end()
            continue
        if (
            one.group(5) != unit
            or _MARK.search(label)
            or _ANOTHER_TALE.search(label)
            or "。" in label
            or len(label) > 28
        ):
            break
        if one.group(1) or one.group(4) or tail[one.end() : one.end() + 1] == "等" or "等" in label:
            return None
        parts.append(_value(*one.group(2, 3)))
        labels.append(label)
        end = one.end()
    return parts, labels


def _complete(labels: list[str]) -> bool:
    """Whether a list leaves nothing out: it ends in "other", or names every result or every kind of applicant."""
    results = {one.lastgroup for label in labels for one in _RESULT.finditer(label)}
    people = {one.lastgroup for label in labels for one in _APPLICANT.finditer(label)}
    return (
        bool(_REST.match(labels[-1])) or results >= _SIX or people == {"natural_person", "organisations"}
        if labels
        else False
    )

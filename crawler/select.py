"""Is this link a yearly report, of whom and of which year? Every answer carries its reasons.

A report is given to an organisation only if its name, an alias, the column or the heading names exactly that one.
A longer name (示例市人民政府办公室) is another organisation, never a sloppy spelling of a shorter one (示例市人民政府).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from crawler import names
from crawler.cms.page import Link, clean
from crawler.portal import Organisation


class Kind(StrEnum):
    """``OTHER``: a report of an organisation that is not ours. ``AMBIGUOUS``: a person must look."""

    REPORT = "report"
    OTHER = "other"
    AMBIGUOUS = "ambiguous"
    NOT_A_REPORT = "not_a_report"


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer for one link. ``suspects`` are the ids an ambiguous link may belong to; ``score`` is 0..1."""

    kind: Kind
    link: Link
    organisation: str | None = None
    year: int | None = None
    score: float = 0.0
    why: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()


_NEIGHBOURS = re.compile(
    r"法治政府|法治建设|决算|预算|网站工作|网站.{0,6}报表|工作年度报表|图解|解读|一图读?懂|图片版|超链版?|长图|动漫|视频|H5"
    r"|报送|征求|意见建议|工作要点|公开指南|公开目录|通报|环境质量|统计公报|部门年报汇总"
    # Words that also stand in the names of organisations (审计局, 综合行政执法局, 机构编制委员会).
    r"|(?:编制|考核|财务|审计|行政执法|统计)(?!.{0,5}(?:局|委|办|厅|署|处|中心|[大支总]队))",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"(?:政府|政务)?信息(?:依法|主动公开[和与及、]依申请)?公开(?:工作)?(?:情况)?(?:的)?(?:年度|年)?(?:工作)?(?:总结)?(?:报告书?|年报)|政务公开(?:工作)?(?:年度报告|年报)"
)
_SHORT_PHRASE = re.compile(r"年度报告书?|年度工作报告|年报|报告书?")
# Other reports that stand in the column, unless the title speaks of information disclosure as well.
_OTHER_DUTIES = re.compile(
    r"绩效|依申请|季度|半年|月度|提案|党务|普法|安全生产|社会责任|述[职法廉]|自查|自评|评[估价]|调研|监测|整改|信用|廉政|检查"
)
_COLUMN = re.compile(r"信息公开.{0,6}(?:年报|年度报告)|公开年报|年度报告|年报")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:年度?|度)?(?!\d)")
_YEAR_BEST = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:年度|年|度)")
_CHINESE = str.maketrans("〇○零O一二三四五六七八九", "000" + "0123456789")
_CHINESE_YEAR = re.compile(r"[二２2][〇○零OＯ0][〇○零O一二三四五六七八九]{2}(?=年)")
_DAY = re.compile(r"(?:19|20)\d{2}(?:年\d{1,2}月(?:\d{1,2}日)?|([-/.])\d{1,2}\1\d{1,2})")
_FLUFF = re.compile(
    r"关于|公布|发布|印发|公开发布|的?通知|的?公[告示]|[《》\"“”'‘’〈〉<>\[\]【】〔〕()|·•.,,:;:;_—*★▪■●◆→»\-]|(?:HTML|PDF|WORD|DOCX?)版?"
    r"|新$|new$|^\d{1,3}、?|附件\d*|全文|正文|原文|(?:文字|网页|公示|公开|更新|修订|更正|最终|正式|文本)版|已?更[新正]$|^更[新正]|公开$|(?<=[局委办厅府会室])部门$|^[一二三四五六七八九十]{1,3}、|置顶|最新|点击查看|查看|下载|汇总$"
    r"|\d{1,4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?",
    re.IGNORECASE,
)
_SHORT_YEARLY = re.compile(r"((?:19|20)\d{2})年报")
_BRACKETED = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]")
_CUT = re.compile(
    r"(?:…+|\.{2,}|·{3})$"
    # Cut without a sign, in the middle of the phrase.
    r"|(?<=信息公开)(?:(?:工作)?(?:情况)?(?:的)?年度?(?:工作)?报?|工作?)$"
)
_LONGER = re.compile(
    r"^(?![、,和与及暨])(?:办公?[室厅]?|办事处|.{0,14}(?:局|委员会|委|管委会|办|办公[室厅]|厅|处|署|会|社|馆|中心|站|队|所|院|校|街道|镇|乡|村|公司|政府|机关|大队|支队|[发园新范税]区))$"
)
_SITE_WORD = re.compile(r"(?:门户)?网站?$|政府信息公开(?:平台|专栏)?$|年报$|信息公开.*$|首页")


def year_of(title: str) -> int | None:
    """The reported year a title names: ``2025年``, ``2025年度``, ``二〇二五年``; None if none or several."""
    text = _digits(title)
    found = set(_YEAR_BEST.findall(text)) or set(_YEAR.findall(text))
    return int(found.pop()) if len(found) == 1 else None


def in_report_column(*headings: str) -> bool:
    """Whether a page's title or heading names the column of the yearly reports."""
    return any(_COLUMN.search(clean(text)) and not _NEIGHBOURS.search(clean(text)) for text in headings)


def organ_in(title: str) -> str:
    """Whom a title names: what is left of it without year, phrase and fluff; empty if it names nobody."""
    return _organ_part(clean(title))


def choose(
    link: Link,
    organisations: Sequence[Organisation],
    *,
    column: bool = False,
    owner: str | None = None,
    year: int | None = None,
) -> Choice:
    """Judge one link of a list.

    ``column``: the list is the reports' own column; ``owner``: whose list it is, if its folder named one;
    ``year``: the year of the folder it stands in.
    """
    title = clean(link.title)
    phrase = _PHRASE.search(title) or _PHRASE.search(_YEAR.sub("", _digits(title)))
    if _NEIGHBOURS.search(title) or (phrase is None and _OTHER_DUTIES.search(title)):
        return Choice(Kind.NOT_A_REPORT, link, why=("排除：相邻栏目或陪衬 / excluded: a neighbour or companion",))
    why: list[str] = []
    if phrase is None and _CUT.search(title):
        return _cut_short(link, title, organisations, column=column, owner=owner, year=year)
    if phrase is None and not (column and (_SHORT_PHRASE.search(title) or _only_year(title, link, owner))):
        return _named_below_year(link, title, organisations) if column else Choice(Kind.NOT_A_REPORT, link)
    why.append("标题写明年度报告 / title names the report" if phrase else "位于年报栏目 / stands in the column")
    named = year_of(title)
    if named is None and not _YEAR.search(title):
        named = link.year or year
        if named:
            why.append("年份来自标题所在的年份栏 / year of the heading or folder")
    organ = _organ_part(title)
    kind, who, suspects, reason = _attribute(organ, link, organisations, owner)
    why.append(reason)
    if named is None:
        ids = suspects or ((who,) if who else tuple(one.id for one in organisations))
        if kind is Kind.OTHER or phrase is None or not (organ or link.date):
            return Choice(Kind.NOT_A_REPORT, link, why=(*why, "没有年份 / no year"))
        return Choice(Kind.AMBIGUOUS, link, None, None, 0.3, (*why, "年份不明 / year unclear"), ids)
    score = (0.6 if phrase else 0.4) + (0.4 if organ and who else 0.2 if who else 0.0)
    return Choice(kind, link, who, named, round(score, 2), tuple(why), suspects)


def match(text: str, organisations: Sequence[Organisation]) -> tuple[Kind, str | None, tuple[str, ...], str]:
    """Whom a piece of text names: exactly one of ours, another, or unclear; with the reason."""
    organ = names.plain(clean(text))
    known = _known(tuple(organisations))
    exact = _exactly(clean(text), organ, known)
    if len(exact) == 1:
        return Kind.REPORT, exact.pop(), (), f"名称一致 / named exactly: {organ}"
    if len(exact) > 1:
        return Kind.AMBIGUOUS, None, tuple(sorted(exact)), f"名称有歧义 / several share the name: {organ}"
    return _partly(organ, known)


@lru_cache(maxsize=64)
def _known(organisations: tuple[Organisation, ...]) -> tuple[tuple[str, str, Organisation], ...]:
    """Every name, in short forms and as it is written, with its organisation."""
    return tuple((names.plain(name), clean(name), one) for one in organisations for name in one.names if name)


def _partly(
    organ: str, known: Sequence[tuple[str, str, Organisation]]
) -> tuple[Kind, str | None, tuple[str, ...], str]:
    """Whom a name means that is nobody's exactly: it may hold one of ours, or be a short form of one."""
    hits = sorted(
        {(name, one.id, clean(one.region), *organ.split(name, 1)) for name, _, one in known if name in organ},
        key=lambda hit: -len(hit[0]),
    )
    kin = {one.id for name, _, one in known if names.abbreviates(*sorted((organ, name), key=len))}
    why = f"其他机构 / another organisation: {organ}"
    if hits:
        name, who, region, before, after = hits[0]
        if not after and names.above(before, name, region) and not _rival(hits):
            return Kind.REPORT, who, (), f"全称或带地区的简称 / the name with its region: {organ}"
        if not _LONGER.match(after) and (after or not _elsewhere(before, name)):
            suspects = tuple(sorted({hit[1] for hit in hits} | kin))
            return Kind.AMBIGUOUS, None, suspects, f"名称只部分一致 / named in part: {organ}"
        why = f"更长的名称，另一机构 / a longer name, another organisation: {organ}"
    if kin:
        return Kind.AMBIGUOUS, None, tuple(sorted(kin)), f"可能是简称 / may be short for one of ours: {organ}"
    return Kind.OTHER, None, (), why


def _exactly(written: str, organ: str, known: Sequence[tuple[str, str, Organisation]]) -> set[str]:
    """Whom a name means beyond doubt, by the strictest way of reading it that means anybody."""
    ways: tuple[Callable[[str, str, Organisation], bool], ...] = (
        lambda _, whole, __: whole == written,
        lambda name, _, __: name == organ,
        lambda name, _, __: names.without_region(organ, name),
        # 示例市2025年政府信息公开…: the region stands for its government.
        lambda name, _, one: _is_seat(organ, names.seat(name), one),
    )
    found = ({entry[2].id for entry in known if way(*entry)} for way in ways)
    return next(filter(None, found), set())


def owner_in_title(title: str, organisations: Sequence[Organisation]) -> str | None:
    """The one organisation a page's title or heading names as a whole segment; site names do not count."""
    found: set[str] = set()
    for segment in re.split(r"[-_—|丨>·]", clean(title)):
        kind, who, _, _ = match(_SITE_WORD.sub("", segment), organisations)
        government = any(one.id == who and one.kind == "government" for one in organisations)
        if kind is Kind.REPORT and who and not government:
            found.add(who)
    return found.pop() if len(found) == 1 else None


def _attribute(
    organ: str, link: Link, organisations: Sequence[Organisation], owner: str | None
) -> tuple[Kind, str | None, tuple[str, ...], str]:
    if organ:
        found = match(organ, organisations)
        return _elsewhere_by_heading(found, organ, link, organisations)
    if link.organ:
        named = match(_organ_part(link.organ) or link.organ, organisations)
        if named[0] is not Kind.OTHER or not _COLUMN.search(link.organ):
            ours = named[0] is not Kind.OTHER or _LONGER.match(clean(link.organ))
            if ours:
                return named
    if owner and not link.elsewhere:
        return Kind.REPORT, owner, (), "列表属于该机构 / the list is this organisation's"
    if len(organisations) == 1 and not link.elsewhere:
        one = organisations[0].id
        return Kind.REPORT, one, (), "标题无机构名，门户只有一个机构 / no name; the portal has one organisation"
    ids = tuple(one.id for one in organisations)
    return Kind.AMBIGUOUS, None, ids, "标题无机构名 / the title names no organisation"


def _named_below_year(link: Link, title: str, organisations: Sequence[Organisation]) -> Choice:
    """In the reports' column no more than a name below the heading of a year is a report, anything else is none."""
    kind, who, _, why = match(title, organisations)
    if link.year is not None and not organisations and _LONGER.match(title):
        return Choice(Kind.OTHER, link, None, link.year)  # a first look at a portal knows nobody yet
    if link.year is None or kind is not Kind.REPORT:
        return Choice(Kind.NOT_A_REPORT, link)
    return Choice(kind, link, who, link.year, 0.6, ("位于年份栏下的机构名 / a name below a year", why))


def _elsewhere_by_heading(
    found: tuple[Kind, str | None, tuple[str, ...], str], organ: str, link: Link, organisations: Sequence[Organisation]
) -> tuple[Kind, str | None, tuple[str, ...], str]:
    """教育局 below 甲县 is not ours for being the only 教育局: a doubt, if the heading is another place's."""
    place = names.plain(names.seat(names.plain(link.organ)) or link.organ)
    one = next((one for one in organisations if one.id == found[1]), None)
    if one is None or not names.is_region(place) or any(clean(name) == organ for name in (one.name,)):
        return found
    if place in f"{clean(one.region)}{clean(one.name)}":
        return found
    return Kind.AMBIGUOUS, None, (one.id,), f"列在另一地区之下 / stands below another place: {link.organ}"


def _is_seat(organ: str, place: str, one: Organisation) -> bool:
    if not place or one.kind not in {"government", "township", "zone"}:
        return False
    return organ == place or (
        organ.endswith(place) and names.above(organ.removesuffix(place), place, clean(one.region))
    )


def _rival(hits: Sequence[tuple[str, ...]]) -> bool:
    """Another organisation of ours is named just as well."""
    return any(len(hit[0]) == len(hits[0][0]) and hit[1] != hits[0][1] for hit in hits)


def _elsewhere(before: str, name: str) -> bool:
    """The name of an organisation in another place: 甲县 + 教育局, 乙 + 市教育局; not 某市 + 东湖区教育局."""
    return names.is_region(before + name[0] if name[0] in "市县区州旗" else before) and not names.is_region(
        name[: 1 + max(name.find(sign) for sign in "市县区州旗")]
    )


def _cut_short(
    link: Link,
    title: str,
    organisations: Sequence[Organisation],
    *,
    column: bool,
    owner: str | None,
    year: int | None,
) -> Choice:
    """A title the site cut: a report if the column and the rest of it leave no doubt, else something to look at."""
    whole = _CUT.sub("", title)
    start = re.search(r"(?:政府|政务)?信息公开|政府信息?公?$|政$", whole)
    organ = _organ_part(whole[: start.start()] if start else whole)
    kind, who, suspects, _ = _attribute(organ, link, organisations, owner)
    named, why = year_of(whole) or year, ("标题被网站截断 / title cut short by the site",)
    if kind is Kind.OTHER and organ and not any(name.startswith(organ) for one in organisations for name in one.names):
        return Choice(Kind.NOT_A_REPORT, link, why=why)
    if kind is Kind.REPORT and column and named and start and "公开" in start[0]:
        return Choice(kind, link, who, named, 0.4, why)
    beginning = tuple(one.id for one in organisations if any(clean(name).startswith(organ) for name in one.names))
    ids = (who,) if who else suspects or beginning
    return Choice(Kind.AMBIGUOUS, link, None, named, 0.2, why, ids) if ids else Choice(Kind.NOT_A_REPORT, link)


def _digits(title: str) -> str:
    """The title with Chinese years in digits and without full dates, which are days of publication."""
    text = _CHINESE_YEAR.sub(lambda found: found[0].translate(_CHINESE), clean(title))
    return _SHORT_YEARLY.sub(r"\1年年报", _DAY.sub("", text))


def _organ_part(title: str) -> str:
    """What is left of a title without year, phrase and fluff: the organisation's name, if any."""
    text = _digits(title)
    outside = _bare(_BRACKETED.sub("", text))
    inside = "".join(_bare(part) for part in _BRACKETED.findall(text))
    # 示例市财政局（地方金融监管局) is the first one; 示例市人民政府(办公室) is its office.
    return outside + inside if not outside or re.match(r"办公[室厅]$", inside) else outside


def _bare(text: str) -> str:
    """What the phrase leaves; in 青石镇人民政府信息公开年报 the government is a part of both."""
    text = _SHORT_PHRASE.sub("", _PHRASE.sub("", _YEAR.sub("", text)))
    text = re.sub(r"^(?:年度?|度)+|(?:年度?|的)+$", "", _FLUFF.sub("", text))
    return re.sub(r"(?<=.)人民$", "人民政府", text)


def _only_year(title: str, link: Link, owner: str | None) -> bool:
    """A bare ``2025年`` is a report only where the row or the list already says whose."""
    return bool((link.organ or owner) and re.fullmatch(r"20\d{2}年?度?", title))

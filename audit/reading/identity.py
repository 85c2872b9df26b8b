"""Whose report a document is and of which year: title, agency, reported year, each with where it was found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from audit.reading import dates
from audit.reading.document import Document, Grid, Text
from audit.reading.number import normalise

_LONGEST_LINE = 200
_LONGEST_TITLE = 90
_NEAREST = 300
_AS_PRINTED = str.maketrans("()", "（）")
"""Names are compared packed, where brackets are narrow; in print an agency has wide ones."""
_SUBJECT = (
    r"(?:(?:政府|政务)?信息公开|政务公开)(?:工作)?"
    r"(?:的?年度(?:工作)?报告|工作年报|年报|(?:工作)?(?:情况)?年度报告|工作报告|情况的?(?:年度)?报告)"
)
_TITLE = re.compile(
    rf"(?P<before>.{{0,60}}?)(?<!\d)(?P<year>20\d\d)(?![-/]?\d)年?度?(?P<between>[^，。]{{0,40}}?)(?:的)?{_SUBJECT}"
)
_TITLE_YEAR_INSIDE = re.compile(
    r"(?P<before>.{0,60}?)(?:政府|政务)?信息公开(?:工作)?(?P<year>20\d\d)年?度?(?:工作)?(?P<between>)(?:年度)?报告"
)
_TITLE_WITHOUT_YEAR = re.compile(rf"(?P<before>.{{2,60}}?){_SUBJECT}")
_PERIOD = re.compile(
    r"(?P<first>20\d\d)[年./-](?:0?1|一)[月./-](?:0?1|一)日?起?[,，]?(?:至|到|[-—–~])+"
    r"(?:(?P<last>20\d\d)[年./-]|同年|当年|本年)?(?:12|十二)[月./-](?:31|三十一)"
    r"|(?P<year>20\d\d)年0?1月?(?:至|到|[-—–~])+12月"
)
_MENTIONED = re.compile(r"20[0-3]\d(?=年)(?!年?度?(?:修订|公布|颁布|印发|施行))")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the document says it is. ``year`` is that of the title alone; ``sources`` say where each was found."""

    title: str | None
    agency: str | None
    year: int | None
    sources: Mapping[str, str]


def identify(document: Document, above: Sequence[Text | Grid], tail: Sequence[str] = ()) -> Identity:
    """Title, agency and year of the best titled place. ``above`` stands over the report, ``tail`` are its last lines.

    A title that names no agency leaves it to the signature, 发布机构 and the tags of the page; a portal is none.
    """
    best = next(_titles(document, _texts(above)), _Title("", None, None, None))
    sources = {"title": best.where, "year": best.where if best.year else "", "agency": best.where}
    agency = best.agency
    if not agency:
        agency, sources["agency"] = next(_other_agencies(document, above, tail), (None, ""))
    agency = agency and agency.translate(_AS_PRINTED)
    return Identity(best.title, agency, best.year, {fact: place for fact, place in sources.items() if place})


def named_in_title(text: str) -> tuple[str | None, int] | None:
    """Agency and year of a line that is the title of a report; None for any other."""
    found = _titled("", text) if len(text) <= 60 and "。" not in text else None
    return (found.agency, found.year) if found and found.year else None


def page_titles(document: Document) -> Iterator[tuple[str | None, int]]:
    """Agency and year in the titles that the page gives itself, the surest first."""
    for text in (document.meta.get("articletitle", ""), document.meta.get("script.title", ""), _window(document)):
        if name := named_in_title(text):
            yield name


def reported_year(titled: int | None, text: str, published: Iterable[date | None]) -> tuple[int | None, str | None]:
    """The reported year and where it is told: by the title, the sentence on the period, the years the text names.

    Where title and period differ, a day of publication in the year after one of them decides, then the text; else None.
    """
    line = plain_year(text)
    periods = {match["last"] or match["first"] or match["year"] for match in _PERIOD.finditer(line) if _is_one(match)}
    period = int(periods.pop()) if len(periods) == 1 else None
    named = _leading_year(_PERIOD.sub("", line))
    if titled is None:
        return (period, "period") if period else (named, "text" if named else None)
    if period in {None, titled}:
        return titled, None
    for day in published:
        if day and day.year - 1 in {titled, period}:
            return day.year - 1, "title and date" if day.year - 1 == titled else "period and date"
    return (named, "text") if named in {titled, period} else (None, None)


def packed(text: str) -> str:
    """Normalised, without white space. Lines are asked for several times, paragraphs are not worth keeping."""
    return _packed_line(text) if len(text) <= _LONGEST_LINE else _packed_line.__wrapped__(text)


def plain_year(text: str) -> str:
    """Packed, years in Chinese numerals as figures."""
    return dates.with_figures(packed(text))


@lru_cache(maxsize=2048)
def _packed_line(text: str) -> str:
    return "".join(normalise(text).split())


# --- title -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Title:
    where: str
    title: str | None
    agency: str | None
    year: int | None

    @property
    def is_dated(self) -> bool:
        """Whether it names a year, be it one that its other words deny."""
        return bool(self.title and re.search(r"20\d\d年", self.title))


def _titles(document: Document, texts: Sequence[Text]) -> Iterator[_Title]:
    """Titles of the report, the best first: those with a year before those without."""
    found = [title for where, text in _places(document, texts) if (title := _titled(where, text))]
    with_year = [title for title in found if title.year or title.is_dated]
    lines = [title for title in with_year if title.where == "first lines"]
    if len({title.year for title in lines}) > 1:
        # A list of other years' reports stands above; the report's own title is the one the window shows, or the last.
        shown = {title.year for title in with_year if title.where == "title"}
        own = next((title for title in lines if title.year in shown), lines[-1])
        with_year = [title for title in with_year if title not in lines or title == own]
    yield from with_year
    yield from (title for title in found if title not in with_year)


def _texts(above: Sequence[Text | Grid]) -> list[Text]:
    """Lines of text, those in a table row of their own among them."""
    texts = []
    for block in above:
        if isinstance(block, Text):
            texts.append(block)
            continue
        for row in block.rows:
            filled = [cell for cell in row if cell.text.strip()]
            if len(filled) == 1:
                texts += [Text(line, path=block.path) for line in filled[0].text.split("\n")]
    return texts if len(texts) <= 2 * _NEAREST else texts[:_NEAREST] + texts[-_NEAREST:]


def _places(document: Document, texts: Sequence[Text]) -> Iterator[tuple[str, str]]:
    """Where a title may stand, the surest place first."""
    yield "meta articletitle", document.meta.get("articletitle", "")
    yield "script", document.meta.get("script.title", "")
    yield from (("heading", block.text) for block in texts if block.heading)
    for first, second, third in zip(texts, texts[1:], texts[2:], strict=False):
        if _is_torn(first, second) and len(third.text) <= 20 and not _is_title(first.text + second.text):
            yield "first lines", first.text + second.text + third.text
    yield from (
        ("first lines", first.text + second.text) for first, second in pairwise(texts) if _is_torn(first, second)
    )
    yield from (("first lines", block.text) for block in texts)
    yield "title", _window(document)


def _window(document: Document) -> str:
    """The title of the window without the name of the portal."""
    return re.split(r"[_|]|\s[-–—]\s|--", document.title or "")[0]


def _titled(where: str, text: str) -> _Title | None:
    line = plain_year(text)
    if not line or len(line) > _LONGEST_TITLE:
        return None
    if match := _TITLE.search(line) or _TITLE_YEAR_INSIDE.search(line):
        return _Title(where, match[0], _agency(match["before"], match["between"]), _year_of_title(line, match["year"]))
    if match := _TITLE_WITHOUT_YEAR.search(line):
        return _Title(where, match[0], _agency(match["before"]), _year_of_title(line, None))
    return None


def _year_of_title(line: str, first: str | None) -> int | None:
    """2024 of 2025年政府信息公开年报（2024年度）: 年度 names the reported year. None where two are named alike."""
    reported = set(re.findall(r"(20\d\d)年度", line))
    named = set(re.findall(r"(20\d\d)年", line)) | ({first} if first else set())
    for years in (reported, named):
        if len(years) == 1:
            return int(years.pop())
        if years:
            return None
    return None


def _is_torn(first: Text, second: Text) -> bool:
    """A title over two lines that stand together: an agency alone, then the rest."""
    one, two = packed(first.text), packed(second.text)
    shared = sum(1 for a, b in zip(first.path, second.path, strict=False) if a == b)
    return (
        len(one) <= 30
        and len(two) <= 40
        and shared >= max(len(first.path), len(second.path)) - 2
        and _is_organ(one)
        and bool(re.match(r"(?:关于)?20\d\d年?度?|(?:政府)?信息公开", two))
    )


def _is_title(text: str) -> bool:
    return bool(_TITLE.search(plain_year(text)))


# --- agency ------------------------------------------------------------------------------------------------------

_NO_NAMES = frozenset(
    "政府 政务 本机关 本单位 本部门 年度 全市 全县 全区 全省 我市 我县 我区 本市 本县 本区 工作动态".split()  # noqa: SIM905
)
# What a portal calls itself and its columns. A 中心 or 厅 of this kind is a page, not an agency.
_PORTAL = re.compile(
    r".*(?:网|网站|首页|主页|正文|专栏|栏目|平台|门户|政务公开|信息公开|公开内容|公开制度|公开指南|年报|目录|公告|动态|要闻|大厅|微信|微博|客户端|编辑|管理员)"
    r"|(?:新闻|数据|个人|用户|下载|帮助|会员|服务|发布|互动|政策|媒体|资料|办事|图片|视频|客服)中心"
    r"|(?:市直|县直|区直|省直|政府|市政府|县政府|区政府|直属|乡镇|镇|各|部门|和)*(?:街道|委办局|部门|单位|乡镇)|本站|本网|原创|转载|.*(?:日报|晚报|新华社)"
)
_ORGAN = re.compile(
    r"[\u4e00-\u9fff()、]{2,40}(?:局|厅|委|办|室|府|会|处|院|站|所|队|中心|街道|镇|乡|部|署|社|学校|大学|学院|馆|区|县|市|省"
    r"|州|盟|旗|公司|集团|团|行|关|台|组|园|\))"
)
_SOURCE_LINE = re.compile(
    r"(?:发布机构|发文机关|发文机构|公开主体|责任部门|发布单位|公开机构)\s*[:：\s]\s*([\u4e00-\u9fff()（）、]{3,40})"
)
_ORIGIN_LINE = re.compile(r"(?:信息来源|文章来源|来源)\s*[:：]\s*([\u4e00-\u9fff()（）、]{3,40})")
_LABELS = re.compile(r"(?:发布|生成|成文|公开|发文)?(?:日期|时间)$|(?:作者|编辑|浏览|阅读|点击).*$")


def _agency(*parts: str) -> str | None:
    """The first part of a title that names somebody."""
    for part in parts:
        name = re.sub(
            r"^(?:关于|附件\d?[:：]?|[·•>》\-—:：]+)|(?:关于|发布|公布|公开|的|[:：\-—]|\d{4}年度?)+$", "", part
        ).strip()
        name = re.split(r"[>《》»/|]", name)[-1].strip()
        name = name.strip("[]【】〔〕()（）") if "(" not in name[1:] else name
        if name in _NO_NAMES or _PORTAL.fullmatch(name):
            continue
        if 2 <= len(name) <= 40 and not re.search(r"[，,。；;！!?？:]|\d", name):
            return name
    return None


def _is_organ(name: str) -> bool:
    """Whether a name ends as agencies do; asked where nothing else speaks for it."""
    return bool(_ORGAN.fullmatch(name)) and not _PORTAL.fullmatch(name) and name not in _NO_NAMES


def _other_agencies(document: Document, above: Sequence[Text | Grid], tail: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Agencies named outside the title, the surest first, each with its place."""
    for line, below in pairwise([*(packed(line) for line in tail), ""]):
        if _is_organ(line) and dates.signed([below])[0] and len(below) <= 14:
            yield line, "signature"
        if (who := dates.signer(line)) and _is_organ(who):
            yield who, "signature"
    for pattern, place in ((_SOURCE_LINE, "line"), (_ORIGIN_LINE, "line")):
        for line in _labelled(above):
            if (match := pattern.search(line)) and _is_organ(name := _LABELS.sub("", packed(match[1]))):
                yield name, place
        if place == "line" and pattern is _SOURCE_LINE:
            for tag in ("script.source", "contentsource", "publisher"):
                if _is_organ(name := packed(document.meta.get(tag, ""))):
                    yield name, f"meta {tag}"
    for tag in ("source", "author"):
        if _is_organ(name := packed(document.meta.get(tag, ""))):
            yield name, f"meta {tag}"


def _labelled(above: Sequence[Text | Grid]) -> Iterator[str]:
    """Lines that may name the publisher; a row of a small table as one line."""
    for block in above:
        if isinstance(block, Text):
            yield block.text
        else:
            yield from labelled_rows(block)


def labelled_rows(grid: Grid) -> Iterator[str]:
    """Rows of a small table as lines; where labels stand over their values, each pair as a line."""
    rows = [[" ".join(cell.text.split()) for cell in row] for row in grid.rows if len(row) <= 8]
    yield from (" ".join(row) for row in rows)
    for upper, lower in pairwise(rows):
        if len(upper) == len(lower) > 1:
            yield from (
                f"{name}：{value}" for name, value in zip(upper, lower, strict=True) if _HEAD.fullmatch(packed(name))
            )


_HEAD = re.compile(r".{0,4}(?:日期|时间|机构|机关|主体|单位)[:：]?")


# --- year --------------------------------------------------------------------------------------------------------


def _is_one(period: re.Match[str]) -> bool:
    return not period["last"] or period["last"] == period["first"]


def _leading_year(line: str) -> int | None:
    """The year a text names at least twice and more than twice as often as any other."""
    counts = Counter(_MENTIONED.findall(line)).most_common(2)
    if counts and counts[0][1] >= 2 and (len(counts) == 1 or counts[0][1] > 2 * counts[1][1]):
        return int(counts[0][0])
    return None

"""The report in the document: title, agency, year, sections and dates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from audit.form import IDS, SECTIONS, load
from audit.reading import dates
from audit.reading.document import Document, Grid, RawCell, Text
from audit.reading.identity import (
    Identity,
    identify,
    labelled_rows,
    named_in_title,
    packed,
    page_titles,
    plain_year,
    reported_year,
)
from audit.reading.number import label
from audit.reading.rows import ANOTHER_YEAR
from audit.report import Dates, Section

_ORDINAL = (
    r"(?:第?[一二三四五六七八九十壹贰叁肆伍陆]{1,2}(?:部分|章)?[、.,:：;；]?|\d{1,2}[、.,]|0\d|(?:I{1,3}|IV|VI?)[、.,])"
)
_ONLY_ORDINAL = re.compile(rf"(?:{_ORDINAL}|[(][一二三四五六1-6][)])")
_BULLETS = r"[【\[■□◆◇●○★☆▲△※•·*#]{0,3}"
_LONGEST_HEADING = 40
_FOOTER = re.compile(
    r"(?:上一篇|下一篇|打印|关闭|【?字体|分享|扫一扫|相关(?:文档|链接|附件|信息|阅读|稿件)|附件\s*[:：\d]|主办|承办|版权所有|网站标识码"
    r"|联系我们|网站地图|技术支持|Copyright|您的位置|当前位置|责任编辑|来源\s*[:：]|信息来源)|.*ICP备"
)
_COMPARISON = re.compile(r"上一?年度?(?:情况|数据|报告|同期)|去年|对照|对比|同比")
_SIGNATURE_LINES = 6


@dataclass(frozen=True, slots=True)
class Outline:
    """What surrounds the tables. ``grids`` pairs each raw table of the report with the section it stands in."""

    title: str | None
    agency: str | None
    year: int | None
    dates: Dates
    preamble: str
    sections: Mapping[str, Section]
    grids: tuple[tuple[Grid, str | None], ...]
    sources: Mapping[str, str]
    text: str
    pictures: int


def outline(document: Document, url: str | None = None, headers: Mapping[str, str] | None = None) -> Outline:
    """Find the report in a document. Hidden blocks count only if the shown ones hold no section."""
    shown = [block for block in document.blocks if not block.hidden]
    blocks = _own_report(_split(shown), document)
    headings = _headings(blocks)
    if len(headings) < 2 and len(shown) < len(document.blocks):
        blocks = _own_report(_split(list(document.blocks)), document)
        headings = _headings(blocks)
    blocks, headings = _detach_inline(blocks, headings)
    end = _end(blocks, headings)
    starts = sorted((place, key) for key, place in headings.items())
    sections = {key: Section(key, present=False) for key in SECTIONS}
    grids: list[tuple[Grid, str | None]] = []
    first = starts[0][0] if starts else end
    for (place, key), (stop, _) in pairwise([*starts, (end, "")]):
        sections[key] = _section(key, blocks, place, stop)
    tail = [block.text for block in blocks[first:end] if isinstance(block, Text)][-_SIGNATURE_LINES:]
    who = identify(document, blocks[:first], tail)
    for place, block in enumerate(blocks):
        if isinstance(block, Grid):
            section = next((key for start, key in reversed(starts) if start < place), None) if place < end else None
            another = _is_of_another_year(blocks[max(0, place - 2) : place], who.year)
            grids.append((block, ANOTHER_YEAR if another else section))
    hidden_grids = [
        (block, None) for block in document.blocks if isinstance(block, Grid) and block.hidden and block not in blocks
    ]
    head = [block.text for block in blocks[:first] if isinstance(block, Text)][-_SIGNATURE_LINES:]
    sources: dict[str, str | None] = dict(who.sources)
    preamble = _preamble(blocks[:first], who.title)
    signed, sources["signed"] = dates.signed([*reversed(tail), *head])
    in_address = dates.in_address(url) if url else None
    dated = _dated_lines(blocks, first, end, who)
    # The day of publication helps to tell the year, and the year which days cannot be that of publication.
    year, where = reported_year(
        who.year,
        f"{preamble}\n{sections['overview'].text}",
        (dates.declared(document.meta, dated, who.year and who.year - 1)[0], signed, in_address),
    )
    sources["year"] = where or sources.get("year") if year else None
    declared, sources["declared"] = dates.declared(document.meta, dated, year)
    return Outline(
        title=who.title,
        agency=who.agency,
        year=year,
        dates=Dates(
            declared=declared,
            signed=signed,
            url=in_address,
            last_modified=dates.last_modified((headers or {}).get("last-modified")),
        ),
        preamble=preamble,
        sections=sections,
        grids=(*grids, *hidden_grids),
        sources={fact: source for fact, source in sources.items() if source},
        text="\n".join(text for block in blocks for text in _lines(block)),
        pictures=_pictures(document, _container(blocks, headings)),
    )


def _is_of_another_year(above: Sequence[Text | Grid], year: int | None) -> bool:
    """A table shown for comparison is announced as such just above it, or by the year before the reported one."""
    captions = [block.text for block in above if isinstance(block, Text) and len(block.text) <= _LONGEST_HEADING]
    named = set(re.findall(r"20\d\d(?=年)", plain_year(captions[-1]))) if captions else set()
    return any(map(_COMPARISON.search, captions)) or (year is not None and named == {str(year - 1)})


def _lines(block: Text | Grid) -> list[str]:
    return [block.text] if isinstance(block, Text) else list(labelled_rows(block))


_MOST_LINES = 2000
_DAY_FOLLOWS = re.compile(r"(?:日期|时间)\s*[:：]?$")
_ELSEWHERE = re.compile(r"上一篇|下一篇|相关(?:文档|链接|信息|阅读|稿件|文章)|推荐阅读|热门")


def _dated_lines(blocks: Sequence[Text | Grid], first: int, end: int, who: Identity) -> list[str]:
    """Lines that may tell the day of publication, the likeliest first.

    Below the title, then above it, in the report, below it up to links to other pages; not beside other reports.
    """
    above = [text for block in blocks[:first] for text in _lines(block)]
    lines = [text for block in blocks[first:end] for text in _lines(block)]
    for block in blocks[end:]:
        if isinstance(block, Text) and _ELSEWHERE.search(block.text):
            break
        lines += _lines(block)
    titles = [n for n, text in enumerate(above) if who.title and "。" not in text and who.title in plain_year(text)]
    below_title = titles[-1] if titles else 0
    parts = (above[below_title:], above[:below_title], lines)
    return [line for part in parts for line in _joined_days(_without_other_reports(part, who))][:_MOST_LINES]


def _joined_days(lines: Sequence[str]) -> list[str]:
    """With the lines that only together tell a day: 发布日期： / 2026-01-20."""
    return [*lines, *(f"{a} {b}" for a, b in pairwise(lines) if len(a) <= 12 and _DAY_FOLLOWS.search(a))]


def _without_other_reports(lines: Sequence[str], who: Identity) -> list[str]:
    """Without lines with the title of another report, nor the short line behind such a one: that is its day."""
    kept = []
    is_other = False
    for line in lines:
        named = named_in_title(line) if "公开" in line else None
        was_other, is_other = is_other, named is not None and named[1] != who.year
        if not is_other and not (was_other and len(line) <= _LONGEST_HEADING):
            kept.append(line)
    return kept


# --- sections ----------------------------------------------------------------------------------------------------


@cache
def _accepted() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """Per section: the pattern of a heading that stands alone, and of one with the text running on behind it."""
    patterns = {}
    for form_section in load("2021").sections:
        both = {p for form in IDS for s in load(form).sections if s.key == form_section.key for p in s.accepted}
        said = "|".join(sorted(both, key=len, reverse=True))
        numbered = rf"(?:{form_section.number}[、.,:：]|第{form_section.number}部分[、,:：]?)"
        patterns[form_section.key] = (
            re.compile(rf"{_BULLETS}{_ORDINAL}?(?:{said})[。:：】\]]*"),
            re.compile(rf"(?P<heading>{numbered}(?:{said}))[。:：]?(?P<rest>.+)", re.S),
        )
    return patterns


def _key_of(text: str) -> str | None:
    line = packed(text)
    if not 4 <= len(line) <= _LONGEST_HEADING:
        return None
    return next((key for key, (alone, _) in _accepted().items() if alone.fullmatch(line)), None)


def _split(blocks: Sequence[Text | Grid]) -> list[Text | Grid]:
    """Headings that stand in a table row of their own become text, and part the table; torn headings are joined."""
    result: list[Text | Grid] = []
    for block in blocks:
        if isinstance(block, Text):
            result.append(block)
            continue
        rows: list[tuple[RawCell, ...]] = []
        for row in block.rows:
            filled = [cell for cell in row if cell.text.strip()]
            if row and "。" in row[0].text and all(len(other) == 1 for other in block.rows):
                result.append(Text(row[0].text, at=row[0].at, hidden=block.hidden, path=block.path))
                continue
            if not rows and (caption := _caption(result)):
                rows.append((RawCell(caption.text, at=caption.at),))
            units = [cell for cell in filled[1:] if re.match(r"[(（]?单位\s*[:：]", cell.text)]
            if len(filled) == 1 + len(units) and _key_of(filled[0].text):
                result += _piece(block, rows, parted=True)
                rows = []
                result.append(Text(filled[0].text, heading=True, at=filled[0].at, hidden=block.hidden, path=block.path))
            else:
                rows.append(row)
        result += _piece(block, rows, parted=len(rows) < len(block.rows))
    return _join_torn(result)


def _piece(block: Grid, rows: Sequence[tuple[RawCell, ...]], *, parted: bool) -> list[Text | Grid]:
    """Some rows of a grid; where headings part it, a piece with nothing side by side is running text."""
    if parted and all(sum(bool(cell.text.strip()) for cell in row) <= 1 for row in rows):
        lines = [cell for row in rows for cell in row if cell.text.strip()]
        return [Text(cell.text, at=cell.at, hidden=block.hidden, path=block.path) for cell in lines]
    return [replace(block, rows=tuple(rows))] if rows else []


def _caption(before: Sequence[Text | Grid]) -> Text | None:
    """The name of a part of table 4 that stands as a line above its piece of the table."""
    last = before[-1] if before else None
    return last if isinstance(last, Text) and label(last.text) in _PARTS_OF_DISPUTES else None


_PARTS_OF_DISPUTES = frozenset(row.label for row in load("2021").tables["disputes"].rows)


def _join_torn(blocks: list[Text | Grid]) -> list[Text | Grid]:
    """四、政府信息公开行政复议、 / 行政诉讼情况: two short blocks that only together are a heading."""
    result: list[Text | Grid] = []
    for block in blocks:
        before = result[-1] if result else None
        if (
            isinstance(block, Text)
            and isinstance(before, Text)
            and len(before.text) + len(block.text) <= _LONGEST_HEADING
            and not _key_of(before.text)
            and (not _key_of(block.text) or _ONLY_ORDINAL.fullmatch(packed(before.text)))
            and _key_of(before.text + block.text)
        ):
            result[-1] = replace(before, text=before.text + block.text)
        else:
            result.append(block)
    return result


def _own_report(blocks: list[Text | Grid], document: Document) -> list[Text | Grid]:
    """Of several whole reports on one page only the one that the page is about by its own title, else the first."""
    titles = [
        (place, name)
        for place, block in enumerate(blocks)
        if isinstance(block, Text) and (name := named_in_title(block.text))
    ]
    bounds = [*(place for place, _ in titles), len(blocks)]
    whole: list[tuple[int, int, tuple[str | None, int]]] = []
    for (start, name), stop in zip(titles, bounds[1:], strict=True):
        keys = {key for block in blocks[start:stop] if isinstance(block, Text) and (key := _key_of(block.text))}
        if len(keys) >= 3 and any(isinstance(block, Grid) for block in blocks[start:stop]):
            whole.append((start, stop, name))
    names = list(dict.fromkeys(name for *_, name in whole))
    if len(names) < 2:
        return blocks
    wanted = next((name for name in page_titles(document) if name in names), names[0])
    foreign = {place for start, stop, name in whole if name != wanted for place in range(start, stop)}
    return [block for place, block in enumerate(blocks) if place not in foreign]


def _headings(blocks: Sequence[Text | Grid]) -> dict[str, int]:
    """Section key to the place of its heading; of several the one with most behind it, not the list of contents."""
    candidates = [
        (place, key) for place, block in enumerate(blocks) if isinstance(block, Text) and (key := _key_of(block.text))
    ]
    candidates = _without_contents(candidates)
    best: dict[str, tuple[int, int]] = {}
    for n, (place, key) in enumerate(candidates):
        stop = candidates[n + 1][0] if n + 1 < len(candidates) else min(len(blocks), place + 40)
        weight = sum(len(b.text) if isinstance(b, Text) else 1000 for b in blocks[place + 1 : stop])
        if key not in best or weight > best[key][0]:
            best[key] = (weight, place)
    return _with_reworded({key: place for key, (_, place) in best.items()}, blocks)


def _without_contents(candidates: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Without a list of contents: headings one behind the other that all stand elsewhere too."""
    for start in range(len(candidates) - 2):
        run = [one for n, one in enumerate(candidates[start:]) if one[0] == candidates[start][0] + n]
        rest = candidates[:start] + candidates[start + len(run) :]
        if len(run) >= 3 and {key for _, key in run} <= {key for _, key in rest}:
            return rest
    return candidates


_NUMBERED = re.compile(
    r"(?:[(]?([一二三四五六1-6])(?:[、.,:：)]|部分|(?=\D))|第([一二三四五六])(?:部分|章)?[、.,:：]?)"
)
_PLAIN = re.compile(r"第?[一二三四五六]")
_ARABIC = str.maketrans("123456", "一二三四五六")
_ABOUT = {
    "overview": re.compile(r"总体|整体|概述|概况|基本情况"),
    "disclosure": re.compile(r"主动公开"),
    "requests": re.compile(r"申请"),
    "disputes": re.compile(r"复议|诉讼"),
    "problems": re.compile(r"问题|不足|困难|改进|整改"),
    "other_matters": re.compile(r"其[他它]|需要?(?:报告|说明)"),
}


def _with_reworded(found: dict[str, int], blocks: Sequence[Text | Grid]) -> dict[str, int]:
    """Adds headings in the filer's own words: the number of the section and its matter, between its neighbours."""
    number = {key: "一二三四五六"[n] for n, key in enumerate(SECTIONS)}
    # 一、 heads a section, （一） or 1. a part of one, unless the whole report is numbered so.
    plain = any(_PLAIN.match(packed(block.text)) for p in found.values() if isinstance(block := blocks[p], Text))
    for n, key in enumerate(SECTIONS):
        if key in found:
            continue
        after = max((found[other] for other in SECTIONS[:n] if other in found), default=-1)
        before = min((found[other] for other in SECTIONS[n + 1 :] if other in found), default=len(blocks))
        places = [
            place
            for place in range(after + 1, before)
            if isinstance(block := blocks[place], Text)
            and _is_reworded(block, number[key], _ABOUT[key])
            and (not plain or _PLAIN.match(packed(block.text)))
        ]
        # Of a list of contents and the heading itself, the heading comes last.
        if places:
            found[key] = places[-1]
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _is_reworded(block: Text, number: str, about: re.Pattern[str]) -> bool:
    line = packed(block.text)
    match = _NUMBERED.match(line)
    said = (match[1] or match[2]).translate(_ARABIC) if match else None
    return (
        len(line) <= _LONGEST_HEADING
        and said == number
        and bool(about.search(line))
        and not re.search(r"[。;；,，!?]|\d{2,}[件条份]|[.…]{3,}", line)
    )


def _detach_inline(blocks: list[Text | Grid], headings: dict[str, int]) -> tuple[list[Text | Grid], dict[str, int]]:
    """六、其他需要报告的事项。无。: a numbered heading with its text in the same block, where none stands alone."""
    wanted = {key: patterns[1] for key, patterns in _accepted().items() if key not in headings}
    if not wanted or not headings:
        return blocks, headings
    result: list[Text | Grid] = []
    for block in blocks:
        if isinstance(block, Text):
            line = packed(block.text)
            for key, pattern in wanted.items():
                if match := pattern.fullmatch(line):
                    result.append(replace(block, text=match["heading"], heading=True))
                    block = replace(block, text=match["rest"])  # noqa: PLW2901 - the rest of the same block
                    del wanted[key]
                    break
        result.append(block)
    return result, _headings(result)


def _end(blocks: Sequence[Text | Grid], headings: Mapping[str, int]) -> int:
    """Where the report ends: at a footer, or where the page leaves the container that holds its headings."""
    if not headings:
        return len(blocks)
    places = sorted(headings.values())
    container = _container(blocks, headings)
    for place in range(places[-1] + 1, len(blocks)):
        block = blocks[place]
        if isinstance(block, Text) and _FOOTER.match(block.text):
            return place
        if len(places) > 1 and block.path[: len(container)] != container:
            return place
    return len(blocks)


def _container(blocks: Sequence[Text | Grid], headings: Mapping[str, int]) -> tuple[int, ...]:
    """The path of the innermost container that holds every heading; () for the whole page."""
    paths = [blocks[place].path for place in headings.values()]
    shared = 0
    while paths and all(len(path) > shared + 1 and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    return paths[0][:shared] if paths else ()


def _pictures(document: Document, container: tuple[int, ...]) -> int:
    """Pictures that may hold a part of the report: a logo in another part of the page does not."""
    if not document.picture_paths:
        return document.pictures
    return sum(path[: len(container)] == container for path in document.picture_paths)


def _section(key: str, blocks: Sequence[Text | Grid], place: int, stop: int) -> Section:
    heading = blocks[place]
    inside = blocks[place + 1 : stop]
    text = "\n".join(block.text for block in inside if isinstance(block, Text))
    tables = sum(isinstance(block, Grid) for block in inside)
    return Section(
        key,
        present=True,
        heading=heading.text if isinstance(heading, Text) else None,
        text=text,
        tables=tables,
    )


def _preamble(blocks: Sequence[Text | Grid], title: str | None) -> str:
    texts = [block.text for block in blocks if isinstance(block, Text)]
    start = max((n + 1 for n, text in enumerate(texts) if title and title in plain_year(text)), default=0)
    return "\n".join(text for text in texts[start:] if len(text) > 12)

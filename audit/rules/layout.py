"""Is the report laid out and worded as its form is: order, headings, labels, numbers, cited basis, leftovers.

S002, S003, S006, S007, S010 and S012. All look at words in print, so what was lost in reading is never held against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from audit.context import Context
from audit.figures import Figures
from audit.finding import Kind, Outcome, passed
from audit.form import IDS, SECTIONS, TABLES, load
from audit.reading.number import normalise
from audit.report import Report, RowMatch, Section, Table
from audit.rules import doubt, names
from audit.rules.registry import rule

_FORMAT = "政府信息公开工作年度报告格式"
_NUMERALS = "一二三四五六七八九十"
_ORDINAL = re.compile(r"^[(（]?第?(?:([一二三四五六七八九十]{1,2})|(\d{1,2}))(?:部分|章)?[)）]?[、.,:：]?")

# A figure or a name that nobody put in. Anonymised persons and cases (张XX, 原告XX公司) are meant to stay so.
_LETTERS = "xX×✕"
_PLACEHOLDER = f"[{_LETTERS}]"
_UNFILLED = re.compile(
    rf"20(?:\d{_PLACEHOLDER}|{_PLACEHOLDER}{{1,2}})年|(?<![\dA-Za-z×]){_PLACEHOLDER}{{1,4}}(?:年|月|日)"
    rf"|(?<![\dA-Za-z×]){_PLACEHOLDER}{{1,4}}(?:余)?(?:件次|人次|万元|件|条|份|篇|期|场|%)"
    rf"|(?<![\dA-Za-z×]){_PLACEHOLDER}{{2,4}}(?:省|市|县|区|镇|乡|街道|局|委员会|办公室|人民政府|单位|部门)"
)
_RESIDUE = re.compile(
    r"该部分以表格形式报告"
    r"|(?:此处|在此)(?:填写|填报|输入|插入)|[(【\[<《](?:请)?(?:填写|填入|输入)[^)】\]>》]{0,20}[)】\]>》]"
    r"|[(【\[<](?:单位|机关|部门)(?:全称|名称)[)】\]>]|(?:单位|机关|部门)名称(?=20|[xX×]|政府信息公开)"
    r"|[(【\[][\s_]*[)】\]]|_{3,}|(?:填报|填表)说明[:：]"
)
_ANONYMISED = re.compile(r"案|诉|原告|被告|申请人|当事人|某|化名|匿名|脱敏|隐去|身份证|电话|手机|编号|号码")
_TICKED = re.compile(r"[(【\[]\s*[√✓✔☑]\s*[)】\]]")
_EMPTY = re.compile(r"[(【\[][\s_]*[)】\]]")

_SUPERSEDED = (
    (2019, re.compile(r"令\s*[(〔\[]?第?\s*492\s*号"), "国务院令第492号", "国务院令第711号"),
    (
        2021,
        re.compile(r"公开办函\s*[(〔\[]?2019[)〕\]]?\s*60\s*号"),
        "国办公开办函〔2019〕60号",
        "国办公开办函〔2021〕30号",
    ),
)
_CITING = re.compile(r"根据|按照|依据|依照|遵照|遵循|要求|规定")
_RECALLING = re.compile(
    r"废止|修订前|修改前|替代|取代|代替|原《|原条例|旧|曾|此前|以前|历史|沿革|不再|首次颁布|自2008年"
)
_SENTENCE = re.compile(r"[。！？!?\n]+")
_TOPIC = re.compile(r"[一二三四五六七八九十]{1,2}、(?![一二三四五六七八九十])[^。;；，,]{2,30}")


@rule("S002", letter="L", basis=_FORMAT)
def sections_in_order(report: Report) -> Iterator[Outcome]:
    """The sections stand in the order of the form, told by the numbers their headings bear and where they stand."""
    found = _found(report)
    numbers = [number for section in found if (number := _number(section))]
    places = [SECTIONS.index(section.key) for section in found]
    swapped = len(set(numbers)) == len(numbers) and numbers != sorted(numbers)
    if swapped or places != sorted(places):
        by_number = sorted(found, key=lambda section: _number(section) or 0) if swapped else found
        printed = "、".join(names.section(section.key)["zh"].split("、")[-1] for section in by_number)
        english = ", ".join(names.section(section.key)["en"].split(". ")[-1] for section in by_number)
        yield Outcome(Kind.FAIL, "report", args={"order": {"zh": printed, "en": english}}, actual=printed)
    elif len(found) < len(SECTIONS):
        yield Outcome(Kind.OPEN, "report")
    else:
        yield passed("report")


@rule("S003", letter="I", basis=_FORMAT, version=2)
def headings_as_in_the_form(report: Report) -> Iterator[Outcome]:
    """Headings read as the form prints them, apart from number, spaces and punctuation."""
    for section in _found(report):
        if not section.heading:
            yield Outcome(Kind.OPEN, section.key)
        elif _plain_heading(section.heading) in _headings(section.key):
            yield passed(section.key)
        else:
            yield Outcome(
                Kind.FAIL,
                section.key,
                args={"printed": section.heading.strip(), "section": names.section(section.key)},
                expected=names.section(section.key)["zh"],
                actual=section.heading.strip(),
            )


@rule("S006", letter="M", basis="国办公开办函〔2021〕30号；国务院令第711号")
def basis_in_force(report: Report, context: Context, figures: Figures) -> Iterator[Outcome]:
    """The report rests on the rules in force. To mention an old one, as history, is not to cite it."""
    year = context.year_of(report)
    if year is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    cited = dict.fromkeys(
        (old, new)
        for text in figures.texts().values()
        for since, pattern, old, new in _SUPERSEDED
        if year >= since and pattern.search(text) and any(_cites(pattern, one) for one in _SENTENCE.split(text))
    )
    if cited:
        old = "、".join(name for name, _ in cited)
        new = "、".join(name for _, name in cited)
        yield Outcome(Kind.FAIL, "report", args={"year": year, "old": old, "new": new}, expected=new, actual=old)
    elif doubt.partial(report):
        yield Outcome(Kind.OPEN, "report")
    else:
        yield passed("report")


@rule("S007", letter="M", basis="格式惯例：模板文字应当替换或者删除", version=2)
def template_filled(report: Report, figures: Figures) -> Iterator[Outcome]:
    """Nothing of a template is left: its instructions, XX for a figure or a name, brackets with nothing in them."""
    left = dict.fromkeys((key, words) for key, text in figures.texts().items() for words in _residues(text))
    for key in dict.fromkeys(key for key, _ in left):
        found = [words for other, words in left if other == key]
        quoted = "、".join(f"「{words}」" for words in found[:5])
        # An empty bracket may be one whose contents our reader lost.
        lost = bool(report.troubles or report.pictures) and all(_EMPTY.fullmatch(words) for words in found)
        args = {"where": names.section(key) if key else _TOP, "words": quoted, "count": len(found)}
        kind = Kind.OPEN if lost else Kind.FAIL
        yield Outcome(kind, key or "report", args=args, actual=quoted, message="doubt" if lost else "")
    if not left:
        yield Outcome(Kind.OPEN, "report") if doubt.partial(report) else passed("report")


@rule("S010", letter="I", basis=_FORMAT)
def labels_as_in_the_form(report: Report) -> Iterator[Outcome]:
    """A table has the rows of the form under the labels of the form, none beside them and none reworded."""
    for name in TABLES:
        table = report.tables.get(name)
        if table is None or table.shape is None:
            continue
        if doubt.of_table(table):
            # S011 already puts the rows that fit nothing before a person.
            yield Outcome(Kind.OPEN, name)
            continue
        changed = [match for match in table.matches if _is_reworded(table, match)]
        if changed or table.extra:
            yield _labels(table, changed)
        else:
            yield passed(name)


@rule("S012", letter="L", basis=_FORMAT, version=2)
def numbering_plain(report: Report) -> Iterator[Outcome]:
    """一、 to 六、 number the six sections and nothing else: none twice, none left out, no topic numbered like one."""
    found = _found(report)
    if len(found) < len(SECTIONS):
        # A topic may be the heading that was not recognised: S001 speaks of that.
        yield Outcome(Kind.OPEN, "report")
        return
    numbers = [number for section in found if (number := _number(section))]
    wrong = sorted(numbers) != list(range(1, len(numbers) + 1)) and len(numbers) == len(SECTIONS)
    lines = (line.strip() for section in found for line in section.text.split("\n"))
    topics = [line for line in lines if _TOPIC.fullmatch(line) and not _is_row_of_the_form(line)]
    if not wrong and not topics:
        yield passed("report")
        return
    shown = [section.heading or "" for section in found] if wrong else topics
    quoted = "、".join(f"「{_short(line)}」" for line in shown[:6])
    yield Outcome(
        Kind.FAIL,
        "report",
        args={"lines": quoted, "count": len(shown)},
        actual=quoted,
        message="sections" if wrong else "",
    )


def _is_row_of_the_form(line: str) -> bool:
    """Whether this is how a row of table 3 begins: a table that lost its shape leaves its labels in the text."""
    return any(row.startswith("".join(normalise(line).split())) for row in _numbered_rows())


@cache
def _numbered_rows() -> frozenset[str]:
    rows = [row for form in IDS for row in load(form).tables["requests"].rows]
    names = {name for row in rows for name in (row.label, row.group) if name}
    return frozenset("".join(normalise(name).split()) for name in names)


def _found(report: Report) -> list[Section]:
    return [section for section in report.sections.values() if section.present and section.key in SECTIONS]


def _number(section: Section) -> int | None:
    """The number a heading bears; None if it bears none."""
    match = _ORDINAL.match("".join((section.heading or "").split()))
    if match is None:
        return None
    if match[2]:
        return int(match[2])
    tens, _, ones = match[1].partition("十") if "十" in match[1] else ("", "", match[1])
    value = _NUMERALS.index(ones) + 1 if ones else 0
    return value if "十" not in match[1] else value + 10 * (_NUMERALS.index(tens) + 1 if tens else 1)


@cache
def _headings(key: str) -> frozenset[str]:
    """The heading of the form; the annex of 2019 prints the fifth with the words 政府信息公开工作 before it."""
    own = {_bare(part.heading) for form in IDS for part in load(form).sections if part.key == key}
    return frozenset(own | {f"政府信息公开工作{heading}" for heading in own if key == "problems"})


@cache
def _plain_heading(heading: str) -> str:
    packed = _bare(heading)
    return packed.removeprefix(match[0]) if (match := _ORDINAL.match(packed)) else packed


def _bare(words: str) -> str:
    """Normalised, without white space and end punctuation, commas as 、."""
    return re.sub(r"[,，]", "、", "".join(normalise(words).split())).strip("。.:：、")


def _cites(pattern: re.Pattern[str], sentence: str) -> bool:
    return bool(pattern.search(sentence) and _CITING.search(sentence) and not _RECALLING.search(sentence))


_TOP = {"zh": "正文开头", "en": "the opening"}


def _residues(text: str) -> Iterator[str]:
    ticked = bool(_TICKED.search(text))
    # Beside a bracket with a tick an empty one is an answer.
    yield from (match[0] for match in _RESIDUE.finditer(text) if not (ticked and _EMPTY.fullmatch(match[0])))
    if any(letter in text for letter in _LETTERS):
        for sentence in _SENTENCE.split(text):
            if not _ANONYMISED.search(sentence):
                yield from (match[0] for match in _UNFILLED.finditer(sentence))


def _is_reworded(table: Table, match: RowMatch) -> bool:
    """A label printed neither as in the form nor as one of the short ways of writing it."""
    row = next((row for row in load(table.shape or "").tables[table.name].rows if row.id == match.row), None)
    if row is None or not match.printed.strip() or match.likeness >= 1:
        return False
    printed = _label(match.printed)
    return not any(_label(known) in printed or printed in _label(known) for known in (row.label, *row.aliases))


def _label(words: str) -> str:
    return re.sub(r"[\W_]+", "", normalise(words))


def _labels(table: Table, changed: Sequence[RowMatch]) -> Outcome:
    shown = [f"「{_short(match.printed)}」" for match in changed] + [f"「{_short(label)}」" for label in table.extra]
    return Outcome(
        Kind.FAIL,
        table.name,
        args={"table": names.table(table.name), "labels": "、".join(shown[:5]), "count": len(shown)},
        actual=len(shown),
        expected=0,
    )


def _short(words: str) -> str:
    packed = " ".join(words.split())
    return packed if len(packed) <= 30 else f"{packed[:30]}…"

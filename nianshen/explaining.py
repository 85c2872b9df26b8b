"""How a report was read, for people and programs: rows, columns, dates and sources with the evidence of the reader.

Texts of the report are given as printed: whoever prints them makes them safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from audit.form import IDS, TABLES, Label, load
from audit.reading.confidence import REASONS, WHY
from audit.report import Cell, Locator, Report, RowMatch, State, Table, Trouble
from audit.rules import names

_DATES = ("declared", "signed", "url", "last_modified")
_IDENTITY = ("title", "agency", "year")
_WORDS = {
    "zh": {
        "heading": "读取说明", "shape": "{shape} 年版格式", "no_table": "未找到", "confidence": "可信度 {value:.2f}",
        "reasons": "降低可信度的原因", "row": "{name} ← 「{printed}」 相似度 {likeness:.2f}", "why": "依据",
        "row_unlabelled": "{name} ← 没有行名",
        "row_read": "{name} ← 已读出", "row_missing": "{name}：未找到", "columns": "列（按印刷顺序）",
        "column_missing": "列 {name}：未找到列头", "extra": "格式之外的行：「{text}」", "trouble": "疑难",
        "none": "无", "at": "位置", "source": "来源", "second": "复读", "same": "两次读数一致：{value}",
        "differs": "两次读数不一致：初读 {first}，复读 {second}", "impossible": "初读 {first}，无法复读",
        "table": "表 {}", "row_number": "行 {}", "cell": "格 {}", "page": "第 {} 页",
        "title": "标题", "agency": "机关", "year": "年度",
        "declared": "发布日期", "signed": "落款日期", "url": "网址日期", "last_modified": "Last-Modified",
    },
    "en": {
        "heading": "how it was read", "shape": "form of {shape}", "no_table": "not found",
        "confidence": "confidence {value:.2f}",
        "reasons": "lowered by", "row": "{name} ← “{printed}”, likeness {likeness:.2f}", "why": "by",
        "row_unlabelled": "{name} ← no label",
        "row_read": "{name} ← read", "row_missing": "{name}: not found", "columns": "columns as printed",
        "column_missing": "column {name}: header not found", "extra": "row the form has not: “{text}”",
        "trouble": "trouble", "none": "none", "at": "at", "source": "source", "second": "second reading",
        "same": "both readings agree: {value}", "differs": "the readings differ: first {first}, second {second}",
        "impossible": "first {first}, a second reading was impossible",
        "table": "table {}", "row_number": "row {}", "cell": "cell {}", "page": "page {}",
        "title": "title", "agency": "agency", "year": "year",
        "declared": "declared", "signed": "signed", "url": "in the address", "last_modified": "Last-Modified",
    },
}  # fmt: skip
_CODES = {
    **REASONS,
    **WHY,
    "torn_table": ("表格断裂", "the table is torn"),
    "image": ("图片", "picture"),
    "lossy_text": ("字符丢失", "characters lost"),
    "damaged": ("文件损坏", "file damaged"),
    "recognised_text": ("文字可能来自识别", "text may come from recognition"),
}


def explain_json(report: Report) -> dict[str, Any]:
    """What ``--explain`` adds to a report of ``nianshen.check/1``; codes are those of the reader."""
    return {
        "sources": dict(report.sources),
        "dates": {
            name: {"value": day.isoformat(), "source": _date_source(report, name)} for name, day in _dates(report)
        },
        "tables": {name: _table_json(report.tables[name]) for name in TABLES if name in report.tables},
        "troubles": [_trouble_json(trouble) for trouble in report.troubles],
        "second": [
            {"cell": key, "verdict": _verdict(report.cell(key), cell), "reading": cell.as_json()}
            for key, cell in report.second.items()
        ],
    }


def explain_lines(report: Report, lang: str) -> Iterator[str]:
    """The same for people, line by line, in ``zh`` or ``en``; codes without words stand as they are."""
    words = _WORDS[lang]
    yield f"{words['heading']}:"
    for name in _IDENTITY:
        source = report.sources.get(name, words["none"])
        yield f"  {words[name]}: {getattr(report, name) or words['none']} ({words['source']}: {source})"
    for name, day in _dates(report):
        yield f"  {words[name]}: {day.isoformat()} ({words['source']}: {_date_source(report, name)})"
    for name in TABLES:
        if name in report.tables:
            yield from _table_lines(report.tables[name], lang)
    yield from (f"  {words['trouble']}: {line}" for line in _trouble_lines(report.troubles, lang))
    for key, cell in report.second.items():
        yield f"  {words['second']} {key}: {_second_words(report.cell(key), cell, lang)}"


# Tables


def _rows(table: Table) -> Sequence[Label]:
    return load(table.shape).tables[table.name].rows if table.shape in IDS else ()


def _matches(table: Table) -> Mapping[str, RowMatch]:
    return {match.row.removeprefix(f"{table.name}/"): match for match in table.matches}


def _columns(table: Table) -> list[tuple[str, Locator | None]]:
    """The columns in printed order with a place of each, by the row that shows most of them; then any others."""
    by_row: dict[str, list[Cell]] = {}
    for cell in table.cells.values():
        if cell.at is not None and cell.state not in (State.UNREADABLE, State.ABSENT):
            by_row.setdefault(cell.id.split("/")[1], []).append(cell)
    fullest = max(by_row.values(), key=len, default=[])
    printed = sorted(fullest, key=lambda cell: (cell.at.cell or 0, cell.at.box or ()) if cell.at else (0, ()))
    found: dict[str, Locator | None] = {}
    for cell in (*printed, *(cell for cells in by_row.values() for cell in cells)):
        found.setdefault(cell.id.split("/")[2], cell.at)
    return list(found.items())


def _table_json(table: Table) -> dict[str, Any]:
    matches = _matches(table)
    return {
        "shape": table.shape,
        "confidence": table.confidence,
        "reasons": list(table.reasons),
        "rows": [_row_json(table, row.id, matches.get(row.id)) for row in _rows(table)],
        "columns": [{"column": column, "at": _at_json(at)} for column, at in _columns(table)],
        "matches": [
            _match_json(match) for key, match in matches.items() if key not in {row.id for row in _rows(table)}
        ],
        "missing": list(table.missing),
        "extra": list(table.extra),
        "troubles": [_trouble_json(trouble) for trouble in table.troubles],
    }


def _row_json(table: Table, row: str, match: RowMatch | None) -> dict[str, Any]:
    if match is None:
        return {"row": row, "found": row not in table.missing}
    return {"found": True, **_match_json(match), "row": row}


def _match_json(match: RowMatch) -> dict[str, Any]:
    return {
        "row": match.row,
        "printed": match.printed,
        "likeness": match.likeness,
        "why": list(match.why),
        "at": _at_json(match.at),
    }


def _table_lines(table: Table, lang: str) -> Iterator[str]:
    words = _WORDS[lang]
    title = names.table(table.name)[lang]
    if table.shape is None:
        yield f"  {title}: {words['no_table']}"
        return
    confidence = words["confidence"].format(value=table.confidence)
    yield f"  {title}: {words['shape'].format(shape=table.shape)}, {confidence}"
    if table.reasons:
        yield f"    {words['reasons']}: {_spoken(table.reasons, lang)}"
    matches = _matches(table)
    own = {row.id for row in _rows(table)}
    for row in _rows(table):
        yield "    " + _row_line(table, row.id, matches.get(row.id), lang)
    yield from ("    " + _match_line(key, match, lang) for key, match in matches.items() if key not in own)
    if columns := _columns(table):
        shown = ", ".join(f"{column} ({_place(at, lang)})" if at else column for column, at in columns)
        yield f"    {words['columns']}: {shown}"
    for name in table.missing:
        if name.startswith("*/"):
            yield "    " + words["column_missing"].format(name=name[2:])
    yield from ("    " + words["extra"].format(text=text) for text in table.extra)
    yield from (f"    {words['trouble']}: {line}" for line in _trouble_lines(table.troubles, lang))


def _row_line(table: Table, row: str, match: RowMatch | None, lang: str) -> str:
    name = f"{row} {names.subject(table.shape, f'{table.name}/{row}')['zh']}"
    if match is not None:
        return _match_line(name, match, lang)
    return _WORDS[lang]["row_missing" if row in table.missing else "row_read"].format(name=name)


def _match_line(name: str, match: RowMatch, lang: str) -> str:
    words = _WORDS[lang]
    pattern = words["row" if match.printed else "row_unlabelled"]
    line = pattern.format(name=name, printed=" ".join(match.printed.split()), likeness=match.likeness)
    if match.why:
        line += f"; {words['why']}: {_spoken(match.why, lang)}"
    return line + (f"; {words['at']}: {_place(match.at, lang)}" if match.at else "")


# Parts


def _dates(report: Report) -> Iterator[tuple[str, date]]:
    for name in _DATES:
        if (day := getattr(report.dates, name)) is not None:
            yield name, day


def _date_source(report: Report, name: str) -> str:
    """Where a date was found; for all but the declared one the kind of date already says it."""
    usual = {"signed": "signature", "url": "address", "last_modified": "header last-modified"}
    return report.sources.get(name, usual.get(name, ""))


def _verdict(first: Cell, second: Cell) -> str:
    if second.state is State.ABSENT:
        return "impossible"
    return "agrees" if (first.state, first.value) == (second.state, second.value) else "differs"


def _second_words(first: Cell, second: Cell, lang: str) -> str:
    verdict, words = _verdict(first, second), _WORDS[lang]
    if verdict == "agrees":
        return words["same"].format(value=_shown(first))
    return words[verdict].format(first=_shown(first), second=_shown(second))


def _shown(cell: Cell) -> str:
    return str(cell.value) if cell.state is State.VALUE else f"{cell.state.value} 「{cell.raw}」"


def _spoken(codes: Iterable[str], lang: str) -> str:
    """Codes in words. A code may carry a detail behind a colon; an unknown one stands as it is."""
    spoken = []
    for code in codes:
        key, mark, detail = code.partition(":")
        known = _CODES.get(key)
        spoken.append((known[lang == "en"] + mark + detail) if known else code)
    return ", ".join(spoken)


def _trouble_json(trouble: Trouble) -> dict[str, Any]:
    return {"kind": trouble.kind, "where": trouble.where, "detail": trouble.detail, "at": _at_json(trouble.at)}


def _trouble_lines(troubles: Iterable[Trouble], lang: str) -> Iterator[str]:
    for trouble in troubles:
        place = f" ({_place(trouble.at, lang)})" if trouble.at else ""
        yield f"{_spoken([trouble.kind], lang)} {trouble.where}: {trouble.detail}{place}"


def _at_json(at: Locator | None) -> dict[str, Any] | None:
    return at.as_json() if at is not None else None


def _place(at: Locator | None, lang: str) -> str:
    """A place counted from 1, as people count."""
    if at is None:
        return ""
    words = _WORDS[lang]
    parts = [words["page"].format(at.page)] if at.page is not None else []
    counts = (("table", at.table), ("row_number", at.row), ("cell", at.cell))
    return " ".join([*parts, *(words[name].format(count + 1) for name, count in counts if count is not None)])

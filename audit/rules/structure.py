"""Is the report whole: sections, tables, rows, and the form in force (S001, S004, S005, S008, S009, S011)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from audit.context import Context
from audit.finding import Kind, Outcome, Severity
from audit.form import IDS, SECTIONS, TABLES, expected_form, load
from audit.report import Report, State, Table
from audit.rules import doubt, names
from audit.rules.registry import rule

_FORMAT = "政府信息公开工作年度报告格式"
_NOTHING = re.compile(r"[无未零0]|没有|不涉及")


@rule("S001", letter="H", basis="政府信息公开条例（2019）第五十条")
def sections_present(report: Report, context: Context) -> Iterator[Outcome]:
    """All six sections of the form are there."""
    if _free_layout(report, context):
        yield Outcome(Kind.NOT_APPLICABLE, "report")
        return
    none_found = not any(section.present for section in report.sections.values())
    why = doubt.of_document(report) or (doubt.of_attachments(report) if none_found else None)
    for key in SECTIONS:
        section = report.sections.get(key)
        if section is not None and section.present:
            yield Outcome(Kind.PASS, key)
            continue
        args = {"section": names.section(key), "why": _plain(why or "")}
        if why:
            yield Outcome(Kind.OPEN, key, args=args, message="doubt")
        elif _table_found(report, key):
            yield Outcome(Kind.FAIL, key, args=args, message="heading", severity=Severity.WARNING)
        else:
            yield Outcome(Kind.FAIL, key, args=args)


@rule("S004", letter="H", basis="国办公开办函〔2021〕30号：不能遗漏", version=2)
def sections_filled(report: Report, context: Context) -> Iterator[Outcome]:
    """A section holds text or its table. In the last one 无 is an answer; sections two to four weigh more."""
    if _free_layout(report, context):
        yield Outcome(Kind.NOT_APPLICABLE, "report")
        return
    why = doubt.of_document(report) or doubt.of_attachments(report)
    for key in SECTIONS:
        section = report.sections.get(key)
        if section is None or not section.present:
            continue
        filled = section.tables > 0 or section.characters >= 10 or _table_found(report, key)
        if filled or (key == "other_matters" and _is_an_answer(section.text)):
            yield Outcome(Kind.PASS, key)
        elif why:
            yield Outcome(Kind.OPEN, key, args={"section": names.section(key), "why": _plain(why)}, message="doubt")
        else:
            yield Outcome(
                Kind.FAIL,
                key,
                args={"section": names.section(key), "characters": section.characters},
                actual=section.characters,
                severity=None if key in TABLES else Severity.WARNING,
            )


@rule("S005", letter="H", basis="国办公开办函〔2019〕60号、〔2021〕30号")
def form_in_force(report: Report, context: Context) -> Iterator[Outcome]:
    """The report follows the form in force for its year, in the whole and in each table whose form tells."""
    year = context.year_of(report)
    if year is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    expected = expected_form(year)
    if expected not in IDS:
        yield Outcome(Kind.NOT_APPLICABLE, "report")
        return
    if report.form is None:
        yield Outcome(Kind.OPEN, "report")
    elif report.form != expected:
        yield Outcome(
            Kind.FAIL,
            "report",
            args={"year": year, "form": report.form, "expected": expected, "basis": load(expected).basis},
            expected=expected,
            actual=report.form,
        )
    else:
        yield Outcome(Kind.PASS, "report")
        yield from _shapes(report, year, expected)


@rule("S008", letter="H", basis=_FORMAT)
def tables_present(report: Report, context: Context) -> Iterator[Outcome]:
    """The three tables are there. Missing only if nothing in the document or beside it could hold them."""
    if _free_layout(report, context):
        yield Outcome(Kind.NOT_APPLICABLE, "report")
        return
    why = doubt.of_document(report) or doubt.of_attachments(report)
    for name in TABLES:
        table = report.tables.get(name)
        section = report.sections.get(name)
        if table is not None and table.shape is not None:
            yield Outcome(Kind.PASS, name)
        elif why or (table is not None and doubt.of_table(table)):
            args = {"table": names.table(name), "why": _plain(why or "geometry")}
            yield Outcome(Kind.OPEN, name, args=args, message="doubt")
        elif section is None or not section.present:
            # The whole section is missing: S001 says so, and one cause is told once.
            yield Outcome(Kind.NOT_APPLICABLE, name)
        elif doubt.of_section(section, name):
            yield Outcome(
                Kind.OPEN, name, args={"table": names.table(name), "why": _plain("geometry")}, message="doubt"
            )
        else:
            yield Outcome(Kind.FAIL, name, args={"table": names.table(name)})


@rule("S009", letter="H", basis=_FORMAT)
def rows_present(report: Report) -> Iterator[Outcome]:
    """Every row and column of the form is in its table. Undecided where the table could not be read well."""
    for name, table in sorted(report.tables.items()):
        if table.shape is None:
            continue
        if not table.missing:
            yield Outcome(Kind.PASS, name)
            continue
        subjects = tuple(f"{name}/{label}" for label in table.missing)
        args = {
            "table": names.table(name),
            "labels": names.listing(table.shape, subjects),
            "count": len(subjects),
        }
        lost = tuple(cell for cell in load(table.shape).tables[name].cells if _inside(cell, subjects))
        section = report.sections.get(name)
        if doubt.of_table(table) or doubt.partial(report):
            # S011 already puts this table before a person.
            yield Outcome(Kind.OPEN, name, args=args, cells=lost)
        elif _known_share(table, lost) < 0.8 or (section and doubt.holds_labels(section, name, table.missing)):
            yield Outcome(Kind.OPEN, name, args=args, cells=lost, message="doubt")
        else:
            yield Outcome(Kind.FAIL, name, args=args, cells=lost, actual=len(subjects), expected=0)


@rule("S011", letter="I", basis="读取")
def geometry_readable(report: Report) -> Iterator[Outcome]:
    """Every row of a table could be read. A doubt of our reader, for a person to see, never an accusation."""
    for name, table in sorted(report.tables.items()):
        troubles = table.troubles
        unread = tuple(cell.id for cell in table.cells.values() if cell.state is State.UNREADABLE)
        if not troubles and not unread:
            yield Outcome(Kind.PASS, name)
            continue
        rows = tuple(dict.fromkeys(trouble.where for trouble in troubles)) or unread
        kinds = "、".join(dict.fromkeys(trouble.kind for trouble in troubles)) or "unreadable"
        yield Outcome(
            Kind.OPEN,
            name,
            args={
                "table": names.table(name),
                "rows": names.listing(table.shape, rows),
                "kinds": _plain(kinds),
                "unread": len(unread),
            },
            cells=unread,
            message="message",
        )
    if doubt.partial(report):
        detail = "；".join(trouble.detail for trouble in report.troubles if trouble.kind == "lossy_text")
        yield Outcome(Kind.OPEN, "report", args={"detail": detail}, message="lossy")


def _is_an_answer(text: str) -> bool:
    """In the last section a few words, or 无, say all there is to say."""
    return len("".join(text.split())) >= 4 or bool(_NOTHING.search(text))


def _shapes(report: Report, year: int, expected: str) -> Iterator[Outcome]:
    for name in ("disclosure", "requests"):  # table 4 is the same in both forms
        table = report.tables.get(name)
        if table is None or table.shape is None:
            continue
        if table.shape == expected:
            yield Outcome(Kind.PASS, name)
        else:
            yield Outcome(
                Kind.FAIL,
                name,
                args={
                    "table": names.table(name),
                    "year": year,
                    "form": table.shape,
                    "expected": expected,
                    "basis": load(expected).basis,
                },
                expected=expected,
                actual=table.shape,
                severity=Severity.WARNING,
                message="table",
            )


_PLAIN = {
    "short_row": ("该行数字个数与表头不符", "a row has too few or too many figures"),
    "unmatched_row": ("有数字的一行对不上表内任何一行", "a row of figures fits no row of the form"),
    "columns_unknown": ("表头各列的次序无法确定", "the order of the columns is not certain"),
    "conflicting_copy": ("同一张表出现两次，数字不一致", "two copies of the table differ"),
    "torn_table": ("表格跨页断开", "the table is torn over pages"),
    "unreadable": ("单元格无法读出", "cells cannot be read"),
    "geometry": ("有表格或表内文字，但版式无法读取", "a table or its labels are there in a layout that cannot be read"),
    "pictures": ("正文含图片", "pictures in the text"),
    "image": ("正文含图片", "pictures in the text"),
    "attachments": ("有附件", "attached files"),
    "lossy_text": ("文件编码损坏", "characters lost in decoding"),
    "recognised_text": ("文字由扫描识别而来", "text recognised from a scan"),
    "damaged": ("文件部分损坏", "parts of the file are damaged"),
    "continued": ("正文可能分成几页", "the text may go on on further pages"),
}


def _plain(kinds: str) -> dict[str, str]:
    """The reader's words for its troubles, joined by 、, as a person says them."""
    known = [_PLAIN.get(kind, ("版式异常", "unusual layout")) for kind in kinds.split("、")] if kinds else []
    return {
        "zh": "、".join(dict.fromkeys(zh for zh, _ in known)),
        "en": ", ".join(dict.fromkeys(en for _, en in known)),
    }


def _free_layout(report: Report, context: Context) -> bool:
    """Before 2019 the layout was free; a later report in it is one finding (S005), not twelve."""
    year = context.year_of(report)
    return report.form == "pre2019" or (year is not None and expected_form(year) not in IDS)


def _table_found(report: Report, key: str) -> bool:
    table = report.tables.get(key)
    return table is not None and table.shape is not None


def _inside(cell: str, subjects: tuple[str, ...]) -> bool:
    table, row, column = cell.split("/")
    return f"{table}/{row}" in subjects or f"{table}/*/{column}" in subjects


def _known_share(table: Table, lost: tuple[str, ...]) -> float:
    expected = [cell for cell in load(table.shape or "2021").tables[table.name].cells if cell not in lost]
    known = sum(1 for cell in expected if cell in table.cells and table.cells[cell].known is not None)
    return known / len(expected) if expected else 0.0

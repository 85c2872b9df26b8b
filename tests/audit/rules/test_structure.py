"""Sections, tables and forms: missing only if nothing could hold them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.engine import judge
from audit.finding import Kind, Severity
from audit.report import Report, State, Trouble
from tests.audit.reports import report, with_cells, with_table, with_text
from tests.audit.rules.cases import DUE, GOOD, NO_ROW, NO_SECTION_4

SHAPE = ("S",)


def rules_of(subject: Report) -> list[tuple[str, str, str]]:
    findings = judge(subject, DUE, select=SHAPE).findings
    return [(finding.rule, finding.kind.value, finding.subject) for finding in findings]


def test_a_table_in_the_old_shape_inside_a_new_report_is_a_warning_on_that_table() -> None:
    old = report(4, "2019").tables["requests"]
    mixed = replace(GOOD, tables={**GOOD.tables, "requests": old})

    (finding,) = judge(mixed, DUE).findings

    assert (finding.rule, finding.severity, finding.subject) == ("S005", Severity.WARNING, "requests")


def test_a_section_gone_with_its_table_is_one_finding() -> None:
    assert rules_of(NO_SECTION_4) == [("S001", "fail", "disputes")]


def test_a_heading_that_is_gone_while_its_table_stands_is_a_warning() -> None:
    headless = replace(GOOD.sections["requests"], present=False)
    subject = replace(GOOD, sections={**GOOD.sections, "requests": headless})

    (finding,) = judge(subject, DUE, select=SHAPE).findings

    assert (finding.rule, finding.severity) == ("S001", Severity.WARNING)


def test_a_report_in_the_free_layout_of_old_is_one_finding() -> None:
    bare = {key: replace(part, present=False, tables=0) for key, part in GOOD.sections.items()}
    subject = replace(GOOD, form="pre2019", sections=bare, tables={})

    assert rules_of(subject) == [("S005", "fail", "report")]


@pytest.mark.parametrize("text", ["无。", "没有。", "无"])
def test_nothing_is_an_answer_in_the_last_section_only(text: str) -> None:
    assert rules_of(with_text(GOOD, "other_matters", text)) == []
    assert rules_of(with_text(GOOD, "overview", text)) == [("S004", "fail", "overview")]


def test_short_rows_are_one_item_for_review_that_lists_them() -> None:
    rows = ("granted", "partly_granted", "refused.state_secret", "unavailable.not_held")
    troubles = tuple(Trouble("short_row", f"requests/{row}", "") for row in rows)
    lost = {f"requests/{row}/total": State.UNREADABLE for row in rows}

    (finding,) = judge(with_table(with_cells(GOOD, lost), "requests", troubles=troubles), DUE).findings

    assert (finding.rule, finding.kind, finding.severity) == ("S011", Kind.OPEN, Severity.NOTE)
    assert set(finding.cells) == set(lost)
    assert all(label in finding.message["zh"] for label in ("予以公开", "部分公开", "属于国家秘密", "本机关不掌握"))


def test_the_review_item_speaks_plainly() -> None:
    troubles = (Trouble("short_row", "requests/granted", ""), Trouble("unmatched_row", "requests", ""))

    (finding,) = judge(with_table(GOOD, "requests", troubles=troubles), DUE).findings

    assert "该行数字个数与表头不符" in finding.message["zh"]
    assert "_" not in finding.message["zh"]
    assert "too few or too many figures" in finding.message["en"]


@pytest.mark.parametrize(
    ("tables", "text"),
    [(1, ""), (0, "自然人 商业企业 科研机构 一、本年新收政府信息公开申请数量 3 0 0")],
)
def test_a_table_that_is_there_in_an_unknown_layout_is_not_called_missing(tables: int, text: str) -> None:
    section = replace(GOOD.sections["requests"], tables=tables, text=text)
    absent = with_table(GOOD, "requests", shape=None, cells={})
    subject = replace(absent, sections={**GOOD.sections, "requests": section})

    assert ("S008", "open", "requests") in rules_of(subject)


def test_a_missing_row_in_a_table_read_badly_is_put_before_a_person_once() -> None:
    torn = with_table(NO_ROW, "requests", troubles=(Trouble("torn_table", "requests", ""),))

    assert rules_of(torn) == [("S011", "open", "requests")]


def test_a_missing_row_in_a_table_mostly_unread_is_put_before_a_person() -> None:
    cells = [cell for cell in NO_ROW.tables["requests"].cells if "/rejected." in cell or "/refused." in cell]

    found = rules_of(with_cells(NO_ROW, dict.fromkeys(cells, State.BLANK)))

    assert found == [("S009", "open", "requests")]


def test_characters_lost_in_decoding_are_put_before_a_person() -> None:
    lossy = replace(GOOD, troubles=(Trouble("lossy_text", "document", "gb18030: 5 characters lost"),))

    (finding,) = judge(lossy, DUE).findings

    assert (finding.rule, finding.kind, finding.subject) == ("S011", Kind.OPEN, "report")
    assert "gb18030" in finding.message["zh"]

"""The figures in sentences against the tables: a corpus with its bars, and what no sentence may lead to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.context import Context
from audit.engine import judge
from audit.finding import Finding, Kind, Severity
from audit.narrative.claim import read
from audit.report import How, Report, State
from audit.rules.example import valid
from tests.audit.reports import with_cells, with_text
from tests.audit.rules.narrative_corpus import Line, lines, score

CORPUS = lines("sentences.txt")
HELD_OUT = lines("sentences_held_out.txt")
LEVELS = lines("sentences_levels.txt")
HARD = lines("sentences_hard.txt")
ALL_DONE = "全年收到政府信息公开申请12件，已全部办结。"


def findings(report: Report, *rules: str) -> tuple[Finding, ...]:
    return judge(report, Context(organisation="edu"), select=rules or ("T",)).findings


def told(text: str, report: Report | None = None) -> Report:
    return with_text(report or valid(), "overview", text)


@pytest.mark.parametrize("corpus", [CORPUS, HELD_OUT, LEVELS, HARD], ids=["corpus", "held out", "levels", "hard"])
def test_sentences_are_judged_as_a_person_judges_them(corpus: tuple[Line, ...]) -> None:
    found = score(corpus)

    print(f"{len(corpus)} sentences: precision {found.precision:.3f}, recall {found.recall:.3f}")
    assert found.precision >= 0.99, found.wrong
    assert found.accusations >= 0.99, found.wrong
    assert found.recall >= 0.90, found.wrong


def test_at_least_four_in_ten_sentences_of_the_corpus_look_like_claims_and_are_none() -> None:
    assert len(CORPUS) >= 200
    assert sum(line.verdict == "none" for line in CORPUS) >= 0.4 * len(CORPUS)


NARROWING = (
    "涉企",
    "涉法涉诉",
    "批量",
    "联名",
    "恶意",
    "无效",
    "首批",
    "再次",
    "二次",
    "超期",
    "疑难",
    "存量",
    "跨部门",
    "外籍",
    "律师",
    "职业",
    "转来",
    "移送",
    "上级",
    "省级",
    "村级",
    "窗口单位",
    "另案",
    "专项",
    "集中",
    "每月",
    "单日",
    "高峰期",
    "国庆期间",
    "模拟",
    "抽样",
    "评查",
    "第三方评估",
    "拟",
    "争取",
    "据估算",
    "受托",
    "咨询类",
    "许可类",
    "登记类",
    "查询类",
)
"""Words that make a figure one of fewer things than the table counts, in any place an author may put them."""
CLAIMS = (
    "{}受理政府信息公开申请5件。",
    "受理{}政府信息公开申请5件。",
    "全年受理5件{}政府信息公开申请。",
    "{}，受理政府信息公开申请5件。",
    "2024年收到{}依申请公开5件，均已答复。",
    "全年制发{}行政规范性文件5件。",
    "{}作出行政处罚决定5件。",
    "{}因政府信息公开引发行政复议5件。",
    "收到政府信息公开申请12件，其中{}不予公开5件。",
    "2024年{}未收到政府信息公开申请。",
    "未发生{}政府信息公开行政复议。",
    "{}政府信息公开申请均已办结。",
)


@pytest.mark.parametrize("word", NARROWING)
def test_a_figure_that_a_word_narrows_is_held_against_no_table(word: str) -> None:
    figures = "new=12 in=2 done=11 out=3 granted=9 notheld=2 rev=1 rev.up=1 norm.issued=2 norm.force=9 pen=7"

    accused = [one for one in CLAIMS if Line("none", "", figures, one.format(word)).said[0] == "mismatch"]

    assert accused == []


def test_a_mismatch_quotes_the_sentence_and_names_the_cell_with_both_figures() -> None:
    (finding,) = findings(told("全年共收到政府信息公开申请15件，均已按时答复。"))

    assert (finding.rule, finding.severity, finding.cell) == ("T001", Severity.ERROR, "requests/received/total")
    assert (finding.expected, finding.actual, finding.formula) == (15, 12, "正文 15 ≠ 表格 12")
    assert "“全年共收到政府信息公开申请15件，均已按时答复”" in finding.message["zh"]
    assert "本年新收" in finding.message["zh"]


def test_the_same_wrong_figure_in_three_sentences_is_one_finding() -> None:
    text = "全年共收到政府信息公开申请15件。新收政府信息公开申请15件，均按时答复。受理政府信息公开申请15件。"

    assert [one.subject for one in findings(told(text))] == ["requests/received/total"]


def test_a_figure_given_rightly_elsewhere_makes_the_wrong_one_a_doubt() -> None:
    text = "全年新收政府信息公开申请12件。全年共受理政府信息公开申请15件。"

    (finding,) = findings(told(text))

    assert finding.kind is Kind.OPEN


@pytest.mark.parametrize("state", [State.BLANK, State.DASH, State.UNREADABLE, State.ABSENT])
def test_a_total_that_was_not_read_accuses_only_by_what_was_read_beside_it(state: State) -> None:
    report = with_cells(valid(), {"requests/granted/total": state})

    assert findings(told("收到政府信息公开申请12件，其中予以公开6件。", report)) == ()
    (finding,) = findings(told("收到政府信息公开申请12件，其中予以公开5件。", report))
    assert finding.subject == "requests/granted/total"


def test_a_row_of_which_nothing_was_read_accuses_nobody() -> None:
    lost = dict.fromkeys(
        (cell for cell in valid().cells if cell.startswith("requests/received/")),
        State.UNREADABLE,
    )

    assert findings(told("全年共收到政府信息公开申请15件。", with_cells(valid(), lost))) == ()


def test_a_figure_that_was_inferred_accuses_nobody() -> None:
    report = with_cells(valid(), {"requests/carried_forward/total": 1}, how=How.INFERRED)
    columns = dict.fromkeys((c for c in report.cells if c.startswith("requests/carried_forward/n")), State.BLANK)

    assert findings(told(ALL_DONE, with_cells(report, columns))) == ()


def test_a_cell_that_a_second_reading_saw_otherwise_is_only_a_doubt() -> None:
    cell = "requests/received/total"
    seen = replace(valid().cell(cell), value=15, raw="15")

    (finding,) = findings(told("全年共收到政府信息公开申请15件。", replace(valid(), second={cell: seen})))

    assert finding.kind is Kind.OPEN


def test_a_sentence_that_supports_the_repair_of_a_broken_sum_is_no_second_accusation() -> None:
    report = with_cells(valid(), {"requests/received/total": 13})
    text = "全年共收到政府信息公开申请12件。"

    with_sums = judge(told(text, report), Context(organisation="edu"), select=("A", "T")).findings
    alone = findings(told(text, report))

    assert [one.rule for one in with_sums] == ["A003"]
    assert [one.rule for one in alone] == ["T001"]


def test_a_broken_row_of_table_4_is_not_accused_again_by_the_sentence_that_has_it_right() -> None:
    report = with_cells(valid(), {"disputes/review/total": 2})

    judgement = judge(
        told("因政府信息公开引起的行政复议1件，结果维持1件。", report), Context(organisation="edu"), select=("A", "T")
    )

    assert [one.rule for one in judgement.findings] == ["A004"]


def test_the_years_of_a_sentence_are_those_of_the_report() -> None:
    text = "2024年共收到政府信息公开申请12件，2023年共收到政府信息公开申请30件。"

    assert findings(told(text)) == ()
    assert [one.actual for one in findings(told(text, replace(valid(), year=2023)))] == [12]


def test_a_report_without_a_known_year_is_not_accused_by_a_sentence_that_names_one() -> None:
    assert findings(told("2024年共收到政府信息公开申请30件。", replace(valid(), year=None))) == ()


def test_a_line_break_in_the_middle_of_a_sentence_changes_nothing() -> None:
    text = "（二）依申请公开情况\n全年共收到政府信息公\n开申请 1 5 件。"

    assert [one.expected for one in findings(told(text))] == [15]


def test_a_table_that_was_not_found_accuses_nobody() -> None:
    bare = valid()
    bare = replace(bare, tables={**bare.tables, "requests": replace(bare.tables["requests"], shape=None, cells={})})

    assert findings(told("全年共收到政府信息公开申请15件，予以公开3件，已全部办结。", bare)) == ()


def test_no_more_than_two_doubts_of_a_rule_are_laid_before_a_person() -> None:
    text = "".join(f"2024年，全县共受理政府信息公开申请{number}件。" for number in range(20, 40))

    assert len(findings(told(text, replace(valid(), agency="示例县人民政府")))) <= 2


@pytest.mark.parametrize(
    "hostile",
    [
        "全年收到政府信息公开申请" * 80_000,
        "1" * 1_000_000 + "件申请",
        "申请1,000" * 120_000,
        "未收到" + "的" * 1_000_000 + "申请",
        "（一）" * 300_000,
        "一百零三件申请" * 100_000,
        "《" * 1_000_000,
        "其中" * 400_000 + "申请5件",
        "复议、诉讼" * 200_000 + "未发生",
    ],
    ids=lambda text: text[:6],
)
def test_a_hostile_text_is_read_in_bounded_work_and_accuses_nobody(hostile: str) -> None:
    claims, listings = read(hostile, 2024, "示例市教育局")

    assert len(claims) <= 12_000
    assert len(listings) <= 2_000


@pytest.mark.parametrize("form", ["2019", "2021"])
def test_the_report_of_the_examples_says_what_its_tables_say(form: str) -> None:
    assert findings(valid(form)) == ()

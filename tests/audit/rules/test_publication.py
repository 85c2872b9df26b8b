"""Late, confirmed, in time: what the dates and our captures prove."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from audit.context import Absence, Context
from audit.engine import judge
from audit.finding import Finding, Severity
from audit.report import Dates, Report
from audit.rules.publication import SHANGHAI
from tests.audit.rules.cases import DUE, GOOD

RULES = ("F001", "F002", "F015")


def declared(day: date | None) -> Report:
    return replace(GOOD, dates=Dates(declared=day))


def one(report: Report | None, context: Context) -> Finding:
    (finding,) = judge(report, context, select=RULES).findings
    return finding


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def test_the_due_day_lasts_to_its_end() -> None:
    assert judge(declared(date(2025, 1, 31)), DUE, select=RULES).findings == ()


def test_a_declared_date_after_the_due_day_is_late_but_unconfirmed_without_captures() -> None:
    finding = one(declared(date(2025, 2, 3)), DUE)

    assert (finding.rule, finding.severity, finding.confirmed) == ("F002", Severity.ERROR, False)
    assert "晚 3 天" in finding.message["zh"]


def test_captures_on_both_sides_confirm_a_late_report() -> None:
    bracketed = replace(DUE, absent_before=at(2025, 2, 1, 6), first_seen=at(2025, 2, 3, 6))

    assert one(declared(date(2025, 2, 3)), bracketed).confirmed


def test_an_absence_seen_before_the_due_day_ended_confirms_nothing() -> None:
    early = replace(DUE, absent_before=at(2025, 1, 31, 23), first_seen=at(2025, 2, 3))

    assert not one(declared(date(2025, 2, 3)), early).confirmed


def test_a_report_without_a_date_is_late_if_our_captures_prove_it() -> None:
    bracketed = replace(DUE, absent_before=at(2025, 2, 1, 6), first_seen=at(2025, 2, 5))

    finding = one(declared(None), bracketed)

    assert (finding.rule, finding.confirmed, finding.actual) == ("F002", True, "2025-02-05")


def test_a_report_seen_by_the_due_day_needs_no_date() -> None:
    seen = replace(DUE, first_seen=at(2025, 1, 31, 23))

    assert judge(declared(None), seen, select=RULES).findings == ()


def test_a_first_sight_after_the_due_day_proves_nothing_alone() -> None:
    finding = one(declared(None), replace(DUE, first_seen=at(2025, 2, 5)))

    assert (finding.rule, finding.kind.value) == ("F015", "open")


def test_after_a_rest_day_the_next_working_day_is_in_time_with_a_note() -> None:
    weekend = replace(DUE, rest_day_until=date(2025, 2, 5))

    assert one(declared(date(2025, 2, 5)), weekend).severity is Severity.NOTE
    assert one(declared(date(2025, 2, 6)), weekend).severity is Severity.ERROR


def test_an_earlier_season_met_late_is_a_note_even_if_severity_is_raised() -> None:
    old = replace(DUE, historic=True, absent_before=at(2025, 2, 1, 6), first_seen=at(2026, 1, 1))

    finding = judge(declared(date(2025, 3, 1)), old, select=RULES, severity={"F002": "error"}).findings[0]

    assert (finding.severity, finding.confirmed) == (Severity.NOTE, False)
    assert finding.message["zh"].startswith("历史数据")


def test_a_date_given_from_outside_goes_before_the_one_on_the_page() -> None:
    given = replace(DUE, published=date(2025, 1, 30))

    assert judge(declared(date(2025, 2, 3)), given, select=RULES).findings == ()


@pytest.mark.parametrize(
    ("proven", "today", "found"),
    [(True, DUE.due, False), (True, date(2025, 2, 1), True), (False, date(2025, 2, 9), False)],
)
def test_absence_accuses_only_when_due_and_proven(proven: bool, today: date, found: bool) -> None:
    readings = (at(2025, 2, 1), at(2025, 2, 1) + timedelta(hours=7))
    context = replace(DUE, today=today, absence=Absence(proven, readings))

    assert bool(judge(None, context).findings) is found


def test_without_a_report_only_publication_is_judged() -> None:
    assert {rule for rule, _ in judge(None, DUE).outcomes} == {"F001", "F006", "F009"}


def test_a_report_of_an_earlier_season_that_is_not_found_is_a_note() -> None:
    old = replace(DUE, historic=True, absence=Absence(True, (at(2026, 1, 1), at(2026, 1, 2))))

    finding = one(None, old)

    assert (finding.rule, finding.severity, finding.confirmed) == ("F001", Severity.NOTE, False)
    assert finding.message["zh"].startswith("历史数据")


def test_absence_after_the_local_day_alone_is_a_warning() -> None:
    readings = (at(2025, 1, 22), at(2025, 1, 22, 7))
    local = replace(
        DUE, local_due=date(2025, 1, 20), local_basis="市政办函〔2024〕18号", absence=Absence(True, readings)
    )

    between = one(None, replace(local, today=date(2025, 1, 23)))
    after = one(None, replace(local, today=date(2025, 2, 10)))

    assert (between.rule, between.severity, after.severity) == ("F001", Severity.WARNING, Severity.ERROR)
    assert "市政办函" in between.message["zh"]


def test_a_report_that_was_seen_once_is_withdrawn_and_not_unpublished() -> None:
    gone = replace(DUE, first_seen=at(2025, 1, 20), gone=(at(2025, 2, 2), at(2025, 2, 4), at(2025, 2, 6)))

    findings = judge(None, replace(gone, absence=Absence(True, gone.gone))).findings

    assert [finding.rule for finding in findings] == ["F006"]


def test_the_working_day_after_a_local_rest_day_is_in_time() -> None:
    local = replace(DUE, local_due=date(2025, 1, 18), local_rest_day_until=date(2025, 1, 20))

    assert judge(declared(date(2025, 1, 20)), local, select=("F003",)).findings == ()


@pytest.mark.parametrize(
    ("agency", "name", "verdict"),
    [
        ("教育局", "示例市教育局", "pass"),
        ("示例市", "示例市人民政府", "pass"),
        ("示例市人民政府办公室", "示例市人民政府", "pass"),
        ("示例经济技术开发区管委会", "示例经济技术开发区管理委员会", "pass"),
        ("示例市农业农村局", "示例市农业局", "pass"),
        ("市人社局", "示例市人力资源和社会保障局", "pass"),
        ("示例市城管局", "示例市城市管理综合行政执法局", "pass"),
        ("示例县政府办", "示例县人民政府办公室", "pass"),
        ("示例市示例区人民政府枫桥街道办事处", "示例区枫桥街道办事处", "pass"),
        ("样例市应急管理局", "示例市应急管理局", "open"),
        ("示例区东湖街道办事处", "示例区枫桥街道办事处", "fail"),
        ("示例市体育局", "示例市教育局", "open"),
        ("示例县人民政府", "示例市教育局", "fail"),
        ("示例市水务集团", "示例市教育局", "fail"),
        ("示例市教育局考试院", "示例市教育局", "open"),
        ("某省示例市教育局", "示例市教育局", "pass"),
        ("示例县人民政府青石街道办事处", "示例县人民政府", "fail"),
        ("示例县白水镇人民政府", "示例县人民政府", "fail"),
        ("示例市教育局", "示例市东江区教育局", "fail"),
        ("示例市示例区人民政府", "示例区人民政府", "pass"),
    ],
)
def test_names_of_one_organ_are_known_for_the_same(agency: str, name: str, verdict: str) -> None:
    report = replace(GOOD, agency=agency)

    ((_, outcome),) = judge(report, replace(DUE, name=name), select=("F013",)).outcomes

    assert outcome.kind.value == verdict


@pytest.mark.parametrize(
    ("period", "fires"),
    [
        ("统计期限自2024年1月1日起至2024年12月31日止", False),
        ("统计期限为2023年1月1日至12月31日", True),
        ("规划期为2021年1月1日至2025年12月31日", False),
    ],
)
def test_the_years_of_a_plan_are_no_period_of_a_report(period: str, fires: bool) -> None:
    report = replace(GOOD, title="示例市教育局2024年政府信息公开工作年度报告", preamble=period)

    assert bool(judge(report, DUE, select=("F012",)).findings) == fires


def test_an_organ_of_the_register_is_another_however_alike() -> None:
    context = replace(DUE, name="示例市教育局", aliases=("教育局",), other_names=frozenset({"样例县教育局"}))

    ((_, outcome),) = judge(replace(GOOD, agency="样例县教育局"), context, select=("F013",)).outcomes

    assert outcome.kind.value == "fail"


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("heading", "fail"),
        ("signature", "fail"),
        ("meta articletitle", "fail"),
        ("line", "open"),
        ("meta contentsource", "open"),
    ],
)
def test_whoever_runs_the_portal_is_no_publisher(source: str, verdict: str) -> None:
    report = replace(GOOD, agency="示例市大数据管理局", sources={"agency": source})

    ((_, outcome),) = judge(report, replace(DUE, name="示例市教育局"), select=("F013",)).outcomes

    assert outcome.kind.value == verdict

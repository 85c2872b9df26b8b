"""Figures of one report against another's: what was not read never counts, and one cause is one finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.context import Context, Copy, Part, RollUp
from audit.engine import judge
from audit.finding import Finding, Kind, Severity
from audit.report import How, Report, State
from tests.audit.reports import number, report, with_cells, with_text
from tests.audit.rules.cases import DUE, GOOD

ATTACHMENT = {"zh": "附件《年报.pdf》", "en": "attachment 年报.pdf"}
ELSEWHERE = {"zh": "省政府门户网站", "en": "the portal of the province"}
LICENCES = "disclosure/licences/decisions"


def copies(*found: Copy) -> tuple[Finding, ...]:
    return judge(GOOD, replace(DUE, copies=found), select=("F008",)).findings


def copy(changed: Report, label: dict[str, str] | None = None) -> Copy:
    return Copy(label or ATTACHMENT, "/files/report.pdf", changed)


def test_one_finding_a_pair_names_the_cells() -> None:
    other = with_cells(GOOD, {LICENCES: 777, "disputes/review/total": 778})

    (finding,) = copies(copy(other))

    assert finding.severity is Severity.WARNING
    assert finding.cells == (LICENCES, "disputes/review/total")
    assert "777" in finding.message["zh"]


def test_two_copies_that_differ_are_two_findings() -> None:
    other = with_cells(GOOD, {LICENCES: 777})

    found = copies(copy(other), copy(other, ELSEWHERE))

    assert len({one.fingerprint for one in found}) == 2


@pytest.mark.parametrize("state", [State.BLANK, State.UNREADABLE, State.ABSENT, State.DASH])
def test_a_cell_that_was_not_read_differs_from_nothing(state: State) -> None:
    assert copies(copy(with_cells(GOOD, {LICENCES: state}))) == ()


def test_an_inferred_cell_differs_from_nothing() -> None:
    assert copies(copy(with_cells(GOOD, {LICENCES: 777}, how=How.INFERRED))) == ()


def test_a_file_of_another_year_is_no_copy() -> None:
    assert copies(copy(replace(report(9), year=2022))) == ()


GOVERNMENT = replace(DUE, organisation="city", name="示例市人民政府", kind="government")
PART = report(11)


def parts(*figures: int, names: tuple[str, ...] = (), expected: int | None = None) -> Context:
    """A roll-up whose parts have nothing but licences."""
    empty = with_cells(PART, dict.fromkeys(PART.cells, 0))
    held = tuple(
        Part(f"unit-{place}", names[place] if names else f"示例市第{place}局", with_cells(empty, {LICENCES: figure}))
        for place, figure in enumerate(figures)
    )
    return replace(GOVERNMENT, roll_up=RollUp(held, expected or 99))


def rolled(context: Context, city: Report = GOOD) -> tuple[Finding, ...]:
    return judge(city, context, select=("X001",)).findings


def test_less_than_a_part_of_the_organs_is_a_warning() -> None:
    own = number(GOOD, LICENCES)

    (finding,) = rolled(parts(own, 1))

    assert (finding.severity, finding.subject, finding.cell) == (Severity.WARNING, "disclosure", LICENCES)
    assert (finding.expected, finding.actual) == (own + 1, own)


def test_more_than_the_organs_at_hand_says_nothing_until_all_are_there() -> None:
    city = with_cells(GOOD, {**dict.fromkeys(GOOD.cells, 0), LICENCES: 9})

    assert rolled(parts(4, 4), city) == ()
    assert [one.subject for one in rolled(parts(4, 4, expected=2), city)] == ["disclosure"]
    assert rolled(parts(4, 5, expected=2), city) == ()


def test_a_cell_of_an_organ_that_was_not_read_asks_for_no_equality() -> None:
    city = with_cells(GOOD, {**dict.fromkeys(GOOD.cells, 0), LICENCES: 9})
    context = parts(4, 0, expected=2)
    assert context.roll_up
    unread = replace(
        context.roll_up.parts[1], report=with_cells(context.roll_up.parts[1].report, {LICENCES: State.BLANK})
    )

    assert rolled(replace(context, roll_up=RollUp((context.roll_up.parts[0], unread), 2)), city) == ()


@pytest.mark.parametrize("name", ["国家税务总局示例市税务局", "示例海关", "示例市气象局", "示例市消防救援支队"])
def test_organs_led_from_above_are_none_of_the_sum(name: str) -> None:
    own = number(GOOD, LICENCES)

    assert rolled(parts(own, 5, names=("示例市教育局", name))) == ()


@pytest.mark.parametrize("text", ["以上数据仅包括市政府本级。", "统计口径不含各县区。", "本报告只反映本级数据。"])
def test_a_report_of_its_own_level_goes_to_a_person(text: str) -> None:
    own = number(GOOD, LICENCES)

    (finding,) = rolled(parts(own, 1), with_text(GOOD, "other_matters", f"{text}未收取信息处理费。"))

    assert finding.kind is Kind.OPEN


def test_a_department_has_nothing_to_sum_up() -> None:
    judgement = judge(GOOD, replace(DUE, kind="department"), select=("X001",))

    assert (judgement.findings, judgement.not_judged) == ((), ())


def test_a_report_of_another_year_is_no_part() -> None:
    own = number(GOOD, LICENCES)
    context = parts(own, 1)
    assert context.roll_up
    old = tuple(replace(part, report=replace(part.report, year=2020)) for part in context.roll_up.parts)

    assert rolled(replace(context, roll_up=RollUp(old, 2))) == ()

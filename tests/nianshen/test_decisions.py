"""What people decide about findings: confirmed, dismissed, waived; and what a later run makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nianshen.cli import call
from nianshen.errors import Exit
from notifiers.mute import Why
from tests.nianshen.office import EVENING, MORNING, NEXT_DAY, Office, opened, report
from tests.notifiers.receiver import SECRET

CELL = "requests/received/natural_person"
WRONG = {CELL: "+1"}
WORSE = {CELL: "+2"}
WAIVER = """
rules:
  waivers:
    - {{organisation: edu, rule: A003, year: 2025, until: {until}, reason: 系统切换, approved_by: 张三}}
    - {{organisation: fin, rule: N001, year: 2025, until: 2027-01-01, reason: 试点, approved_by: 张三}}
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("SECRET", SECRET)
    with opened(tmp_path, monkeypatch) as made:
        for one in ("edu", "fin", "farm"):
            made.publish(one, report(one))
        yield made


def fingerprint(office: Office) -> str:
    (one,) = (row.fingerprint for row in office.findings() if row.rule == "A003")
    return one


def state(office: Office) -> str:
    return next(row.standing for row in office.findings() if row.rule == "A003")


def findings(office: Office, *arguments: str) -> int:
    return call(["findings", *arguments, "--config", str(office.config_path)])


def test_a_severe_finding_waits_for_a_person_and_goes_out_once_confirmed(office: Office) -> None:
    office.more = "rules: {confirm: [error]}"
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    before = office.told()
    (waiting,) = office.alerts()

    code = findings(office, "confirm", fingerprint(office)[:12], "--by", "李四")
    office.run(EVENING)

    assert (before, code) == ([], Exit.OK)
    assert waiting.state == "pending"
    assert office.told() == [("opened", "edu", "A003")]
    assert [alert.id for alert in office.alerts()] == [waiting.id]
    assert office.receiver.received[0].document["data"]["alerts"][0]["alert_id"] == waiting.id


def test_confirming_twice_sends_once(office: Office) -> None:
    office.more = "rules: {confirm: [error]}"
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)

    for _ in range(2):
        findings(office, "confirm", fingerprint(office), "--by", "李四")
    office.run(EVENING)

    assert office.told() == [("opened", "edu", "A003")]


def test_a_dismissed_finding_stays_so_until_its_figures_change(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)

    findings(office, "dismiss", fingerprint(office), "--by", "李四", "--reason", "扫描件本身如此")
    office.run(EVENING)
    kept = state(office)
    office.publish("edu", report("edu", misprints=WORSE))
    office.run(NEXT_DAY)

    assert (kept, state(office)) == ("dismissed", "open")
    assert [event for event, _, _ in office.told()] == ["opened", "worse"]


def test_a_waiver_by_command_holds_to_the_end_of_its_day(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    last_day = (datetime.now(UTC) + timedelta(days=30)).date()

    code = findings(
        office, "waive", fingerprint(office), "--by", "李四", "--reason", "系统切换", "--until", last_day.isoformat()
    )
    office.run(datetime(last_day.year, last_day.month, last_day.day, 12, tzinfo=UTC))
    held = state(office)
    office.run(datetime(last_day.year, last_day.month, last_day.day, 12, tzinfo=UTC) + timedelta(days=1))

    assert (code, held, state(office)) == (Exit.OK, "waived", "open")
    assert [event for event, _, _ in office.told() if event != "system"] == ["opened", "reopened"]


@pytest.mark.parametrize("until", ["2020-01-01", "2999-01-01"])
def test_a_waiver_has_an_end_within_reach(office: Office, until: str) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)

    code = findings(office, "waive", fingerprint(office), "--by", "李四", "--reason", "x", "--until", until)

    assert (code, state(office)) == (Exit.USAGE, "open")


def test_a_waiver_of_the_configuration_that_ended_returns_with_a_word(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.more = WAIVER.format(until="2026-02-04")
    office.run(MORNING)
    waived = state(office)
    office.run(NEXT_DAY)

    (row,) = (row for row in office.findings() if row.rule == "A003")
    assert (waived, row.standing) == ("waived", "open")
    assert "豁免已于 2026-02-04 到期" in row.document["hint"]["zh"]
    assert office.told() == [("reopened", "edu", "A003")]


def test_a_waiver_for_nothing_is_reported(office: Office) -> None:
    office.more = WAIVER.format(until="2027-02-04")

    result = office.run(MORNING)

    assert {(one.organisation, one.rule) for one in result.useless} == {("edu", "A003"), ("fin", "N001")}


def test_a_new_judgement_of_the_archive_changes_and_tells_nothing_by_itself(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    heard = list(office.told())
    office.more = "rules: {disable: [A001, A002, A003]}"

    code = call(["audit", "--now", EVENING.isoformat(), "--format", "json", "--config", str(office.config_path)])

    answer = json.loads(capsys.readouterr().out)
    assert code == Exit.OK
    assert answer["audited"] == 3
    assert [(one["change"], one["organisation"], one["rule"]) for one in answer["entries"]] == [("lost", "edu", "A003")]
    assert state(office) == "open"  # a rule that did not run has proven nothing
    assert office.told() == heard


def test_a_new_judgement_tells_when_asked(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.more = "rules: {disable: [A001, A002, A003]}"
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.more = ""

    code = call(["audit", "--now", EVENING.isoformat(), "--alert", "--config", str(office.config_path)])

    assert code == Exit.OK
    assert office.told() == [("opened", "edu", "A003")]
    assert "新增 1" in capsys.readouterr().out


def test_two_rule_sets_can_be_compared_afterwards(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    monkeypatch.setattr("audit.engine.ruleset", lambda: "f" * 64)
    monkeypatch.setattr("nianshen.reaudit.ruleset", lambda: "f" * 64)
    office.more = "rules: {disable: [A001, A002, A003]}"
    call(["audit", "--now", EVENING.isoformat(), "--config", str(office.config_path)])
    monkeypatch.undo()
    monkeypatch.setenv("SECRET", SECRET)
    from audit.engine import ruleset  # noqa: PLC0415 - the one of today, after the patch is undone

    capsys.readouterr()

    code = call(["audit", "--diff", ruleset()[:12], "ffff", "--format", "json", "--config", str(office.config_path)])

    entries = json.loads(capsys.readouterr().out)["entries"]
    assert code == Exit.OK
    assert [(one["change"], one["rule"]) for one in entries] == [("lost", "A003")]


def test_an_unknown_rule_set_is_named_with_those_there_are(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.run(MORNING)

    code = call(["audit", "--diff", "nope", "nope", "--config", str(office.config_path)])

    assert code == Exit.USAGE
    assert "known:" in capsys.readouterr().err


def quiet() -> str:
    """A policy that holds back what is told now."""
    hour = (datetime.now(UTC) + timedelta(hours=8)).hour
    return f'policy: {{quiet: "{hour:02}:00-{(hour + 2) % 24:02}:00"}}'


def test_what_quiet_hours_hold_says_until_when(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.more = quiet()
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    (waiting,) = office.alerts()

    call(["alerts", "explain", waiting.id, "--config", str(office.config_path)])
    told = capsys.readouterr().out
    call(["alerts", "list", "--format", "json", "--config", str(office.config_path)])
    (listed,) = json.loads(capsys.readouterr().out)["alerts"]
    call(["alerts", "retry", "--all", "--config", str(office.config_path)])
    office.run(EVENING)

    assert waiting.due is not None
    assert waiting.due > datetime.now(UTC)
    assert f"the quiet hours or rest days until {waiting.due.isoformat(timespec='seconds')}" in told
    assert listed["due"] == waiting.due.isoformat(timespec="seconds")
    assert [(one.state, one.due) for one in office.alerts()] == [("sent", None)]


@pytest.mark.parametrize(
    "decision",
    [
        ["dismiss", "--by", "张三", "--reason", "误报"],
        [
            "waive",
            "--by",
            "张三",
            "--reason",
            "系统切换",
            "--until",
            f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}",
        ],
    ],
)
def test_a_decision_withdraws_the_alert_that_waits_and_says_so(
    office: Office, capsys: pytest.CaptureFixture[str], decision: list[str]
) -> None:
    office.more = quiet()
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    (waiting,) = office.alerts()

    code = findings(office, decision[0], fingerprint(office), *decision[1:])
    said = capsys.readouterr().out
    call(["alerts", "explain", waiting.id, "--config", str(office.config_path)])

    (alert,) = office.alerts()
    assert code == Exit.OK
    assert (waiting.state, alert.state) == ("pending", "suppressed")
    assert "1 alert(s) not sent yet withdrawn" in said
    assert "waived or dismissed before it was sent" in capsys.readouterr().out
    assert office.told() == []


def test_what_was_dismissed_unheard_and_confirmed_after_all_is_told(office: Office) -> None:
    office.more = quiet()
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    findings(office, "dismiss", fingerprint(office), "--by", "张三", "--reason", "误报")
    office.more = ""

    for _ in range(2):
        findings(office, "confirm", fingerprint(office), "--by", "李四")
    office.run(EVENING)

    assert office.told() == [("opened", "edu", "A003")]


def test_a_waiver_of_the_configuration_withdraws_what_waits(office: Office) -> None:
    office.more = quiet()
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.more += WAIVER.format(until="2027-01-01")

    office.run(EVENING)

    assert [(one.state, one.error) for one in office.alerts()] == [("suppressed", str(Why.DECIDED))]


def test_a_reminder_that_waits_is_withdrawn_once_the_report_is_there(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.more = quiet()
    office.papers.pop(("edu", 2025))
    before = datetime(2026, 1, 29, 1, tzinfo=UTC)
    office.run(before)
    call(["alerts", "remind", "--now", before.isoformat(), "--config", str(office.config_path)])
    (waiting,) = office.alerts()
    office.publish("edu", report("edu"))

    office.run(before + timedelta(hours=6))
    call(["alerts", "explain", waiting.id, "--config", str(office.config_path)])

    (alert,) = [one for one in office.alerts() if one.event == "reminder"]
    assert (waiting.event, waiting.state) == ("reminder", "pending")
    assert (alert.state, alert.error) == ("suppressed", str(Why.ARRIVED))
    assert "the report appeared before it was sent" in capsys.readouterr().out


def test_a_reminder_stays_while_the_portal_cannot_be_read(office: Office) -> None:
    office.more = quiet()
    office.papers.pop(("edu", 2025))
    before = datetime(2026, 1, 29, 1, tzinfo=UTC)
    office.run(before)
    call(["alerts", "remind", "--now", before.isoformat(), "--config", str(office.config_path)])
    office.failing["city"] = "portal_unreachable"

    office.run(before + timedelta(hours=6))

    assert ("reminder", "pending") in {(one.event, one.state) for one in office.alerts()}

"""What a cycle stores and tells, run by run: the portals are scripted, the rest is real."""

from __future__ import annotations

import fcntl
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit import reading
from audit.report import Report
from crawler.evidence import BlobStore
from nianshen import choosing, cycle, sending, telling
from nianshen.cycle import CycleResult
from nianshen.demo import figures
from nianshen.demo.narrative import Publication
from nianshen.demo.pdf import report_pdf
from nianshen.errors import Exit, LockedError, StorageError
from notifiers.dispatcher import Tally
from tests.nianshen.office import EVENING, MORNING, NAMES, NEXT_DAY, Office, Paper, opened, report
from tests.notifiers.receiver import Answer

CELL = "requests/concluded/natural_person"
WRONG = {CELL: "+1"}
IMAGE = b"<html><title>%s</title><body><h1>%s</h1><img src='1.jpg'></body></html>"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Three organisations on two portals, every report right."""
    with opened(tmp_path, monkeypatch) as one:
        for name in NAMES:
            one.publish(name, report(name))
        yield one


def image(organisation: str) -> bytes:
    """A report page whose whole content is a picture."""
    title = f"{NAMES[organisation]}2025年政府信息公开工作年度报告".encode()
    return IMAGE % (title, title)


def test_right_reports_tell_nobody_anything(office: Office) -> None:
    result = office.run(MORNING)

    assert result.codes == set()
    assert office.standing(MORNING) == dict.fromkeys(NAMES, ("ok", None))
    assert office.receiver.received == []


def test_a_wrong_figure_opens_one_alert_and_its_repair_resolves_it_once(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.publish("edu", report("edu"))
    office.run(EVENING)
    office.run(NEXT_DAY)

    assert office.told() == [("opened", "edu", "A003"), ("resolved", "edu", "A003")]
    assert [one.document["type"] for one in office.receiver.received] == ["audit.alert.opened", "audit.alert.resolved"]
    assert office.standing(NEXT_DAY)["edu"] == ("ok", None)


def test_an_alert_names_formula_cell_and_readable_evidence(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))

    office.run(MORNING)

    (alert,) = office.receiver.received[0].document["data"]["alerts"]
    assert BlobStore(office.folder / "data/evidence").read(alert["evidence"]["sha256"]) == report(
        "edu", misprints=WRONG
    )
    assert (alert["cell"], alert["status"], alert["url"]) == (CELL, "error", "http://127.0.0.1:1/edu-2025.html")
    assert "≠" in alert["formula"]
    assert "违法" not in alert["message"]["zh"]


def test_other_figures_in_the_same_cell_are_worse_and_not_a_second_finding(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.publish("edu", report("edu", misprints={CELL: "+2"}))
    office.run(EVENING)

    assert [event for event, _, _ in office.told()] == ["opened", "worse"]
    assert len(office.findings()) == 1


def test_a_finding_that_comes_back_is_reopened(office: Office) -> None:
    for now, misprints in ((MORNING, WRONG), (EVENING, {}), (NEXT_DAY, WRONG)):
        office.publish("edu", report("edu", misprints=misprints))
        office.run(now)

    assert [event for event, _, _ in office.told()] == ["opened", "resolved", "reopened"]
    assert len({alert.id for alert in office.alerts()}) == 3


def test_a_finding_that_comes_and_goes_with_the_same_bytes_stops_no_run_and_is_told_twice(office: Office) -> None:
    for number in range(5):
        office.publish("edu", report("edu", misprints=WRONG if number % 2 == 0 else {}))
        office.run(MORNING)  # even by a clock that stands still

    assert [event for event, _, _ in office.told()] == ["opened", "resolved", "reopened", "resolved"]
    assert len({alert.id for alert in office.alerts()}) == 5
    assert len(set(office.receiver.ids)) == 4


@pytest.mark.parametrize("skin", ["old", "word", "th", "wrapper"])
def test_a_redesigned_page_opens_and_resolves_nothing(office: Office, skin: str) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    before = {one.fingerprint for one in office.findings()}

    office.publish("edu", report("edu", misprints=WRONG, skin=skin), url="http://127.0.0.1:1/new/address.html")
    office.run(EVENING)

    assert {one.fingerprint for one in office.findings()} == before
    assert len(office.receiver.received) == 1


def test_a_missing_report_is_unknown_first_and_missing_six_hours_later(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    first = office.run(MORNING)
    standing = office.standing(MORNING)["fin"]
    early = office.run(MORNING + timedelta(hours=5))
    silent = office.told()
    second = office.run(EVENING)

    assert standing == ("unknown", "absence_unproven")
    assert (first.codes, first.unknown, early.codes) == ({Exit.PARTIAL}, ("fin",), {Exit.PARTIAL})
    assert silent == []
    assert second.codes == set()
    assert office.standing(EVENING)["fin"] == ("missing", None)
    assert office.told() == [("opened", "fin", "F001")]


def test_an_unproven_absence_is_counted_in_the_digest_of_others(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    office.publish("edu", report("edu", misprints=WRONG))

    office.run(MORNING)

    counts = office.receiver.received[0].document["data"]["counts"]
    assert (counts["checked"], counts["total"]) == (2, 3)
    assert [(one["id"], one["reason"]) for one in counts["unchecked"]] == [("fin", "absence_unproven")]


def test_nothing_is_missing_before_the_due_date(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    for days in (20, 19, 18):
        office.run(MORNING - timedelta(days=days))

    assert office.standing(MORNING - timedelta(days=18))["fin"] == ("pending", None)
    # Readings of January prove nothing about February.
    assert office.standing(MORNING)["fin"] == ("unknown", "absence_unproven")


def test_a_report_found_late_closes_the_missing_one_and_is_late_with_proof(office: Office) -> None:
    paper = office.papers.pop(("fin", 2025))
    office.run(MORNING)
    office.run(EVENING)
    office.papers["fin", 2025] = [replace(paper[0], data=report("fin", published=date(2026, 2, 5)))]
    office.run(NEXT_DAY)

    assert set(office.told()) == {("opened", "fin", "F001"), ("resolved", "fin", "F001"), ("opened", "fin", "F002")}
    (late,) = [one for one in office.findings() if one.rule == "F002"]
    assert late.confirmed
    assert office.status(NEXT_DAY)["fin"]["days_late"] == 5


def test_late_on_the_first_crawl_is_told_as_unconfirmed(office: Office) -> None:
    office.publish("fin", report("fin", published=date(2026, 2, 3)))

    office.run(MORNING)

    (late,) = office.findings()
    assert (late.rule, late.severity, late.confirmed) == ("F002", "error", False)
    assert office.standing(MORNING)["fin"] == ("late", None)


def test_publication_on_the_working_day_after_a_rest_day_is_a_note(office: Office) -> None:
    office.publish("fin", report("fin", published=date(2026, 2, 2)))  # the due date was a Saturday

    office.run(MORNING)

    (late,) = office.findings()
    assert (late.rule, late.severity) == ("F002", "note")
    assert office.standing(MORNING)["fin"] == ("minor", None)
    assert office.receiver.received == []


# --- portals that fail ---------------------------------------------------------------------------------------------


def test_a_portal_that_fails_is_told_once_and_accuses_nobody(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    office.failing = {"city": "portal_unreachable"}
    codes = [office.run(now).codes for now in (MORNING, EVENING, NEXT_DAY)]

    standing = office.standing(NEXT_DAY)
    assert codes == [{Exit.PARTIAL}] * 3
    assert standing["edu"] == standing["fin"] == ("unknown", "portal_unreachable")
    assert standing["farm"] == ("ok", None)
    assert office.told() == [("system", None, "portal_unreachable")]
    assert office.receiver.received[0].document["type"] == "system.portal_unreachable"


def test_a_portal_that_fails_leaves_known_reports_and_findings_as_they_were(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.failing = {"city": "blocked"}
    result = office.run(EVENING)

    assert office.standing(EVENING)["edu"] == ("error", None)
    assert [one.rule for one in result.findings] == ["A003"]
    assert office.standing(EVENING)["fin"] == ("ok", None)
    assert office.told() == [("opened", "edu", "A003"), ("system", None, "blocked")]


def test_a_portal_that_works_again_is_told_once(office: Office) -> None:
    for now, failing in ((MORNING, {"city": "list_empty"}), (EVENING, {}), (NEXT_DAY, {})):
        office.failing = failing
        office.run(now)

    assert office.told() == [("system", None, "list_empty"), ("system", None, "portal_recovered")]


def test_a_failed_reading_between_two_good_ones_proves_nothing(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    office.run(MORNING)
    office.failing = {"city": "list_incomplete"}
    office.run(EVENING)

    assert office.standing(EVENING)["fin"] == ("unknown", "list_incomplete")
    assert not any(rule == "F001" for _, _, rule in office.told())


def test_a_doubtful_link_keeps_its_organisation_from_being_missing(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    office.doubtful = {"fin"}

    results = [office.run(now) for now in (MORNING, EVENING)]

    assert [one.codes for one in results] == [{Exit.PARTIAL}] * 2
    assert office.standing(EVENING)["fin"][0] == "unknown"
    assert office.told() == []


def test_a_report_that_left_the_list_is_not_called_missing(office: Office) -> None:
    office.run(MORNING)
    office.papers.pop(("fin", 2025))
    office.run(EVENING)
    office.run(NEXT_DAY)

    assert office.standing(NEXT_DAY)["fin"] == ("minor", None)  # F006 asks for a look
    assert office.told() == []


def test_a_report_that_stays_away_for_three_days_is_withdrawn(office: Office) -> None:
    office.run(MORNING)
    office.papers.pop(("fin", 2025))
    for day in (1, 2, 4):
        office.run(MORNING + timedelta(days=day))

    assert office.told() == [("opened", "fin", "F006")]
    assert office.standing(MORNING + timedelta(days=4))["fin"] == ("error", None)


# --- reports that cannot be read -----------------------------------------------------------------------------------


def test_a_report_that_is_a_picture_is_unknown_and_never_missing(office: Office) -> None:
    office.publish("fin", image("fin"))

    results = [office.run(now) for now in (MORNING, EVENING)]

    assert [one.codes for one in results] == [{Exit.PARTIAL}] * 2
    assert office.standing(EVENING)["fin"] == ("unknown", "report_unreadable")
    assert not any(one == "fin" for _, one, _ in office.told())


def test_unread_today_is_not_fixed_today(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG, published=date(2026, 1, 20)))
    office.run(MORNING)
    office.publish("edu", image("edu"))
    office.run(EVENING)

    entry = office.status(EVENING)["edu"]
    assert (entry["status"], entry["findings"]["error"]) == ("error", 1)
    assert entry["declared"] == "2026-01-20"
    assert office.told() == [("opened", "edu", "A003")]


def test_a_report_that_is_only_an_attachment_is_read_from_it(office: Office) -> None:
    values = figures.tables("2021", random.Random("fin"), 14)
    made = Publication(NAMES["fin"], 2025, "2021", values, date(2026, 1, 16))
    cover = f"<html><title>{made.title}</title><body><h1>{made.title}</h1><p>全文见附件</p></body></html>".encode()
    url = "http://127.0.0.1:1/fin.html"
    file = Paper(report_pdf(made), "http://127.0.0.1:1/fin.pdf", "application/pdf", on=url)
    office.papers["fin", 2025] = [Paper(cover, url), file]

    office.run(MORNING)

    entry = office.status(MORNING)["fin"]
    assert entry["status"] in {"ok", "minor"}
    assert entry["url"] in {url, file.url}


def test_a_page_that_breaks_the_reader_stops_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(data: bytes, **more: Any) -> Report:
        if NAMES["fin"].encode() in data:
            raise RecursionError
        return real(data, **more)

    real = reading.read
    monkeypatch.setattr(choosing, "read", read)

    result = office.run(MORNING)

    assert office.standing(MORNING)["fin"] == ("unknown", "report_unreadable")
    assert office.standing(MORNING)["edu"] == ("ok", None)
    assert result.codes == {Exit.PARTIAL}


def test_evidence_that_was_damaged_since_is_not_judged(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(job: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        result = office.crawl(job, **more)
        sha256 = next(one["sha256"] for one in result["candidates"] if one["organisation"] == "fin")
        BlobStore(office.folder / "data/evidence").path(sha256).write_bytes(b"other bytes")
        return result

    monkeypatch.setattr(cycle, "crawl", damaged)

    office.run(MORNING)

    assert office.standing(MORNING)["fin"] == ("unknown", "report_unreadable")


# --- seasons -------------------------------------------------------------------------------------------------------


def test_an_earlier_season_is_stored_and_never_told(office: Office) -> None:
    office.publish("edu", report("edu", year=2024, published=date(2025, 3, 1), misprints=WRONG), year=2024)

    result = office.run(MORNING)

    late, wrong = sorted((one for one in office.findings() if one.year == 2024), key=lambda one: one.rule, reverse=True)
    assert (late.rule, late.severity, wrong.rule) == ("F002", "note", "A003")
    assert office.alerts() == []
    assert result.findings == ()


def test_bytes_that_did_not_change_are_not_read_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    monkeypatch.setattr(cycle, "choose", lambda *_: pytest.fail("read again"))

    office.run(EVENING)

    assert office.standing(EVENING)["edu"] == ("error", None)
    assert len(office.receiver.received) == 1


def test_the_clock_of_the_judgement_does_not_hold_back_the_sending(office: Office) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    past = office.run(MORNING - timedelta(days=14))
    office.publish("fin", report("fin", misprints=WRONG))
    future = office.run(MORNING + timedelta(days=3650))

    assert (past.tally.sent, future.tally.sent) == (1, 1)
    assert [one.problem for one in office.receiver.received] == [None, None]


# --- what holds an alert back --------------------------------------------------------------------------------------


def test_a_waived_finding_is_kept_and_not_sent(office: Office) -> None:
    office.more = (
        "rules: {waivers: [{organisation: edu, rule: A003, until: 2026-02-04, reason: 已说明, approved_by: 张三}]}"
    )
    office.publish("edu", report("edu", misprints=WRONG))

    result = office.run(MORNING)

    (alert,) = office.alerts()
    assert (alert.state, alert.message_id) == ("suppressed", None)
    assert "waived" in (alert.error or "")
    assert office.standing(MORNING)["edu"] == ("waived", None)
    assert (result.codes, result.findings) == (set(), ())


def test_a_waiver_that_ends_lets_the_finding_be_told(office: Office) -> None:
    office.more = (
        "rules: {waivers: [{organisation: edu, rule: A003, until: 2026-02-04, reason: 已说明, approved_by: 张三}]}"
    )
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.run(NEXT_DAY)
    office.run(NEXT_DAY + timedelta(hours=12))

    assert office.standing(NEXT_DAY)["edu"] == ("error", None)
    assert office.told() == [("reopened", "edu", "A003")]


def test_severities_that_wait_for_a_person_stay_pending_with_the_reason(office: Office) -> None:
    office.more = "rules: {confirm: [error]}"
    office.publish("edu", report("edu", misprints=WRONG))

    result = office.run(MORNING)

    (alert,) = office.alerts()
    assert (alert.state, alert.message_id) == ("pending", None)
    assert "confirm" in (alert.error or "")
    assert office.receiver.received == []
    assert result.codes == set()  # held back by policy is no failure


def test_an_officer_who_never_heard_of_a_finding_does_not_hear_that_it_is_resolved(office: Office) -> None:
    office.more = "rules: {confirm: [error]}"
    office.publish("edu", report("edu", misprints=WRONG))
    office.run(MORNING)
    office.publish("edu", report("edu"))
    office.run(EVENING)

    assert office.receiver.received == []


def test_a_severity_of_the_configuration_decides_route_and_status(office: Office) -> None:
    office.more = "rules: {severity: {A003: note}}"
    office.publish("edu", report("edu", misprints=WRONG))

    result = office.run(MORNING)

    (alert,) = office.alerts()
    assert (alert.state, alert.error) == ("suppressed", "没有匹配的路由 / no route matches")
    assert office.standing(MORNING)["edu"] == ("minor", None)
    assert result.findings[0].severity == "note"


def test_a_disabled_rule_is_not_judged(office: Office) -> None:
    office.more = "rules: {disable: [A003, A002, A001]}"
    office.publish("edu", report("edu", misprints=WRONG))

    office.run(MORNING)

    assert office.findings() == []


def test_without_readable_evidence_there_is_no_accusation(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    monkeypatch.setattr(BlobStore, "holds", lambda *_: False)

    office.run(MORNING)

    (alert,) = office.alerts()
    assert alert.state == "suppressed"
    assert office.receiver.received == []


# --- sending -------------------------------------------------------------------------------------------------------


def test_a_receiver_that_is_down_leaves_the_message_in_the_outbox_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, monkeypatch, Answer(cut=True)) as office:
        office.publish("edu", report("edu", misprints=WRONG))
        down = office.run(MORNING)
        (waiting,) = office.alerts()
        up = office.run(MORNING)

        assert Exit.UNDELIVERED in down.codes
        assert (waiting.state, waiting.attempts) == ("pending", 1)
        assert Exit.UNDELIVERED not in up.codes
        assert office.receiver.ids == [waiting.message_id] * 2
        assert office.receiver.received[0].body == office.receiver.received[1].body
        assert office.told()[-1] == ("opened", "edu", "A003")


def test_a_message_that_still_waits_is_reported_by_a_run_that_has_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, monkeypatch, *[Answer(503)] * 9) as office:
        office.publish("edu", report("edu", misprints=WRONG))

        codes = [office.run(MORNING).codes for _ in range(2)]

        assert all(Exit.UNDELIVERED in one for one in codes)
        assert len(set(office.receiver.ids)) == 1


def test_a_message_delivered_at_the_second_try_is_delivered() -> None:
    def codes(tally: Tally) -> set[Exit]:
        return CycleResult("r", 2025, (), (), (), tally).codes

    assert codes(Tally(sent=1, failed=1)) == set()
    assert codes(Tally(failed=1, waiting=1)) == {Exit.UNDELIVERED}
    assert codes(Tally(dead=1)) == {Exit.UNDELIVERED}


def test_a_receiver_that_refuses_for_good_makes_a_dead_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path, monkeypatch, Answer(410)) as office:
        office.publish("edu", report("edu", misprints=WRONG))

        result = office.run(MORNING)

        (alert,) = office.alerts()
        assert Exit.UNDELIVERED in result.codes
        assert alert.state == "dead"
        assert "410" in (alert.error or "")


def test_what_was_stored_survives_a_sending_that_breaks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.publish("edu", report("edu", misprints=WRONG))
    monkeypatch.setattr(sending, "send", _break)
    with pytest.raises(RuntimeError):
        office.run(MORNING)
    monkeypatch.undo()
    monkeypatch.setattr(cycle, "crawl", office.crawl)

    office.run(EVENING)

    assert office.told() == [("opened", "edu", "A003")]


def _break(*_: object) -> Tally:
    raise RuntimeError("power cut")


# --- storage -------------------------------------------------------------------------------------------------------


def test_two_cycles_never_run_at_once(office: Office) -> None:
    office.run(MORNING)
    with (office.folder / "data/evidence/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(LockedError):
            office.run(EVENING)


def test_an_evidence_folder_that_cannot_be_is_a_storage_error_and_leaves_nothing(office: Office) -> None:
    (office.folder / "data").mkdir()
    (office.folder / "data/evidence").write_text("a file in the way", encoding="utf-8")

    with pytest.raises(StorageError, match="evidence"):
        office.run(MORNING)

    assert [path.name for path in (office.folder / "data").iterdir()] == ["evidence"]


def test_a_database_that_cannot_be_stops_the_run_before_it_crawls(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (office.folder / "data/n.sqlite3").mkdir(parents=True)
    monkeypatch.setattr(cycle, "crawl", lambda *_, **__: pytest.fail("crawled"))

    with pytest.raises(StorageError, match="sqlite3"):
        office.run(MORNING)


def test_a_cycle_that_fails_while_judging_stores_nothing_of_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.run(MORNING)
    office.publish("edu", report("edu", misprints=WRONG))
    with monkeypatch.context() as broken:
        broken.setattr(telling, "enqueue", _break)
        with pytest.raises(RuntimeError):
            office.run(EVENING)
    after = office.findings()

    office.run(NEXT_DAY)

    assert after == []
    assert office.told() == [("opened", "edu", "A003")]

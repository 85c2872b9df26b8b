"""What happens to a report after it was published, and what the same list proves of others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from nianshen.demo import figures
from nianshen.demo.narrative import Publication
from nianshen.demo.pdf import report_pdf
from nianshen.errors import Exit
from nianshen.store import open_store
from tests.nianshen.office import EVENING, MORNING, NAMES, NEXT_DAY, Office, Paper, opened, report

CELL = "disclosure/licences/decisions"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Three organisations on two portals, every report right."""
    with opened(tmp_path, monkeypatch) as one:
        for name in NAMES:
            one.publish(name, report(name))
        yield one


def found(office: Office) -> dict[str, str]:
    """Rule to state of the findings that a person sees."""
    return {one.rule: one.state for one in office.findings() if one.kind == "fail"}


def test_a_figure_that_changes_after_publication_is_told_with_both_numbers(office: Office) -> None:
    office.run(MORNING)
    office.publish("edu", report("edu", misprints={CELL: "+7"}))
    office.run(EVENING)

    (alert,) = [one for message in office.receiver.received for one in message.document["data"]["alerts"]]
    assert (alert["event"], alert["organisation"]["id"], alert["rule"]) == ("opened", "edu", "F005")
    before = figures.tables("2021", random.Random("edu"), 14)[CELL]
    assert f"{before} → {before + 7}" in alert["message"]["zh"]


def test_a_sentence_that_changes_after_publication_is_found_with_its_section(office: Office) -> None:
    office.run(MORNING)
    office.publish("edu", report("edu").replace("规定时限；".encode(), "规定时限，最长三十日；".encode()))
    office.run(EVENING)

    (finding,) = (one for one in office.findings() if one.kind == "fail")
    assert (finding.rule, finding.severity) == ("F005", "note")
    assert "五、存在的主要问题及改进情况（" in finding.document["message"]["zh"]
    assert "最长三十日" in finding.document["message"]["zh"]


def test_another_frame_counter_or_address_around_the_same_report_is_no_change(office: Office) -> None:
    office.run(MORNING)
    counted = report("edu").replace(b"</body>", "<p>访问量：20391 次</p></body>".encode())
    office.publish("edu", counted, url="http://127.0.0.1:1/new/edu.html")
    result = office.run(EVENING)

    assert found(office) == {}
    assert [(one.organisation, one.before, one.now) for one in result.moved] == [
        ("edu", "http://127.0.0.1:1/edu-2025.html", "http://127.0.0.1:1/new/edu.html")
    ]
    store = open_store(f"sqlite:///{office.folder}/data/n.sqlite3", create=False)
    row = store.reports.get("edu", 2025)
    store.close()
    assert row is not None
    assert row.facts is not None
    assert row.facts["moved"] == [{"from": "http://127.0.0.1:1/edu-2025.html", "at": EVENING.isoformat()}]


def test_a_move_is_remembered_by_the_runs_behind_it(office: Office) -> None:
    office.run(MORNING)
    office.publish("edu", report("edu"), url="http://127.0.0.1:1/new/edu.html")
    moves = [office.run(now).moved for now in (EVENING, NEXT_DAY)]

    store = open_store(f"sqlite:///{office.folder}/data/n.sqlite3", create=False)
    row = store.reports.get("edu", 2025)
    store.close()
    assert [len(one) for one in moves] == [1, 0]
    assert row is not None
    assert row.facts is not None
    assert len(row.facts["moved"]) == 1


def test_a_report_that_was_not_there_on_the_day_it_declares_is_dated_back(office: Office) -> None:
    office.papers.pop(("edu", 2025))
    office.run(MORNING)
    office.publish("edu", report("edu", published=date(2026, 1, 30)))
    office.run(EVENING)

    assert office.told() == [("opened", "edu", "F004")]
    assert office.standing(EVENING)["edu"][0] == "minor"


def test_a_report_published_on_the_due_day_and_seen_hours_later_is_fine(office: Office) -> None:
    office.papers.pop(("edu", 2025))
    office.run(datetime(2026, 1, 31, 1, tzinfo=UTC))  # 09:00 in Shanghai on the due day
    office.publish("edu", report("edu", published=date(2026, 1, 31)))
    office.run(MORNING)

    assert found(office) == {}
    assert office.standing(MORNING)["edu"] == ("ok", None)


def test_a_page_and_its_attachment_that_differ_are_told_as_copies(office: Office) -> None:
    values = figures.tables("2021", random.Random("edu"), 14)
    other = Publication(NAMES["edu"], 2025, "2021", values, date(2026, 1, 16), misprints={CELL: str(values[CELL] + 5)})
    page = office.papers["edu", 2025][0]
    file = Paper(report_pdf(other), "http://127.0.0.1:1/edu.pdf", "application/pdf", on=page.url)
    office.papers["edu", 2025] = [page, file]
    office.run(MORNING)

    assert office.told() == [("opened", "edu", "F008")]


# --- whose report it is --------------------------------------------------------------------------------------------


def test_a_link_to_another_organs_report_is_a_mismatch_and_nothing_else(office: Office) -> None:
    office.publish("edu", report("fin", misprints={"requests/concluded/natural_person": "+1"}))
    for now in (MORNING, EVENING):
        office.run(now)

    assert office.told() == [("opened", "edu", "F013")]
    assert office.standing(EVENING)["edu"] == ("unknown", "report_unreadable")
    assert office.standing(EVENING)["fin"] == ("ok", None)


def test_the_right_report_in_its_place_closes_the_mismatch(office: Office) -> None:
    office.publish("edu", report("fin"))
    office.run(MORNING)
    office.publish("edu", report("edu"))
    office.run(EVENING)

    assert office.told() == [("opened", "edu", "F013"), ("resolved", "edu", "F013")]
    assert office.standing(EVENING)["edu"] == ("ok", None)


# --- what the same list proves of others ---------------------------------------------------------------------------


def test_a_report_that_cannot_be_fetched_leaves_no_doubt_on_its_neighbour(office: Office) -> None:
    office.papers.pop(("edu", 2025))
    office.papers.pop(("fin", 2025))
    office.unfetched = {"edu"}
    results = [office.run(now) for now in (MORNING, EVENING)]

    assert [one.codes for one in results] == [{Exit.PARTIAL}] * 2
    assert office.standing(EVENING)["fin"] == ("missing", None)
    assert office.standing(EVENING)["edu"] == ("unknown", "list_incomplete")
    assert [one for one in office.told() if one[0] == "opened"] == [("opened", "fin", "F001")]
    assert "有年报取不到" in office.receiver.received[0].document["data"]["alerts"][0]["message"]["zh"]


def test_before_the_due_day_a_neighbour_of_an_unfetched_report_is_only_pending(office: Office) -> None:
    office.papers.pop(("edu", 2025))
    office.papers.pop(("fin", 2025))
    office.unfetched = {"edu"}
    early = MORNING - timedelta(days=20)
    office.run(early)

    assert office.standing(early)["fin"] == ("pending", None)
    assert office.standing(early)["edu"] == ("unknown", "list_incomplete")


def test_around_the_due_day_everything_is_asked_for_in_full(office: Office) -> None:
    for day in (29, 30, 31):
        office.run(datetime(2026, 1, day, 4, tzinfo=UTC))
    for day in (1, 2, 3, 4):  # Saturday was the due day, Monday the last one in time
        office.run(datetime(2026, 2, day, 4, tzinfo=UTC))

    assert [job["fresh"] for job in office.jobs] == [[], *[["city", "county"]] * 5, []]


# --- runs that were killed -----------------------------------------------------------------------------------------


def test_a_run_that_was_killed_is_closed_by_the_next_and_counts_for_nothing(office: Office) -> None:
    office.papers.pop(("fin", 2025))
    office.run(MORNING)
    store = open_store(f"sqlite:///{office.folder}/data/n.sqlite3", create=False)
    store.runs.begin("killed-in-the-middle", 2025, EVENING)
    result = office.run(EVENING + timedelta(hours=1))
    row = store.runs.get("killed-in-the-middle")
    store.close()

    assert result.killed == ("killed-in-the-middle",)
    assert row is not None
    assert (row.state, row.finished_at) == ("killed", EVENING + timedelta(hours=1))
    assert office.run(NEXT_DAY).killed == ()

"""``nianshen run`` as the office runs it: five runs over two days on real portals, told to a real receiver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawler.evidence import verify
from tests.acceptance.town import CELL, Said, Town, built

SCHEMAS = Path(__file__).parents[2] / "nianshen" / "schemas"
MORNING, EVENING, NEXT, LATER, LAST = (
    "2026-02-04T08:00:00+08:00",
    "2026-02-04T20:00:00+08:00",
    "2026-02-05T08:00:00+08:00",
    "2026-02-05T20:00:00+08:00",
    "2026-02-06T08:00:00+08:00",
)


@dataclass(frozen=True)
class Moment:
    """A run, how all stood after it, and what it told."""

    said: Said
    status: dict[str, dict[str, Any]]
    told: list[tuple[str, str | None, str]]

    def standing(self, organisation: str) -> tuple[str, str | None]:
        return self.status[organisation]["status"], self.status[organisation]["reason"]


@dataclass(frozen=True)
class Season:
    town: Town
    first: Moment
    second: Moment
    unchanged: Moment
    fixed_and_down: Moment
    still_down: Moment


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    """First look, second look, nothing new, one report fixed while a portal is down, still down."""
    with built(tmp_path_factory.mktemp("office")) as town:

        def moment(now: str) -> Moment:
            before = len(town.told())
            said = town.run(now)
            return Moment(said, town.status(now), town.told()[before:])

        first, second, unchanged = moment(MORNING), moment(EVENING), moment(NEXT)
        town.misprint = False
        town.publish()
        town.close_county()
        yield Season(town, first, second, unchanged, moment(LATER), moment(LAST))


def conforms(document: Any, name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_first_run_is_partial_and_proves_no_absence(season: Season) -> None:
    assert season.first.said.code == 3, season.first.said.err
    assert season.first.standing("culture") == ("unknown", "absence_unproven")
    assert not any(organisation == "culture" for _, organisation, _ in season.first.told)


def test_right_reports_are_fine_on_both_portals(season: Season) -> None:
    assert {one: season.first.standing(one)[0] for one in ("edu", "farm", "roads")} == dict.fromkeys(
        ("edu", "farm", "roads"), "ok"
    )


def test_a_wrong_sum_is_told_at_once_with_its_cell(season: Season) -> None:
    assert season.first.standing("water") == ("error", None)
    assert season.first.told == [("opened", "water", "A003"), ("opened", "fin", "F009")]
    (message,) = season.town.receiver.received[:1]
    alert, _ = message.document["data"]["alerts"]
    assert (alert["cell"], alert["year"], alert["severity"]) == (CELL, 2025, "error")
    assert message.headers["webhook-id"].startswith("msg_")
    assert alert["organisation"]["name"] == "示例市水利局"


def test_a_report_that_is_a_picture_is_unknown(season: Season) -> None:
    for moment in (season.first, season.second, season.still_down):
        assert moment.standing("stats") == ("unknown", "report_unreadable")


def test_a_report_that_is_only_an_attachment_is_read_from_the_attachment(season: Season) -> None:
    entry = season.first.status["fin"]

    assert (entry["status"], entry["findings"]["warning"]) == ("minor", 1)  # F009: a file and no page
    assert entry["declared"] == "2026-01-20"
    assert entry["url"].startswith(season.town.city.url("/nb/fin."))


def test_the_second_run_proves_the_absence_and_tells_it(season: Season) -> None:
    assert season.second.standing("culture") == ("missing", None)
    assert season.second.told == [("opened", "culture", "F001")]


def test_a_run_in_which_nothing_changed_tells_nothing(season: Season) -> None:
    assert season.unchanged.told == []
    assert {one["status"] for one in season.unchanged.status.values()} == {
        "ok",
        "minor",
        "error",
        "missing",
        "unknown",
    }


def test_a_repaired_report_is_resolved_and_a_dead_portal_told_once_each(season: Season) -> None:
    assert sorted(season.fixed_and_down.told, key=str) == [
        ("resolved", "water", "A003"),
        ("system", None, "portal_unreachable"),
    ]
    assert season.still_down.told == []
    assert season.fixed_and_down.standing("water") == ("ok", None)


def test_a_dead_portal_accuses_nobody(season: Season) -> None:
    for moment in (season.fixed_and_down, season.still_down):
        assert moment.said.code == 3
        assert {moment.standing(one)[0] for one in ("farm", "roads")} <= {"ok", "unknown"}


def test_every_message_has_its_own_id_and_a_signature_that_holds(season: Season) -> None:
    received = season.town.receiver.received

    assert len(set(season.town.receiver.ids)) == len(received) == 4
    assert [one.problem for one in received] == [None] * len(received)
    assert all(one.headers["webhook-signature"].startswith("v1,") for one in received)


def test_the_evidence_of_all_runs_verifies(season: Season) -> None:
    assert verify(season.town.folder / "data/evidence") == []


def test_the_portals_were_asked_for_nothing_they_do_not_offer(season: Season) -> None:
    assert season.town.city.unknown == []


# --- the commands that read what the runs left ---------------------------------------------------------------------


def test_status_follows_its_schema_and_counts_coverage(season: Season) -> None:
    answer = season.town.call("status", "--year", "2025", "--now", NEXT, "--format", "json").document

    conforms(answer, "status")
    unknown = sum(one["status"] == "unknown" for one in answer["organisations"])
    assert answer["coverage"] == {"checked": 7 - unknown, "total": 7}
    edu = next(one for one in answer["organisations"] if one["id"] == "edu")
    assert (edu["due"], edu["declared"], edu["first_seen"]) == ("2026-01-31", "2026-01-20", MORNING)
    assert edu["url"] == season.town.city.url("/nb/edu.html")


def test_findings_are_listed_and_shown_with_their_evidence(season: Season) -> None:
    listed = season.town.call("findings", "list", "--rule", "A003", "--format", "json").document
    conforms(listed, "findings")
    (one,) = listed["findings"]

    shown = season.town.call("findings", "show", one["fingerprint"][:10])

    assert (one["organisation"], one["state"], one["cell"]) == ("water", "resolved", CELL)
    assert one["formula"] in shown.out
    assert one["evidence"]["sha256"] in shown.out


def test_alerts_are_listed_as_delivered(season: Season) -> None:
    answer = season.town.call("alerts", "list", "--format", "json").document

    conforms(answer, "alerts")
    sent = [one for one in answer["alerts"] if one["state"] in {"sent", "accepted"}]
    assert sorted(one["event"] for one in sent) == ["opened", "opened", "opened", "resolved", "system"]
    assert {one["message_id"] for one in sent} == set(season.town.receiver.ids)
    assert all(one["attempts"] == 1 and one["sent"] and one["channel"] == "office" for one in sent)


def test_the_database_can_be_upgraded_and_backed_up_after_runs(season: Season) -> None:
    upgraded = season.town.call("db", "upgrade")
    copied = season.town.call("db", "backup", "--to", "copy.sqlite3")

    assert (upgraded.code, copied.code) == (0, 0), (upgraded.err, copied.err)
    assert (season.town.folder / "copy.sqlite3").read_bytes()[:15] == b"SQLite format 3"


def test_the_output_is_the_result_and_the_progress_is_beside_it(season: Season) -> None:
    said = season.first.said

    assert "2025" in said.out
    assert "portal" in said.err
    assert "Traceback" not in said.err

"""The commands that read the store print what CONTRACT promises, and fail with the right exit code."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.finding import Finding, Kind, Severity
from audit.lifecycle import Change, Event
from nianshen.cli import call
from nianshen.store import AuditRecord, NewAlert, NewMessage, open_store
from notifiers.limits import Pace
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Permanent

NOW = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)
SCHEMAS = Path(__file__).parents[2] / "nianshen" / "schemas"
CONFIG = """\
version: 1
storage: {database: n.sqlite3}
portals:
  - {id: example, name: 示例门户, start_urls: ["https://www.example.gov.cn/nb/"]}
organisations:
  - {id: edu, name: 示例市教育局, portal: example}
  - {id: fin, name: 示例市财政局, portal: example}
"""
FOUND = Finding(
    rule="A003",
    severity=Severity.ERROR,
    kind=Kind.FAIL,
    subject="requests/concluded/total",
    cell="requests/concluded/total",
    message={"zh": "疑似勾稽不符", "en": "suspected imbalance"},
    title={"zh": "勾稽关系", "en": "balance"},
    fingerprint="abcdef0123456789",
    expected=12,
    actual=11,
    formula="12 + 1 ≠ 11 + 1",
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration beside a store with one report, one finding and one dead letter."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    with store.transaction() as unit:
        unit.runs.begin("run-1", 2025, NOW)
        unit.portals.record("run-1", "example", NOW, "found", None, True, 1, 1, 9, "", [("fin", 2025)])
        unit.reports.observe("edu", 2025, "https://e.cn/1", "example", "a" * 64, date(2026, 1, 20), NOW, NOW)
        reading = unit.readings.save("edu", 2025, "a" * 64, NOW, "1", {}, "https://e.cn/1")
        change = Change(Event.OPENED, FOUND.fingerprint, FOUND)
        unit.commit_audit(AuditRecord("edu", 2025, NOW, "r1", [change], "findings", "run-1", reading))
        alert = NewAlert("alert-1", FOUND.fingerprint, "opened", "edu", 2025, ["A003"])
        held = NewAlert("alert-2", "portal:example", "system", None, None, [], "suppressed", "muted")
        unit.enqueue([alert, held], [NewMessage("msg-1", "ops", b"{}", ["alert-1"])], NOW)
    delivery = store.outbox.claim("ops", Wanted(Pace(600), NOW, NOW))
    assert isinstance(delivery, Delivery)
    store.outbox.settle(delivery, Permanent("410 gone"), NOW, None)
    store.close()
    return path


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert call([*arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def conforms(document: Any, name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


def test_status_follows_its_schema(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = output(capsys, "status", "--config", str(config), "--year", "2025", "--now", "2026-02-03T17:00:00+08:00")

    conforms(answer, "status")
    edu, fin = answer["organisations"]
    assert (edu["status"], edu["due"], edu["first_seen"]) == ("error", "2026-01-31", "2026-02-03T16:00:00+08:00")
    assert (fin["status"], fin["reason"]) == ("unknown", "absence_unproven")
    assert answer["coverage"] == {"checked": 1, "total": 2}


def test_findings_follow_their_schema(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = output(capsys, "findings", "list", "--config", str(config), "--rule", "A003")
    shown = output(capsys, "findings", "show", "abcd", "--config", str(config))

    conforms(listed, "findings")
    assert listed == shown
    assert shown["findings"][0]["evidence"]["sha256"] == "a" * 64


def test_a_finding_is_shown_with_sentence_formula_and_evidence(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["findings", "show", "abcd", "--config", str(config)]) == 0

    page = capsys.readouterr().out
    assert all(part in page for part in ("疑似勾稽不符", "12 + 1 ≠ 11 + 1", "a" * 64, "https://e.cn/1"))


def test_alerts_follow_their_schema(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = output(capsys, "alerts", "list", "--config", str(config))

    conforms(answer, "alerts")
    dead, held = answer["alerts"]
    assert (dead["state"], dead["channel"], dead["attempts"]) == ("dead", "ops", 1)
    assert (held["state"], held["message_id"]) == ("suppressed", None)


def test_a_dead_alert_can_be_sent_again(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["alerts", "retry", "alert-1", "--config", str(config)]) == 0
    capsys.readouterr()

    first, _ = output(capsys, "alerts", "list", "--config", str(config))["alerts"]
    assert first["state"] == "pending"


@pytest.mark.parametrize("noun", ["status", "findings list", "alerts list"])
@pytest.mark.parametrize("form", ["table", "csv"])
def test_every_list_has_a_table_and_csv(config: Path, capsys: pytest.CaptureFixture[str], noun: str, form: str) -> None:
    assert call([*noun.split(), "--config", str(config), "--format", form]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["findings", "show", "nothing"], 2),
        (["alerts", "retry"], 2),
        (["alerts", "retry", "nobody"], 2),
        (["alerts", "ack", "nobody"], 2),
        (["alerts", "ack", "alert-1"], 0),
        (["status", "--now", "yesterday"], 2),
        (["db", "upgrade"], 0),
    ],
)
def test_commands_end_with_the_code_of_the_contract(config: Path, arguments: list[str], code: int) -> None:
    assert call([*arguments, "--config", str(config)]) == code


def test_a_backup_lands_where_it_is_wanted(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"

    assert call(["db", "backup", "--to", str(target), "--config", str(config)]) == 0
    assert call(["db", "backup", "--to", str(target), "--config", str(config)]) == 5
    assert target.stat().st_size > 0


def test_no_store_yet_is_a_storage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")

    assert call(["status", "--config", str(path)]) == 5
    assert "nianshen run" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["status", "alerts", "findings", "check"])
def test_the_shipped_schemas_are_schemas(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)

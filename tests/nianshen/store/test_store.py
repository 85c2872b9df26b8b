"""All of a transaction is stored or nothing, readings prove absence, and a broken database says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from audit.finding import Finding, Kind, Severity
from audit.lifecycle import Change, Event
from nianshen.errors import StorageError
from nianshen.store import AuditRecord, Lists, NewAlert, NewMessage, Store, backup, open_store, upgrade
from nianshen.store.database import Database, parse
from nianshen.store.schema import MIGRATIONS
from nianshen.store.tables import SCHEMA_REVISION, metadata

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=7)
CITY = Lists("city", ("https://e.cn/nb/",))


def finding(actual: int = 11, kind: Kind = Kind.FAIL, fingerprint: str = "f" * 32) -> Finding:
    return Finding(
        rule="A003",
        severity=Severity.ERROR,
        kind=kind,
        subject="requests/concluded/total",
        message={"zh": "疑似", "en": "suspected"},
        title={"zh": "勾稽", "en": "balance"},
        fingerprint=fingerprint,
        actual=actual,
        expected=12,
    )


def record(event: Event, found: Finding | None, **more: object) -> AuditRecord:
    change = Change(event, "f" * 32, found)
    return AuditRecord("edu", 2025, NOW, "rules-1", [change], **more)  # type: ignore[arg-type]


def observe(store: Store, seen_at: datetime, sha256: str = "a" * 64) -> None:
    store.reports.observe("edu", 2025, "https://e.cn/1", "city", sha256, date(2026, 1, 20), seen_at, seen_at)


def read_without(
    store: Store, run_id: str, at: datetime, complete: bool = True, shape: Mapping[str, Any] | None = None
) -> None:
    store.runs.begin(run_id, 2025, at)
    reason = None if complete else "list_incomplete"
    absent = [("edu", 2025)]
    store.portals.record(run_id, "city", at, "found", reason, complete, 3, 3, 40, "", absent, shape=shape)


def test_the_migrations_make_exactly_the_tables(url: str) -> None:
    open_store(url).close()
    database = Database(parse(url))

    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    database.close()
    assert differences == []
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_REVISION


def test_upgrading_twice_changes_nothing(url: str) -> None:
    assert upgrade(url) == upgrade(url) == SCHEMA_REVISION


def test_an_older_database_keeps_what_it_holds_when_it_is_upgraded(url: str) -> None:
    database = Database(parse(url))
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text(_REPORT_OF_0001))
    database.close()

    upgrade(url)
    store = open_store(url, create=False)
    row = store.reports.get("edu", 2025)
    store.close()

    assert row is not None
    assert (row.url, row.facts) == ("https://e.cn/1", None)


_REPORT_OF_0001 = (
    "INSERT INTO report VALUES ('edu', 2025, 'https://e.cn/1', 'example', 'aa', '2026-01-20',"
    " '2026-01-21 00:00:00', '2026-01-21 00:00:00', '2026-01-21 00:00:00')"
)


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_tables_of_another_version_name_the_command_that_helps(url: str, revision: str) -> None:
    store = open_store(url)
    with store.transaction() as unit, unit._access.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    store.close()

    with pytest.raises(StorageError, match="nianshen db upgrade"):
        open_store(url)


def test_a_fault_undoes_findings_alerts_and_messages_alike(store: Store) -> None:
    alert = NewAlert("alert-1", "f" * 32, "opened", "edu", 2025, ["A003"])

    with pytest.raises(StorageError), store.transaction() as unit:  # noqa: PT012
        unit.commit_audit(record(Event.OPENED, finding()))
        unit.enqueue([alert], [NewMessage("msg-1", "ops", b"{}", ["alert-1", "no-such-alert"])], NOW)

    assert store.findings.of("edu", 2025) == []
    assert store.alerts.list() == []
    assert store.outbox.waiting() == {}


def test_an_exception_between_two_audits_keeps_neither(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction() as unit:  # noqa: PT012
        unit.commit_audit(record(Event.OPENED, finding()))
        raise RuntimeError("killed")

    assert store.findings.of("edu", 2025) == []


def test_a_transaction_reads_what_it_wrote(store: Store) -> None:
    with store.transaction() as unit:
        observe_id = unit.commit_audit(record(Event.OPENED, finding()))
        seen = unit.findings.of("edu", 2025)

    assert observe_id
    assert [row.state for row in seen] == ["open"]


def test_a_report_keeps_when_it_was_first_seen(store: Store) -> None:
    observe(store, NOW)
    observe(store, LATER, "b" * 64)

    row = store.reports.get("edu", 2025)

    assert row is not None
    assert (row.first_seen, row.last_seen, row.sha256) == (NOW, LATER, "b" * 64)
    assert row.declared == date(2026, 1, 20)


def test_absence_counts_readings_of_these_lists_since_the_report_was_last_found(store: Store) -> None:
    read_without(store, "run-1", NOW)
    observe(store, NOW + timedelta(hours=1))
    read_without(store, "run-2", LATER)
    read_without(store, "run-3", LATER + timedelta(hours=7))

    assert store.portals.absences("edu", 2025, CITY) == [LATER, LATER + timedelta(hours=7)]
    assert store.portals.absences("edu", 2024, CITY) == []
    assert store.portals.absent_before("edu", 2025, CITY, LATER) == NOW
    assert store.portals.absent_before("edu", 2025, CITY, NOW) is None


def test_an_absence_from_other_lists_proves_nothing_about_these(store: Store) -> None:
    read_without(store, "run-1", NOW, shape={"start_urls": ["https://e.cn/old/"]})
    read_without(store, "run-2", LATER, shape={"start_urls": ["https://e.cn/nb/"]})

    assert store.portals.absences("edu", 2025, CITY) == [LATER]
    assert store.portals.absences("edu", 2025, Lists("county", CITY.start_urls)) == []
    assert store.portals.absent_before("edu", 2025, CITY, LATER) is None


def test_runs_that_never_ended_are_closed_as_killed(store: Store) -> None:
    for name in ("run-1", "run-2"):
        store.runs.begin(name, 2025, NOW)
    store.runs.finish("run-2", "finished", NOW)

    assert store.runs.close_killed(LATER) == ["run-1"]
    assert store.runs.close_killed(LATER) == []
    states = [one.state for name in ("run-1", "run-2") if (one := store.runs.get(name))]
    assert states == ["killed", "finished"]


def test_the_last_reading_of_a_portal_is_known_by_year(store: Store) -> None:
    read_without(store, "run-1", NOW)

    last = store.portals.last("city", 2025)

    assert last is not None
    assert (last.run_id, last.complete) == ("run-1", True)
    assert store.portals.last("city", 2024) is None


def test_the_same_bytes_by_the_same_reader_are_one_reading(store: Store) -> None:
    observe(store, NOW)
    first = store.readings.save("edu", 2025, "a" * 64, NOW, "1", {"agency": "示例市\x00教育局\ud800"})
    other = store.readings.save("edu", 2025, "b" * 64, LATER, "1", {})
    again = store.readings.save("edu", 2025, "a" * 64, LATER + timedelta(hours=1), "1", {"cells": {}})

    latest = store.readings.latest("edu", 2025)

    assert first == again != other
    assert latest is not None
    assert (latest["id"], latest["document"]) == (first, {"cells": {}})


def test_a_finding_resolves_and_reopens(store: Store) -> None:
    store.commit_audit(record(Event.OPENED, finding()))
    store.commit_audit(record(Event.RESOLVED, None))
    (resolved,) = store.findings.of("edu", 2025)
    store.commit_audit(record(Event.REOPENED, finding()))
    (reopened,) = store.findings.of("edu", 2025)

    assert (resolved.state, resolved.resolved_at) == ("resolved", NOW)
    assert (reopened.state, reopened.resolved_at) == ("open", None)


def test_a_fail_that_cannot_be_read_today_keeps_its_figures(store: Store) -> None:
    store.commit_audit(record(Event.OPENED, finding()))
    store.commit_audit(record(Event.UNCHANGED, finding(kind=Kind.OPEN)))

    (row,) = store.findings.of("edu", 2025)

    assert (row.kind, row.state_hash) == ("fail", finding().state_hash)


def test_a_waiver_stands_only_while_it_covers(store: Store) -> None:
    store.commit_audit(record(Event.OPENED, finding(), waived={"f" * 32}))
    (waived,) = store.findings.of("edu", 2025)
    store.commit_audit(record(Event.UNCHANGED, finding()))
    (ended,) = store.findings.of("edu", 2025)

    assert (waived.standing, ended.standing) == ("waived", "open")


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StorageError, match="naive"):
        store.runs.begin("run-1", 2025, datetime(2026, 2, 1))  # noqa: DTZ001


def test_a_full_disk_undoes_the_whole_transaction(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    alert = NewAlert("alert-1", "f" * 32, "opened", "edu", 2025, ["A003"])

    with pytest.raises(StorageError, match=r"已满.*full"), store.transaction() as unit:  # noqa: PT012
        with unit._access.write() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        unit.commit_audit(record(Event.OPENED, finding()))
        unit.enqueue([alert], [NewMessage("msg-1", "ops", b"x" * 100_000, ["alert-1"])], NOW)

    assert store.findings.of("edu", 2025) == []
    assert store.outbox.waiting() == {}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite3"
    path.write_bytes(b"this is no database " * 100)

    with pytest.raises(StorageError, match=r"n\.sqlite3"):
        open_store(f"sqlite:///{path}")


def test_a_place_that_cannot_hold_a_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="无法在此处建立数据库"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'n.sqlite3'}")


def test_reading_commands_make_no_database(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite3"

    with pytest.raises(StorageError, match="nianshen run"):
        open_store(f"sqlite:///{path}", create=False)

    assert not path.exists()


def test_somebody_else_s_database_is_left_alone(url: str) -> None:
    database = Database(parse(url))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    database.close()

    with pytest.raises(StorageError, match="another program"):
        open_store(url)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StorageError, match="does not answer") as caught:
        open_store("postgresql://user:hunter2@127.0.0.1:1/none")

    assert "hunter2" not in str(caught.value)


def test_a_backup_is_a_whole_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'n.sqlite3'}"
    store = open_store(url)
    store.commit_audit(record(Event.OPENED, finding()))

    target = backup(url, tmp_path / "copies" / "n.sqlite3")

    copy = open_store(f"sqlite:///{target}", create=False)
    assert len(copy.findings.of("edu", 2025)) == 1
    assert [one.name for one in target.parent.iterdir() if "partial" in one.name] == []
    with pytest.raises(StorageError, match="exists"):
        backup(url, target)

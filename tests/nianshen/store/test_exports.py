"""Findings leave the store one after the other, each with its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audit.lifecycle import Change, Event
from nianshen.store import AuditRecord, Store, exports
from tests.nianshen.export.making import finding

NOW = datetime(2025, 2, 3, 8, 0, tzinfo=UTC)
SHA = "a" * 64


def keep(store: Store, organisation: str, year: int, numbers: range, *, read: bool = True) -> None:
    """Findings of one audit, made in a report or, if not ``read``, without one."""
    reading = None
    if read:
        store.reports.observe(organisation, year, "https://e.cn/1", "example", SHA, None, NOW, NOW)
        reading = store.readings.save(organisation, year, SHA, NOW, "1", {}, "https://e.cn/1")
    found = [replace(finding(number), subject=f"s{number:05}") for number in numbers]
    changes = [Change(Event.OPENED, one.fingerprint, one) for one in found]
    store.commit_audit(AuditRecord(organisation, year, NOW, "r1", changes, reading_id=reading))


def test_findings_of_the_year_come_by_organisation_with_their_evidence(store: Store) -> None:
    keep(store, "fin", 2024, range(1, 3))
    keep(store, "edu", 2024, range(3, 4), read=False)
    keep(store, "edu", 2023, range(4, 5))

    found = [(one.row.organisation, one.row.subject, one.sha256, one.url) for one in store.exports.of_year(2024)]

    assert found == [
        ("edu", "s00003", None, None),
        ("fin", "s00001", SHA, "https://e.cn/1"),
        ("fin", "s00002", SHA, "https://e.cn/1"),
    ]


def test_more_findings_than_are_fetched_at_once_all_come_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 3)
    keep(store, "edu", 2024, range(10))

    assert [one.row.subject for one in store.exports.of_year(2024)] == [f"s{number:05}" for number in range(10)]


def test_an_export_that_is_given_up_lets_the_store_go(store: Store) -> None:
    keep(store, "edu", 2024, range(5))
    taken = store.exports.of_year(2024)
    next(taken)
    taken.close()  # type: ignore[attr-defined]

    keep(store, "fin", 2024, range(5, 6))

    assert len(list(store.exports.of_year(2024))) == 6

"""What becomes of news: who hears of it in which message, and what is kept back with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from audit.finding import Finding, Kind, Severity
from audit.lifecycle import Change
from audit.lifecycle import Event as Step
from nianshen import config as settings
from nianshen import telling
from nianshen.config import Config
from nianshen.store import AlertRow, Store, open_store, tables
from nianshen.telling import FindingNews, PortalNews, Snapshot, news_of
from notifiers.event import Event
from tests.notifiers.receiver import SECRET

NOW = datetime(2026, 2, 4, tzinfo=UTC)
SHOT = Snapshot("a" * 64, NOW, "https://e.cn/1.html")
CONFIG = """\
version: 1
storage: {{database: n.sqlite3}}
portals: [{{id: city, name: 示例市, start_urls: ["https://e.cn/nb/"]}}]
organisations:
{organisations}
channels:
  office: {{type: webhook, url: "https://o.example/hook", secret: "${{SECRET}}"}}
  region: {{type: webhook, url: "https://r.example/hook", secret: "${{SECRET}}"}}
routes:
  - {{match: {{severity: [error, warning]}}, to: [office]}}
{routes}
"""
REASONS = (
    "portal_unreachable",
    "blocked",
    "robots_denied",
    "list_incomplete",
    "list_empty",
    "layout_changed",
    "needs_render",
    "report_unreadable",
    "not_crawled",
)


def load(folder: Path, organisations: int = 2, routes: str = "") -> Config:
    lines = (
        f"  - {{id: o{one}, name: 第{one}局, region: 第{one % 2}区, portal: city}}" for one in range(organisations)
    )
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(organisations="\n".join(lines), routes=routes), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    yield opened
    opened.close()


def finding(kind: Kind = Kind.FAIL, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        rule="A003",
        severity=severity,
        kind=kind,
        subject="requests/concluded/total",
        message={"zh": "疑似勾稽不符", "en": "suspected imbalance"},
        title={"zh": "勾稽关系", "en": "balance"},
        fingerprint="f" * 32,
        expected=12,
        actual=11,
        formula="12 + 1 ≠ 11 + 1",
    )


def news(organisation: str = "o0", event: Event = Event.OPENED, **more: Any) -> FindingNews:
    document = finding().as_json()
    return replace(FindingNews(organisation, 2025, event, f"print-{organisation}", document, SHOT, "run-1"), **more)


def tell(store: Store, config: Config, told: Sequence[telling.News]) -> list[tuple[str, dict[str, Any]]]:
    """Enqueue, and give every message of the outbox as channel and document."""
    standing = [{"id": one.id, "name": one.name, "status": "error", "reason": None} for one in config.organisations]
    with store.transaction() as unit:
        telling.enqueue(unit, config, NOW, told, standing, lambda _: True)
    with store._database.read() as connection:
        rows = connection.execute(select(tables.outbox.c.channel, tables.outbox.c.body)).all()
    return sorted(((row.channel, json.loads(row.body)) for row in rows), key=lambda pair: (pair[0], str(pair[1])))


def alert(store: Store) -> AlertRow:
    (one,) = store.alerts.list()
    return one


@pytest.mark.parametrize(
    ("event", "kind", "expected"),
    [
        (Step.OPENED, Kind.FAIL, Event.OPENED),
        (Step.WORSE, Kind.FAIL, Event.WORSE),
        (Step.REOPENED, Kind.FAIL, Event.REOPENED),
        (Step.UNCHANGED, Kind.FAIL, None),
        (Step.OPENED, Kind.OPEN, None),
        (Step.WORSE, Kind.OPEN, None),
    ],
)
def test_only_a_change_of_a_fail_is_news(event: Step, kind: Kind, expected: Event | None) -> None:
    told = news_of(Change(event, "f" * 32, finding(kind)), None)

    assert (told[0] if told else None) == expected


def test_what_is_gone_is_told_in_the_words_it_was_found_with() -> None:
    told = news_of(Change(Step.RESOLVED, "f" * 32, None), finding().as_json())

    assert told is not None
    assert (told[0], told[2]["formula"]) == (Event.RESOLVED, "12 + 1 ≠ 11 + 1")


def test_all_of_one_run_for_one_channel_is_one_message(tmp_path: Path, store: Store) -> None:
    ((channel, message),) = tell(store, load(tmp_path), [news("o0"), news("o1")])

    assert (channel, message["type"], message["data"]["hidden"]) == ("office", "audit.alert.opened", 0)
    assert [one["organisation"]["id"] for one in message["data"]["alerts"]] == ["o0", "o1"]


def test_a_message_shows_fifty_alerts_and_counts_the_rest(tmp_path: Path, store: Store) -> None:
    ((_, message),) = tell(store, load(tmp_path, 63), [news(f"o{one}") for one in range(63)])

    assert (len(message["data"]["alerts"]), message["data"]["hidden"]) == (50, 13)
    assert len({one.message_id for one in store.alerts.list()}) == 1
    assert len(store.alerts.list()) == 63


def test_a_route_by_region_makes_a_message_for_each(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path, 4, "  - {match: {}, to: [region], group_by: region}")

    messages = tell(store, config, [news(f"o{one}") for one in range(4)])

    assert [channel for channel, _ in messages] == ["office", "region", "region"]
    regions = [{one["organisation"]["region"] for one in message["data"]["alerts"]} for _, message in messages[1:]]
    assert sorted(map(sorted, regions)) == [["第0区"], ["第1区"]]


def test_opened_and_resolved_together_are_a_digest(tmp_path: Path, store: Store) -> None:
    config = load(tmp_path)
    tell(store, config, [news("o0")])

    messages = tell(store, config, [news("o0", Event.RESOLVED, run_id="run-2"), news("o1", run_id="run-2")])

    assert sorted(message["type"] for _, message in messages) == ["audit.alert.digest", "audit.alert.opened"]


def test_a_portal_and_a_finding_go_in_two_messages(tmp_path: Path, store: Store) -> None:
    messages = tell(store, load(tmp_path), [news(), PortalNews("city", "示例市", "blocked", None, "run-1")])

    assert sorted(message["type"] for _, message in messages) == ["audit.alert.opened", "system.blocked"]


@pytest.mark.parametrize("reason", REASONS)
def test_every_way_a_portal_fails_is_told_in_both_languages(tmp_path: Path, store: Store, reason: str) -> None:
    ((_, failed),) = tell(store, load(tmp_path), [PortalNews("city", "示例市", reason, None, "run-1")])

    (one,) = failed["data"]["alerts"]
    assert reason not in one["title"]["zh"]
    assert reason not in one["title"]["en"]
    assert "不作任何认定" in one["message"]["zh"]


def test_recovery_says_what_was_wrong_before(tmp_path: Path, store: Store) -> None:
    ((_, message),) = tell(store, load(tmp_path), [PortalNews("city", "示例市", None, "blocked", "run-2")])

    (one,) = message["data"]["alerts"]
    assert (message["type"], one["status"]) == ("system.portal_recovered", "ok")
    assert "门户拒绝访问" in one["message"]["zh"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"waived": True}, "waived"),
        ({"snapshot": None}, "no readable evidence"),
        ({"event": Event.RESOLVED}, "was never told"),
        ({"document": finding(severity=Severity.NOTE).as_json()}, "no route matches"),
    ],
)
def test_what_is_kept_back_says_why(tmp_path: Path, store: Store, change: dict[str, Any], reason: str) -> None:
    messages = tell(store, load(tmp_path), [replace(news(), **change)])

    assert messages == []
    assert (alert(store).state, alert(store).message_id) == ("suppressed", None)
    assert reason in (alert(store).error or "")


def test_the_digest_says_how_much_could_be_checked(tmp_path: Path, store: Store) -> None:
    ((_, message),) = tell(store, load(tmp_path), [news()])

    counts = message["data"]["counts"]
    assert (counts["checked"], counts["total"], counts["unchecked"]) == (2, 2, [])

"""What the watching process tells of itself to machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from nianshen.observing import StoreMetrics, answering
from nianshen.store import NewMessage, Store, open_store
from notifiers.limits import Pace
from notifiers.outbox import Delivery, Wanted
from notifiers.outcome import Delivered, Permanent, Retry
from tests.nianshen.test_schedule import Hands, Time, step, watcher

PROBLEMS: list[str] = []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def address(store: Store) -> Iterator[str]:
    PROBLEMS.clear()
    time = Time()
    one = watcher(store, time, Hands())
    step(one)
    time.pass_by(timedelta(hours=1))
    step(one)
    with answering("127.0.0.1", 0, StoreMetrics(store, one, lambda: PROBLEMS), lambda: PROBLEMS) as port:
        yield f"http://127.0.0.1:{port}"


def get(url: str) -> tuple[int, str]:
    answer = requests.get(url, timeout=10)
    return answer.status_code, answer.text


def test_the_process_is_alive_and_ready_until_something_is_wrong(address: str) -> None:
    alive, ready = get(address + "/healthz"), get(address + "/readyz")
    PROBLEMS.append("数据库被占用 / locked")
    unready = get(address + "/readyz")

    assert (alive, ready[0]) == ((200, "ok\n"), 200)
    assert (unready[0], json.loads(unready[1])) == (503, {"ready": False, "problems": PROBLEMS})
    assert get(address + "/healthz")[0] == 200
    assert get(address + "/etc/passwd")[0] == 404


def test_metrics_count_messages_channels_and_jobs(address: str, store: Store) -> None:
    now = datetime.now(UTC)
    messages = [NewMessage(f"msg_{number}", "ops", b"{}", []) for number in range(3)]
    store.enqueue([], messages, now - timedelta(minutes=5))
    claimed = store.outbox.claim("ops", Wanted(Pace(600), now, now + timedelta(seconds=90)))
    assert isinstance(claimed, Delivery)
    store.outbox.settle(claimed, Retry(None, "connect", hold=True), now, now + timedelta(hours=1))

    text = get(address + "/metrics")[1]

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines['nianshen_outbox_messages{channel="ops",state="pending"}'] == "3.0"
    assert 300 <= float(lines['nianshen_outbox_oldest_seconds{channel="ops"}']) < 400
    assert lines['nianshen_channel_failures{channel="ops"}'] == "1.0"
    assert lines['nianshen_job_slots{job="hourly",state="done"}'] == "1.0"
    assert (lines["nianshen_watch_leads"], lines["nianshen_store_up"]) == ("1.0", "1.0")


def test_metrics_count_attempts_by_how_they_ended_and_how_long_they_took(address: str, store: Store) -> None:
    now = datetime.now(UTC)
    store.enqueue([], [NewMessage(f"msg_{number}", "ops", b"{}", []) for number in range(3)], now)
    for outcome, seconds in ((Delivered("204"), 0.2), (Delivered("204"), 0.3), (Permanent("404"), 9.0)):
        claimed = store.outbox.claim("ops", Wanted(Pace(600), now, now + timedelta(seconds=90)))
        assert isinstance(claimed, Delivery)
        store.outbox.settle(claimed, outcome, now, None, seconds=seconds)

    text = get(address + "/metrics")[1]

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    took = "nianshen_delivery_seconds"
    assert lines['nianshen_delivery_attempts_total{channel="ops",outcome="delivered"}'] == "2.0"
    assert lines['nianshen_delivery_attempts_total{channel="ops",outcome="dead"}'] == "1.0"
    below = [lines[f'{took}_bucket{{channel="ops",le="{le}"}}'] for le in ("0.1", "0.25", "0.5", "5.0", "10.0", "+Inf")]
    assert below == ["0.0", "1.0", "2.0", "2.0", "3.0", "3.0"]
    assert lines[f'{took}_count{{channel="ops"}}'] == "3.0"
    assert float(lines[f'{took}_sum{{channel="ops"}}']) == pytest.approx(9.5)
    assert lines['nianshen_channel_disabled{channel="ops"}'] == "0.0"


def test_a_store_that_is_gone_is_told_and_breaks_nothing(address: str, store: Store, tmp_path: Path) -> None:
    store.close()
    (tmp_path / "n.sqlite3").write_bytes(b"no database")

    code, text = get(address + "/metrics")

    assert code == 200
    assert "nianshen_store_up 0.0" in text

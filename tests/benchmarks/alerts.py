"""From findings to the receiver: how long it takes to enqueue, and to render, sign, send and settle.

``python -m tests.benchmarks.alerts [FINDINGS]`` measures 10,000 findings of 400 organisations, a message for each
organisation, against a bare loop of ``requests`` that posts the same bytes: the limit of what can be had.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic, process_time

import requests
from sqlalchemy import select

from nianshen import config as settings
from nianshen import sending, telling
from nianshen.store import open_store, tables
from notifiers.event import Event
from tests.notifiers.receiver import SECRET, Receiver

WHOLE = 10_000
ORGANISATIONS = 400
NOW = datetime(2026, 2, 4, tzinfo=UTC)
ENQUEUED_WITHIN, SENT_WITHIN, MEGABYTES = 2, 30, 200
CONFIG = """\
version: 1
storage: {{database: n.sqlite3}}
portals: [{{id: city, name: 示例市, start_urls: ["https://e.cn/nb/"]}}]
organisations:
{organisations}
channels:
  ops:
    type: webhook
    url: "{hook}"
    secret: "${{SECRET}}"
    allow_private_addresses: [127.0.0.0/8]
    per_minute: 6000
routes: [{{match: {{severity: [error]}}, to: [ops], group_by: organisation}}]
"""


def main(findings: int = WHOLE) -> int:
    """Print the figures; exit status 1 if a goal is missed."""
    with tempfile.TemporaryDirectory() as folder, Receiver() as sink:
        config = _config(Path(folder), sink.url)
        news = [_news(number) for number in range(findings)]
        standing = [{"id": one.id, "name": one.name, "status": "error", "reason": None} for one in config.organisations]
        store = open_store(config.database_url)
        began = process_time()
        with store.transaction() as unit:
            telling.enqueue(unit, config, NOW, news, standing, lambda _: True)
        taken, enqueued, used = process_time() - began, monotonic(), process_time()
        with sending.dispatcher(store, config, Random(1)) as sender:
            tally = sender.run_until_idle(datetime.now(UTC).replace(year=datetime.now(UTC).year + 1))
        gone, used = monotonic() - enqueued, process_time() - used
        with store._database.read() as connection:
            bodies = list(connection.execute(select(tables.outbox.c.body)).scalars())
        store.close()
        bare = _bare(sink.url, bodies)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{findings:,} findings enqueued in {taken:.2f} s of CPU (≤ {ENQUEUED_WITHIN}); ", end="")
    print(f"{tally.sent} messages sent in {gone:.1f} s, {used:.1f} of CPU with the sink (≤ {SENT_WITHIN}); ", end="")
    print(f"a bare loop {bare:.1f} s; ", end="")
    print(f"{megabytes:.0f} MB (≤ {MEGABYTES})")
    return int(taken > ENQUEUED_WITHIN or used > SENT_WITHIN or megabytes > MEGABYTES or tally.waiting > 0)


def _config(folder: Path, hook: str) -> settings.Config:
    lines = (f"  - {{id: o{one}, name: 第{one}局, region: 示例市, portal: city}}" for one in range(ORGANISATIONS))
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(organisations="\n".join(lines), hook=hook), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


def _news(number: int) -> telling.FindingNews:
    said = f"疑似勾稽不符：第 {number} 列 12 + 1 ≠ 11 + 1"
    document = {
        "rule": "A003",
        "severity": "error",
        "kind": "fail",
        "cell": "requests/concluded/natural_person",
        "formula": "12 + 1 ≠ 11 + 1",
        "title": {"zh": "收支不平", "en": "requests do not balance"},
        "message": {"zh": said, "en": f"suspected imbalance in column {number}: 12 + 1 ≠ 11 + 1"},
    }
    shot = telling.Snapshot("a" * 64, NOW, f"https://e.cn/{number}.html")
    return telling.FindingNews(
        f"o{number % ORGANISATIONS}", 2025, Event.OPENED, f"{number:032}", document, shot, "run-1"
    )


def _bare(url: str, bodies: list[bytes]) -> float:
    began = monotonic()
    with requests.Session() as session:
        for body in bodies:
            session.post(url, body, timeout=20)
    return monotonic() - began


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

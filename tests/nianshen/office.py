"""An oversight office for tests of the cycle: real store, evidence and receiver, and a crawl told what it brings."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crawler.evidence import BlobStore
from nianshen import config as settings
from nianshen import cycle
from nianshen.cycle import CycleResult
from nianshen.demo import figures
from nianshen.demo.narrative import Publication
from nianshen.standing import survey
from nianshen.store import AlertRow, FindingRow, open_store
from tests.generator import page
from tests.notifiers.receiver import SECRET, Answer, Receiver

YEAR = 2025
MORNING = datetime(2026, 2, 4, 0, tzinfo=UTC)  # 08:00 in Shanghai, after the due date and the rest days behind it
EVENING = MORNING + timedelta(hours=12)
NEXT_DAY = MORNING + timedelta(hours=24)
NAMES = {"edu": "示例市教育局", "fin": "示例市财政局", "farm": "样例县农业农村局"}
PORTAL_OF = {"edu": "city", "fin": "city", "farm": "county"}

_CONFIG = """\
version: 1
storage: {{database: data/n.sqlite3, evidence: {{directory: data/evidence}}}}
portals:
  - {{id: city, name: 示例市人民政府, start_urls: ["http://127.0.0.1:1/nb/"]}}
  - {{id: county, name: 样例县人民政府, start_urls: ["http://127.0.0.1:1/gk/"]}}
organisations:
  - {{id: edu, name: 示例市教育局, kind: department, region: 示例市, portal: city}}
  - {{id: fin, name: 示例市财政局, kind: department, region: 示例市, portal: city}}
  - {{id: farm, name: 样例县农业农村局, kind: department, region: 样例县, portal: county}}
channels:
  office: {{type: webhook, url: "{hook}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
routes:
  - {{match: {{severity: [error, warning]}}, to: [office]}}
{more}
"""


def report(
    organisation: str,
    *,
    year: int = YEAR,
    published: date = date(2026, 1, 16),
    misprints: Mapping[str, str] | None = None,
    skin: str = "trs",
) -> bytes:
    """A correct report page, but for what ``misprints`` prints in single cells: ``+1`` is one more than the truth."""
    values = figures.tables("2021", random.Random(organisation), 14)
    printed = {
        cell: str(values[cell] + int(text)) if text.startswith("+") else text
        for cell, text in (misprints or {}).items()
    }
    made = Publication(NAMES[organisation], year, "2021", values, published, misprints=printed)
    return page(made, skin).encode()


@dataclass(frozen=True, slots=True)
class Paper:
    """One document on a portal; ``on`` is the page it hangs on, if it is an attachment."""

    data: bytes
    url: str
    media: str = "text/html; charset=utf-8"
    on: str | None = None


@dataclass
class Office:
    """What stands on the portals (``papers``), which of them fail (``failing``), and everything the runs left.

    ``sizes`` gives a portal's list so many rows, a report each, beside those of ours; ``unfetched`` are organisations
    whose listed report could not be had; ``jobs`` are those the crawl was given.
    """

    folder: Path
    receiver: Receiver
    papers: dict[tuple[str, int], list[Paper]] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    unfetched: set[str] = field(default_factory=set)
    jobs: list[Mapping[str, Any]] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    more: str = ""
    hook: str = ""

    def publish(self, organisation: str, data: bytes, *, year: int = YEAR, url: str | None = None) -> None:
        """Put a page on the portal in place of what stood there for that year."""
        address = url or f"http://127.0.0.1:1/{organisation}-{year}.html"
        self.papers[organisation, year] = [Paper(data, address)]

    @property
    def config_path(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(_CONFIG.format(hook=self.hook or self.receiver.url, more=self.more), encoding="utf-8")
        return path

    def run(self, now: datetime, *, year: int = YEAR) -> CycleResult:
        config = settings.load(self.config_path, {"SECRET": SECRET})
        return cycle.run(config, year=year, now=now, progress=lambda _: None, rng=Random(1))

    def status(self, now: datetime, *, year: int = YEAR) -> dict[str, dict[str, Any]]:
        config = settings.load(self.config_path, {"SECRET": SECRET})
        store = open_store(config.database_url, create=False)
        try:
            return {one["id"]: one for one in survey(store, config, year, now)}
        finally:
            store.close()

    def standing(self, now: datetime, *, year: int = YEAR) -> dict[str, tuple[str, str | None]]:
        """Status and reason of every organisation."""
        return {name: (one["status"], one["reason"]) for name, one in self.status(now, year=year).items()}

    def alerts(self) -> list[AlertRow]:
        store = open_store(f"sqlite:///{self.folder}/data/n.sqlite3", create=False)
        try:
            return store.alerts.list()
        finally:
            store.close()

    def findings(self) -> list[FindingRow]:
        store = open_store(f"sqlite:///{self.folder}/data/n.sqlite3", create=False)
        try:
            return store.findings.list()
        finally:
            store.close()

    def told(self) -> list[tuple[str, str | None, str]]:
        """Event, organisation and rule of every alert that reached the receiver with a good signature, in order."""
        return [
            (alert["event"], (alert["organisation"] or {}).get("id"), alert["rule"])
            for message in self.receiver.received
            if message.problem is None
            for alert in message.document["data"]["alerts"]
        ]

    def crawl(
        self, job: Mapping[str, Any], *, limit_seconds: float, progress: Callable[[Mapping[str, Any]], None]
    ) -> dict[str, Any]:
        """In place of the crawl process: the result document it would leave, with real blobs."""
        self.jobs.append(job)
        blobs = BlobStore(job["evidence"])
        listing = blobs.write(b"<html>list</html>")
        candidates = [
            {
                "portal": PORTAL_OF[organisation],
                "organisation": organisation,
                "year": year,
                "url": paper.url,
                "title": "",
                "list_date": None,
                "sha256": blobs.write(paper.data),
                "media_type": paper.media.split(";")[0],
                "headers": {"Content-Type": paper.media},
                "captured_at": job["now"],
                "attachment_of": paper.on,
                "why": [],
            }
            for (organisation, year), papers in self.papers.items()
            if PORTAL_OF[organisation] not in self.failing and year in {job["year"], job["year"] - 1}
            for paper in papers
        ]
        portals = [self._verdict(portal["id"], listing) for portal in job["portals"]]
        return {
            "schema": "nianshen.crawl/1",
            "run_id": job["run_id"],
            "portals": portals,
            "candidates": candidates,
            "review": [],
            "listed": [
                {"portal": PORTAL_OF[organisation], "organisation": organisation, "year": year}
                for organisation, year in self.papers
            ],
            "exit": 0,
        }

    def _verdict(self, portal: str, listing: str) -> dict[str, Any]:
        reason = self.failing.get(portal)
        size = self.sizes.get(portal)
        ours = [one for one, home in PORTAL_OF.items() if home == portal]
        outcome = "found" if reason is None else "failed"
        if reason is None and self.unfetched & set(ours):
            outcome, reason = "report_unreachable", "list_incomplete"
        unseen = set(ours) if outcome == "failed" else self.doubtful | self.unfetched
        shape = {"reports": size, "dated": size, "systems": ["trs"]} if size is not None else {}
        return shape | {
            "id": portal,
            "outcome": outcome,
            "reason": reason,
            "complete": reason is None,
            "pages_expected": 1,
            "pages_seen": 1,
            "items": 9 if size is None else size,
            "evidence": [listing],
            "detail": "",
            "lists": [{"organisation": one, "complete": one not in unseen} for one in ours],
        }


@contextmanager
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> Iterator[Office]:
    """An office whose receiver gives ``answers`` first; a run waits for no second try."""
    with Receiver(answers) as receiver:
        office = Office(folder, receiver)
        monkeypatch.setattr(cycle, "crawl", office.crawl)
        monkeypatch.setattr(cycle, "SEND_LIMIT", timedelta(seconds=2))
        yield office

"""One run of the process: the job, the books of its portals, the evidence, and the result file.

Keys of the job document, beside the portals and organisations of the configuration:

- ``run_id``, ``year`` (``years``: those of which reports are fetched, else it and the one before);
- ``evidence``, ``result``: folder and file; ``manners``: the folder in which all processes that ask the same groups of
  servers meet, ``<evidence>/manners`` unless given (a crawl with evidence of its own names that of the configuration);
- ``part``: the number of this process among those that share the run; each has a WARC of its own;
- ``timeout``: seconds in which an answer must be there whole, 30 unless given;
- ``user_agent``, ``contact``; ``timezone`` of the crawl windows, Asia/Shanghai unless given;
- ``fresh``: ids of portals of which everything is fetched in full, as on the days of a deadline;
- ``known``: reports found earlier (portal, organisation, year, url); one that its portal's lists no longer show is
  asked for where it stood, so that one only taken off the list is not called withdrawn;
- ``scope``, ``most_pages``: see ``crawler.probe``;
- ``replay``: the id of a past run whose evidence answers in place of the network. Nothing is fetched and nothing is
  written to the evidence; with the organisations, portals and years of then the result is the same document but for
  ``run_id``. Evidence that is gone or damaged fails the run (exit 5).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Self
from zoneinfo import ZoneInfo

from scrapy.crawler import Crawler

from crawler import browser
from crawler.evidence import BlobStore, EvidenceError, Manifest, Unsynced, Warc, recover
from crawler.ledger import Ledger, Visit, known_choice
from crawler.manners import Manners
from crawler.playback import Playback
from crawler.portal import Organisation, Portal
from crawler.probe import Reach, Scope
from crawler.recorder import Entry, Recorder
from crawler.result import in_order, text_of, write
from crawler.rows import Spool
from crawler.select import Choice
from crawler.validators import Validators

_JITTER = Random()  # noqa: S311 - spreads requests, guards nothing


@dataclass(slots=True)
class Run:
    """The job and everything it gathers. Built before Scrapy starts, so that no crash can lose the verdicts."""

    id: str
    years: frozenset[int]
    ledgers: dict[str, Ledger]
    rows: Spool
    blobs: BlobStore
    recorder: Recorder | None
    playback: Playback | None
    validators: Validators
    looks: Path | None
    manners: Manners
    result: Path
    zone: ZoneInfo
    timeout: float = 30.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    failure: Exception | None = None
    reach: Reach = field(default_factory=Reach)

    @classmethod
    def from_json(cls, job: Mapping[str, Any]) -> Self:
        """Read a job; raises ``KeyError`` or ``ValueError`` on a bad one and ``EvidenceError`` without room."""
        portals = [Portal.from_json(portal) for portal in job["portals"]]
        organisations: defaultdict[str, list[Organisation]] = defaultdict(list)
        known: defaultdict[str, list[Choice]] = defaultdict(list)
        for organ in map(Organisation.from_json, job["organisations"]):
            organisations[organ.portal].append(organ)
        for one in job.get("known", ()):
            known[one["portal"]].append(known_choice(one))
        year, replay = int(job["year"]), job.get("replay")
        evidence, rows = Path(job["evidence"]), Spool()
        blobs = BlobStore(evidence)
        return cls(
            id=str(job["run_id"]),
            years=frozenset(job.get("years") or (year, year - 1)),
            ledgers={
                portal.id: Ledger(
                    portal,
                    tuple(organisations[portal.id]),
                    year,
                    rows,
                    known=tuple(known[portal.id]),
                )
                for portal in portals
            },
            rows=rows,
            blobs=blobs,
            recorder=None if replay else _recorder(evidence, blobs, job),
            playback=Playback(evidence, str(replay)) if replay else None,
            validators=Validators(None if replay else evidence / "validators", job.get("fresh", ())),
            looks=None if replay else evidence / "looks",
            manners=Manners(None if replay else job.get("manners") or evidence / "manners", portals, _JITTER),
            result=Path(job["result"]),
            timeout=float(job.get("timeout") or 30),
            zone=ZoneInfo(str(job.get("timezone") or "Asia/Shanghai")),
            reach=Reach.from_json(job),
        )

    @classmethod
    def of(cls, crawler: Crawler) -> Run:
        """The run a crawler belongs to."""
        run = getattr(crawler.spider, "run", None)
        if not isinstance(run, Run):
            raise TypeError("爬虫没有带任务 / the spider carries no run")
        return run

    def ledger(self, visit: Visit) -> Ledger:
        return self.ledgers[visit.portal]

    def renders(self, portal: str, url: str) -> bool:
        """Whether a browser reads what only scripts show: if there is one; in a replay, if one did then."""
        return self.playback.rendered(portal, url) if self.playback else browser.found() is not None

    def keep(self, body: bytes, captured: str, visit: Visit, url: str) -> str:
        """Keep what a report reads; if it is not what went over the wire (gzip), the manifest ties the two."""
        sha = hashlib.sha256(body).hexdigest()
        if sha != captured and self.recorder:
            line = {
                "run": self.id,
                "portal": visit.portal,
                "role": "decoded",
                "url": url,
                "decoded_from": captured,
            }
            self.recorder.keep(Entry(line, body))  # on the disk when the result is written
        self.ledger(visit).keep(visit, sha)
        return sha

    def close(self) -> None:
        """Everything ordered is kept when this returns; what could not be kept fails the run."""
        if self.recorder is None:
            return
        try:
            self.recorder.close()
        except EvidenceError as error:
            self.fail(error)
        with contextlib.suppress(OSError):  # costs full fetches next time, and nothing else
            self.validators.close()

    def settle(self) -> None:
        """Leave nothing to be made anew by the next run. Raises ``EvidenceError``."""
        if self.recorder:
            self.recorder.settle()

    def fail(self, error: Exception) -> None:
        """The run itself failed (evidence cannot be kept): nothing further may be judged."""
        self.failure = self.failure or error

    def tell(self, event: str, portal: str | None, **facts: object) -> None:
        """Progress: one JSON object a line on stderr."""
        line = json.dumps({"event": event, "portal": portal, **facts}, ensure_ascii=False, default=str)
        with contextlib.suppress(BrokenPipeError):  # the reader is gone; evidence and result do not need it
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def write_result(self) -> None:
        """Write the result, schema ``nianshen.crawl/1``.

        ``listed`` holds report links of every year, fetched or not; ``files`` what became of those beside reports;
        ``others`` the reports of organisations that are not ours, if the crawl is to find out whose list it is.
        """
        books = [self.ledgers[name] for name in sorted(self.ledgers)]
        head = {
            "schema": "nianshen.crawl/1",
            "run_id": self.id,
            "portals": [ledger.as_json() for ledger in self.ledgers.values()],
        }
        lists = {
            "candidates": (row for book in books for row in self.rows.in_order(book.candidates)),
            "review": map(text_of, in_order(row for book in books for row in book.rows_of(book.review))),
            "files": map(text_of, in_order(row for book in books for row in book.files)),
            "listed": (row for book in books for row in self.rows.in_order(one.row for one in book.listed.values())),
            "others": map(text_of, in_order(row for book in books for row in book.rows_of(book.others))),
        }
        write(self.result, head, lists if self.reach.scope is Scope.PROBE else lists | {"others": ()})


def _recorder(evidence: Path, blobs: BlobStore, job: Mapping[str, Any]) -> Recorder:
    recover(evidence)
    warc = Warc(evidence, _file_of(job))
    return Recorder(blobs, warc, Manifest(evidence), Unsynced(evidence, warc.path.name))


def _file_of(job: Mapping[str, Any]) -> str:
    """What the WARC of a part is called; the first part's like that of a run in one process."""
    part = int(job.get("part") or 1)
    return str(job["run_id"]) if part == 1 else f"{job['run_id']}.{part}"

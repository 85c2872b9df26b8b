"""Runs of the command whose crawl, or which themselves, are killed at any moment: nothing announced is lost, and nobody
is missing or late for it.

``NIANSHEN_KILLS`` says how often to kill, ``NIANSHEN_KILL_SEED`` when.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from crawler.evidence import BlobStore, entries, verify
from tests.acceptance.town import YEAR, html, nianshen
from tests.crawler.site import Site, listing, row, serve

KILLS = int(os.environ.get("NIANSHEN_KILLS", "4"))
HOSTS, REPORTS = 3, 6
ABSENT = REPORTS
"""The number of the organ on every portal that has published nothing."""
FIRST = datetime(2026, 3, 1, tzinfo=UTC)  # long after the due date
STEP = timedelta(hours=12)
PAUSE = threading.Event()


def name(number: int) -> str:
    return f"示例市第{'一二三四五六七八九'[number]}管理局"


@dataclass
class Office:
    """A folder with a configuration, and the portals that it watches; their lists go over two pages."""

    folder: Path
    sites: list[Site]

    @property
    def evidence(self) -> Path:
        return self.folder / "data/evidence"

    def asked(self) -> int:
        """How many requests the portals had."""
        return sum(len(site.asked) for site in self.sites)

    def kept(self) -> list[tuple[str, str]]:
        """Address and sha256 of everything that the evidence holds; a capture is announced after that."""
        if not (self.evidence / "manifest.jsonl").exists():
            return []
        return [
            (str(one["url"]), str(one["sha256"]))
            for _, one in entries(self.evidence)
            if {"url", "sha256"} <= one.keys()
        ]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    portals, organs, sites = [], [], []
    with ExitStack() as stack:
        for host in range(HOSTS):
            site = stack.enter_context(serve())
            publish(site)
            sites.append(site)
            portals.append(
                f"  - {{id: p{host}, name: 门户{host}, start_urls: ['{site.url('/nb/')}'], politeness: {{delay: 0}}, "
                "allow_private_addresses: [127.0.0.0/8]}"
            )
            organs += [
                f"  - {{id: p{host}-{number}, name: {name(number)}, kind: department, region: 示例市, portal: p{host}}}"
                for number in range(REPORTS + 1)
            ]
        lines = ["version: 1", "storage: {database: data/n.sqlite3, evidence: {directory: data/evidence}}",
                 "portals:", *portals, "organisations:", *organs]  # fmt: skip
        (tmp_path / "config.yaml").write_text("\n".join(lines), encoding="utf-8")
        yield Office(tmp_path, sites)


def publish(site: Site) -> None:
    rows = [row(f"{name(number)}{YEAR}年政府信息公开工作年度报告", f"{number}.html") for number in range(REPORTS)]
    site.put("/nb/", listing(*rows[:4], tail="<a href='list_2.html'>下一页</a>"))
    site.put("/nb/list_2.html", listing(*rows[4:]))
    for number in range(REPORTS):
        site.put(f"/nb/{number}.html", html(name(number)))


def crawlers_of(pid: int) -> list[int]:
    """The crawl that a process started, if it runs; whichever thread started it."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, children.read_text(encoding="ascii").split())
    return found


def killed(office: Office, now: datetime, rng: Random) -> list[tuple[str, str]]:
    """Start a run and kill its crawl, or both, after so many requests and a little more; what was kept by then."""
    command = [sys.executable, "-m", "nianshen", "run", "--year", str(YEAR), "--now", now.isoformat()]
    before, wanted, both = office.asked(), rng.randrange(1, HOSTS * (REPORTS + 3)), rng.random() < 0.4
    process = subprocess.Popen(command, cwd=office.folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
    while office.asked() - before < wanted and process.poll() is None:
        PAUSE.wait(0.002)
    PAUSE.wait(rng.random() * 0.05)
    kept = office.kept()
    for pid in (*crawlers_of(process.pid), *([process.pid] * both)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert process.wait(60) != 0
    return kept


def standing(folder: Path, now: datetime) -> dict[str, tuple[str, str | None]]:
    said = nianshen("status", "--year", str(YEAR), "--now", now.isoformat(), "--format", "json", cwd=folder)
    if said.code:  # killed before there was a store
        return {}
    return {one["id"]: (one["status"], one["reason"]) for one in said.document["organisations"]}


@pytest.mark.timeout(60 + 30 * KILLS)
def test_a_kill_loses_nothing_that_was_announced_and_accuses_nobody(office: Office) -> None:
    rng = Random(os.environ.get("NIANSHEN_KILL_SEED", "kill"))
    announced, moment = 0, FIRST
    for number in range(KILLS):
        moment = FIRST + number * STEP
        kept = killed(office, moment, rng)
        announced = max(announced, len(kept))

        assert set(kept) <= set(office.kept())
        assert all(BlobStore(office.evidence).holds(sha) for _, sha in kept), number
        assert not kept or {one.code for one in verify(office.evidence)} <= {"torn"}
        found = standing(office.folder, moment)
        accused = {one for one, (status, _) in found.items() if status in {"missing", "late", "error"}}
        # Who has published nothing may be missing once two of these runs had read the lists before they were killed.
        assert all(one.endswith(f"-{ABSENT}") for one in accused), found

    for again in (1, 2):
        done = nianshen("run", "--year", str(YEAR), "--now", (moment + again * STEP).isoformat(), cwd=office.folder)
        assert done.code in {0, 3}, done.err

    assert announced
    assert standing(office.folder, moment + 2 * STEP) == {
        f"p{host}-{number}": ("missing" if number == ABSENT else "ok", None)
        for host in range(HOSTS)
        for number in range(REPORTS + 1)
    }
    assert verify(office.evidence) == []
    sys.stdout.write(f"{KILLS} kills, {announced} captures kept before the last of them\n")

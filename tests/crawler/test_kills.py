"""A crawl that is killed at any moment loses nothing that it announced, and claims nothing that it did not see.

``NIANSHEN_KILLS`` says how often to kill; the suite does it a few times, over the same evidence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from crawler.evidence import BlobStore, entries, verify
from tests.crawler.site import REPORT, crawl, listing, organisation, portal, row, serve

KILLS = int(os.environ.get("NIANSHEN_KILLS", "5"))
HOSTS, REPORTS = 4, 12


def town(stack: ExitStack) -> list[dict[str, Any]]:
    portals = []
    for host in range(HOSTS):
        site = stack.enter_context(serve())
        names = [f"示例市第{number}管理局" for number in range(REPORTS)]
        rows = [row(f"{name}2025年政府信息公开年度报告", f"{number}.html") for number, name in enumerate(names)]
        site.put("/nb/", listing(*rows))
        for number, name in enumerate(names):
            page = REPORT.format(title=f"{name}2025年", extra=f"<p>{host} {number}</p>" + "正文" * 2000)
            site.put(f"/nb/{number}.html", page)
        portals.append(portal(f"p{host}", site.url("/nb/"), politeness={"delay": 0, "concurrency": 2}))
    return portals


def job(folder: Path, portals: list[dict[str, Any]], run: str) -> dict[str, Any]:
    return {
        "run_id": run,
        "year": 2025,
        "evidence": str(folder / "evidence"),
        "result": str(folder / f"{run}.json"),
        "portals": portals,
        "fresh": [one["id"] for one in portals],
        "organisations": organisations(portals),
    }


def organisations(portals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        organisation(f"示例市第{number}管理局", one["id"], f"{one['id']}-{number}")
        for one in portals
        for number in range(REPORTS)
    ]


def killed(folder: Path, document: Mapping[str, Any], lines: int, seconds: float) -> list[dict[str, Any]]:
    """Start a crawl, kill it after so many announcements and so many seconds more; what it announced until then."""
    path = folder / "job.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-m", "crawler", str(path)], stderr=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stderr is not None
    said = [line for _ in range(lines) if (line := process.stderr.readline())]
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    said += process.stderr.readlines()
    process.wait()
    timer.cancel()
    whole = [line for line in said if line.endswith("}\n")]
    return [json.loads(line) for line in whole]


def test_killed_at_any_moment_a_crawl_loses_nothing_that_it_announced(tmp_path: Path) -> None:
    rng = Random(os.environ.get("NIANSHEN_KILL_SEED", "kill"))
    died, announced = 0, 0
    with ExitStack() as stack:
        portals = town(stack)
        for number in range(KILLS):
            run = f"run-{number}"
            document = job(tmp_path, portals, run)
            events = killed(tmp_path, document, rng.randrange(HOSTS * (REPORTS + 2)), rng.random() * 0.05)
            pages = [one for one in events if one["event"] == "page"]
            kept = {
                (line["portal"], line["url"]): str(line["sha256"])
                for _, line in entries(tmp_path / "evidence")
                if line["run"] == run and "sha256" in line
            }
            blobs = BlobStore(tmp_path / "evidence")
            for page in pages:
                assert blobs.holds(kept[page["portal"], page["url"]]), (run, page)
            if (tmp_path / "evidence" / "manifest.jsonl").exists():  # not killed before the first capture
                assert {one.code for one in verify(tmp_path / "evidence")} <= {"torn"}
            died += not (tmp_path / f"{run}.json").exists()
            announced += len(pages)
        ran = crawl(tmp_path, portals, organisations(portals))

    assert died
    assert all(one["complete"] for one in ran.result["portals"])
    assert len(ran.result["candidates"]) == HOSTS * REPORTS
    assert verify(ran.evidence) == []
    sys.stdout.write(f"{KILLS} kills, {died} runs died, {announced} announced captures all kept\n")

"""A crawl onto a disk that is full: what it kept stays whole, what it did not keep is judged by nobody."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crawler.evidence import entries, verify
from tests.crawler.site import REPORT, Ran, Site, crawl, listing, organisation, portal, row, serve
from tests.crawler.test_evidence import check_warc

NAMES = [f"示例市第{number}管理局" for number in range(8)]


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A small file system of its own; only root can have one."""
    folder.mkdir()
    done = _system("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if done.returncode:
        pytest.skip(f"不能挂载小文件系统 / a small file system cannot be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        _system("umount", "-l", str(folder))


def _system(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- mount and umount


def town(site: Site) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    site.put("/nb/", listing(*(row(f"{name}2025年政府信息公开年度报告", f"{n}.html") for n, name in enumerate(NAMES))))
    for number, name in enumerate(NAMES):
        noise = Random(number).randbytes(30_000).hex()
        site.put(f"/nb/{number}.html", REPORT.format(title=f"{name}2025年", extra=f"<p>{noise}</p>"))
    return [portal("a", site.url("/nb/"))], [organisation(name, "a", name) for name in NAMES]


@pytest.mark.skipif(os.geteuid() != 0, reason="只有 root 能挂载 / only root can mount")
@pytest.mark.parametrize("size", ["4k", "64k", "200k"])
def test_a_disk_that_fills_up_leaves_whole_evidence_and_no_claim_and_the_next_run_goes_on(
    tmp_path: Path, size: str
) -> None:
    with serve() as site, disk(tmp_path / "disk", size) as full:
        portals, organisations = town(site)

        def run(name: str) -> Ran:
            return crawl(tmp_path, portals, organisations, run_id=name, evidence=str(full / "evidence"))

        ran = run("one")

        evidence = full / "evidence"
        assert (ran.code, ran.portal("a")["reason"], ran.portal("a")["complete"]) == (5, "not_crawled", False)
        assert not any(one["complete"] for one in ran.portal("a")["lists"])
        if (evidence / "manifest.jsonl").exists():
            assert verify(evidence) == []
            assert check_warc([str(path) for path in (evidence / "warc").iterdir()]) == 0
        assert not list(evidence.rglob(".new-*"))

        assert _system("mount", "-o", "remount,size=64m", str(full)).returncode == 0
        again = run("two")

        assert (again.code, again.portal("a")["complete"], len(again.candidates("a"))) == (0, True, len(NAMES))
        assert verify(evidence) == []
        assert {line["run"] for _, line in entries(evidence)} >= {"two"}

"""Rows of the result wait on the disk, and come back in the order of the result whatever order they came in."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.evidence import EvidenceError
from crawler.result import in_order, text_of, write
from crawler.rows import Spool


def test_rows_come_back_in_order() -> None:
    rows = [{"portal": "p", "url": f"http://x.test/{number}\n", "year": 2000 + number % 7} for number in range(50)]
    spool, mixed = Spool(), random.Random(1).sample(rows, len(rows))

    places = [spool.add(row) for row in mixed]

    assert [json.loads(text) for text in spool.in_order(places)] == in_order(rows)
    assert list(spool.in_order([])) == []


def test_half_a_character_of_a_portal_does_not_cost_the_result(tmp_path: Path) -> None:
    spool = Spool()
    place = spool.add({"portal": "p", "url": "u", "title": "年报\ud83d"})

    write(
        tmp_path / "r.json",
        {"portals": [{"detail": "\ud83d"}]},
        {"candidates": spool.in_order([place]), "review": [text_of({"title": "\udc00报"})], "files": ()},
    )

    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == {
        "portals": [{"detail": "?"}],
        "candidates": [{"portal": "p", "url": "u", "title": "年报?"}],
        "review": [{"title": "?报"}],
        "files": [],
    }


def test_a_full_disk_fails_the_run_and_not_a_row_in_silence(tmp_path: Path) -> None:
    program = (
        "import resource, sys\nfrom crawler.rows import Spool\nfrom crawler.evidence import EvidenceError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\nimport signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nspool = Spool()\n"
        "try:\n    for _ in range(1000):\n        spool.add({'title': '年报' * 100})\n"
        "except EvidenceError as error:\n    sys.exit(str(error))\n"
    )

    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={"TMPDIR": str(tmp_path)}
    )

    assert ran.returncode == 1, ran.stderr
    assert "结果写不进" in ran.stderr


def test_rows_are_not_held_in_memory() -> None:
    spool = Spool()
    for number in range(1000):
        spool.add({"number": number, "title": "x" * 1000})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for number in range(50_000):
        spool.add({"number": number, "title": "x" * 1000})

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB; the rows have 50,000


def test_a_place_of_no_spool_is_an_error_and_no_row() -> None:
    with pytest.raises((ValueError, EvidenceError)):
        list(Spool().in_order([0]))

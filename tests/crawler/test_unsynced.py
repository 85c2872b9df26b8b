"""Blobs that a power failure took come back out of the WARC; a run that is alive is left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crawler.evidence import BlobStore, Manifest, Unsynced, Warc, entries, recover, verify
from crawler.recorder import Entry, Exchange, Recorder
from tests.crawler.site import REPORT, crawl, listing, organisation, portal, row, serve

NAMES = [f"示例市第{number}管理局" for number in range(12)]


def test_what_a_power_failure_took_is_made_anew_by_the_next_run(tmp_path: Path) -> None:
    rng = Random("power")
    with serve() as site:
        rows = [row(f"{name}2025年政府信息公开年度报告", f"{number}.html") for number, name in enumerate(NAMES)]
        site.put("/nb/", listing(*rows))
        for number, name in enumerate(NAMES):
            site.put(f"/nb/{number}.html", REPORT.format(title=f"{name}2025年", extra="正文" * 500))
        portals = [portal("a", site.url("/nb/"), politeness={"delay": 0.1, "concurrency": 1})]
        organisations = [organisation(name, "a", name) for name in NAMES]
        _cut_off(tmp_path, portals, organisations, pages=8)
        evidence = tmp_path / "evidence"
        for path in sorted((evidence / "blobs").rglob("*.gz")):  # what was on its way to the disk
            rng.choice((Path.unlink, _empty, _zero, Path.stat))(path)
        assert {one.code for one in verify(evidence)} >= {"blob_missing", "blob_damaged"}

        ran = crawl(tmp_path, portals, organisations, run_id="next")

    assert (ran.code, ran.portal("a")["complete"], len(ran.candidates("a"))) == (0, True, len(NAMES))
    assert verify(evidence) == []
    assert list((evidence / "unsynced").iterdir()) == []


def _cut_off(folder: Path, portals: list[dict[str, Any]], organisations: list[dict[str, Any]], pages: int) -> None:
    """A crawl that is killed after so many captures."""
    job = {
        "run_id": "cut",
        "year": 2025,
        "evidence": str(folder / "evidence"),
        "result": str(folder / "cut.json"),
        "portals": portals,
        "organisations": organisations,
    }
    (folder / "cut").write_text(json.dumps(job), encoding="utf-8")
    command = [sys.executable, "-m", "crawler", str(folder / "cut")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        for line in process.stderr:
            pages -= '"page"' in line
            if not pages:
                process.kill()
    assert not (folder / "cut.json").exists()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _zero(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return started(tmp_path, "one")


def started(folder: Path, run: str, blobs: BlobStore | None = None) -> Recorder:
    warc = Warc(folder, run)
    return Recorder(blobs or BlobStore(folder), warc, Manifest(folder), Unsynced(folder, warc.path.name))


def capture(body: bytes) -> Entry:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return Entry({"url": "http://x.test/"}, body, Exchange("http://x.test/", at, ("GET", []), (200, [], body)))


def test_a_run_that_is_alive_is_left_alone(tmp_path: Path, recorder: Recorder) -> None:
    kept = recorder.keep(capture(b"page")).result()
    BlobStore(tmp_path).path(kept.sha).unlink()

    assert recover(tmp_path) == 0
    assert [one.name for one in (tmp_path / "unsynced").iterdir()] == ["one.warc.gz"]

    recorder.close()
    assert recover(tmp_path) == 0
    recorder.settle()
    assert list((tmp_path / "unsynced").iterdir()) == []


def test_what_the_warc_does_not_hold_stays_missing_and_is_told(tmp_path: Path) -> None:
    recorder = started(tmp_path, "one")
    shas = [recorder.keep(capture(b"page %d" % number)).result().sha for number in range(3)]
    recorder.close()
    recorder.settle()
    marker = tmp_path / "unsynced" / "one.warc.gz"
    marker.write_bytes(b"")
    (tmp_path / "unsynced" / "gone.warc.gz").write_bytes(b"")
    for sha in shas:
        BlobStore(tmp_path).path(sha).unlink()
    second = next(line["offset"] for _, line in entries(tmp_path) if line["sha256"] == shas[1])
    warc = tmp_path / "warc" / "one.warc.gz"
    damaged = bytearray(warc.read_bytes())
    damaged[second + 30] ^= 0xFF
    warc.write_bytes(damaged)

    assert recover(tmp_path) == 2
    assert {(one.code) for one in verify(tmp_path)} == {"blob_missing", "warc_damaged"}
    assert [BlobStore(tmp_path).holds(sha) for sha in shas] == [True, False, True]
    assert list((tmp_path / "unsynced").iterdir()) == []


def test_bytes_that_no_warc_holds_are_synced_at_once(tmp_path: Path) -> None:
    noted: dict[bytes, bool] = {}

    class Watched(BlobStore):
        def write(self, data: bytes, *, synced: bool = True) -> str:
            noted[data] = synced
            return super().write(data, synced=synced)

    recorder = started(tmp_path, "one", Watched(tmp_path))
    unpacked = capture(b"packed")
    for entry in (capture(b"wire"), Entry({"role": "decoded"}, b"decoded"), Entry({}, b"other", unpacked.exchange)):
        recorder.keep(entry).result()
    recorder.close()

    assert noted == {b"wire": False, b"decoded": True, b"other": True}


def test_without_evidence_there_is_nothing_to_make_anew(tmp_path: Path) -> None:
    assert recover(tmp_path / "nowhere") == 0

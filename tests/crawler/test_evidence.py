"""Evidence that can be shown, and damage to it that is seen."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import resource
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from crawler.evidence import BlobStore, EvidenceError, Manifest, Pruned, Warc, check, prune, read_exchange, verify


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three fetches with their blobs."""
    blobs, manifest = BlobStore(tmp_path), Manifest(tmp_path)
    for number in range(3):
        manifest.append({"url": f"http://x.test/{number}", "sha256": blobs.write(b"page %d" % number)})
    return tmp_path


def codes(folder: Path) -> list[str]:
    return [problem.code for problem in verify(folder)]


def lines(folder: Path) -> list[bytes]:
    return (folder / "manifest.jsonl").read_bytes().splitlines(keepends=True)


def sha(folder: Path) -> str:
    found: str = json.loads(lines(folder)[1])["sha256"]
    return found


def test_whole_evidence_verifies(store: Path) -> None:
    assert codes(store) == []


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)

    assert blobs.write(b"x") == blobs.write(b"x")
    assert sum(len(files) for _, _, files in os.walk(tmp_path)) == 1


def test_a_flipped_byte_is_seen(store: Path) -> None:
    BlobStore(store).path(sha(store)).write_bytes(b"Page 1")

    assert codes(store) == ["blob_damaged"]
    with pytest.raises(EvidenceError, match="damaged"):
        BlobStore(store).read(sha(store))


def test_a_missing_blob_is_seen(store: Path) -> None:
    BlobStore(store).path(sha(store)).unlink()

    assert codes(store) == ["blob_missing"]


def test_an_altered_line_is_seen(store: Path) -> None:
    (store / "manifest.jsonl").write_bytes(b"".join(lines(store)).replace(b"x.test/1", b"x.test/9"))

    assert codes(store) == ["chain_broken"]


def test_a_line_taken_out_is_seen(store: Path) -> None:
    kept = lines(store)
    (store / "manifest.jsonl").write_bytes(kept[0] + kept[2])

    assert "chain_broken" in codes(store)


def test_a_torn_line_is_seen_and_the_next_append_heals_it(store: Path) -> None:
    with (store / "manifest.jsonl").open("ab") as file:
        file.write(b'{"url":"http')
    assert codes(store) == ["torn"]

    Manifest(store).append({"url": "http://x.test/4"})

    assert codes(store) == []
    assert len(lines(store)) == 4


def test_a_missing_manifest_is_a_problem(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["chain_broken"]


def test_a_full_disk_leaves_no_half_blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(EvidenceError, match="No space left"):
        BlobStore(tmp_path).write(b"x")

    assert [files for _, _, files in os.walk(tmp_path) if files] == []


def record(folder: Path, *pages: bytes, run: str = "run", day: int = 1, **more: object) -> list[str]:
    """Captures as the crawl makes them: blob, WARC record, manifest line. Returns the names of the blobs."""
    warc, blobs, manifest, shas = Warc(folder, run), BlobStore(folder), Manifest(folder), []
    at = datetime(2026, 1, day, tzinfo=UTC)
    for number, body in enumerate(pages):
        url, headers = f"http://x.test/{number}", [("Content-Type", "text/html"), ("X-Name", "\xe4\xb8\xad")]
        offset = warc.write(
            url, at=at, request=("POST", [("User-Agent", "n")]), response=(200, headers, body), sent=b"page=1"
        )
        shas.append(blobs.write(body))
        line = {"url": url, "status": 200, "at": at.isoformat(), "sha256": shas[-1], "run": run}
        manifest.append(line | {"warc": warc.path.name, "offset": offset} | more)
    warc.close()
    return shas


def test_the_warc_holds_what_went_over_the_wire(tmp_path: Path) -> None:
    record(tmp_path, b"body")

    with (tmp_path / "warc/run.warc.gz").open("rb") as file:
        records = [(one.rec_type, one.content_stream().read()) for one in ArchiveIterator(file, check_digests="raise")]

    assert records == [("response", b"body"), ("request", b"page=1")]
    assert check_warc([str(tmp_path / "warc/run.warc.gz")]) == 0
    assert codes(tmp_path) == []


def check_warc(names: list[str]) -> int:
    """What ``warcio check`` says."""
    checker = Checker(SimpleNamespace(inputs=names, verbose=False))
    checker.process_all()
    return int(checker.exit_value)


def test_headers_come_back_byte_for_byte(tmp_path: Path) -> None:
    record(tmp_path, b"body")

    with (tmp_path / "warc/run.warc.gz").open("rb") as file:
        found = read_exchange(file, 0)

    assert (found.response.status, found.response.body) == (200, b"body")
    assert found.response.headers == (("Content-Type", "text/html"), ("X-Name", "\xe4\xb8\xad"))
    assert found.request.start_line == "POST http://x.test/0 HTTP/1.1"


def test_any_flipped_byte_of_any_file_is_seen(tmp_path: Path) -> None:
    record(tmp_path, b"a page " * 40, b"another")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert codes(tmp_path) == []

    for path in files:
        whole = path.read_bytes()
        for position in range(0, len(whole), 7):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
            assert codes(tmp_path), (path, position)
        path.write_bytes(whole)


def test_a_cut_of_any_length_is_seen(tmp_path: Path) -> None:
    record(tmp_path, b"a page " * 40, b"another")
    anchors = {str(Manifest(tmp_path).last()): "run"}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    for path in files:
        whole = path.read_bytes()
        for size in range(0, len(whole), 11):
            path.write_bytes(whole[:size])
            assert check(tmp_path, anchors=anchors).problems, (path, size)
        path.write_bytes(whole)


def test_a_removed_tail_is_seen_against_a_copied_hash(store: Path) -> None:
    anchors = {str(Manifest(store).last()): "run-1"}
    (store / "manifest.jsonl").write_bytes(b"".join(lines(store)[:-1]))

    assert codes(store) == []
    assert [(one.code, one.where) for one in check(store, anchors=anchors).problems] == [("tail_removed", "run-1")]


def test_a_missing_warc_is_seen(tmp_path: Path) -> None:
    record(tmp_path, b"x")
    (tmp_path / "warc/run.warc.gz").unlink()

    assert codes(tmp_path) == ["warc_missing"]


def test_a_record_torn_by_a_crash_is_no_loss_and_the_next_try_goes_on_behind_the_last_whole_one(tmp_path: Path) -> None:
    record(tmp_path, b"one")
    path = tmp_path / "warc/run.warc.gz"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 3])
    assert codes(tmp_path) == []

    record(tmp_path, b"two")

    assert codes(tmp_path) == []
    assert check_warc([str(path)]) == 0
    assert path.read_bytes().startswith(whole)


def test_pages_are_packed_and_read_back(tmp_path: Path) -> None:
    blobs, page = BlobStore(tmp_path), "<p>政府信息公开</p>".encode() * 200

    name = blobs.write(page)

    assert blobs.path(name).stat().st_size < len(page) / 10
    assert gzip.decompress(blobs.path(name).read_bytes()) == page == blobs.read(name)
    assert name == hashlib.sha256(page).hexdigest()


@pytest.mark.parametrize("system", [b"\3", b"\xff"])
@pytest.mark.parametrize("effort", [b"\0", b"\2", b"\4"])
def test_what_another_version_of_python_packed_is_read(tmp_path: Path, system: bytes, effort: bytes) -> None:
    """Python 3.13 writes another system into the header than 3.11 does."""
    blobs, page = BlobStore(tmp_path), "<p>政府信息公开</p>".encode() * 200
    name = blobs.write(page)
    packed = blobs.path(name).read_bytes()

    blobs.path(name).write_bytes(packed[:8] + effort + system + packed[10:])

    assert blobs.read(name) == page
    assert blobs.holds(name)


def test_a_blob_stored_raw_by_an_older_version_stays_as_it_is(tmp_path: Path) -> None:
    page = b"x" * 1000
    name = hashlib.sha256(page).hexdigest()
    old = tmp_path / "blobs" / name[:2] / name
    old.parent.mkdir(parents=True)
    old.write_bytes(page)

    assert BlobStore(tmp_path).write(page) == name
    assert (BlobStore(tmp_path).path(name), BlobStore(tmp_path).read(name)) == (old, page)


def test_what_nothing_rests_on_is_pruned_and_the_chain_says_so(tmp_path: Path) -> None:
    old = record(tmp_path, b"old", b"both", run="a", day=1)
    proof = record(tmp_path, b"proof", run="b", day=1)
    young = record(tmp_path, b"both", run="c", day=9)
    edge, now = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC)

    said = prune(tmp_path, before=edge, keep=proof, now=now, dry_run=True)
    assert codes(tmp_path) == []
    done = prune(tmp_path, before=edge, keep=proof, now=now, dry_run=False)

    checked = check(tmp_path, wanted=[(old[0], "reading")])
    assert said == done
    assert (done.blobs, done.warcs) == ((old[0],), ("a.warc.gz",))
    assert (checked.problems, checked.pruned) == ([], 2)
    assert [BlobStore(tmp_path).holds(sha) for sha in (*proof, *young)] == [True, True]
    assert prune(tmp_path, before=edge, keep=proof, now=now, dry_run=False) == Pruned((), (), 0)


def test_a_full_disk_leaves_neither_half_a_record_nor_half_a_line(tmp_path: Path) -> None:
    page = random.Random(1).randbytes(3000)
    record(tmp_path, page)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(EvidenceError):
            record(tmp_path, random.Random(2).randbytes(3000))
        with pytest.raises(EvidenceError):
            BlobStore(tmp_path).write(random.Random(3).randbytes(6000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert codes(tmp_path) == []
    assert check_warc([str(tmp_path / "warc/run.warc.gz")]) == 0
    assert list((tmp_path / "blobs").rglob(".new-*")) == []

"""Evidence that can be shown, and damage to it that is seen."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.evidence import BlobStore, EvidenceError, Manifest, Warc, verify


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


def test_the_warc_holds_what_went_over_the_wire(tmp_path: Path) -> None:
    warc = Warc(tmp_path, "run")
    warc.write(
        "http://x.test/",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        request=("GET", [("User-Agent", "nianshen")]),
        response=(200, [("Content-Type", "text/html")], b"body"),
    )
    warc.close()

    with warc.path.open("rb") as file:
        records = [(record.rec_type, record.content_stream().read()) for record in ArchiveIterator(file)]

    assert records == [("response", b"body"), ("request", b"")]

"""``evidence``: what was captured can be checked, shown, handed on and let go of."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from warcio.checker import Checker

from crawler.evidence import BlobStore
from nianshen.cli import call
from tests.acceptance.town import Town, built, html
from tests.notifiers.receiver import SECRET

MORNING, EVENING = "2026-02-04T08:00:00+08:00", "2026-02-04T20:00:00+08:00"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town after two runs, in the second of which the absence of ``culture`` is proven."""
    with pytest.MonkeyPatch.context() as patch, built(tmp_path_factory.mktemp("town")) as town:
        patch.setenv("OFFICE_SECRET", SECRET)
        patch.chdir(town.folder)
        for now in (MORNING, EVENING):
            call(["run", "--year", "2025", "--now", now])
        yield town


def said(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    capsys.readouterr()
    call([*command, "--format", "json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def finding(capsys: pytest.CaptureFixture[str], rule: str) -> dict[str, Any]:
    found = said(capsys, "findings", "list", "--rule", rule)["findings"]
    one: dict[str, Any] = found[0]
    return one


def verified(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The codes of all problems; the exit code must fit."""
    capsys.readouterr()
    code = call(["evidence", "verify", "--format", "json"])
    codes = [one["code"] for one in json.loads(capsys.readouterr().out)["problems"]]
    assert code == (7 if codes else 0)
    return codes


def test_what_two_runs_left_verifies(crawled: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(capsys) == []


@pytest.mark.parametrize("damage", ["flipped", "blob", "warc", "cut", "tail", "reading"])
def test_damage_ends_with_7_and_is_named(crawled: Town, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    root = crawled.folder / "data/evidence"
    manifest = root / "manifest.jsonl"
    report = finding(capsys, "A003")["evidence"]["sha256"]
    warc = max((root / "warc").iterdir(), key=lambda path: path.stat().st_size)
    path = {"warc": warc, "cut": warc, "tail": manifest}.get(damage, BlobStore(root).path(report))
    whole, chain = path.read_bytes(), manifest.read_bytes()
    middle = len(whole) // 2
    broken = {
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "cut": whole[:middle],
        "tail": b"".join(whole.splitlines(keepends=True)[:-1]),
    }
    expected = {
        "flipped": {"blob_damaged"},
        "blob": {"blob_missing"},
        "warc": {"warc_missing"},
        "cut": {"warc_damaged"},
        "tail": {"tail_removed"},
        "reading": {"blob_missing", "tail_removed"},
    }
    try:
        if damage == "reading":  # nothing but the store knows that it was ever there
            manifest.write_bytes(b"")
        if damage in broken:
            path.write_bytes(broken[damage])
        else:
            path.unlink()
        assert set(verified(capsys)) == expected[damage]
    finally:
        path.write_bytes(whole)
        manifest.write_bytes(chain)
    assert verified(capsys) == []


def test_evidence_is_shown_by_sha256_fingerprint_and_alert(crawled: Town, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = finding(capsys, "A003")
    sha = wrong["evidence"]["sha256"]
    alert = next(one for one in said(capsys, "alerts", "list")["alerts"] if one["rules"] == ["A003"])

    shown = [
        said(capsys, "evidence", "show", one)["blobs"]
        for one in (sha, sha[:8], wrong["fingerprint"], wrong["fingerprint"][:12], alert["id"])
    ]

    assert all(one == shown[0] for one in shown)
    assert shown[0][0]["findings"] == [{"fingerprint": wrong["fingerprint"], "rule": "A003", "state": "open"}]
    assert {one["url"] for one in shown[0][0]["captures"]} == {crawled.city.url("/nb/water.html")}
    assert len({one["run"] for one in shown[0][0]["captures"]}) == 2


def test_the_raw_bytes_come_out_as_they_came_in(crawled: Town, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    call(["findings", "list", "--rule", "A003", "--format", "json"])
    sha = json.loads(capfdbinary.readouterr().out)["findings"][0]["evidence"]["sha256"]

    done = subprocess.run(  # noqa: S603 - our own command, its output a pipe
        [sys.executable, "-m", "nianshen", "evidence", "show", sha, "--raw"],
        cwd=crawled.folder,
        capture_output=True,
        check=True,
    )

    assert done.stdout == BlobStore(crawled.folder / "data/evidence").read(sha)


@pytest.mark.parametrize("what", ["nothing-like-it", "abc", "../../etc/passwd"])
def test_what_is_not_there_is_a_usage_error(crawled: Town, what: str) -> None:
    assert call(["evidence", "show", what]) == 2
    assert call(["evidence", "pack", what, "--year", "2025", "-o", "x.zip"]) == 2
    assert not (crawled.folder / "x.zip").exists()


def test_a_package_verifies_by_sha256sum_alone(
    crawled: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    absent = finding(capsys, "F001")["fingerprint"]
    for name in ("a.zip", "b.zip"):
        assert call(["evidence", "pack", "water", "fin", absent, "--year", "2025", "-o", str(tmp_path / name)]) == 0
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        package.extractall(folder)

    summed = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)  # noqa: S607
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    checker = Checker(SimpleNamespace(inputs=[str(folder / "captures.warc.gz")], verbose=False))

    assert summed.returncode == 0, summed.stderr
    assert len(summed.stdout.splitlines()) == len(names) - 1
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert checker.process_all() == 0
    assert [name for name in names if name.endswith(".pdf") and name.startswith("raw/fin-2025-")]
    assert [name for name in names if name.startswith("raw/city-list-")]
    assert {name.split("-")[2] for name in names if name.startswith("findings/water")} == {"A003"}


def test_each_packed_line_is_sealed_by_the_file_beside_it(crawled: Town, tmp_path: Path) -> None:
    call(["evidence", "pack", "water", "--year", "2025", "-o", str(tmp_path / "a.zip")])

    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        sums = dict(line.split("  ")[::-1] for line in package.read("SHA256SUMS").decode().splitlines())
        lines = {name: json.loads(package.read(name)) for name in package.namelist() if name.endswith(".line")}
    assert len(lines) >= 4
    for name, line in lines.items():
        assert sums[name.replace(".line", ".json")] == line["hash"]
        behind = lines.get(f"chain/{int(name[6:15]) + 1:09}.line")
        assert behind is None or behind["previous"] == line["hash"]


def test_damaged_evidence_is_not_handed_on(crawled: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = BlobStore(crawled.folder / "data/evidence").path(finding(capsys, "A003")["evidence"]["sha256"])
    whole = path.read_bytes()
    path.write_bytes(b"other bytes")
    try:
        assert call(["evidence", "pack", "water", "--year", "2025", "-o", str(tmp_path / "a.zip")]) == 7
    finally:
        path.write_bytes(whole)
    assert list(tmp_path.iterdir()) == []


def test_prune_says_first_what_it_would_remove_and_keeps_what_findings_rest_on(
    crawled: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path for path in (crawled.folder / "data/evidence").rglob("*") if path.is_file())

    assert call(["evidence", "prune", "--dry-run"]) == 0
    assert call(["evidence", "prune"]) == 0

    assert capsys.readouterr().out == ""  # nothing here is ten years old
    assert sorted(path for path in (crawled.folder / "data/evidence").rglob("*") if path.is_file()) == before
    assert verified(capsys) == []


def test_the_page_of_the_town_is_what_was_captured(crawled: Town, capsys: pytest.CaptureFixture[str]) -> None:
    sha = finding(capsys, "A003")["evidence"]["sha256"]

    text = BlobStore(crawled.folder / "data/evidence").read(sha).decode()

    assert text == html("示例市水利局", {"requests/concluded/natural_person": "+1"})

"""``nianshen check`` on many files, with real processes: the same answers, poison contained, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nianshen.checking import Checked, Request
from nianshen.cli import call
from nianshen.cli import check as command
from tests.nianshen.office import report

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "nianshen/schemas/check.json").read_text(encoding="utf-8"))
_real = command._check_one


def poisoned(item: tuple[str, Path | None, Request]) -> Checked:
    """What the processes run here: the names of some files say what happens to who reads them."""
    name = Path(item[0]).stem
    if name.endswith("crash"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.endswith("bloat"):
        bytearray(4 * 2**30)
    if name.endswith("hang"):
        threading.Event().wait()
    return _real(item)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"a": report("edu"), "b": b"%PDF-1.4 broken", "c": report("fin"), "d": b""}.items():
        (tmp_path / f"{name}.html").write_bytes(text)
    return tmp_path


def checked(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    call(["check", *map(str, arguments), "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    documents: list[dict[str, Any]] = document["documents"]
    return documents


def test_a_folder_gives_what_its_files_give_one_by_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = [checked(capsys, path)[0] for path in sorted(folder.iterdir())]

    assert checked(capsys, folder) == alone


def test_a_poisoned_file_is_unreadable_and_the_others_are_not(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-crash", "b-bloat"):
        (folder / f"{name}.html").write_bytes(report("edu"))
    monkeypatch.setattr(command, "_check_one", poisoned)

    documents = checked(capsys, folder)

    assert [(Path(one["source"]).stem, one["outcome"], (one["error"] or {}).get("code")) for one in documents] == [
        ("a-crash", "unreadable", "crashed"),
        ("a", "clean", None),
        ("b-bloat", "unreadable", "memory"),
        ("b", "unreadable", "damaged"),
        ("c", "clean", None),
        ("d", "unreadable", "empty"),
    ]


def test_standard_input_stands_among_files_in_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "c.html").open() as source:
        monkeypatch.setattr(sys, "stdin", source)
        documents = checked(capsys, folder, "-", folder / "a.html")

    assert [Path(one["source"]).name for one in documents] == [
        "a.html",
        "b.html",
        "c.html",
        "d.html",
        "-",
        "a.html",
    ]
    assert documents[4] == {**documents[2], "source": "-"}


def test_progress_goes_to_the_error_stream(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(["check", str(folder)])

    told = capsys.readouterr()
    assert "4/4" in told.err
    assert "4/4" not in told.out


def test_progress_on_a_terminal_takes_nothing_from_a_redirected_result(folder: Path) -> None:
    ours, theirs = os.openpty()
    running = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "nianshen", "check", str(folder), "--format", "json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)

    result, _ = running.communicate(timeout=60)
    told = os.read(ours, 65536).decode()
    os.close(ours)

    assert len(json.loads(result)["documents"]) == 4
    assert "4/4" in told
    assert told.endswith("\r\x1b[K")


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_results_come_as_they_are_ready_and_an_end_leaves_no_process(folder: Path, end: int, code: int) -> None:
    (folder / "a-hang.html").touch()
    (folder / "b-hang.html").touch()
    program = (
        "from tests.nianshen import test_check_folder as here; here.command._check_one = here.poisoned\n"
        f"raise SystemExit(here.call(['check', {str(folder / 'a.html')!r}, {str(folder)!r}]))"
    )
    running = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None

    assert "a.html" in running.stdout.readline()
    os.killpg(running.pid, end) if end == signal.SIGINT else running.kill()
    # Every process of ours holds the error stream: its end shows that all of them are gone.
    _, told = running.communicate(timeout=60)

    assert running.returncode == code
    assert "Traceback" not in told

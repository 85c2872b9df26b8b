"""Old Word files through LibreOffice: a small stand-in for every way it may behave, and the real one where it is."""

from __future__ import annotations

import base64
import io
import os
import shutil
import sys
from pathlib import Path

import docx
import pytest

from audit.reading import UnreadableDocument
from nianshen import converting
from nianshen.checking import Request, check
from nianshen.converting import readable
from tests.programs import need

RTF = rb"{\rtf1\ansi text}"
ODT = b"PK\x03\x04 mimetype META-INF/manifest.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument".encode("utf-16-le")
REAL = next((path for name in converting.PROGRAMS if (path := shutil.which(name))), None)


def docx_bytes() -> bytes:
    package, target = docx.Document(), io.BytesIO()
    package.add_paragraph("示例市教育局")
    package.save(target)
    return target.getvalue()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(folder: Path, body: str) -> None:
    """A program ``soffice`` that runs ``body``, with ``source`` and ``out`` taken from its arguments."""
    script = folder / "soffice"
    head = "import os, pathlib, sys, time\nsource = pathlib.Path(sys.argv[-1])\nout = pathlib.Path(sys.argv[-2])\n"
    script.write_text(f"#!{sys.executable}\n{head}out.mkdir(exist_ok=True)\n{body}\n", encoding="utf-8")
    script.chmod(0o755)


def reason_of(data: bytes, limit: float = 20) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        readable(data, limit=limit)
    assert caught.value.message["zh"]
    assert caught.value.message["en"]
    return caught.value.reason


WRITES = f"import base64\n(out / 'document.docx').write_bytes(base64.b64decode({base64.b64encode(docx_bytes())!r}))"


def test_what_is_no_old_word_file_is_left_as_it_is(office: Path) -> None:
    assert readable(b"<html>", limit=1) == b"<html>"
    assert readable(b"PK\x03\x04 word/document.xml", limit=1) == b"PK\x03\x04 word/document.xml"


@pytest.mark.parametrize("data", [RTF, OLE, ODT])
def test_without_libreoffice_the_way_out_is_named(office: Path, data: bytes) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        readable(data)

    assert caught.value.reason == "unsupported"
    assert "安装 LibreOffice 后可直接检查" in caught.value.message["zh"]
    assert "install LibreOffice" in caught.value.message["en"]


@pytest.mark.parametrize("data", [RTF, OLE, ODT])
def test_the_docx_it_writes_is_what_is_read(office: Path, data: bytes) -> None:
    put(office, WRITES)

    assert readable(data)[:4] == b"PK\x03\x04"


def test_it_runs_headless_in_a_profile_of_its_own_without_the_users_surroundings(
    office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    note = tmp_path / "note"
    put(office, f"{WRITES}\nopen({str(note)!r}, 'w').write(repr((sys.argv, dict(os.environ))))")

    readable(RTF)

    said = note.read_text()
    assert "--headless" in said
    assert "-env:UserInstallation=file://" in said
    assert "proxy.example" not in said
    assert not Path(said.split("UserInstallation=file://")[1].split("'")[0]).exists()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("pass", "conversion_failed"),
        ("sys.exit(3)", "conversion_failed"),
        ("os.abort()", "conversion_failed"),
        ("(out / 'document.docx').write_bytes(b'rubbish')", "conversion_failed"),
    ],
)
def test_a_conversion_that_fails_is_typed(office: Path, body: str, reason: str) -> None:
    put(office, body)

    assert reason_of(RTF) == reason


def test_one_that_hangs_is_ended_with_all_it_started(office: Path, tmp_path: Path) -> None:
    child = tmp_path / "child"
    put(office, f"if os.fork() == 0:\n    open({str(child)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")

    assert reason_of(RTF, limit=1.5) == "timeout"

    left = Path(f"/proc/{child.read_text()}/stat")
    assert not left.exists() or left.read_text().split()[2] in "ZX"


def test_one_that_writes_without_end_is_stopped(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "MOST_BYTES", 2**20)
    put(office, "f = open(out / 'document.docx', 'wb')\nwhile True:\n    f.write(bytes(2**16))")

    assert reason_of(RTF) == "conversion_failed"


def test_a_result_that_is_too_large_is_not_read(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "MOST_BYTES", 1000)
    put(office, "(out / 'document.docx').write_bytes(bytes(1500))")

    assert reason_of(RTF) == "too_large"


def test_check_reads_an_old_file_and_keeps_its_own_digest(office: Path) -> None:
    before = check(RTF, "report.rtf", Request())
    put(office, WRITES)
    after = check(RTF, "report.rtf", Request())

    assert before.error is not None
    assert before.error["code"] == "unsupported"
    assert (after.outcome, after.media, after.sha256) == ("not_a_report", "rtf", before.sha256)


def test_the_real_one_keeps_the_tables_of_an_rtf_file() -> None:
    need(REAL, "LibreOffice")
    cells = "".join(rf"\intbl \u{ord(char)}?\cell " for char in "规章")
    rtf = rb"{\rtf1\ansi\trowd\cellx2000\cellx4000 " + cells.encode() + rb"\row\pard text\par}"

    package = docx.Document(io.BytesIO(readable(rtf)))

    assert [cell.text for cell in package.tables[0].rows[0].cells] == ["规", "章"]
    assert os.environ.get("HOME")

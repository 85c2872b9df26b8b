"""Old Word files (.doc, .wps, .rtf) and .odt to DOCX by LibreOffice, where it is installed: in a process held short.

LibreOffice opens a file that a stranger wrote. It gets a profile of its own that is thrown away (so no macro of the
user's, and macros switched off), no proxy and no display, a limit of time and of what it may write.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from audit.reading import UnreadableDocument, detect

LIMIT_SECONDS: Final = 60.0
MOST_BYTES: Final = 50 * 2**20
MOST_MEMORY: Final = 4 * 2**30
PROGRAMS: Final = ("soffice", "libreoffice")
_SUFFIXES: Final[Mapping[str, str]] = {"doc": ".doc", "rtf": ".rtf", "odt": ".odt"}
# Out of LibreOffice's schema org.openoffice.Office: macros never run, documents ask nothing of the network.
_SETTINGS: Final = (
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Writer/Content/Update", "Link", "0"),
)
_PROFILE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
{items}
</oor:items>
"""


def readable(data: bytes, *, limit: float = LIMIT_SECONDS) -> bytes:
    """The bytes themselves, or those of the DOCX that an old Word, RTF or OpenDocument file becomes.

    ``limit`` in seconds. Raises UnreadableDocument: ``unsupported`` where no LibreOffice is installed, ``timeout``,
    ``too_large``, ``conversion_failed``.
    """
    media = detect(data)
    if media not in _SUFFIXES:
        return data
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        raise UnreadableDocument(
            "unsupported",
            "旧式 DOC/WPS/RTF 或 ODT 文件：安装 LibreOffice 后可直接检查，或另存为 DOCX",
            "an old DOC, WPS, RTF or ODT file: install LibreOffice to check it as it is, or save it as DOCX",
        )
    with tempfile.TemporaryDirectory(prefix="nianshen-", ignore_cleanup_errors=True) as folder:
        return _converted(program, data, Path(folder), _SUFFIXES[media], limit)


def _converted(program: str, data: bytes, folder: Path, suffix: str, limit: float) -> bytes:
    source, result = folder / f"document{suffix}", folder / "out" / "document.docx"
    source.write_bytes(data)
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    items = "\n".join(
        f'<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE.format(items=items), encoding="utf-8")
    command = [
        program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck",
        "--nodefault", "--convert-to", "docx", "--outdir", str(result.parent), str(source),
    ]  # fmt: skip
    _run(command, folder, limit)
    if not result.is_file():
        raise _failed("没有得到结果", "it wrote nothing")
    with result.open("rb") as file:
        made = file.read(MOST_BYTES + 1)
    if len(made) > MOST_BYTES:
        raise UnreadableDocument("too_large", "转换后的文件过大", "the converted file is far too large")
    if detect(made) != "docx":
        raise _failed("结果不是 DOCX", "what it wrote is no DOCX")
    return made


def _run(command: list[str], folder: Path, limit: float) -> None:
    """Run to its end, or end it with all processes that it started."""
    process = subprocess.Popen(  # noqa: S603 - a program found on PATH, with arguments of our own
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_hold_short(limit),  # noqa: PLW1509 - sets limits and nothing else
    )
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        raise UnreadableDocument(
            "timeout",
            f"LibreOffice 在 {limit:.0f} 秒内没有转换完；请另存为 DOCX",
            f"LibreOffice took over {limit:.0f} s; save the file as DOCX",
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if status:
        raise _failed(f"退出码 {status}", f"exit status {status}")


def _environment(folder: Path) -> dict[str, str]:
    """No proxy, no display, no settings of the user's: a place to find programs and a home of its own."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}


def _hold_short(limit: float) -> Callable[[], Any]:
    def hold() -> None:
        seconds = int(limit) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MOST_BYTES, 2 * MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))

    return hold


def _failed(zh: str, en: str) -> UnreadableDocument:
    return UnreadableDocument(
        "conversion_failed",
        f"LibreOffice 转换失败（{zh}）；请另存为 DOCX 后再检查",
        f"LibreOffice could not convert it ({en}); save it as DOCX",
    )

"""Runs the crawler in a process of its own: a reactor cannot start twice, a crash must not take the cycle along."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SCHEMA = "nianshen.crawl/1"
GRACE_SECONDS = 20


def crawl(
    job: Mapping[str, Any], *, limit_seconds: float, progress: Callable[[Mapping[str, Any]], None]
) -> dict[str, Any]:
    """Run one job and give its result document. A crawl that dies gives one too: every portal failed, and why.

    Progress arrives as it happens. Past the limit the process group is asked to stop, then killed. ``exit`` of the
    document is how the process ended: 5 where evidence could not be kept.
    """
    with tempfile.TemporaryDirectory(prefix="nianshen-crawl-") as folder:
        result_path = Path(folder) / "result.json"
        job_path = Path(folder) / "job.json"
        job_path.write_text(json.dumps({**job, "result": str(result_path)}, ensure_ascii=False), encoding="utf-8")
        process = subprocess.Popen(  # noqa: S603 - our own module under our own interpreter, no shell
            [sys.executable, "-m", "crawler", str(job_path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        timer = threading.Timer(limit_seconds, _stop, (process,))
        timer.start()
        try:
            last_words = _follow(process, progress)
            process.wait()
        except BaseException:
            _stop(process)
            raise
        finally:
            timer.cancel()
        result = _result(result_path)
    return {**result, "exit": process.returncode} if result else _died(job, process.returncode, last_words)


def _result(path: Path) -> dict[str, Any] | None:
    """The result document, if the process left one whole."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) and result.get("schema") == SCHEMA else None


def _follow(process: subprocess.Popen[bytes], progress: Callable[[Mapping[str, Any]], None]) -> list[str]:
    """Hand on progress lines; keep the last few other lines, which say why a crawl died."""
    words: list[str] = []
    if process.stderr is None:
        return words
    for line in process.stderr:
        text = line.decode("utf-8", errors="replace").rstrip()
        try:
            event = json.loads(text)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" in event:
            progress(event)
        elif text:
            words = [*words[-4:], text]
    return words


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole process group to stop, and insist after the grace."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        return


def _died(job: Mapping[str, Any], code: int, last_words: list[str]) -> dict[str, Any]:
    detail = f"crawl process ended with {code}: " + " / ".join(last_words)[-400:]
    portals = [
        {
            "id": portal["id"],
            "outcome": "code_error",
            "reason": "not_crawled",
            "complete": False,
            "pages_expected": None,
            "pages_seen": 0,
            "items": 0,
            "evidence": [],
            "detail": detail,
            "lists": [],
        }
        for portal in job["portals"]
    ]
    return {
        "schema": SCHEMA,
        "run_id": job["run_id"],
        "portals": portals,
        "candidates": [],
        "review": [],
        "exit": code,
    }

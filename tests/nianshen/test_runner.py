"""A crawl in a process of its own: whatever becomes of it, every portal has a verdict."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nianshen import runner

JOB = {"run_id": "run-1", "portals": [{"id": "city"}, {"id": "county"}]}
RESULT = {"schema": "nianshen.crawl/1", "run_id": "run-1", "portals": [], "candidates": [], "review": []}


@pytest.fixture
def crawler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter of our own making in place of the crawler: ``body`` sees the job as ``job``."""
    program = tmp_path / "crawler.py"
    shell = tmp_path / "interpreter"
    shell.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$3"\n', encoding="utf-8")
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    return program


def write(program: Path, body: str) -> None:
    head = "import json, os, sys, time\njob = json.load(open(sys.argv[1]))\n"
    put = f"def put(text={json.dumps(json.dumps(RESULT))}): open(job['result'], 'w').write(text)\n"
    program.write_text(head + put + body, encoding="utf-8")


def crawl(limit: float = 30) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    events: list[Mapping[str, Any]] = []
    return runner.crawl(JOB, limit_seconds=limit, progress=events.append), events


def test_the_result_and_the_progress_are_handed_on(crawler: Path) -> None:
    write(crawler, 'print(\'{"event": "page", "portal": "city"}\', file=sys.stderr)\nput()')

    result, events = crawl()

    assert result == {**RESULT, "exit": 0}
    assert events == [{"event": "page", "portal": "city"}]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("sys.exit('no reactor')", 1, "no reactor"),
        ("os.kill(os.getpid(), 9)", -9, ""),
        ('put(\'{"schema": "other/1"}\')', 0, ""),
        ("print('证据写不进', file=sys.stderr); sys.exit(5)", 5, "证据写不进"),
    ],
)
def test_a_crawl_without_a_result_is_a_verdict_on_every_portal(crawler: Path, body: str, code: int, words: str) -> None:
    write(crawler, body)

    result, _ = crawl()

    assert (result["run_id"], result["exit"], result["candidates"]) == ("run-1", code, [])
    assert [(one["id"], one["reason"], one["complete"]) for one in result["portals"]] == [
        ("city", "not_crawled", False),
        ("county", "not_crawled", False),
    ]
    assert all(words in one["detail"] and str(code) in one["detail"] for one in result["portals"])


@pytest.mark.parametrize("text", ["", "{", '{"schema": "nianshen.crawl/1", "portals": ['])
def test_a_torn_result_is_no_result(crawler: Path, text: str) -> None:
    write(crawler, f"put({text!r})")

    result, _ = crawl()

    assert {one["reason"] for one in result["portals"]} == {"not_crawled"}


def test_a_crawl_past_its_limit_is_asked_to_stop_and_its_result_is_kept(crawler: Path) -> None:
    write(crawler, "import signal\nsignal.signal(15, lambda *_: (put(), os._exit(0)))\ntime.sleep(60)")

    result, _ = crawl(limit=0.5)

    assert result == {**RESULT, "exit": 0}


def test_a_crawl_that_will_not_stop_is_killed(crawler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.2)
    write(crawler, "import signal\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(60)")

    result, _ = crawl(limit=0.5)

    assert result["exit"] == -9
    assert {one["reason"] for one in result["portals"]} == {"not_crawled"}


def test_an_error_of_the_listener_stops_the_crawl(crawler: Path, tmp_path: Path) -> None:
    write(crawler, 'print(\'{"event": "page"}\', file=sys.stderr, flush=True)\ntime.sleep(60)')

    def fail(_: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.crawl(JOB, limit_seconds=30, progress=fail)


def test_lines_that_are_no_progress_do_no_harm(crawler: Path) -> None:
    write(crawler, "sys.stderr.buffer.write(b'\\xff\\xfe\\n[1]\\n\"event\"\\n{}\\nnull\\n')\nput()")

    result, events = crawl()

    assert (result["exit"], events) == (0, [])

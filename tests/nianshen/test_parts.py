"""A large crawl falls into parts, and nobody can tell from the result; a part that dies takes only its own along."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from crawler.evidence import entries, verify
from nianshen import runner
from nianshen.errors import StorageError
from nianshen.runner import parts_of
from tests.crawler.site import REPORT, Site, listing, organisation, portal, row, serve, timeless

NAMES = ("甲", "乙", "丙", "丁", "戊")


def job_of(count: int, *, each: int = 1) -> dict[str, Any]:
    """A job of so many groups of servers, ``each`` of so many portals."""
    names = [f"p{group}-{number}" for group in range(count) for number in range(each)]
    return {
        "run_id": "run-1",
        "portals": [{"id": name, "group": name.partition("-")[0]} for name in names],
        "organisations": [{"id": f"o {name}", "portal": name} for name in names],
        "known": [{"organisation": f"o {name}", "portal": name, "year": 2025, "url": "u"} for name in names],
    }


@pytest.mark.parametrize(
    ("groups", "cores", "parts"), [(0, 8, 1), (1, 8, 1), (49, 8, 1), (50, 8, 2), (50, 1, 1), (120, 2, 2), (1000, 4, 4)]
)
def test_there_are_as_many_parts_as_cores_have_groups_to_be_busy_with(groups: int, cores: int, parts: int) -> None:
    assert len(parts_of(job_of(groups), cores)) == parts


def test_a_group_of_servers_is_asked_by_one_part_and_nothing_is_left_out() -> None:
    job = job_of(103, each=3)

    parts = parts_of(job, 4)

    groups = [{one["group"] for one in part["portals"]} for part in parts]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 103
    assert max(map(len, groups)) - min(map(len, groups)) <= 1
    for kind in ("portals", "organisations", "known"):
        key = "id" if kind == "portals" else "portal"
        assert sorted(one[key] for part in parts for one in part[kind]) == sorted(one[key] for one in job[kind])
    for part in parts:
        names = {one["id"] for one in part["portals"]}
        assert {one["portal"] for one in (*part["organisations"], *part["known"])} == names


def test_a_replay_is_one_part() -> None:
    assert len(parts_of(job_of(100) | {"replay": "run-0"}, 8)) == 1


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as one:
        for number, name in enumerate(NAMES):
            title = f"示例市{name}局2025年政府信息公开年度报告"
            one.put(f"/{number}/", listing(row(title, "r.html")))
            one.put(f"/{number}/r.html", REPORT.format(title=title, extra=""))
        yield one


def crawled(site: Site, folder: Path) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    names = [str(number) for number in range(len(NAMES))]
    events: list[Mapping[str, Any]] = []
    job = {
        "run_id": "run-1",
        "year": 2025,
        "evidence": str(folder),
        "portals": [portal(name, site.url(f"/{name}/")) for name in names],
        "organisations": [organisation(f"示例市{NAMES[int(name)]}局", name, f"o{name}") for name in names],
    }
    return runner.crawl(job, limit_seconds=110, progress=events.append), events


def test_a_crawl_in_parts_gives_the_document_of_one_process(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = crawled(site, tmp_path / "whole")
    monkeypatch.setattr(runner, "_GROUPS", 2)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})

    apart, events = crawled(site, tmp_path / "apart")

    assert [one["organisation"] for one in whole["candidates"]] == [f"o{number}" for number in range(len(NAMES))]
    assert timeless(apart) == timeless(whole)
    assert sum(one["event"] == "looks" for one in events) == 2
    assert verify(tmp_path / "apart") == []
    written = {entry["warc"] for _, entry in entries(tmp_path / "apart") if entry.get("warc")}
    assert written == {"run-1.warc.gz", "run-1.2.warc.gz"}


@pytest.fixture
def crawler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter of our own making in place of the crawler: ``body`` sees the job as ``job``."""
    monkeypatch.setattr(runner, "_GROUPS", 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    program, shell = tmp_path / "crawler.py", tmp_path / "interpreter"
    shell.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$3"\n', encoding="utf-8")
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    return program


HEAD = """
import json, os, signal, sys, time
job = json.load(open(sys.argv[1]))
def put(code=0):
    rows = [{"id": one["id"], "complete": True} for one in job["portals"]]
    found = [{"portal": one["id"], "url": str(number)} for one in job["portals"] for number in (2, 1)]
    document = {"schema": "nianshen.crawl/1", "run_id": "run-1", "portals": rows, "candidates": found, "review": []}
    open(job["result"], "w").write(json.dumps(document))
    os._exit(code)
"""


@pytest.mark.parametrize(("end", "code"), [("os.kill(os.getpid(), 9)", -9), ("sys.exit(5)", 5), ("put(70)", 70)])
def test_a_part_that_fails_takes_only_its_own_portals_along(crawler: Path, end: str, code: int) -> None:
    crawler.write_text(f"{HEAD}if job['part'] == 2:\n    {end}\nput()", encoding="utf-8")

    result = runner.crawl(job_of(4), limit_seconds=30, progress=print)

    kept = {"p0-0", "p2-0"} if code != 70 else {"p0-0", "p1-0", "p2-0", "p3-0"}
    assert result["exit"] == code
    assert [one["id"] for one in result["portals"]] == ["p0-0", "p1-0", "p2-0", "p3-0"]
    assert {one["id"] for one in result["portals"] if one["complete"]} == kept
    rows = [(one["portal"], one["url"]) for one in result["candidates"]]
    assert rows == [(name, url) for name in sorted(kept) for url in ("1", "2")]


def test_evidence_that_could_not_be_kept_is_told_before_any_other_end(crawler: Path) -> None:
    crawler.write_text(f"{HEAD}put(70 if job['part'] == 1 else 5)", encoding="utf-8")

    assert runner.crawl(job_of(2), limit_seconds=30, progress=print)["exit"] == 5


def test_past_the_limit_every_part_is_stopped(crawler: Path, tmp_path: Path) -> None:
    wait = "signal.signal(15, lambda *_: put())\nopen(job['result'] + '.up', 'w')\ntime.sleep(60)"
    crawler.write_text(HEAD + wait, encoding="utf-8")

    result = runner.crawl(job_of(2), limit_seconds=2, progress=print)

    assert (result["exit"], [one["complete"] for one in result["portals"]]) == (0, [True, True])


@pytest.mark.parametrize("there", [False, True])
def test_a_temporary_folder_without_room_is_told_as_a_full_disk(
    crawler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """Be it for the folder itself, or for the job of a part: then no other part goes on."""
    crawler.write_text(f"{HEAD}open({str(tmp_path)!r} + '/' + str(os.getpid()), 'w')\ntime.sleep(60)", encoding="utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path if there else tmp_path / "no such folder"))
    write = Path.write_text

    def fill(path: Path, *text: Any, **how: Any) -> int:
        if path.name == "job-2.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, *text, **how)

    monkeypatch.setattr(Path, "write_text", fill)

    with pytest.raises(StorageError, match="temporary folder"):
        runner.crawl(job_of(2), limit_seconds=30, progress=print)

    for one in tmp_path.iterdir():
        assert not (one.name.isdigit() and Path(f"/proc/{one.name}/cmdline").exists())


def test_an_error_of_the_listener_stops_every_part(crawler: Path, tmp_path: Path) -> None:
    told = f"open({str(tmp_path)!r} + '/' + str(os.getpid()), 'w')\n"
    crawler.write_text(f'{HEAD}{told}print(\'{{"event": "page"}}\', file=sys.stderr, flush=True)\ntime.sleep(60)')

    def fail(_: Mapping[str, Any]) -> None:
        if len([one for one in tmp_path.iterdir() if one.name.isdigit()]) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.crawl(job_of(2), limit_seconds=30, progress=fail)

    for one in tmp_path.iterdir():
        assert not (one.name.isdigit() and Path(f"/proc/{one.name}/cmdline").exists())


def test_progress_of_all_parts_arrives_line_by_line(crawler: Path) -> None:
    say = (
        "for number in range(500):\n    print(json.dumps({'event': 'page', 'portal': '页' * 3000, 'part': job['part'], "
    )
    crawler.write_text(f"{HEAD}{say}'number': number}}), file=sys.stderr)\nsys.stderr.flush()\nput()", encoding="utf-8")
    events: list[Mapping[str, Any]] = []

    runner.crawl(job_of(2), limit_seconds=60, progress=events.append)

    for part in (1, 2):
        assert [one["number"] for one in events if one["part"] == part] == list(range(500))

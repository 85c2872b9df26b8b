"""With ``--log json`` every line that a process writes is one object, and those of a run carry its id."""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nianshen import speaking
from nianshen.speaking import LogFormat, logger
from nianshen.store import NewMessage, open_store
from tests.acceptance.town import Town, built, write_config
from tests.nianshen.test_watching import until
from tests.notifiers.receiver import SECRET

NOW = "2026-02-04T08:00:00+08:00"
JOBS = """\
schedule:
  jobs:
    - {id: season, run: cycle, cron: "0 6 1 1 *"}
    - {id: checkup, run: selftest, cron: "0 6 1 1 *"}
"""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with built(tmp_path) as one:
        yield one


def lines(text: str) -> list[dict[str, Any]]:
    """The objects of the lines. Raises ValueError for one that is none."""
    found = [json.loads(line) for line in text.splitlines()]
    assert all({"event", "level", "timestamp", "part"} <= one.keys() for one in found)
    return found


def database(town: Town) -> str:
    return f"sqlite:///{town.folder / 'data/nianshen.sqlite3'}"


def test_every_line_of_a_run_is_an_object_with_the_id_of_the_run(town: Town) -> None:
    said = town.run(NOW, "--log", "json")

    told, (summed,) = lines(said.err), lines(said.out)
    with closing(open_store(database(town))) as store:
        last = store.runs.last()
    assert last is not None
    assert {one["run_id"] for one in (*told, summed)} == {last.id}
    assert told[0]["event"].startswith("开始")
    assert {one["portal"] for one in told if one["event"].startswith("门户读完")} == {"city", "county"}
    assert {one.get("organisation") for one in told} >= {"edu", "water"}
    assert (summed["read_whole"], summed["findings"], summed["sent"]) == (2, 2, 1)
    (sent,) = [one for one in told if "message_id" in one]
    assert sent["message_id"] == town.receiver.received[0].message_id
    assert (sent["channel"], sent["attempt"], sent["outcome"], sent["again"]) == ("office", 1, "delivered", None)
    assert SECRET not in said.err + said.out


def test_an_attempt_that_failed_says_why_and_when_it_is_tried_again_without_the_address(town: Town) -> None:
    write_config(town, hook="http://127.0.0.1:1/T0PS3CRET-token")

    said = town.run(NOW, "--log", "json")

    tries = [one for one in lines(said.err) if "message_id" in one]
    assert said.code == 6
    assert {one["outcome"] for one in tries} == {"retry"}
    assert [one["attempt"] for one in tries] == list(range(1, len(tries) + 1))
    assert all(one["again"] > one["timestamp"][:19] and one["reason"] and one["run_id"] for one in tries)
    assert "T0PS3CRET" not in said.err + said.out


def test_the_watching_process_logs_what_it_sends(town: Town) -> None:
    write_config(town)
    (town.folder / "data").mkdir()
    with closing(open_store(database(town))) as store:
        store.enqueue([], [NewMessage("msg_1", "office", b"{}", [])], datetime.now(UTC))

    told = lines(watched(town, ["watch", "--log", "json"], ["checkup"], sent=1))

    (sent,) = [one for one in told if one.get("message_id") == "msg_1"]
    assert (sent["part"], sent["channel"], sent["outcome"]) == ("channel office", "office", "delivered")


def test_without_it_a_run_speaks_to_people(town: Town) -> None:
    said = town.run(NOW)

    assert "门户 2/2 读全" in said.out
    with pytest.raises(ValueError, match="Extra data"):
        lines(said.out)


def test_a_run_read_again_is_told_under_its_id(town: Town) -> None:
    town.run(NOW)

    said = town.call("run", "--replay", "last", "--log=json")

    (summed,) = lines(said.out)
    assert said.code == 0, said.err
    assert (summed["differences"], summed["judged"]) == (0, True)
    assert {one["run_id"] for one in lines(said.err)} == {summed["run_id"]}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--log", "json", "--no-such-option"], 2, "no-such-option"),
        (["run", "--log", "json", "--config", "none.yaml"], 2, "CFG001"),
        (["run", "--log", "json"], 8, "another instance"),
        (["watch", "--log=json", "--config", "none.yaml"], 2, "CFG001"),
        (["up", "--log", "json", "--config", "none.yaml"], 2, "CFG001"),
    ],
)
def test_an_error_is_an_object_too(town: Town, arguments: list[str], code: int, words: str) -> None:
    evidence = town.folder / "data/evidence"
    evidence.mkdir(parents=True)
    with (evidence / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = town.call(*arguments)

    (told,) = lines(said.err)
    assert (said.code, said.out) == (code, "")
    assert words in told["event"]
    assert told["level"] == "error"


def watched(town: Town, command: Sequence[str], jobs: Sequence[str], sent: int = 0) -> str:
    """Run the command until the jobs were done and so many messages sent, and give all that was written."""
    with (town.folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write(JOBS)
    with closing(open_store(database(town))) as store, (town.folder / "log").open("wb") as log:
        now = datetime.now(UTC)
        for job in jobs:
            store.jobs.record(job, now, state="due", late=False, due=now)
        environ = {**os.environ, "OFFICE_SECRET": SECRET}
        with subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "nianshen", *command], cwd=town.folder, env=environ, stdout=log, stderr=log
        ) as process:
            until(lambda: {run.state for run in store.jobs.list(9)} == {"done"})
            until(lambda: store.outbox.waiting().get("sent", 0) >= sent)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    return (town.folder / "log").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["watch"], ["up"]])
def test_every_line_of_the_watching_process_is_an_object_those_of_its_jobs_too(town: Town, command: list[str]) -> None:
    (town.folder / "data").mkdir()

    written = watched(town, [*command, "--log", "json"], ["season", "checkup"])

    told = lines(written)
    cycle = [one for one in told if one["part"] == "run"]
    with closing(open_store(database(town))) as store:
        last = store.runs.last()
    assert last is not None
    assert {one["run_id"] for one in cycle} == {last.id}
    assert {(one["job"], one["slot"]) for one in cycle} == {("season", cycle[0]["slot"])}
    assert cycle[-1]["event"].startswith("结束")
    begun, ended = [one for one in told if one["part"] == "job season" and "season" in one.get("job", "")]
    assert begun["event"].startswith("开始")
    assert ended["event"].startswith("结束")
    assert (begun["slot"], ended["slot"], ended["run_id"]) == (cycle[0]["slot"], cycle[0]["slot"], last.id)
    selftest = [one for one in told if one.get("job") == "checkup"]
    assert [one["event"].partition(" ")[0] for one in selftest] == ["开始", "自检通过", "结束"]
    assert not any("run_id" in one for one in selftest)
    assert SECRET not in written


def test_a_line_stays_one_line_whatever_it_says() -> None:
    stream = io.StringIO()

    logger(LogFormat.JSON, stream).info("a\nb\u2028c\u202e\x1b[31md", part="x\r\ny")
    logger(LogFormat.TEXT, stream).info("a\nb\x1b", part="x")

    first, second = stream.getvalue().splitlines()
    assert json.loads(first)["event"] == "a b c\\u202e\\u001b[31md"
    assert second.endswith("x: a b\\u001b")


@pytest.mark.parametrize(
    ("line", "event"),
    [('{"event": "x", "part": "run"}', "x"), ('{"a": 1}', '{"a": 1}'), ("[1]", "[1]"), ("Traceback", "Traceback")],
)
def test_what_a_job_writes_is_handed_on_as_an_object(line: str, event: str, capsys: pytest.CaptureFixture[str]) -> None:
    speaking.relay(line, logger(LogFormat.JSON), part="job season", job="season")
    speaking.relay("  ", logger(LogFormat.JSON), part="job season", job="season")

    (told,) = [json.loads(one) for one in capsys.readouterr().err.splitlines()]
    assert (told["event"], told["job"]) == (event, "season")
    assert told["part"] == ("run" if event == "x" else "job season")

"""A run told to machines: a JSON object a line, each with the id of the run as soon as it has one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from nianshen.cycle import CycleResult
from nianshen.overhearing import WORDS
from nianshen.replaying import Replay
from nianshen.speaking import LogFormat, bind, logger


class RunLog:
    """Progress and remarks go to stderr, what came of the run to stdout; every line of both is one object."""

    def __init__(self) -> None:
        self._lines = logger(LogFormat.JSON)
        self._result = logger(LogFormat.JSON, sys.stdout)

    def progress(self, event: Mapping[str, Any]) -> None:
        """What the run does; single pages are too many to be told."""
        kind = event["event"]
        if kind == "begun":
            # On every line of this thread, errors included, and on those of the threads that send.
            bind(run_id=event["run_id"])
            self._lines = self._lines.bind(run_id=event["run_id"])
            self._say("开始 / started", year=event["year"])
        elif kind == "portal":
            self._say("门户读完 / portal read", portal=event.get("portal"), reason=event.get("reason"))
        elif kind == "read":
            self._say("读取 / read", organisation=event["organisation"], year=event["year"])
        elif kind == "sending":
            self._say("发送告警 / sending alerts")
        elif kind == "attempt":
            facts = {name: value for name, value in event.items() if name != "event"}
            self._say(WORDS[event["outcome"]], **facts)

    def result(self, result: CycleResult) -> None:
        """What is good to know of a run, a line each; then its sums."""
        for portal in _broken(result.portals):
            self._say("门户未能读全 / portal not read whole", **portal)
        for waiver in result.useless:
            self._say(
                "豁免没有对应的问题 / this waiver covers nothing",
                organisation=waiver.organisation,
                rule=waiver.rule,
                year=waiver.year,
            )
        for run in result.killed:
            self._say("上次运行被强行结束，不计 / an earlier run was killed and does not count", killed=run)
        for one in result.moved:
            self._say("年报换了地址 / the report moved", **asdict(one))
        self._sums(
            year=result.year,
            portals=len(result.portals),
            read_whole=_whole(result.portals),
            not_verified=len(result.unknown),
            findings=len(result.findings),
            sent=result.tally.sent,
            waiting=result.tally.waiting,
            dead=result.tally.dead,
        )

    def replayed(self, again: Replay) -> None:
        """Every difference a line, then the sums."""
        for zh, en in again.differences:
            self._say(zh if zh == en else f"{zh} / {en}")
        self._sums(
            year=again.year,
            portals=len(again.portals),
            read_whole=_whole(again.portals),
            documents=again.documents,
            judged=again.judged,
            differences=len(again.differences),
        )

    def _say(self, said: str, **facts: Any) -> None:
        with suppress(OSError):  # a full disk, or a reader of the log that went away, must not stop the work
            self._lines.info(said, part="run", **facts)

    def _sums(self, **sums: Any) -> None:
        with suppress(OSError):
            self._result.info("结束 / ended", part="run", **sums)


def _broken(portals: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"portal": one["id"], "reason": one["reason"], "detail": one["detail"]}
        for one in portals
        if not one["complete"]
    ]


def _whole(portals: Iterable[Mapping[str, Any]]) -> int:
    return sum(bool(one["complete"]) for one in portals)

"""``nianshen run``: one cycle now."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console

from audit.finding import Severity
from nianshen.calendar import zone
from nianshen.cli.check import FailOn
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import safe
from nianshen.cli.runlog import RunLog
from nianshen.cli.status import instant
from nianshen.config import load
from nianshen.cycle import CycleResult
from nianshen.cycle import run as run_cycle
from nianshen.errors import Exit, UsageError, gravest
from nianshen.replaying import Replay
from nianshen.replaying import replay as replay_run
from nianshen.speaking import LogFormat


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", help="采集、审核、告警一次 / crawl, audit and alert once")(run)


def run(
    config: ConfigOption = DEFAULT,
    year: Annotated[int | None, typer.Option(help="报告年度，默认上一年 / reported year, by default last year")] = None,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
    replay: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="只凭证据重读一次运行（编号或 last）/ read a past run again, by id or last"),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="从哪一级起退出码为 1 / exit 1 from this severity on")] = FailOn.NEVER,
    log: Annotated[LogFormat, typer.Option("--log", help="日志格式 / form of the log")] = LogFormat.TEXT,
) -> None:
    """Run one cycle and say what came of it. A replay fetches, stores and sends nothing: exit 3 if it differs."""
    settings = load(config, os.environ)
    voice: _Voice | RunLog = RunLog() if log is LogFormat.JSON else _Voice()
    if replay is not None:
        if year or now:
            raise UsageError("--replay 用那次运行的年度和时刻", "a replay has the year and the clock of its run")
        with _interruptible(), _heard(voice) as progress:
            again = replay_run(settings, replay, progress)
        voice.replayed(again)
        raise typer.Exit(Exit.PARTIAL if again.differences else Exit.OK)
    moment = instant(now, settings)
    chosen = year or moment.astimezone(zone(settings.site.timezone)).year - 1
    with _interruptible(), _heard(voice) as progress:
        result = run_cycle(settings, year=chosen, now=moment, progress=progress)
    voice.result(result)
    codes = set(result.codes)
    ranks = [Severity(finding.severity).rank for finding in result.findings]
    if fail_on is not FailOn.NEVER and max(ranks, default=0) >= Severity(fail_on.value).rank:
        codes.add(Exit.FINDINGS)
    raise typer.Exit(gravest(codes))


class _Voice:
    """A run told to people."""

    def result(self, result: CycleResult) -> None:
        """What is good to know goes to stderr, the sums to stdout."""
        sys.stderr.write(unread(result) + useless(result) + noted(result) + undelivered(result))
        sys.stdout.write(summary(result))

    def replayed(self, again: Replay) -> None:
        sys.stdout.write(replayed(again))


@contextmanager
def _heard(voice: _Voice | RunLog) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Who hears of the progress."""
    if isinstance(voice, RunLog):
        yield voice.progress
        return
    with told() as progress:
        yield progress


@contextmanager
def _interruptible() -> Iterator[None]:
    """A SIGTERM ends the run as Ctrl-C does: without this the crawl process would go on alone."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def told() -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Progress on stderr: a live line on a terminal, one line per portal that was read whole elsewhere."""
    console = Console(stderr=True)
    pages = 0
    with console.status("采集中 / crawling …") as status:

        def tell(event: Mapping[str, Any]) -> None:
            nonlocal pages
            kind, portal = event["event"], safe(str(event.get("portal") or ""))
            if kind == "page":
                pages += 1
                status.update(f"采集中 / crawling … {pages} 页 / pages ({portal})")
            elif kind == "portal" and not event.get("reason"):
                console.print(f"门户 / portal {portal}: 读全 / read whole", markup=False, soft_wrap=True)
            elif kind == "read":
                status.update(f"读取 / reading {safe(str(event['organisation']))} {event['year']}")
            elif kind == "sending":
                status.update("发送告警 / sending alerts …")

        yield tell


def unread(result: CycleResult) -> str:
    """Why portals could not be read whole, a line each."""
    return "".join(
        f"门户 / portal {portal['id']}: {portal['reason']}: {safe(portal['detail'])}\n"
        for portal in result.portals
        if not portal["complete"]
    )


def useless(result: CycleResult) -> str:
    """Waivers of the configuration that cover nothing, a line each: a mistyped one would never be noticed."""
    return "".join(
        f"豁免没有对应的问题 / this waiver covers nothing: {one.organisation} {one.rule} {one.year or ''}\n"
        for one in result.useless
    )


def noted(result: CycleResult) -> str:
    """What is no finding and still good to know, a line each: runs that were killed, reports that moved."""
    killed = "上次运行被强行结束，不计 / an earlier run was killed and does not count"
    moved = "年报换了地址 / the report moved"
    lines = [f"{killed}: {one}\n" for one in result.killed]
    lines += [f"{moved}: {one.organisation} {one.year}: {safe(one.before)} → {safe(one.now)}\n" for one in result.moved]
    return "".join(lines)


def undelivered(result: CycleResult) -> str:
    """Where the reasons stand why messages did not arrive, and what sends them again."""
    if not (result.tally.waiting or result.tally.dead):
        return ""
    return (
        "有消息未送达，留在发件箱；原因见 nianshen alerts list，修复后 nianshen alerts retry --all / not all messages "
        "arrived, they stay in the outbox; nianshen alerts list says why, nianshen alerts retry --all once mended\n"
    )


def replayed(again: Replay) -> str:
    """What a replay came to: every difference, then whether it is the same."""
    read_whole = sum(bool(portal["complete"]) for portal in again.portals)
    zh, en = ("相同", "the same") if not again.differences else ("不同", "different")
    if not again.judged:
        zh = f"{zh}（此后还有运行，或配置已变：未重新判定状态）"
        en = f"{en} (later runs followed, or the configuration changed: standing not judged again)"
    lines = [f"{safe(zh if zh == en else f'{zh} / {en}')}\n" for zh, en in again.differences]
    lines += [
        f"重放 {again.run_id}（{again.year} 年度）：门户 {read_whole}/{len(again.portals)} 读全，"
        f"文件 {again.documents} 份；结果{zh}\n",
        f"replay of {again.run_id} ({again.year}): {read_whole} of {len(again.portals)} portals read whole, "
        f"{again.documents} documents; {en}\n",
    ]
    return "".join(lines)


def summary(result: CycleResult) -> str:
    """What the run did, in two lines."""
    read_whole = sum(bool(portal["complete"]) for portal in result.portals)
    tally = result.tally
    return (
        f"{result.year} 年度：门户 {read_whole}/{len(result.portals)} 读全，未能核查 {len(result.unknown)} 家，"
        f"问题 {len(result.findings)} 项；消息已送达 {tally.sent}，等待 {tally.waiting}，失败 {tally.dead}\n"
        f"{result.year}: {read_whole} of {len(result.portals)} portals read whole, "
        f"{len(result.unknown)} organisations not verified, "
        f"{len(result.findings)} findings; messages sent {tally.sent}, waiting {tally.waiting}, dead {tally.dead}\n"
    )

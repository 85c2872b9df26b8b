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
from nianshen.cli.status import instant
from nianshen.config import load
from nianshen.cycle import CycleResult
from nianshen.cycle import run as run_cycle
from nianshen.errors import Exit, gravest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", help="采集、审核、告警一次 / crawl, audit and alert once")(run)


def run(
    config: ConfigOption = DEFAULT,
    year: Annotated[int | None, typer.Option(help="报告年度，默认上一年 / reported year, by default last year")] = None,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="从哪一级起退出码为 1 / exit 1 from this severity on")] = FailOn.NEVER,
) -> None:
    """Run one cycle and say what came of it; see CONTRACT section 4 for the exit codes."""
    settings = load(config, os.environ)
    moment = instant(now, settings)
    chosen = year or moment.astimezone(zone(settings.site.timezone)).year - 1
    with _interruptible(), told() as progress:
        result = run_cycle(settings, year=chosen, now=moment, progress=progress)
    sys.stderr.write(unread(result) + useless(result) + noted(result))
    sys.stdout.write(summary(result))
    codes = set(result.codes)
    ranks = [Severity(finding.severity).rank for finding in result.findings]
    if fail_on is not FailOn.NEVER and max(ranks, default=0) >= Severity(fail_on.value).rank:
        codes.add(Exit.FINDINGS)
    raise typer.Exit(gravest(codes))


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

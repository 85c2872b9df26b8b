"""``nianshen schedule``: what runs when, what became of it, and a job started by hand."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any

import typer

from nianshen.calendar import zone
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, render, safe
from nianshen.config import Config, load
from nianshen.config.problems import did_you_mean
from nianshen.errors import UsageError
from nianshen.schedule import LEASE, jobs_of
from nianshen.store import JobRun, open_store
from nianshen.store.backups import PG_DUMP

SCHEMA = "nianshen.schedule/1"
COLUMNS = {
    "job": "任务",
    "cron": "时间",
    "next": "下次",
    "slot": "上次",
    "state": "状态",
    "late": "补跑",
    "tries": "次数",
    "said": "结果",
}
NEXT_COLUMNS = {"start": "时间", "job": "任务", "run": "内容"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="查看计划、手动触发 / the schedule, and jobs by hand", no_args_is_help=True)
    group.command("list", help="每个任务的时间和上次结果 / every job and how it last ended")(list_jobs)
    group.command("next", help="接下来的运行时间 / what comes next")(next_starts)
    group.command("trigger", help="立即运行一个任务 / run a job now")(trigger)
    app.add_typer(group, name="schedule")


def list_jobs(
    config: ConfigOption = DEFAULT,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print every job with its next time and its last slot, and whether a watcher is at work (on stderr)."""
    settings = load(config, os.environ)
    local, now = zone(settings.site.timezone), datetime.now(UTC)
    store = open_store(settings.database_url)
    try:
        last = {job.id: next(iter(store.jobs.list(1, job.id)), None) for job in settings.jobs}
        held = store.leases.get(LEASE)
    finally:
        store.close()
    watched = held is not None and held.until > now
    coming = {job.id: next(iter(job.next_slots(now, 1)), None) for job in jobs_of(settings)}
    rows = [
        {
            "job": one.id,
            "cron": one.cron,
            "next": _text(coming[one.id], local),
            **_last(last[one.id], local),
        }
        for one in settings.jobs
    ]
    answer = {"schema": SCHEMA, "watched": watched, "watcher": held.owner if held and watched else None, "jobs": rows}
    sys.stdout.write(render(output, document=answer, columns=COLUMNS, rows=rows))
    if not watched:
        sys.stderr.write("没有 nianshen watch 在运行 / no nianshen watch is running\n")
    if settings.on_postgresql:
        sys.stderr.write(" / ".join(PG_DUMP) + "\n")


def next_starts(
    config: ConfigOption = DEFAULT,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="几次 / how many")] = 10,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print the next starts of all jobs, soonest first, in the time of the site."""
    settings = load(config, os.environ)
    now, local = datetime.now(UTC), zone(settings.site.timezone)
    starts = sorted(
        (job.start(slot.astimezone(UTC)), job.id, job.run)
        for job in jobs_of(settings)
        for slot in job.next_slots(now, count)
    )
    rows = [{"start": _text(start, local), "job": name, "run": run} for start, name, run in starts[:count]]
    sys.stdout.write(render(output, document={"schema": SCHEMA, "next": rows}, columns=NEXT_COLUMNS, rows=rows))


def trigger(
    job: Annotated[str, typer.Argument(metavar="JOB", help="任务编号 / id of the job")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Write a slot for this moment; the watcher starts it within a second. Exit 2 for an unknown job."""
    settings = load(config, os.environ)
    _known(settings, job)
    now = datetime.now(UTC)
    store = open_store(settings.database_url)
    try:
        store.jobs.record(job, now, state="due", late=False, due=now)
        held = store.leases.get(LEASE)
    finally:
        store.close()
    typer.echo(f"已排入 / queued: {job}")
    if held is None or held.until <= now:
        typer.echo(
            "没有 nianshen watch 在运行，启动后才会执行 / no nianshen watch is running: it starts with one", err=True
        )


def _known(settings: Config, job: str) -> None:
    ids = [one.id for one in settings.jobs]
    if job not in ids:
        hint = did_you_mean(job, ids)
        raise UsageError(f"没有任务 {safe(job)}{hint}", f"no such job: {safe(job)}; there are {', '.join(ids)}")


def _last(run: JobRun | None, local: tzinfo) -> dict[str, Any]:
    if run is None:
        return dict.fromkeys(("slot", "state", "late", "tries", "said"))
    return {
        "slot": _text(run.slot, local),
        "state": run.state,
        "late": run.late,
        "tries": run.tries,
        "said": safe(run.said) if run.said else None,
    }


def _text(instant: datetime | None, local: tzinfo) -> str | None:
    return instant.astimezone(local).isoformat(timespec="minutes") if instant else None

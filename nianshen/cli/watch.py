"""``nianshen watch``: cycles on schedule, alerts as they fall due, until told to stop."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.config import Config, load
from nianshen.errors import Exit
from nianshen.overhearing import WORDS, Attempt
from nianshen.schedule import jobs_of
from nianshen.speaking import LogFormat, logger, relay, unhurried
from nianshen.stopping import on_stop
from nianshen.store import open_store
from nianshen.unhurried import Unhurried
from nianshen.watching import Watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", help="按计划运行并发送告警 / run on schedule and send alerts")(watch)


def watch(
    config: ConfigOption = DEFAULT,
    log: Annotated[LogFormat, typer.Option("--log", help="日志格式 / form of the log")] = LogFormat.TEXT,
) -> None:
    """Run until SIGTERM, SIGHUP or Ctrl-C. Messages on their way are finished; a job in work is ended and due again."""
    settings = load(config, os.environ)
    with unhurried(log) as stream:
        ended_well = _watch(settings, config, log, stream)
    raise typer.Exit(Exit.OK if ended_well else Exit.STORAGE)


def _watch(settings: Config, path: Path, log: LogFormat, stream: Unhurried) -> bool:
    lines, for_machines = logger(log, stream), log is LogFormat.JSON

    def say(who: str, said: str, **facts: str) -> None:
        lines.info(said, part=who, **facts)

    def hand_on(job: str, slot: str, line: str) -> str | None:
        if for_machines:
            return relay(line, lines, stream, part=f"job {job}", job=job, slot=slot)
        print(line, file=stream, flush=True)
        return None

    def hear(one: Attempt) -> None:
        lines.info(WORDS[one.outcome], part=f"channel {one.channel}", **one.as_json())

    store = open_store(settings.database_url)
    try:
        watching = Watch(settings, path, store, say, hand_on, hear, for_machines=for_machines)
        on_stop(watching.stop)
        starts = [(slot, job.id) for job in jobs_of(settings) for slot in job.next_slots(datetime.now(UTC), 1)]
        for slot, name in sorted(starts)[:1]:
            say(f"job {name}", f"下次运行 / next start {slot.isoformat(timespec='minutes')}")
        return watching.run()
    finally:
        store.close()

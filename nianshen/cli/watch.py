"""``nianshen watch``: cycles on schedule, alerts as they fall due, until told to stop."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.config import load
from nianshen.errors import Exit
from nianshen.overhearing import WORDS, Attempt
from nianshen.schedule import jobs_of
from nianshen.speaking import LogFormat, logger, relay
from nianshen.store import open_store
from nianshen.watching import Watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", help="按计划运行并发送告警 / run on schedule and send alerts")(watch)


def watch(
    config: ConfigOption = DEFAULT,
    log: Annotated[LogFormat, typer.Option("--log", help="日志格式 / form of the log")] = LogFormat.TEXT,
) -> None:
    """Run until SIGTERM or Ctrl-C. Messages on their way are finished; a job in work is ended and due again."""
    settings = load(config, os.environ)
    lines = logger(log)

    def say(who: str, said: str) -> None:
        with suppress(OSError):  # a full disk, or a reader of the log that went away, must not stop the work
            lines.info(said, part=who)

    def hand_on(job: str, slot: str, line: str) -> None:
        with suppress(OSError):
            relay(line, lines, part=f"job {job}", job=job, slot=slot)

    def hear(one: Attempt) -> None:
        with suppress(OSError):
            lines.info(WORDS[one.outcome], part=f"channel {one.channel}", **one.as_json())

    store = open_store(settings.database_url)
    try:
        watching = Watch(settings, config, store, say, hand_on if log is LogFormat.JSON else None, hear)

        def end(_number: int, _frame: FrameType | None) -> None:
            watching.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        starts = [(slot, job.id) for job in jobs_of(settings) for slot in job.next_slots(datetime.now(UTC), 1)]
        for slot, name in sorted(starts)[:1]:
            say(f"job {name}", f"下次运行 / next start {slot.isoformat(timespec='minutes')}")
        ended_well = watching.run()
    finally:
        store.close()
    raise typer.Exit(Exit.OK if ended_well else Exit.STORAGE)

"""``nianshen watch``: cycles on schedule, alerts as they fall due, until told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import UTC, datetime
from random import Random
from types import FrameType

import typer

from nianshen.calendar import zone
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import explain
from nianshen.cli.run import summary, unread
from nianshen.config import load
from nianshen.cycle import run as run_cycle
from nianshen.errors import Exit, NianshenError
from nianshen.schedule import next_starts, timer
from nianshen.store import open_store
from nianshen.telling import dispatcher


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", help="按计划运行并发送告警 / run on schedule and send alerts")(watch)


def watch(config: ConfigOption = DEFAULT) -> None:
    """Run until SIGTERM or Ctrl-C; what is under way is finished first."""
    settings = load(config, os.environ)
    stop = threading.Event()

    def cycle() -> None:
        now = datetime.now(UTC)
        year = now.astimezone(zone(settings.site.timezone)).year - 1
        result = run_cycle(settings, year=year, now=now, progress=lambda _: None)
        sys.stderr.write(unread(result) + summary(result))

    def complain(job: str, error: BaseException | None) -> None:
        said = explain(error) if isinstance(error, NianshenError) else type(error).__name__ if error else "missed"
        sys.stderr.write(f"计划 / job {job}: {said}\n")

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    store = open_store(settings.database_url)
    try:
        with dispatcher(store, settings, Random()) as sender:  # noqa: S311 - jitter of retries
            # Without channels there are no lanes to wait for.
            send = sender.run_until_stopped if settings.channels else stop.wait
            lanes = threading.Thread(target=send, name="dispatcher")
            scheduler = timer(settings, cycle, complain)
            scheduler.start()
            lanes.start()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, end)
            for job, start in next_starts(scheduler):
                sys.stderr.write(f"下次运行 / next run {job}: {start.isoformat(timespec='minutes')}\n")
            while lanes.is_alive() and not stop.wait(1):
                pass
            sender.stop()
            scheduler.shutdown(wait=True)
            lanes.join()
    finally:
        store.close()
    raise typer.Exit(Exit.OK if stop.is_set() else Exit.STORAGE)

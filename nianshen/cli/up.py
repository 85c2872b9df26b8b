"""``nianshen up``: every long-running part as a process of its own, started anew when it dies."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.config import load
from nianshen.speaking import LogFormat, logger, unhurried
from nianshen.stopping import on_stop
from nianshen.supervising import Supervisor

PARTS = ("watch",)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up", help="启动并看护全部常驻进程 / run and supervise everything")(up)


def up(
    config: ConfigOption = DEFAULT,
    log: Annotated[LogFormat, typer.Option("--log", help="日志格式 / form of the log")] = LogFormat.TEXT,
) -> None:
    """Run until SIGTERM, SIGHUP or Ctrl-C. The configuration is checked first: a mistake must not die for ever."""
    load(config, os.environ)
    stop = threading.Event()
    on_stop(stop.set)
    options = ["--config", str(config), "--log", log.value]
    commands = {part: [sys.executable, "-m", "nianshen", part, *options] for part in PARTS}
    with unhurried(log) as stream:
        lines = logger(log, stream)
        Supervisor(commands, lambda text: lines.info(text, part="up")).run(stop)

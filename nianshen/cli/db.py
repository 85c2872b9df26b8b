"""``nianshen db``: keep the database well."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import safe
from nianshen.config import load
from nianshen.store import backup, upgrade


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="升级、备份数据库 / upgrade and back up the database", no_args_is_help=True)
    group.command("upgrade", help="升级到本版本的结构 / bring the tables to this version")(run_upgrade)
    group.command("backup", help="备份 SQLite 数据库 / copy a SQLite database while in use")(run_backup)
    app.add_typer(group, name="db")


def run_upgrade(config: ConfigOption = DEFAULT) -> None:
    """Make or upgrade the tables: all of it or nothing."""
    revision = upgrade(load(config, os.environ).database_url)
    typer.echo(f"数据库结构版本 / the database is at revision {revision}")


def run_backup(
    config: ConfigOption = DEFAULT,
    to: Annotated[
        Path | None, typer.Option("--to", help="备份文件，默认当前目录下带时间的文件名 / by default a dated file here")
    ] = None,
) -> None:
    """Write a consistent copy; a PostgreSQL database is backed up by pg_dump."""
    target = to or Path(f"nianshen-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite3")
    written = backup(load(config, os.environ).database_url, target)
    typer.echo(f"已备份 / backed up: {safe(str(written))}")

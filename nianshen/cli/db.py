"""``nianshen db``: keep the database well."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import safe
from nianshen.config import Config, load
from nianshen.errors import StorageError, UsageError
from nianshen.store import backup, backups, open_store, upgrade
from nianshen.telling import tell_everybody


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
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="写入 storage.backup 的目录，只留最近几份 / into that folder, keep the latest"),
    ] = False,
) -> None:
    """Write a consistent, checked copy; a PostgreSQL database is backed up by pg_dump.

    With --rotate, as the schedule calls it, everybody on a route is told if it fails.
    """
    settings, now = load(config, os.environ), datetime.now(UTC)
    if not rotate:
        written = backup(settings.database_url, to or Path(backups.name(now)))
    elif to is not None:
        raise UsageError("--to 和 --rotate 二者取一", "give --to or --rotate, one of the two")
    else:
        written = _rotated(settings, now)
    typer.echo(f"已备份 / backed up: {safe(str(written))}")


def _rotated(settings: Config, now: datetime) -> Path:
    wanted = settings.storage.backup
    try:
        return backups.rotate(settings.database_url, wanted.directory, wanted.keep, now)
    except StorageError as error:
        if not settings.on_postgresql:
            with suppress(StorageError):  # what keeps the copy from being made may keep the alert from it too
                _tell(settings, now, error)
        raise


def _tell(settings: Config, now: datetime, error: StorageError) -> None:
    store = open_store(settings.database_url, create=False)
    try:
        with store.transaction() as unit:
            tell_everybody(
                unit,
                settings,
                now,
                "backup_failed",
                {"zh": "数据库备份失败", "en": "the database was not backed up"},
                {"zh": error.zh, "en": error.en},
            )
    finally:
        store.close()

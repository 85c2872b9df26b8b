"""Copies of a SQLite database: whole, proven readable, and no more of them than are wanted."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nianshen.errors import StorageError
from nianshen.store.database import parse, sqlite_path
from nianshen.store.schema import connect

_NAME: Final = re.compile(r"nianshen-\d{8}T\d{6}Z\.sqlite3")
_PARTIAL: Final = re.compile(r"\.nianshen-\d{8}T\d{6}Z\.sqlite3\.\d+\.partial(-journal|-wal|-shm)?")
PG_DUMP: Final = (
    "PostgreSQL 请用 pg_dump --format=custom 自行备份，nianshen 不代劳",
    "back PostgreSQL up yourself by pg_dump --format=custom: nianshen does not",
)


def name(now: datetime) -> str:
    """What a copy made at ``now`` (aware) is called."""
    return f"nianshen-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.sqlite3"


def backup(url: str, target: Path) -> Path:
    """A consistent copy of a SQLite database while it is in use; ``target`` appears whole and checked or not at all.

    Raises ``StorageError`` if the target exists, cannot be written, if the copy does not pass SQLite's own check of
    its integrity, or if the database is PostgreSQL's (use pg_dump).
    """
    source = sqlite_path(parse(url))
    if source is None:
        raise StorageError(*PG_DUMP)
    connect(url, create=False).close()
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        if target.exists():
            raise StorageError(f"备份文件已存在：{target}", f"the backup exists already: {target}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(partial)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, that may be copied by anything
            found = str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if found != "ok":
            raise StorageError(
                f"备份未通过完整性检查，数据库可能已损坏：{found}（{source}）",
                f"the copy does not pass its check, the database may be damaged: {found} ({source})",
            )
        _keep(partial)
        partial.replace(target)
        _keep(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"备份失败：{error}（{target}）", f"backup failed: {error} ({target})") from error
    finally:
        with suppress(OSError):  # what went wrong before is what matters; the next rotation sweeps it
            partial.unlink(missing_ok=True)
    return target


def rotate(url: str, directory: Path, keep: int, now: datetime) -> Path:
    """Make a copy in a folder, then drop all but the latest ``keep`` copies and what a killed backup left there.

    Nothing that is called otherwise is touched, and nothing is dropped unless the new copy stands. Raises
    ``StorageError``.
    """
    made = backup(url, directory / name(now))
    try:
        copies = sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))
        rests = [path for path in directory.iterdir() if _PARTIAL.fullmatch(path.name)]
        for path in (*copies[:-keep], *rests):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"旧备份删不掉：{error}（{directory}）", f"old backups cannot be dropped: {error} ({directory})"
        ) from error
    return made


def _keep(path: Path) -> None:
    """Put a file, or the names of a folder, on the disk for good."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

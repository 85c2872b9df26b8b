"""One way into the database: connections, short transactions, and errors a person can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from nianshen.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

BUSY_TIMEOUT_MS = 30_000
WRITES = "nianshen_writes"


class Access(Protocol):
    """What the queries of a noun need: a connection to read by, a transaction to write in."""

    def read(self) -> AbstractContextManager[Connection]: ...

    def write(self) -> AbstractContextManager[Connection]: ...


class Database:
    """An engine whose every use is one short transaction and whose failures are ``StorageError``."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(**{WRITES: True})

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing done in it lasts."""
        with translated(self.url), self.engine.connect() as connection, connection.begin() as transaction:
            try:
                yield connection
            finally:
                if transaction.is_active:
                    transaction.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it is stored or nothing. SQLite takes the write lock at once."""
        with translated(self.url), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


class Bound:
    """Access inside a transaction somebody else opened; commits nothing itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        yield self._connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        yield self._connection


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what happens to a row with its key that is there already."""
    if connection.dialect.name != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - half of the databases never need it

    return postgresql.insert(table)


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was inserted. Safe among any number of processes."""
    added = upsert(connection, table).values(values).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).one_or_none() is not None


def parse(url: str) -> URL:
    """The database address; a bare ``postgresql://`` means psycopg 3. Raises ``StorageError``."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError(
            "storage.database 不是有效的数据库地址", "storage.database is not a database address"
        ) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StorageError(
            f"不支持的数据库类型 {parsed.drivername}，请使用 SQLite 或 PostgreSQL",
            f"unsupported database {parsed.drivername}: use SQLite or PostgreSQL",
        )
    return parsed


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database, None for PostgreSQL or a database in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turns every driver error into a ``StorageError`` that names the database and what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        zh, en = explain(error)
        place = place_of(url)
        raise StorageError(f"{zh}（{place}）", f"{en} ({place})") from error


def place_of(url: URL) -> str:
    """The database as it may be shown: a path, or the address without its password."""
    path = sqlite_path(url)
    return str(path) if path else url.render_as_string(hide_password=True)


_SIGNS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("database or disk is full", "no space left"),
        "磁盘或数据库已满，本次写入已全部撤销；请腾出空间后重试",
        "the disk or database is full, nothing of this write was kept; free some space and try again",
    ),
    (
        ("file is not a database", "malformed", "file is encrypted"),
        "数据库文件已损坏或不是数据库；请从备份恢复",
        "the database file is damaged or no database; restore a backup",
    ),
    (
        ("database is locked", "database table is locked", "lock timeout", "lock_timeout"),
        "数据库被其他进程占用，等待超时；请稍后重试",
        "the database is locked by another process; try again later",
    ),
    (
        ("readonly database", "read-only", "permission denied"),
        "数据库不可写；请检查文件和目录的权限",
        "the database cannot be written; check the permissions of the file and its folder",
    ),
    (
        ("unable to open database file",),
        "无法打开数据库文件；请检查路径和权限",
        "the database file cannot be opened; check its path and permissions",
    ),
    (
        ("disk i/o error",),
        "读写数据库时磁盘出错；请检查磁盘",
        "the disk failed while the database was read or written; check the disk",
    ),
    (
        ("connection refused", "connection failed", "could not connect", "closed the connection"),
        "连接不上数据库服务器；请确认它在运行、地址正确",
        "the database server does not answer; check that it runs and that the address is right",
    ),
    (
        ("password authentication failed", "no password supplied"),
        "数据库拒绝了登录；请检查用户名和口令",
        "the database refused the login; check user name and password",
    ),
    (
        ("no such table", "no such column", "undefinedtable", "undefinedcolumn"),
        "数据库结构与本版本不符；请运行 nianshen db upgrade",
        "the database does not have the tables of this version; run nianshen db upgrade",
    ),
)


def explain(error: SQLAlchemyError) -> tuple[str, str]:
    """Cause and next step, Chinese and English. The statement and its values are never shown."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = f"{type(cause).__name__} {cause}".casefold()
    for signs, zh, en in _SIGNS:
        if any(sign in text for sign in signs):
            return zh, en
    if isinstance(error, NoSuchModuleError):
        return "缺少该数据库的驱动程序", "the driver of this database is not installed"
    first_line = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    return f"数据库出错：{first_line}", f"database error: {first_line}"


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, json_serializer=_json, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(url, json_serializer=_json, pool_pre_ping=True)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise StorageError(
            f"无法使用数据库 {place_of(url)}：缺少驱动程序，请安装 nianshen[postgresql]",
            f"cannot use the database {place_of(url)}: its driver is missing, install nianshen[postgresql]",
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins late and deferred; transactions are begun in _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns into a writer fails at once when another one wrote meanwhile,
    # without waiting for busy_timeout; a writer therefore takes the lock when it begins.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _json(value: object) -> str:
    # Chinese stays readable; lone surrogates out of broken pages cannot be stored as UTF-8.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()

"""The version of the database: made fresh, checked, brought up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from nianshen.errors import StorageError
from nianshen.store.database import Database, parse, place_of, sqlite_path
from nianshen.store.tables import SCHEMA_REVISION

MIGRATIONS = Path(__file__).with_name("migrations")
_UPGRADE_LOCK = 0x6E69616E  # any number known to nobody else: one process at a time makes or changes the tables


def ready(url: str, *, create: bool) -> Database:
    """A database whose tables are those of this version. Raises ``StorageError``."""
    database = connect(url, create=create)
    with database.read() as connection:
        revision = _revision(connection)
    if revision is None and create:
        with database.write() as connection:
            _migrate(connection)
    elif revision != SCHEMA_REVISION:
        raise _unfit(place_of(database.url), revision)
    return database


def upgrade(url: str) -> str:
    """Brings the tables to this version, making them if there are none; returns the revision reached."""
    database = connect(url, create=True)
    try:
        with database.write() as connection:
            revision = _revision(connection)
            if revision is not None and revision > SCHEMA_REVISION:
                raise _unfit(place_of(database.url), revision)
            _migrate(connection)
    finally:
        database.close()
    return SCHEMA_REVISION


def connect(url: str, *, create: bool) -> Database:
    """The database as it is, whatever its tables. Raises ``StorageError`` if there is none and none is to be made."""
    parsed = parse(url)
    path = sqlite_path(parsed)
    if path is not None:
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            exists = path.exists()
        except OSError as error:
            raise StorageError(
                f"无法在此处建立数据库：{path}（{error.strerror}）",
                f"no database can be made here: {path} ({error.strerror})",
            ) from error
        if not exists and not create:
            raise StorageError(
                f"还没有数据库：{path}；请先运行 nianshen run", f"no database yet: {path}; run nianshen run first"
            )
    return Database(parsed)


def _revision(connection: Connection) -> str | None:
    """The revision of the tables, None in an empty database. Tables of somebody else are refused."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    if "alembic_version" not in names:
        raise StorageError(
            f"数据库中有其他程序的表：{place_of(connection.engine.url)}",
            f"the database holds the tables of another program: {place_of(connection.engine.url)}",
        )
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _unfit(place: str, revision: str | None) -> StorageError:
    if revision is not None and revision > SCHEMA_REVISION:
        return StorageError(
            f"数据库 {place} 由更新的版本建立（{revision} > {SCHEMA_REVISION}）；"
            "请升级 nianshen，再运行 nianshen db upgrade",
            f"database {place} was made by a newer version ({revision} > {SCHEMA_REVISION}): "
            "upgrade nianshen itself, then run nianshen db upgrade",
        )
    return StorageError(
        f"数据库 {place} 的结构较旧（{revision or '空'} < {SCHEMA_REVISION}）；请运行 nianshen db upgrade",
        f"database {place} is of an older version ({revision or 'empty'} < {SCHEMA_REVISION}): run nianshen db upgrade",
    )


def _migrate(connection: Connection) -> None:
    # Imported here: Alembic costs a fifth of a second that no ordinary command should pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

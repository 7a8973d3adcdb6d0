"""Engines and sessions on a database URL."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.config import get_settings
from badapple.database.patience import patiently
from badapple.database.postgres import NAMES, connect
from badapple.database.schema import require, upgrade
from badapple.errors import ConfigError, DiskError

if TYPE_CHECKING:
    from collections.abc import Generator
    from sqlite3 import Connection

_BUSY_MS = 30_000
_OPENING = 5.0  #: seconds for which a Postgres that is restarting is waited for


def _tune_sqlite(connection: Connection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


@lru_cache(maxsize=8)
def open_database(url: str) -> Engine:
    """Return the engine of a database whose tables are up to date: a SQLite file is migrated, Postgres must be.

    Raises:
        ConfigError: the URL is none, the database cannot be reached, or it is Postgres and behind this release.
        DiskError: the folder of the SQLite file cannot be written.
    """
    engine = make_engine(url)
    with saying(engine):
        if engine.dialect.name == "sqlite" and engine.url.database:
            # Two first runs at once would both make the tables.
            with FileLock(f"{engine.url.database}.lock"):
                upgrade(engine)
        elif engine.dialect.name == "postgresql":
            patiently(lambda: require(engine), _OPENING)
        else:
            upgrade(engine)
    return engine


def make_engine(url: str) -> Engine:
    """Return the engine of a database without looking at its tables.

    Raises:
        ConfigError: the URL is none, or the database's driver is not installed.
        DiskError: the folder of the SQLite file cannot be made.
    """
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
        if name in NAMES:
            return connect(parsed)
        if name == "sqlite" and parsed.database:
            _make_folder(Path(parsed.database).parent)
        engine = create_engine(parsed)
    except ArgumentError as error:
        raise ConfigError("BADAPPLE_DATABASE_URL is not a database URL") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
    return engine


@contextlib.contextmanager
def saying(engine: Engine) -> Generator[None, None, None]:
    """Turn the errors of a database that cannot be used into one that names it, without its password.

    Raises:
        ConfigError: any error of the database.
    """
    try:
        yield
    except ConfigError:
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        shown = engine.url.render_as_string(hide_password=True)
        raise ConfigError(f"the database {shown} cannot be used: {getattr(error, 'orig', None) or error}") from error


@contextlib.contextmanager
def writing(engine: Engine) -> Generator[Session, None, None]:
    """Yield a session in one durable transaction that may read and then write what it read.

    On SQLite it holds the write lock from its first moment, so that no other writer comes between, and its commit is on
    the disk when it returns.
    """
    with Session(engine) as session:
        if engine.dialect.name == "sqlite":
            connection = session.connection()
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield session
        session.commit()


def get_db() -> Generator[Session, None, None]:
    """Yield a session on the configured database; `next(get_db())` may be kept and used.

    A closed SQLAlchemy session begins anew when it is used, so the generator's end does it no harm.
    """
    with Session(open_database(get_settings().database_url)) as session:
        yield session


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(
            f"the data folder {folder} cannot be made: {error.strerror}",
            hint="set BADAPPLE_DATA_DIR to a folder that can be written",
        ) from error

"""Postgres: how it is reached, and what is set on every connection.

Our tables live in a schema of their own, which is all that a connection sees: a database may be shared with others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from psycopg import Connection
    from sqlalchemy import URL, Engine

__all__ = ["NAMES", "SCHEMA", "connect"]

SCHEMA = "badapple"  #: where our tables are
NAMES = frozenset({"postgres", "postgresql"})  #: what a URL of Postgres starts with

# A connection whose other end is gone without a word is given up after about half a minute.
_REACHING = {
    "application_name": "badapple",
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# A stopped process may hold a row: its transaction ends before those who wait for the row give up.
_SETTINGS = {
    "search_path": SCHEMA,
    "statement_timeout": "60s",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "20s",
}

_SET_ALL = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS settings (name, value)"


def connect(url: URL) -> Engine:
    """Return the engine of a Postgres database; it is reached when it is used first.

    Raises:
        ConfigError: psycopg is not installed.
    """
    try:
        import psycopg  # noqa: F401, PLC0415 - only who uses Postgres has it
    except ImportError as error:
        raise ConfigError("a Postgres database needs psycopg", hint="pip install 'badapple[postgres]'") from error
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=12,  # what goes over it is closed after each use, and a new connection is dear
        max_overflow=3,
        pool_use_lifo=True,
        pool_recycle=1800,
        connect_args={name: value for name, value in _REACHING.items() if name not in url.query},
    )
    # Before all else: SQLAlchemy asks a first connection which schema is its own.
    event.listen(engine, "connect", _set, insert=True)
    return engine


def _set(connection: Connection, _record: object) -> None:
    # Outside a transaction, or the settings would end with the first rollback.
    before, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:  # in one go: a new connection is dear enough
        cursor.execute(_SET_ALL, (list(_SETTINGS), list(_SETTINGS.values())))
    connection.autocommit = before

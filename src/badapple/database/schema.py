"""Brings the tables of a database up to date with Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from badapple.database import doors as _doors  # noqa: F401 - tables that `Base.metadata` shall know
from badapple.database.postgres import SCHEMA
from badapple.database.tables import Base
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["HEAD", "SQLITE_TABLES", "current", "migrate", "require", "run_migrations", "upgrade"]

HEAD = "0006"  #: the newest revision in `migrations/versions`
#: What those revisions make of an empty SQLite file: a tenth of the time, as Alembic is not imported.
#: `just sqlite-tables` writes it; a test compares.
SQLITE_TABLES = Path(__file__).with_name("migrations") / "sqlite.sql"


def current(connection: Connection) -> str | None:
    """Return the revision a database is at, or None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require(engine: Engine) -> None:
    """Refuse a database that is older than this release; one that a newer release has migrated is fine.

    Raises:
        ConfigError: it is behind, or has no tables yet.
    """
    with engine.connect() as connection:
        at = current(connection)
    if at is None or at < HEAD:
        state = "has no tables of badapple's yet" if at is None else f"is at revision {at}"
        raise ConfigError(
            f"the database {state}, this release needs {HEAD}: run `badapple db upgrade`",
            hint="workers of the last release keep running while it is upgraded and after",
        )


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring a Postgres database to HEAD, all or nothing; two at once wait for each other.

    Returns:
        The revision that it was at, None before the first, and the one that it is at now.
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('badapple'), hashtext('upgrade'))"))
        # Workers go on meanwhile: a table that is not free soon is better left alone than waited for by all.
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        before = current(connection)
        if before is None or before < HEAD:
            run_migrations(connection)
        return before, current(connection) or HEAD


def upgrade(engine: Engine) -> None:
    """Migrate to HEAD, all or nothing; does nothing where it is there already.

    A database whose tables were made by `Base.metadata.create_all` gets the missing ones and no version stamp.
    """
    with engine.begin() as connection:
        at = current(connection)
        if at is not None and at >= HEAD:
            return
        # Python's driver begins no transaction of its own before a table is made or changed: whoever is killed in the
        # middle would leave half of a release's tables behind.
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0:
                for statement in SQLITE_TABLES.read_text(encoding="utf-8").split(";\n"):
                    connection.exec_driver_sql(statement)
                return
        if at is None and inspect(connection).has_table("jobs"):
            Base.metadata.create_all(connection)
            return
        run_migrations(connection)


def run_migrations(connection: Connection, revision: str = "head") -> None:
    """Run what a database has not seen yet of the revisions up to one, inside the caller's transaction."""
    # Alembic is imported here: it takes longer than every other start-up step, and is needed once per release.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)

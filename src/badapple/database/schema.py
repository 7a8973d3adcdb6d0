"""Brings the tables of a database up to date with Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from badapple.database.tables import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["HEAD", "current", "upgrade"]

HEAD = "0003"  #: the newest revision in `migrations/versions`


def current(connection: Connection) -> str | None:
    """Return the revision a database is at, or None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(engine: Engine) -> None:
    """Migrate to HEAD; does nothing where the database is there already.

    A database whose tables were made by `Base.metadata.create_all` gets the missing ones and no version stamp.
    """
    with engine.begin() as connection:
        at = current(connection)
        if at == HEAD:
            return
        if at is None and inspect(connection).has_table("jobs"):
            Base.metadata.create_all(connection)
            return
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    # Alembic is imported here: it takes longer than every other start-up step, and is needed once per release.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

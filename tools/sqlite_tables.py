"""Writes what the migrations make of an empty SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine

from badapple.database import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


def statements(connection: Connection) -> Iterator[str]:
    """Yield what makes the tables of a database, in the order they were made in, and their revision."""
    asked = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    for (words,) in connection.exec_driver_sql(asked).all():
        yield "\n".join(line.rstrip() for line in words.splitlines() if line.strip())
    yield f"INSERT INTO alembic_version VALUES ('{schema.current(connection)}')"  # noqa: S608 - the number of a revision of ours


def main() -> None:
    """Write the file."""
    with create_engine("sqlite://").begin() as connection:
        schema.run_migrations(connection)
        schema.SQLITE_TABLES.write_text(";\n".join(statements(connection)) + "\n", encoding="utf-8")
    print(schema.SQLITE_TABLES)


if __name__ == "__main__":
    main()

"""Rows that may be there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.database.tables import Base

__all__ = ["ensure"]


def ensure(session: Session, table: type[Base], **values: object) -> None:
    """Insert a row unless one with its primary key is there.

    Two processes may do so at once. On SQLite the transaction holds the write lock from here on, even where the row was
    there, so that whatever it reads next stays true until it ends.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
    else:
        session.execute(postgresql.insert(table).values(**values).on_conflict_do_nothing())

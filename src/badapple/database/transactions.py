"""Short transactions that outlast a database that restarts.

A transaction that was cut off is done again from its start. Whether the commit of the last try happened cannot be seen
from a connection that broke, so a transaction that must happen once leaves a mark of its own, committed with it: the
next try waits for the last one to end, and does nothing where the mark is there.
"""

from __future__ import annotations

import uuid
from datetime import datetime  # noqa: TC003 - SQLAlchemy reads it at run time
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import DateTime, Index, String, delete, func, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, Session, mapped_column

from badapple.database.connection import writing
from badapple.database.patience import patiently
from badapple.database.tables import Base

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

__all__ = ["PATIENCE", "Mark", "again", "forget_marks", "once"]

T = TypeVar("T")
PATIENCE = 60.0  #: seconds for which a transaction is tried


class Mark(Base):
    """A transaction that was committed; Postgres only."""

    __tablename__ = "marks"
    __table_args__ = (Index("ix_marks_at", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def once(engine: Engine, work: Callable[[Session], T], *, patience: float = PATIENCE) -> T:
    """Return what the work returns, committed once, however often the connection breaks.

    Args:
        engine: the database.
        work: reads and writes; it may run several times, of which one is committed.
        patience: seconds for which it is tried.

    Raises:
        DBAPIError: the database stayed away; whether the work was committed cannot be told.
    """
    if engine.dialect.name != "postgresql":
        with writing(engine) as session:
            return work(session)
    mark = uuid.uuid4().hex
    results: list[T] = []

    def attempt() -> T:
        with Session(engine) as session, session.begin():
            if not _marked(session, mark):
                return results[-1]  # the last try was committed, and only its answer was lost
            result = work(session)
            session.flush()
            results.append(result)
        return result

    return patiently(attempt, patience)


def again(engine: Engine, work: Callable[[Session], T], *, patience: float = PATIENCE) -> T:
    """Return what the work returns, committed at least once: it does no harm to do it twice.

    Raises:
        DBAPIError: the database stayed away.
    """

    def attempt() -> T:
        with Session(engine) as session, session.begin():
            return work(session)

    return attempt() if engine.dialect.name != "postgresql" else patiently(attempt, patience)


def forget_marks(engine: Engine) -> None:
    """Remove the marks of transactions whose answers nobody waits for any more."""
    if engine.dialect.name == "postgresql":
        old = func.now() - text("INTERVAL '1 hour'")
        with Session(engine) as session, session.begin():
            session.execute(delete(Mark).where(Mark.at < old).execution_options(synchronize_session=False))


def _marked(session: Session, mark: str) -> bool:
    # While the last try is still under way, the insert waits for its end.
    made = session.execute(postgresql.insert(Mark).values(id=mark).on_conflict_do_nothing().returning(Mark.id))
    return made.first() is not None

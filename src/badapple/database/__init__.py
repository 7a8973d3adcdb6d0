"""The database: tables, sessions, migrations."""

from badapple.database.connection import get_db, open_database
from badapple.database.schema import upgrade
from badapple.database.tables import Base, Event, Job, Receipt, Stage

__all__ = ["Base", "Event", "Job", "Receipt", "Stage", "get_db", "open_database", "upgrade"]

"""The database: tables, sessions, migrations."""

from badapple.database.connection import get_db, open_database, writing
from badapple.database.money import Budget, Limit, Slot, Stake
from badapple.database.schema import upgrade
from badapple.database.tables import Base, Call, Event, Job, Receipt, Stage

__all__ = [
    "Base",
    "Budget",
    "Call",
    "Event",
    "Job",
    "Limit",
    "Receipt",
    "Slot",
    "Stage",
    "Stake",
    "get_db",
    "open_database",
    "upgrade",
    "writing",
]

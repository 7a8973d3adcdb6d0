"""The database: tables, sessions, migrations."""

from badapple.database.connection import get_db, open_database, writing
from badapple.database.doors import AuditRow, BrandRow, Credential, Delivery, Idempotency, Part, Upload, Webhook
from badapple.database.money import Budget, Limit, Slot, Stake
from badapple.database.schema import upgrade
from badapple.database.tables import Base, Call, Event, Job, Receipt, Stage
from badapple.database.transactions import Mark, again, once

__all__ = [
    "AuditRow",
    "Base",
    "BrandRow",
    "Budget",
    "Call",
    "Credential",
    "Delivery",
    "Event",
    "Idempotency",
    "Job",
    "Limit",
    "Mark",
    "Part",
    "Receipt",
    "Slot",
    "Stage",
    "Stake",
    "Upload",
    "Webhook",
    "again",
    "get_db",
    "once",
    "open_database",
    "upgrade",
    "writing",
]

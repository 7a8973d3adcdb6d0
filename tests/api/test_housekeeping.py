from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from PIL import Image
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from badapple.access import LOCAL, audit, sessions
from badapple.api.housekeeping import AUDIT_DAYS, CREDENTIAL_DAYS, tidy
from badapple.config import read_settings
from badapple.database import AuditRow, Credential, Upload, open_database
from badapple.database.tables import now
from badapple.jobs import uploads


def test_what_is_over_is_forgotten_and_nothing_else(tmp_path: Path) -> None:
    settings = read_settings(
        {"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")}
    )
    engine = open_database(settings.database_url)
    photo = tmp_path / "bottle.png"
    for shade in (90, 91):
        Image.new("RGB", (200, 300), (shade, 90, 30)).save(photo)
        uploads.take(settings, "local", photo)
        audit.note(engine, LOCAL, "job.create", target=str(shade))
        sessions.ticket(engine, LOCAL)
    long_ago = now() - timedelta(days=max(AUDIT_DAYS, CREDENTIAL_DAYS) + 1)
    with Session(engine) as session, session.begin():
        for table, column in ((Upload, "expires_at"), (AuditRow, "at"), (Credential, "expires_at")):
            first = session.scalars(select(table.id).order_by(table.id)).first()
            session.execute(update(table).where(table.id == first).values({column: long_ago}))
    gone = tidy(settings, engine)
    assert gone == {"answers": 0, "uploads": 1, "files": 0, "credentials": 1, "audit": 1}
    with Session(engine) as session:
        for table in (Upload, AuditRow, Credential):
            assert session.scalar(select(func.count()).select_from(table)) == 1
    assert tidy(settings, engine) == dict.fromkeys(gone, 0)

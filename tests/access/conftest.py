"""A database for keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from badapple.database import Credential, open_database


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'test.db'}")


@pytest.fixture
def any_engine(database_url: str) -> Engine:
    return open_database(database_url)


def change(engine: Engine, credential_id: str, **moments: datetime) -> None:
    """Let time pass for a credential."""
    with Session(engine) as session, session.begin():
        session.execute(update(Credential).where(Credential.id == credential_id).values(**moments))


def id_of(text: str) -> str:
    return text.split("_")[2]

"""Databases for engines: a SQLite file, and a Postgres where it is slower but the real thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from badapple.engine import engine_url, upgrade_engine

if TYPE_CHECKING:
    from tests.servers import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where an engine's tables are."""
    if request.param == "sqlite":
        return engine_url(f"sqlite:///{tmp_path / 'jobs.db'}", tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    url = server.url(server.database(empty=True))
    upgrade_engine(url)
    return engine_url(url, tmp_path)

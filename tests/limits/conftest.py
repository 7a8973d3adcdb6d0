"""A database for limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badapple.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'limits.db'}"


@pytest.fixture
def engine(url: str) -> Engine:
    return open_database(url)

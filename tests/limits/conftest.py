"""A database for limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badapple.database import open_database

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def engine(url: str) -> Engine:
    return open_database(url)

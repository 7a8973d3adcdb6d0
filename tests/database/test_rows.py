"""Rows that may be there already."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from badapple.database import Base
from badapple.database.money import Budget
from badapple.database.rows import ensure

if TYPE_CHECKING:
    from sqlalchemy import Insert


@dataclass(slots=True)
class Elsewhere:
    """A session on a database that is not here; keeps what it is asked to execute."""

    name: str
    asked: list[Insert] = field(default_factory=list)

    def get_bind(self) -> object:
        return SimpleNamespace(dialect=SimpleNamespace(name=self.name))

    def execute(self, statement: Insert) -> None:
        self.asked.append(statement)


def test_a_row_is_made_once_and_left_as_it_is() -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        ensure(session, Budget, scope="a", held=1)
        ensure(session, Budget, scope="a", held=2)
        assert session.get_one(Budget, "a").held == 1
    engine.dispose()


@pytest.mark.parametrize(("name", "kind"), [("sqlite", sqlite.Insert), ("postgresql", postgresql.Insert)])
def test_each_database_is_asked_in_its_own_words(name: str, kind: type[Insert]) -> None:
    session = Elsewhere(name)
    ensure(cast("Session", session), Budget, scope="a", held=1)
    (asked,) = session.asked
    assert isinstance(asked, kind)
    assert str(asked).endswith("ON CONFLICT DO NOTHING")

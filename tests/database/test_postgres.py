"""Postgres: how it is reached, the schema of our own, and how it is upgraded."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.orm import Session

import badapple.database.schema
from badapple.cli.app import run
from badapple.config import get_settings
from badapple.database import Base, Job, open_database
from badapple.database.connection import make_engine
from badapple.database.schema import HEAD, current, migrate
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from tests.servers import Postgres


@pytest.fixture
def empty(postgres: Postgres) -> str:
    """A database without our tables."""
    return postgres.url(postgres.database(empty=True))


@pytest.fixture
def engine(postgres: Postgres) -> Iterator[Engine]:
    engine = open_database(postgres.url(postgres.database()))
    yield engine
    engine.dispose()


def at_revision(url: str, revision: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA badapple"))
        config = Config()
        folder = Path(badapple.database.schema.__file__).with_name("migrations")
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


@pytest.mark.parametrize("form", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_every_form_of_address_is_taken(postgres: Postgres, form: str) -> None:
    engine = open_database(postgres.url("ours").replace("postgresql", form))
    assert engine.dialect.driver == "psycopg"
    with engine.connect() as connection:
        asked = {name: connection.scalar(text(f"SHOW {name}")) for name in ("application_name", "search_path")}
        assert asked == {"application_name": "badapple", "search_path": "badapple"}
        connection.rollback()
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "20s"
    engine.dispose()


def test_what_the_address_says_itself_is_kept(postgres: Postgres) -> None:
    engine = open_database(postgres.url("ours") + "?application_name=mine")
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "mine"
    engine.dispose()


def test_without_psycopg_it_is_said_what_to_install() -> None:
    code = """
import sys
sys.modules["psycopg"] = None
from badapple.database import open_database
from badapple.errors import ConfigError
try:
    open_database("postgres://me:geheimnis@127.0.0.1:1/x")
except ConfigError as error:
    print(error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pip install 'badapple[postgres]'"


def test_a_password_is_in_no_error(postgres: Postgres) -> None:
    with pytest.raises(ConfigError, match="does not exist") as caught:
        open_database(f"postgres://nobody:geheimnis@127.0.0.1:{postgres.port}/ours")
    assert "geheimnis" not in str(caught.value)
    assert "nobody:***@" in str(caught.value)


def test_our_tables_are_in_a_schema_of_our_own_and_others_are_not_touched(empty: str) -> None:
    stranger = create_engine(empty.replace("postgresql", "postgresql+psycopg"))
    with stranger.begin() as others:
        others.execute(text("CREATE TABLE jobs (theirs int)"))
        others.execute(text("CREATE TABLE alembic_version (version_num text)"))
        others.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    stranger.dispose()
    with pytest.raises(ConfigError, match="has no tables"):
        open_database(empty)
    engine = make_engine(empty)
    assert migrate(engine) == (None, HEAD)
    engine.dispose()
    engine = open_database(empty)
    with Session(engine) as session:
        session.add(Job(id="1", product_name="a", style="b"))
        session.commit()
        assert session.scalar(text("SELECT count(*) FROM jobs")) == 1
        assert session.scalar(text("SELECT count(*) FROM public.jobs")) == 0
        assert session.scalar(text("SELECT version_num FROM public.alembic_version")) == "9999"
    look = inspect(engine)
    assert set(Base.metadata.tables) == set(look.get_table_names("badapple")) - {"alembic_version"}
    assert set(look.get_table_names("public")) == {"jobs", "alembic_version"}
    engine.dispose()


def test_migrations_make_exactly_the_models_tables(engine: Engine, empty: str) -> None:
    def shape(engine: Engine) -> dict[str, object]:
        look = inspect(engine)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(name)],
                sorted(str(i["column_names"]) for i in look.get_indexes(name)),
            )
            for name in sorted(Base.metadata.tables)
        }

    created = make_engine(empty)
    with created.begin() as connection:
        connection.execute(text("CREATE SCHEMA badapple"))
        Base.metadata.create_all(connection)
    assert shape(engine) == shape(created)
    created.dispose()


def test_one_that_is_behind_is_refused_and_upgraded_by_the_command(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at_revision(empty, "0002")
    with pytest.raises(ConfigError, match=f"is at revision 0002, this release needs {HEAD}: run `badapple db upgrade`"):
        open_database(empty)
    monkeypatch.setenv("BADAPPLE_DATABASE_URL", empty)
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    monkeypatch.setattr("badapple.config._serving", False)  # put back afterwards
    try:
        assert run(["db", "current", "--json"]) == 0
        assert '"revision": "0002"' in capsys.readouterr().out
        assert run(["db", "upgrade"]) == 0
        assert f"from revision 0002 to {HEAD}" in capsys.readouterr().out
        assert run(["db", "upgrade"]) == 0
        assert "already" in capsys.readouterr().out
    finally:
        get_settings.cache_clear()
    open_database(empty).dispose()


def test_one_that_a_newer_release_upgraded_is_fine(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    url = engine.url.render_as_string(hide_password=False)
    newer = make_engine(url)
    assert migrate(newer) == ("9999", "9999")
    newer.dispose()
    open_database.cache_clear()
    open_database(url).dispose()


@pytest.mark.parametrize("revision", ["0002", "0004"])
def test_a_worker_of_the_last_release_goes_on_after_the_upgrade(empty: str, revision: str) -> None:
    at_revision(empty, revision)
    old = make_engine(empty)
    with old.connect() as connection:
        columns = {table: inspect(connection).get_columns(table) for table in ("jobs", "calls", "receipts", "holders")}
    with old.begin() as connection:  # a transaction before, on a connection that outlives the upgrade
        connection.execute(text("INSERT INTO holders (id, host, beat, seen_at) VALUES ('a', 'h', 1, now())"))
    new = make_engine(empty)
    assert migrate(new) == (revision, HEAD)
    for table, known in columns.items():
        values = {
            "INTEGER": "1",
            "BIGINT": "1",
            "BOOLEAN": "false",
            "JSON": "'{}'",
            "TIMESTAMP": "now()",
            "DOUBLE PRECISION": "0",
        }
        names = ", ".join(f'"{column["name"]}"' for column in known)
        row = ", ".join(values.get(str(column["type"]), "'x'") for column in known)
        with old.begin() as connection:
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({row})"))
    with Session(new) as session:
        job = session.get_one(Job, "x")
        seq = 1 if revision == "0004" else 0  # as it wrote it, where it knows the column
        assert (job.engine, job.seq, job.request, job.closing, job.announced) == (False, seq, {}, False, 0)
    old.dispose()
    new.dispose()


def test_two_upgrades_at_once_wait_for_each_other(empty: str) -> None:
    found: list[tuple[str | None, str]] = []

    def upgrade() -> None:
        engine = make_engine(empty)
        found.append(migrate(engine))
        engine.dispose()

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found, key=str) == sorted([(None, HEAD), (HEAD, HEAD), (HEAD, HEAD)], key=str)


def test_the_revisions_are_named_in_order(engine: Engine) -> None:
    with engine.connect() as connection:
        assert current(connection) == HEAD
    folder = Path(badapple.database.schema.__file__).with_name("migrations") / "versions"
    assert max(path.name[:4] for path in folder.glob("*.py")) == HEAD

"""Tables, migrations, sessions."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.orm import Session

from badapple.database import Base, Event, Job, Stage, open_database, schema, upgrade
from badapple.database.connection import make_engine
from badapple.database.schema import HEAD, SQLITE_TABLES, current
from badapple.errors import ConfigError, DiskError

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_new_file_is_migrated_to_head(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'deep' / 'new.db'}")
    with engine.connect() as connection:
        assert current(connection) == HEAD
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_migrations_make_exactly_the_models_tables(tmp_path: Path) -> None:
    migrated = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    created = create_engine(f"sqlite:///{tmp_path / 'b.db'}")
    Base.metadata.create_all(created)
    assert shape(migrated) == shape(created)


def test_a_new_file_is_what_the_migrations_make(tmp_path: Path) -> None:
    statements = runpy.run_path(str(ROOT / "tools" / "sqlite_tables.py"))["statements"]
    with make_engine(f"sqlite:///{tmp_path / 'migrated.db'}").begin() as connection:
        schema.run_migrations(connection)
        migrated = list(statements(connection))
        assert [*SQLITE_TABLES.read_text(encoding="utf-8").removesuffix("\n").split(";\n")] == migrated
    with open_database(f"sqlite:///{tmp_path / 'new.db'}").connect() as connection:
        assert list(statements(connection)) == migrated


def shape(engine: object) -> dict[str, list[tuple[str, str, bool]]]:
    look = inspect(engine)
    assert look is not None
    tables = [name for name in look.get_table_names() if name != "alembic_version"]
    return {
        name: [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(name)] for name in sorted(tables)
    }


def test_tables_made_by_the_caller_are_taken_as_they_are(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'own.db'}")
    Base.metadata.create_all(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert current(connection) is None


def test_a_job_needs_only_what_the_contract_names(tmp_path: Path) -> None:
    with Session(open_database(f"sqlite:///{tmp_path / 'jobs.db'}")) as session:
        session.add(
            Job(id="any id/at all", status="pending", product_name="Watch", style="luxury", cta_text="Shop Now")
        )
        session.commit()
        job = session.get_one(Job, "any id/at all")
        assert job.status == "pending"
        assert job.created_at.tzinfo is not None


def test_a_kept_session_of_get_db_works(tmp_path: Path) -> None:
    script = """
from badapple.database import Job, get_db
session = next(get_db())
session.add(Job(id="1", product_name="a", style="b"))
session.commit()
print(session.get(Job, "1").status)
"""
    env = {"BADAPPLE_DATA_DIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pending"


def test_two_first_runs_at_once_do_not_meet(tmp_path: Path) -> None:
    script = f"from badapple.database import open_database; open_database('sqlite:///{tmp_path / 'x.db'}')"
    runs = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]


@pytest.mark.parametrize(("revision", "statement"), [(None, 2), (None, 9), (None, 25), ("0002", 9), ("0002", 50)])
def test_whoever_is_killed_while_tables_are_made_leaves_none_or_all(
    tmp_path: Path, revision: str | None, statement: int
) -> None:
    url, program = f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "killed.py"
    program.write_text(_KILLED, encoding="utf-8")
    engine = make_engine(url)
    if revision is not None:
        with engine.begin() as connection:
            schema.run_migrations(connection, revision)
    before = shape(engine)
    assert bool(before) is (revision is not None)
    done = subprocess.run([sys.executable, program, url, str(statement)], check=False)
    assert done.returncode == -9
    assert shape(engine) == before
    engine.dispose()
    assert shape(open_database(url)) == shape(open_database(f"sqlite:///{tmp_path / 'whole.db'}"))


_KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from badapple.database import open_database
made = 0

@event.listens_for(Engine, "after_cursor_execute")
def kill(*_):
    global made
    made += 1
    if made == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

open_database(sys.argv[1])
"""


def test_nonsense_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a database URL"):
        open_database("nonsense")
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'x.db'}")


@pytest.mark.parametrize("revision", ["0002", "0004"])
def test_a_file_of_an_earlier_release_is_migrated_with_all_that_is_in_it(tmp_path: Path, revision: str) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        schema.run_migrations(connection, revision)
        known = {table: inspect(connection).get_columns(table) for table in ("jobs", "stages", "events")}

    def put(job: str) -> None:
        values = {"JSON": "'{}'", "DATETIME": "'2026-01-01 00:00:00.000000'", "FLOAT": "0", "BOOLEAN": "1"}
        with engine.begin() as connection:
            for table, columns in known.items():
                named = {str(c["name"]): values.get(str(c["type"]), "7") for c in columns if c["name"] != "id"}
                named |= {"id": f"'{job}'"} if table == "jobs" else {"job_id": f"'{job}'"}
                names, row = ", ".join(named), ", ".join(named.values())
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({row})"))

    put("before")
    upgrade(engine)
    put("after")  # by a process of the last release that goes on
    with Session(engine) as session:
        found = {row.id: (row.seq, row.announced, row.awaiting) for row in session.scalars(select(Job))}
        # What ended long ago is told to nobody, and what an old worker ends is.
        assert found == {"before": (7, 7, None), "after": (7 if revision == "0004" else 0, 0, None)}
        for table in (Event, Stage):
            assert set(session.scalars(select(table.job_id))) == {"before", "after"}
    engine.dispose()

"""`badapple db`: brings a Postgres database up to this release, and says where one is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(help="Upgrade a Postgres database; say at which revision it is.", no_args_is_help=True)


@app.command("upgrade")
def upgrade() -> int:
    """Bring the database to this release. Workers of the last release keep running meanwhile and after."""
    from badapple import config  # noqa: PLC0415 - `badapple --help` shall not wait for it
    from badapple.database.connection import make_engine, open_database, saying  # noqa: PLC0415
    from badapple.database.patience import patiently  # noqa: PLC0415
    from badapple.database.schema import HEAD, migrate  # noqa: PLC0415

    url = config.serve().database_url
    engine = make_engine(url)
    if engine.dialect.name != "postgresql":
        open_database(url)
        typer.echo(f"the database is at revision {HEAD}; a SQLite file is upgraded whenever it is opened")
        return 0
    with saying(engine):
        before, after = patiently(lambda: migrate(engine), 30.0)
        _engine_tables(url)
    engine.dispose()
    typer.echo(
        f"the database is at revision {after} already" if before == after
        else f"the database went from revision {before or 'none'} to {after}"
    )  # fmt: skip
    return 0


@app.command("current")
def current(
    *, as_json: Annotated[bool, typer.Option("--json", help="As one JSON object on standard output.")] = False
) -> int:
    """Say at which revision the database is, and which one this release needs."""
    from badapple import config  # noqa: PLC0415 - `badapple --help` shall not wait for it
    from badapple.database.connection import make_engine, saying  # noqa: PLC0415
    from badapple.database.schema import HEAD  # noqa: PLC0415
    from badapple.database.schema import current as revision  # noqa: PLC0415

    engine = make_engine(config.serve().database_url)
    with saying(engine), engine.connect() as connection:
        at = revision(connection)
    engine.dispose()
    if as_json:
        typer.echo(json.dumps({"revision": at, "needed": HEAD, "behind": at is None or at < HEAD}))
    else:
        behind = ": run `badapple db upgrade`" if at is None or at < HEAD else ""
        typer.echo(f"the database is at revision {at or 'none'}, this release needs {HEAD}{behind}")
    return 0


def _engine_tables(url: str) -> None:
    """Bring the tables of the engine up to date, where the engine is installed."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("dbos") is not None:
        from badapple.engine import upgrade_engine  # noqa: PLC0415

        upgrade_engine(url)

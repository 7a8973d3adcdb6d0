"""`badapple calls`: what was asked of vendors, and what a person has to decide about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from badapple.database import Call

app = typer.Typer(help="Show what was asked of vendors; decide about what may have been charged.")

_ID = Annotated[str, typer.Argument(metavar="ID", help="The call's id, or how it begins.")]
_NOT_CHARGED = Annotated[bool, typer.Option("--not-charged", help="Your account there shows no charge for it.")]


@app.callback(invoke_without_command=True)
def calls(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that nobody has to decide about.")] = False,
    job: Annotated[str | None, typer.Option("--job", help="Only those of this job.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list on standard output.")] = False,
) -> None:
    """List calls that wait for a decision, or all."""
    if context.invoked_subcommand is not None:
        return
    rows = [_facts(row) for row in _rows(_engine(), job=job, everything=everything)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo("  ".join(str(row[name]) for name in ("id", "state", "vendor", "model", "what", "money", "said")))
    if not rows:
        typer.echo("No calls." if everything else "Nothing to decide. --all lists every call.")


@app.command("accept")
def accept(call: _ID, *, not_charged: _NOT_CHARGED = False) -> int:
    """Book a call that may have been charged, and leave its part out."""
    from badapple.journal import decisions  # noqa: PLC0415 - `badapple --help` shall not wait for it

    return _tell("booked, and never sent again by itself", decisions.accept(_engine(), call, charged=not not_charged))


@app.command("retry")
def retry(call: _ID, *, not_charged: _NOT_CHARGED = False) -> int:
    """Book a call that may have been charged, and let the next run buy it again."""
    from badapple.journal import decisions  # noqa: PLC0415

    return _tell("bought again by the next run", decisions.retry(_engine(), call, charged=not not_charged))


def _engine() -> Engine:
    from badapple.config import get_settings  # noqa: PLC0415
    from badapple.database import open_database  # noqa: PLC0415

    return open_database(get_settings().database_url)


def _rows(engine: Engine, *, job: str | None, everything: bool) -> list[Call]:
    from sqlalchemy import select  # noqa: PLC0415
    from sqlalchemy.orm import Session  # noqa: PLC0415

    from badapple.database import Call  # noqa: PLC0415
    from badapple.journal.rows import waits_for_a_person  # noqa: PLC0415

    wanted = select(Call).order_by(Call.created_at)
    if job is not None:
        wanted = wanted.where(Call.job == job)
    with Session(engine, expire_on_commit=False) as session:
        return [row for row in session.scalars(wanted) if everything or waits_for_a_person(row)]


def _facts(row: Call) -> dict[str, Any]:
    from badapple.costs.money import dollars  # noqa: PLC0415

    amounts = {"charged": row.settled, "reserved": row.reserved, "possibly charged": row.possibly_charged}
    return {
        "id": row.id[:8],
        "state": row.state,
        "vendor": row.vendor,
        "model": row.model,
        "what": row.label,
        "job": row.job,
        "charged_usd": row.settled / 1e6,
        "possibly_charged_usd": row.possibly_charged / 1e6,
        "money": ", ".join(f"{dollars(amount)} {name}" for name, amount in amounts.items() if amount) or "$0.00",
        "said": row.error or "",
        "created_at": row.created_at.isoformat(),
    }


def _tell(what: str, row: Call) -> int:
    from badapple.costs.money import dollars  # noqa: PLC0415

    typer.echo(f"{row.id[:8]}: {row.label} of {row.vendor} is {what}; {dollars(row.settled)} is booked for it")
    return 0

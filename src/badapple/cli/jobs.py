"""`badapple jobs`: the jobs there were, and how to cancel one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from badapple.database import Job

app = typer.Typer(help="List jobs; cancel what one has at vendors.", no_args_is_help=True)


@app.command("ls")
def ls(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list on standard output.")] = False,
) -> int:
    """List the newest jobs."""
    from badapple.costs.money import dollars  # noqa: PLC0415 - `badapple --help` shall not wait for it

    rows = _newest(limit)
    if as_json:
        names = ("id", "status", "product_name", "style", "video_url", "error_message")
        typer.echo(
            json.dumps([{name: getattr(row, name) for name in names} | {"cost_usd": row.cost / 1e6} for row in rows])
        )
        return 0
    for row in rows:
        typer.echo(
            f"{row.id}  {row.status:<10}  {dollars(row.cost):>8}  {row.product_name}  {row.video_url or ''}".rstrip()
        )
    return 0


@app.command("cancel")
def cancel(job: Annotated[str, typer.Argument(metavar="ID", help="The job.")]) -> int:
    """Cancel a job: vendors are told to stop, and what it has cost is said."""
    from badapple.config import get_settings  # noqa: PLC0415
    from badapple.costs.money import dollars  # noqa: PLC0415
    from badapple.pipeline.cancelling import cancel_job  # noqa: PLC0415

    ended = asyncio.run(cancel_job(job, get_settings()))
    typer.echo(
        f"{job} is cancelled: {ended.stopped} order(s) at vendors were stopped, {dollars(ended.charged)} was charged"
        + (f", up to {dollars(ended.possibly_charged)} more may be" if ended.possibly_charged else "")
    )
    return 0


def _newest(limit: int) -> list[Job]:
    from sqlalchemy import select  # noqa: PLC0415
    from sqlalchemy.orm import Session  # noqa: PLC0415

    from badapple.config import get_settings  # noqa: PLC0415
    from badapple.database import Job, open_database  # noqa: PLC0415

    with Session(open_database(get_settings().database_url), expire_on_commit=False) as session:
        return list(session.scalars(select(Job).order_by(Job.created_at.desc()).limit(limit)))

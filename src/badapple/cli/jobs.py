"""`badapple jobs`: the jobs there are, how far they are, how to end one, try it again or let it go on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from badapple.cli import outcome

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.jobs import Again, JobView
    from badapple.jobs.details import JobDetail
    from badapple.models import ProgressEvent

app = typer.Typer(help="List, watch, cancel, retry, resume and approve jobs.", no_args_is_help=True)

_ID = Annotated[str, typer.Argument(metavar="ID", help="The job.")]
_JSON = Annotated[bool, typer.Option("--json", help="As JSON on standard output.")]
_STATUS = "pending|processing|completed|failed|cancelled"


@app.command("ls")
def ls(
    *,
    status: Annotated[str | None, typer.Option("--status", metavar=_STATUS, help="Only those.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 20,
    before: Annotated[str | None, typer.Option("--before", metavar="ID", help="Those listed after this one.")] = None,
    as_json: _JSON = False,
) -> int:
    """List the newest jobs."""
    from badapple import jobs  # noqa: PLC0415 - `badapple --help` shall not wait for it
    from badapple.costs.money import dollars  # noqa: PLC0415

    views = jobs.listing(_settings(), status=status, limit=limit, before=before)
    if as_json:
        typer.echo(json.dumps([view.to_json() for view in views]))
        return 0
    for view in views:
        row = (view.id, f"{view.status:<10}", f"{view.progress:3d} %", f"{dollars(view.cost):>8}", view.product_name)
        typer.echo("  ".join((*row, _where(view))).rstrip())
    return 0


@app.command("show")
def show(job: _ID, *, as_json: _JSON = False) -> int:
    """Show one job: its stages, what it cost, where its video is."""
    from badapple.jobs import details  # noqa: PLC0415

    detail = details.detail(job, _settings())
    shown = _told(detail.job) + (_spoken(detail) if detail.awaiting is not None else "")
    typer.echo(json.dumps(detail.to_json()) if as_json else shown)
    return 0


@app.command("logs")
def logs(
    job: _ID,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job ends.")] = False,
    after: Annotated[int, typer.Option("--after", metavar="SEQ", min=0, help="Only later ones.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
) -> int:
    """Print what a job told of its progress."""
    if follow:
        asyncio.run(watch(job, _settings(), after=after, as_json=as_json))
        return 0
    from badapple.database import open_database  # noqa: PLC0415
    from badapple.jobs import get, replay  # noqa: PLC0415

    settings = _settings()
    get(job, settings)
    while events := replay(open_database(settings.database_url), job, after=after):
        for event in events:
            _tell(event, as_json=as_json)
        after = events[-1].seq
    return 0


@app.command("cancel")
def cancel(job: _ID) -> int:
    """Cancel a job: vendors are told to stop, and what it has cost is said."""
    from badapple import jobs  # noqa: PLC0415
    from badapple.costs.money import dollars  # noqa: PLC0415

    ended = asyncio.run(jobs.cancel(job, _settings()))
    typer.echo(
        f"{job} is cancelled: {ended.stopped} order(s) at vendors were stopped, {dollars(ended.charged)} was charged"
        + (f", up to {dollars(ended.possibly_charged)} more may be" if ended.possibly_charged else "")
    )
    return 0


@app.command("retry")
def retry(context: typer.Context, job: _ID) -> int:
    """Try a failed job again: finished parts are kept, what is paid for is not bought again."""
    from badapple import jobs  # noqa: PLC0415

    settings = _settings()
    return _go_on(context, jobs.retry(job, settings), settings)


@app.command("resume")
def resume(context: typer.Context, job: _ID) -> int:
    """Go on with a cancelled job: finished parts are kept, what is paid for is not bought again."""
    from badapple import jobs  # noqa: PLC0415

    settings = _settings()
    return _go_on(context, jobs.resume(job, settings), settings)


@app.command("approve")
def approve(
    context: typer.Context,
    job: _ID,
    *,
    script: Annotated[
        Path | None, typer.Option("--script", metavar="FILE", help="With this script instead, as JSON.")
    ] = None,
) -> int:
    """Let a job go on that waits for approval of its script (see `submit --approve-script`)."""
    from badapple.errors import ScriptError  # noqa: PLC0415
    from badapple.jobs import edits  # noqa: PLC0415
    from badapple.product.handed import read_handed  # noqa: PLC0415

    settings = _settings()
    if script is not None:
        raw = read_handed(script, what="script", most=64 * 1024, error=ScriptError)
        try:
            body = json.loads(raw.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise ScriptError(f"the script {script} is not JSON: {error}") from error
        edits.put_script(job, body if isinstance(body, dict) else {}, settings)
    return _go_on(context, edits.approve(job, settings), settings)


async def watch(
    job: str, settings: Settings, *, after: int = 0, as_json: bool = False, aside: bool = False
) -> None:  # fmt: skip
    """Print a job's progress until it ends.

    Args:
        job: its id.
        settings: where the database and Redis are.
        after: the `seq` after which it begins.
        as_json: as JSON lines.
        aside: on standard error: standard output belongs to the result.

    Raises:
        InputError: there is no such job.
    """
    from badapple import jobs  # noqa: PLC0415
    from badapple.database import open_database  # noqa: PLC0415

    async with contextlib.AsyncExitStack() as stack:
        bell = None
        if settings.redis_url is not None:
            bell = await stack.enter_async_context(jobs.RedisDoorbell(settings.redis_url))
        feed = jobs.follow(open_database(settings.database_url), job, after=after, bell=bell)
        async for event in await stack.enter_async_context(contextlib.aclosing(feed)):
            _tell(event, as_json=as_json, aside=aside)


def _tell(event: ProgressEvent, *, as_json: bool, aside: bool = False) -> None:
    line = f"{event.timestamp}  {event.seq:>4}  {event.stage:<11}  {event.progress:3d} %  {event.message}"
    typer.echo(json.dumps(event.to_message()) if as_json else line, err=aside)


def _go_on(context: typer.Context, again: Again, settings: Settings) -> int:
    until = again.goods_until
    goods = f"; what is paid for can be fetched from vendors until {until.astimezone():%H:%M}" if until else ""
    if again.queued:
        typer.echo(f"{again.job_id} is queued again, attempt {again.attempt}{goods}")
        return 0
    outcome.tell(f"{again.job_id} goes on here{goods}")
    return _make_here(context, again, settings)


def _make_here(context: typer.Context, again: Again, settings: Settings) -> int:
    """Make a job of `badapple make` as that command does."""
    from badapple.cli import film, order  # noqa: PLC0415
    from badapple.cli.watch import reporter  # noqa: PLC0415

    wanted = again.order
    output = wanted.options.output or Path.cwd() / f"{order.slug(wanted.product_name)}.mp4"
    ordered = order.Order(
        job_id=again.job_id, product_name=wanted.product_name, style=wanted.style, cta_text=wanted.cta_text,
        photo=wanted.photo, output=output, options=replace(wanted.options, output=output),
    )  # fmt: skip
    began = time.monotonic()
    with reporter(as_json=False, quiet=False) as report:
        with report.running(f"{ordered.product_name} · {ordered.style}"):
            video = film.run(ordered, settings=settings, watch=report.event, factory=context.obj)
        report.result(video, seconds=time.monotonic() - began)
    return 0


def _spoken(detail: JobDetail) -> str:
    """Return a script that waits for approval, as people read it."""
    lines = ["", "", "The script:"]
    for scene in detail.scenes:
        shown = " · ".join(text for text in (scene.headline, scene.subline, *scene.points) if text)
        lines += [f"  {scene.position}. {shown}", f"     {scene.voiceover_text!r}"]
    card = detail.end_card
    lines += [f"  End card: {card.cta} · {card.line}".rstrip(" ·"), f"     {card.voiceover!r}", ""]
    return "\n".join([*lines, f"`badapple jobs approve {detail.job.id}` goes on with it"])


def _where(view: JobView) -> str:
    if view.awaiting is not None:
        return f"waits for {view.awaiting}"
    if view.position is not None:
        return f"{view.position} before it" if view.position else "next"
    return view.video_url or view.error_message or ""


def _told(view: JobView) -> str:
    from badapple.costs.money import dollars  # noqa: PLC0415

    moments = {"created": view.created_at, "started": view.started_at, "ended": view.ended_at}
    rows: dict[str, Any] = {
        "job": view.id,
        "status": f"{view.status}, {view.progress} %, attempt {view.attempt}",
        "product": f"{view.product_name} · {view.style}",
        "waits for": view.awaiting,
        "in the queue": _where(view) if view.position is not None else "",
        "made by": "workers" if view.engine else "badapple make",
        "priority": view.priority if view.engine else "",
        "cost": dollars(view.cost),
        **{name: f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" for name, moment in moments.items() if moment},
        "video": view.video_url,
        "error": view.error_message,
        "hint": (view.failure or {}).get("hint"),
        "crashes": view.crashes or "",
    }
    for stage in view.stages:
        rows[f"  {stage.name}"] = f"{stage.status}, {stage.progress} %  {stage.error_message or ''}".rstrip()
    shown = {name: value for name, value in rows.items() if value}
    width = max(len(name) for name in shown)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in shown.items())


def _settings() -> Settings:
    from badapple.config import get_settings  # noqa: PLC0415

    return get_settings()

"""`badapple webhooks`: addresses that are told what became of jobs, and what was sent to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from badapple.access import Principal
    from badapple.config import Settings
    from badapple.jobs.deliveries import DeliveryView
    from badapple.jobs.webhooks import WebhookView

app = typer.Typer(help="Have other servers told when jobs end; `badapple serve` sends.", no_args_is_help=True)

_ID = Annotated[str, typer.Argument(metavar="ID", help="The webhook, as `webhooks ls` names it.")]
_JSON = Annotated[bool, typer.Option("--json", help="As JSON on standard output.")]


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages go; https.")],
    *,
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--event", metavar="NAME",
            help="job.completed, job.failed, job.cancelled or job.awaiting_approval; may come several times. "
            "All without it.",
        ),
    ] = None,
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Whose jobs are told of.")] = "local",
    as_json: _JSON = False,
) -> int:  # fmt: skip
    """Make a webhook, and print the secret of its signatures for the only time."""
    from badapple.jobs import webhooks  # noqa: PLC0415 - `badapple --help` shall not wait for any of this

    settings = _settings()
    view, secret = webhooks.create(settings, url, owner=owner, events=tuple(events or ()))
    _note(settings, view.owner, "webhook.create", view.id)
    if as_json:
        typer.echo(json.dumps({**view.to_json(), "secret": secret}))
        return 0
    typer.echo(secret)
    typer.echo(f"webhook {view.id} of {owner}; keep the secret, it is not shown again", err=True)
    return 0


@app.command("ls")
def ls(
    *,
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Only theirs.")] = None,
    as_json: _JSON = False,
) -> int:
    """List the webhooks, without their secrets."""
    from badapple.jobs import webhooks  # noqa: PLC0415

    views = webhooks.listing(_settings(), owner=owner)
    if as_json:
        typer.echo(json.dumps([view.to_json() for view in views]))
        return 0
    for view in views:
        typer.echo("  ".join((view.id, view.owner, view.url, " ".join(view.events) or "all", _state(view))))
    return 0


@app.command("rm")
def rm(webhook: _ID) -> int:
    """Remove a webhook, with the log of what was sent to it."""
    from badapple.jobs import webhooks  # noqa: PLC0415

    settings = _settings()
    owner = webhooks.get(webhook, settings, owner=None).owner
    webhooks.delete(webhook, settings, owner=None)
    _note(settings, owner, "webhook.delete", webhook)
    typer.echo(f"webhook {webhook} is removed")
    return 0


@app.command("rotate")
def rotate(webhook: _ID) -> int:
    """Give a webhook another secret, and print it; for 24 hours the old one signs too."""
    from badapple.jobs import webhooks  # noqa: PLC0415

    settings = _settings()
    owner = webhooks.get(webhook, settings, owner=None).owner
    typer.echo(webhooks.rotate(webhook, settings, owner=None))
    _note(settings, owner, "webhook.rotate", webhook)
    return 0


@app.command("test")
def test(webhook: _ID) -> int:
    """Send a message that tells of nothing, to see whether it comes."""
    from badapple.jobs import deliveries  # noqa: PLC0415

    view = deliveries.test(webhook, _settings(), owner=None)
    typer.echo(f"{view.id} is sent as soon as `badapple serve` runs; see `badapple webhooks deliveries {webhook}`")
    return 0


@app.command("deliveries")
def show(
    webhook: _ID,
    *,
    state: Annotated[
        str | None, typer.Option("--state", metavar="pending|delivered|failed", help="Only those.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 20,
    as_json: _JSON = False,
) -> int:
    """Show what was sent to a webhook, and what became of it."""
    from badapple.jobs import deliveries  # noqa: PLC0415

    views = deliveries.listing(webhook, _settings(), owner=None, state=state, limit=limit)
    if as_json:
        typer.echo(json.dumps([view.to_json() for view in views]))
        return 0
    for view in views:
        typer.echo(_told(view))
    return 0


@app.command("resend")
def resend(webhook: _ID, delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The message.")]) -> int:
    """Send a message again, now, under the same id."""
    from badapple.jobs import deliveries  # noqa: PLC0415

    settings = _settings()
    deliveries.resend(webhook, delivery, settings, owner=None)
    typer.echo(f"{delivery} is sent again as soon as `badapple serve` runs")
    return 0


def _settings() -> Settings:
    """Return what `badapple serve` would use: webhooks are for it."""
    from badapple import config  # noqa: PLC0415

    return config.serve()


def _note(settings: Settings, owner: str, action: str, target: str) -> None:
    from badapple.access import SCOPES, Principal, audit  # noqa: PLC0415
    from badapple.database import open_database  # noqa: PLC0415

    who: Principal = Principal(owner=owner, scopes=frozenset(SCOPES), actor="local", kind="local")
    audit.note(open_database(settings.database_url), who, action, target=target)


def _state(view: WebhookView) -> str:
    return "on" if view.enabled else f"off{f': {view.disabled_because}' if view.disabled_because else ''}"


def _told(view: DeliveryView) -> str:
    last = view.log[-1] if view.log else {}
    row = [_moment(view.created_at), view.id, view.type, view.job_id, view.state, f"tries: {view.attempts}"]
    if last.get("error"):
        row.append(str(last["error"]))
    if view.next_at is not None and view.log:
        row.append(f"next {_moment(view.next_at)}")
    return "  ".join(part for part in row if part)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")

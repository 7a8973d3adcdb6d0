"""`badapple keys` and `badapple audit`: who may come in through the API, and who did what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from badapple.access.credentials import KeyView
    from badapple.config import Settings

app = typer.Typer(help="Make, list and revoke API keys; invite a browser to sign in.", no_args_is_help=True)

_JSON = Annotated[bool, typer.Option("--json", help="As JSON on standard output.")]
_OWNER = Annotated[str, typer.Option("--owner", metavar="NAME", help="Whose jobs they open; each sees their own.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    *,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE", help="jobs:read, jobs:write or admin; may come several times."),
    ] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="It ends after so many days.")] = None,
    owner: _OWNER = "local",
    as_json: _JSON = False,
) -> int:
    """Make an API key, and print it for the only time. It may read and write jobs, unless you say otherwise."""
    from datetime import timedelta  # noqa: PLC0415 - `badapple --help` shall not wait for any of this

    from badapple.access import READ, WRITE, credentials  # noqa: PLC0415
    from badapple.database.tables import now  # noqa: PLC0415

    _, engine = _server()
    ends = None if days is None else now() + timedelta(days=days)
    view, text = credentials.create(engine, owner=owner, name=name, scopes=scopes or (READ, WRITE), expires_at=ends)
    _note(engine, owner, "key.create", view.id)
    if as_json:
        typer.echo(json.dumps({**view.to_json(), "key": text}))
        return 0
    typer.echo(text)
    typer.echo(f"key {view.id} of {owner}: {' '.join(view.scopes)}; keep it, it is not shown again", err=True)
    return 0


@app.command("ls")
def ls(
    *,
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Only theirs.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are revoked or have expired.")] = False,
    as_json: _JSON = False,
) -> int:
    """List the API keys, without the keys themselves."""
    from badapple.access import credentials  # noqa: PLC0415

    views = credentials.listing(_server()[1], owner=owner, revoked=everything)
    if as_json:
        typer.echo(json.dumps([view.to_json() for view in views]))
        return 0
    for view in views:
        typer.echo("  ".join((view.id, f"...{view.last4}", view.owner, " ".join(view.scopes), _state(view), view.name)))
    return 0


@app.command("revoke")
def revoke(
    key: Annotated[str | None, typer.Argument(metavar="ID", help="The key, as `keys ls` names it.")] = None,
    *,
    sessions: Annotated[bool, typer.Option("--sessions", help="Sign every browser of an owner out instead.")] = False,
    owner: _OWNER = "local",
) -> int:
    """Revoke an API key at once, with whatever was signed in with it."""
    from badapple.access import credentials  # noqa: PLC0415
    from badapple.access import sessions as all_sessions  # noqa: PLC0415
    from badapple.errors import InputError  # noqa: PLC0415

    if (key is None) != sessions:
        raise InputError("say which key, or --sessions", hint="`badapple keys ls` lists the keys")
    engine = _server()[1]
    if key is None:
        count = all_sessions.end_all(engine, owner=owner)
        _note(engine, owner, "session.revoke", "")
        typer.echo(f"{count} session(s) of {owner} ended")
        return 0
    theirs = {view.id: view.owner for view in credentials.listing(engine, owner=None)}.get(key, owner)
    credentials.revoke(engine, key, owner=None)
    _note(engine, theirs, "key.revoke", key)
    typer.echo(f"key {key} is revoked")
    return 0


@app.command("invite")
def invite(
    *,
    root: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="How the server is reached; BADAPPLE_PUBLIC_URL by default."),
    ] = None,
    owner: _OWNER = "local",
) -> int:
    """Print an address that signs a browser in, once, within 15 minutes. Earlier ones end."""
    from badapple.access import sessions  # noqa: PLC0415

    settings, engine = _server()
    text, _ = sessions.invite(engine, owner=owner)
    _note(engine, owner, "invitation.create", "")
    typer.echo(sessions.sign_in_address(root or settings.doors.public_url or "http://127.0.0.1:8000", text))
    return 0


def audit(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    before: Annotated[int | None, typer.Option("--before", metavar="ID", help="Those older than this one.")] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="NAME", help="Like `job.cancel`.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="NAME", help="Only about their things.")] = None,
    as_json: _JSON = False,
) -> int:
    """Show who changed what through the API and with keys, and what was refused; the newest first."""
    from badapple.access import audit as log  # noqa: PLC0415

    views = log.listing(_server()[1], owner=owner, limit=limit, before=before, action=action)
    if as_json:
        typer.echo(json.dumps([view.to_json() for view in views]))
        return 0
    for view in views:
        who = f"{view.owner}/{view.actor}"
        row = (str(view.id), _moment(view.at), view.outcome, who, view.action, view.target, view.address)
        typer.echo("  ".join(row).rstrip())
    return 0


def _server() -> tuple[Settings, Engine]:
    """Return what `badapple serve` would use: keys are for it."""
    from badapple import config  # noqa: PLC0415
    from badapple.database import open_database  # noqa: PLC0415

    settings = config.serve()
    return settings, open_database(settings.database_url)


def _note(engine: Engine, owner: str, action: str, target: str) -> None:
    from badapple.access import SCOPES, Principal  # noqa: PLC0415
    from badapple.access import audit as log  # noqa: PLC0415

    who = Principal(owner=owner, scopes=frozenset(SCOPES), actor="local", kind="local")
    log.note(engine, who, action, target=target)


def _state(view: KeyView) -> str:
    if view.revoked_at is not None:
        return f"revoked {_moment(view.revoked_at)}"
    used = f"used {_moment(view.used_at)}" if view.used_at is not None else "never used"
    return used if view.expires_at is None else f"{used}, ends {_moment(view.expires_at)}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")

"""`badapple studio`: the studio, opened in a browser."""

from __future__ import annotations

import threading
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from badapple.cli import serve
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from badapple.config import Settings

__all__ = ["studio"]

_ASKING = 2.0  #: seconds that a server which is there already may take to answer
_OPENING = 5.0  #: seconds that a browser is given to start before the command ends; it goes on by itself
_TEXT = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})  #: would take the terminal away


def studio(
    *,
    host: serve.Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    concurrency: serve.Concurrency = None,
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open a browser, or only say where the studio is.")
    ] = True,
) -> int:
    """Serve the studio, and open it in a browser.

    It is `badapple serve` with a browser at the right address; where people have to sign in, the address signs them in
    once. Where badapple is served there already, that studio is opened.
    """
    from badapple import config  # noqa: PLC0415 - `badapple --help` shall not wait for it

    settings = config.serve()
    try:
        from badapple.api.running import ApiDoor  # noqa: PLC0415 - an extra
        from badapple.worker.running import run_worker  # noqa: PLC0415 - loads the whole pipeline
    except ImportError as error:
        raise ConfigError(f"the studio needs {error.name}, which is not installed", hint=serve.INSTALL) from error

    if port and _is_there(host, port):
        opening = _visit(_there(settings, host, port), browser=browser)
        if opening is not None:
            opening.join(_OPENING)
        return 0
    serve.check_sandbox(settings)

    def visit(address: str) -> None:
        _visit(address, browser=browser)

    door = ApiDoor(settings, host, visit=visit)
    return run_worker(settings, concurrency=concurrency, host=host, port=port, door=door)


def _visit(address: str, *, browser: bool) -> threading.Thread | None:
    """Say where the studio is, and open a browser there; returns what is at it, for some browsers stay until closed."""
    typer.echo(f"The studio: {address}")
    if not browser:
        return None
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        found = None
    if found is None or getattr(found, "name", "") in _TEXT:
        typer.echo("no browser was found here: open the address yourself", err=True)
        return None
    opening = threading.Thread(target=found.open, args=(address,), daemon=True, name="browser")
    opening.start()
    return opening


def _is_there(host: str, port: int) -> bool:
    """Say whether badapple answers there already."""
    import httpx  # noqa: PLC0415 - as above

    place = "127.0.0.1" if _everywhere(host) else host
    address = f"http://[{place}]:{port}/healthz" if ":" in place else f"http://{place}:{port}/healthz"
    try:
        answer = httpx.get(address, timeout=_ASKING, trust_env=False)
        told = answer.json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(answer.headers.get("x-request-id")) and isinstance(told, dict) and "checks" in told


def _there(settings: Settings, host: str, port: int) -> str:
    """Return the address of a studio that is served already, which signs in where that is needed."""
    from badapple.api.guard import is_required  # noqa: PLC0415 - as above
    from badapple.api.running import entrance, root_at  # noqa: PLC0415 - as above
    from badapple.database import open_database  # noqa: PLC0415 - as above

    root = root_at(settings, host, port)
    return entrance(open_database(settings.database_url), root) if is_required(settings.doors, host) else root


def _everywhere(host: str) -> bool:
    return host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not listened on

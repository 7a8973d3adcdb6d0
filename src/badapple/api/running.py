"""The API as `badapple serve` runs it: beside a worker, or alone."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from badapple import process
from badapple.access import sessions
from badapple.api.app import create_app
from badapple.api.guard import is_required
from badapple.api.serving import serving
from badapple.jobs import LocalDoorbell
from badapple.telemetry import logs, metrics, traces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from fastapi import FastAPI
    from sqlalchemy import Engine
    from starlette.types import ASGIApp

    from badapple.config import Settings

__all__ = ["ApiDoor", "entrance", "root_at", "run_api"]

_log = logging.getLogger("badapple.api")


@dataclass(slots=True)
class ApiDoor:
    """The API of one process, for whoever runs it.

    Attributes:
        settings: where things lie, and who is let in.
        host: the address that is listened on.
        bell: a worker in this process rings it with each event, where there is no Redis to do so.
        visit: is given the address at which a person comes in, once the server is there; where people have to sign in,
            it does so once. None only tells where the server is.
    """

    settings: Settings
    host: str
    bell: LocalDoorbell = field(default_factory=LocalDoorbell)
    visit: Callable[[str], None] | None = None
    _app: FastAPI | None = field(default=None, init=False)

    def application(
        self,
        *,
        alive: Callable[[], Mapping[str, bool]] = dict,
        ready: Callable[[], Awaitable[Mapping[str, bool]]] | None = None,
    ) -> ASGIApp:
        """Return the application.

        Raises:
            ConfigError: what is set up cannot work.
        """
        self._app = create_app(self.settings, alive=alive, ready=ready, listening_host=self.host, bell=self.bell)
        return self._app

    def opened(self, port: int) -> None:
        """Tell people where it is, and how to come in where nobody can yet."""
        root = root_at(self.settings, self.host, port)
        doors: Any = self._app.state.doors if self._app is not None else None  # a House with the gate of `guard`
        lines = [f"badapple serves {root} - what it offers: {root}/docs"]
        if doors is not None and self.visit is None and (first := doors.gate.first_address(root)) is not None:
            lines.append(f"Sign in once, within 15 minutes: {first}")
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        if doors is not None and self.visit is not None:
            asked = is_required(self.settings.doors, self.host)
            self.visit(entrance(doors.engine, root) if asked else root)


def root_at(settings: Settings, host: str, port: int) -> str:
    """Return how a server that listens there is reached from this machine, or the public address where one is set."""
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not listened on
    shown = f"[{shown}]" if ":" in shown else shown
    return settings.doors.public_url or f"http://{shown}:{port}"


def entrance(engine: Engine, root: str) -> str:
    """Return an address that signs a browser in once, within 15 minutes; earlier ones end. Blocks."""
    return sessions.sign_in_address(root, sessions.invite(engine)[0])


def run_api(settings: Settings, *, host: str, port: int, log_folder: Path | None) -> int:
    """Serve the API without a worker until SIGTERM or SIGINT; returns the exit code.

    Args:
        settings: where things lie; workers elsewhere share the database and the storage.
        host: the address to listen on.
        port: 0 takes a free one.
        log_folder: of `pipeline.log`, or None.

    Raises:
        ConfigError: what is set up cannot work, or the address cannot be listened on.
    """
    process.settle()
    undo = logs.set_up(folder=log_folder, stderr=True)
    traces.enable_traces(settings.traces_url)
    metrics.enable()
    try:
        door = ApiDoor(settings, host)
        asyncio.run(_serve(door, door.application(), port))
    finally:
        traces.disable_traces()
        undo()
    return 0


async def _serve(door: ApiDoor, app: ASGIApp, port: int) -> None:
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    async with serving(app, host=door.host, port=port) as taken:
        _log.info("api_door_open", extra={"host": door.host, "port": taken})
        door.opened(taken)
        await asked.wait()

"""The API as `badapple serve` runs it: beside a worker, or alone."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from badapple import process
from badapple.api.app import create_app
from badapple.api.serving import serving
from badapple.jobs import LocalDoorbell
from badapple.telemetry import logs, metrics, traces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from badapple.config import Settings

__all__ = ["ApiDoor", "run_api"]

_log = logging.getLogger("badapple.api")


@dataclass(slots=True)
class ApiDoor:
    """The API of one process, for whoever runs it.

    Attributes:
        settings: where things lie, and who is let in.
        host: the address that is listened on.
        bell: a worker in this process rings it with each event, where there is no Redis to do so.
    """

    settings: Settings
    host: str
    bell: LocalDoorbell = field(default_factory=LocalDoorbell)
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
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not listened on
        shown = f"[{shown}]" if ":" in shown else shown
        root = self.settings.doors.public_url or f"http://{shown}:{port}"
        lines = [f"badapple serves {root} - what it offers: {root}/docs"]
        first = self._app.state.doors.gate.first_address(root) if self._app is not None else None
        if first is not None:
            lines.append(f"Sign in once, within 15 minutes: {first}")
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()


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

"""`badapple serve` and `badapple worker`: processes that make jobs until they are asked to end."""

from __future__ import annotations

from typing import Annotated

import typer

from badapple.errors import ConfigError

_INSTALL = "pip install 'badapple[serve]'"
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", min=1, help="Items of each queue at once. Fits the machine when left out."),
]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]


def serve(
    *,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    concurrency: Concurrency = None,
) -> int:
    """Make submitted jobs, and answer /metrics, /healthz and /readyz.

    With SQLite it embeds the one worker there may be; with `DATABASE_URL=postgresql://...` it is one of many.
    """
    return _run(queues=None, concurrency=concurrency, host=host, port=port)


def worker(
    *,
    queues: Annotated[
        str | None,
        typer.Option(
            "--queues", metavar="NAMES", help="stories,ffmpeg,anthropic,elevenlabs,replicate; all by default."
        ),
    ] = None,
    concurrency: Concurrency = None,
    host: Host = "127.0.0.1",
    health_port: Annotated[
        int | None, typer.Option("--health-port", min=0, max=65535, help="Answers /metrics, /healthz, /readyz here.")
    ] = None,
) -> int:
    """Make submitted jobs, beside any number of other workers on any number of machines."""
    names = [name.strip() for name in queues.split(",") if name.strip()] if queues is not None else None
    return _run(queues=names, concurrency=concurrency, host=host, port=health_port)


def _run(*, queues: list[str] | None, concurrency: int | None, host: str, port: int | None) -> int:
    from badapple import config  # noqa: PLC0415 - `badapple --help` shall not wait for it

    settings = config.serve()
    try:
        from badapple.worker import run_worker  # noqa: PLC0415 - loads the whole pipeline
    except ImportError as error:
        raise ConfigError(f"serving jobs needs {error.name}, which is not installed", hint=_INSTALL) from error

    return run_worker(settings, queues=queues, concurrency=concurrency, host=host, port=port)

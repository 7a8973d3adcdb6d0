"""`badapple serve` and `badapple worker`: processes that answer and make jobs until they are asked to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from badapple.errors import ConfigError

if TYPE_CHECKING:
    from badapple.config import Settings

INSTALL = "pip install 'badapple[serve]'"
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
    work: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Make jobs in this process too, or only answer.")
    ] = True,
) -> int:
    """Answer the API, and make submitted jobs.

    With SQLite it embeds the one worker there may be; with `DATABASE_URL=postgresql://...` it is one of many. Listening
    beyond this machine (`--host 0.0.0.0`) makes callers say who they are: a one-time address to sign in is printed.
    """
    from badapple import config  # noqa: PLC0415 - `badapple --help` shall not wait for it

    settings = config.serve()
    try:
        from badapple.api.running import ApiDoor, run_api  # noqa: PLC0415 - an extra
        from badapple.worker.running import log_folder, run_worker  # noqa: PLC0415 - loads the whole pipeline
    except ImportError as error:
        raise ConfigError(f"serving needs {error.name}, which is not installed", hint=INSTALL) from error

    check_sandbox(settings)
    if not work:
        return run_api(settings, host=host, port=port, log_folder=log_folder(settings))
    return run_worker(settings, concurrency=concurrency, host=host, port=port, door=ApiDoor(settings, host))


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
    from badapple import config  # noqa: PLC0415 - `badapple --help` shall not wait for it

    settings = config.serve()
    try:
        from badapple.worker import run_worker  # noqa: PLC0415 - loads the whole pipeline
    except ImportError as error:
        raise ConfigError(f"serving jobs needs {error.name}, which is not installed", hint=INSTALL) from error

    check_sandbox(settings)
    return run_worker(settings, queues=names, concurrency=concurrency, host=host, port=health_port)


def check_sandbox(settings: Settings) -> None:
    """Find out before anything is served whether the sandbox that was asked for is to be had.

    Raises:
        ConfigError: it is not.
    """
    if settings.doors.sandbox != "on":
        return
    from badapple import process  # noqa: PLC0415 - as above
    from badapple.media import ffmpeg  # noqa: PLC0415 - as above
    from badapple.product.intake import decoder  # noqa: PLC0415 - as above

    photos, program = decoder(), ffmpeg.locate(settings.ffmpeg)
    process.sandbox_level(photos.command[0], photos.sandbox)
    process.sandbox_level(program, ffmpeg.sandbox(program))

"""`badapple mcp`: the tools for agents."""

from __future__ import annotations

from typing import Annotated

import typer

from badapple.errors import ConfigError

_INSTALL = "pip install 'badapple[mcp]'"


def mcp(
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Serve it at /mcp beside the API, not on standard input.")
    ] = False,
    host: Annotated[str, typer.Option("--host", help="With --http: address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="With --http; 0 takes a free one.")] = 8000,
    work: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Make the ads in this process, unless another does already.")
    ] = True,
) -> int:
    """Give agents tools to make ads with (Model Context Protocol), on standard input and output."""
    if http:
        from badapple.cli.serve import serve  # noqa: PLC0415 - `badapple --help` shall not wait for it

        return serve(host=host, port=port)
    from badapple.config import get_settings  # noqa: PLC0415 - as above

    try:
        from badapple.mcp.server import run_stdio  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(f"the tools need {error.name}, which is not installed", hint=_INSTALL) from error

    return run_stdio(get_settings(), work=work)

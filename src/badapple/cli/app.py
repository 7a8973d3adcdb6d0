"""The table of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from badapple.cli import (
    calls,
    costs,
    db,
    doctor,
    estimate,
    jobs,
    keys,
    make,
    mcp,
    outcome,
    purge,
    serve,
    simulate,
    studio,
    styles,
    submit,
    webhooks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.cli.film import Factory

app = typer.Typer(
    help="One product photo in, a finished 30 s vertical video ad out. No key, no server, no internet needed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("make")(make.make)
app.command("estimate")(estimate.estimate)
app.command("submit")(submit.submit)
app.command("serve")(serve.serve)
app.command("studio")(studio.studio)
app.command("worker")(serve.worker)
app.command("mcp")(mcp.mcp)
app.command("styles")(styles.styles)
app.command("doctor")(doctor.doctor)
app.add_typer(calls.app, name="calls")
app.add_typer(jobs.app, name="jobs")
app.command("costs")(costs.costs)
app.add_typer(keys.app, name="keys")
app.command("audit")(keys.audit)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(db.app, name="db")
app.command("purge")(purge.purge)
app.command("simulate", context_settings={"allow_interspersed_args": False})(simulate.simulate)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        from badapple import __version__  # noqa: PLC0415

        typer.echo(f"badapple {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """One product photo in, a finished 30 s vertical video ad out. No key, no server, no internet needed."""


def run(words: Sequence[str], *, factory: Factory | None = None) -> int:
    """Run one command; every error becomes a line for people and an exit code."""
    outcome.never_fail_on_letters()
    command = typer.main.get_command(app)
    with outcome.catching(debug="--debug" in words) as ended:
        result = command.main(args=list(words), prog_name="badapple", standalone_mode=False, obj=factory)
        ended.code = result if isinstance(result, int) else 0
    return ended.code

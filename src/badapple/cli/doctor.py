"""`badapple doctor`: whether everything that a video needs is there."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from badapple.cli.outcome import ExitCode


def doctor(
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Also ask vendors about keys, models and inputs; free of charge.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object on standard output.")] = False,
) -> int:
    """Check every requirement and say how to mend what is missing. Exit code 3 when something is."""
    from badapple.cli import checks  # noqa: PLC0415 - the checks load what they look at

    failed = False
    found = []
    for finding in checks.examine(live=live):
        failed = failed or finding.state == "fail"
        found.append(finding)
        if not as_json:
            typer.echo(f"{finding.state:<4}  {finding.name:<11}  {finding.detail}")
            if finding.fix:
                typer.echo(f"{'':<4}  {'':<11}  fix: {finding.fix}")
    if as_json:
        typer.echo(json.dumps({"ok": not failed, "checks": [asdict(finding) for finding in found]}))
    elif not failed:
        typer.echo("Ready to make videos.")
    return ExitCode.ENVIRONMENT if failed else ExitCode.OK

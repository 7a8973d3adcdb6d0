"""`badapple simulate`: the whole cloud path with no account, against simulated vendors on this machine."""

from __future__ import annotations

import json
import shlex
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from badapple.cli.outcome import ExitCode, tell
from badapple.config import get_settings
from badapple.errors import InputError

if TYPE_CHECKING:
    from badapple.testing.simulators import Simulators

_COMMAND = "What to run against them. Left out, they stay up until Ctrl-C."

Command = Annotated[list[str] | None, Argument(metavar="-- COMMAND ...", help=_COMMAND, show_default=False)]
Faults = Annotated[str | None, Option("--faults", metavar="FILE", help="What goes wrong: a JSON list of faults.")]
Latency = Annotated[
    str | None, Option("--latency", metavar="FILE", help='How long they take: JSON like {"tts": 11}, in seconds.')
]
Ledger = Annotated[str | None, Option("--ledger", metavar="FILE", help="Write what was charged there, as JSON.")]
State = Annotated[
    str | None, Option("--state", metavar="FILE", help="Keep what they know there, and go on from it next time.")
]
Speed = Annotated[float, Option("--speed", min=0.01, help="Seconds that pass for them in one of ours.")]


def simulate(
    command: Command = None,
    *,
    faults: Faults = None,
    latency: Latency = None,
    ledger: Ledger = None,
    state: State = None,
    speed: Speed = 1.0,
) -> int:
    """Run a command against simulated Claude, ElevenLabs and Replicate: nothing leaves this machine, nothing costs."""
    from badapple.testing.simulators import Fault, Simulators  # noqa: PLC0415 - loads HTTP servers

    script = Fault.read(_read(faults)) if faults is not None else ()
    times = _object(latency) if latency is not None else {}
    with Simulators(faults=script, latency=times, state=state, speed=speed, ffmpeg=get_settings().ffmpeg) as sims:
        try:
            code = _run(command, sims) if command else _stay(sims)
        finally:
            _report(sims, ledger)
    return code


def _run(command: list[str], sims: Simulators) -> int:
    from badapple import process  # noqa: PLC0415 - only here something is started

    return process.attach(command, env=sims.environment())


def _stay(sims: Simulators) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for name, value in sims.environment().items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        tell("The simulated vendors are up; Ctrl-C ends them.")
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return ExitCode.OK


def _report(sims: Simulators, ledger: str | None) -> None:
    from badapple.costs.money import dollars  # noqa: PLC0415 - not needed before the end

    charges, total = sims.charges, sims.total()
    for charge in charges:
        back = f"  ({dollars(charge.refunded)} taken back)" if charge.refunded else ""
        tell(f"charged  {dollars(charge.amount):>9}  {charge.vendor:<10}  {charge.what}  {charge.id}{back}")
    tell(f"charged  {dollars(total):>9}  in all, none of it real")
    if ledger is not None:
        body = {"total": total, "charges": [asdict(charge) for charge in charges]}
        Path(ledger).write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {getattr(error, 'strerror', '') or error}") from error


def _object(file: str) -> dict[str, float | list[float]]:
    try:
        body = json.loads(_read(file))
    except ValueError as error:
        raise InputError(f"{file} is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InputError(f"{file} must hold a JSON object")
    return body

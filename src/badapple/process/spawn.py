"""Where processes begin: the one module that imports subprocess."""

from __future__ import annotations

import contextlib
import errno
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from badapple.config import child_environment
from badapple.errors import ToolError
from badapple.process.fate import called, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    Process: TypeAlias = "subprocess.Popen[bytes]"

__all__ = ["attach", "attempt", "ended", "spawn"]

_TRIAL = 60.0  #: seconds
_DIES_FIRST = "500"  #: of 1000; a child's work is made again from its parent's, so the parent had better live


def spawn(
    args: Sequence[str | Path], *, fed: bool, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Process:
    """Start a child in a session of its own, its output and errors in pipes.

    Args:
        args: the command.
        fed: it reads standard input from us.
        cwd: where it works.
        env: its whole environment; None gives it the few variables of ours that programs need, and none of the keys.

    Raises:
        ToolError: it cannot be started.
        OutOfMemoryError: there was no memory left to start it.
    """
    try:
        process = subprocess.Popen(
            [str(arg) for arg in args], stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, start_new_session=True,
            env=child_environment() if env is None else env,
        )  # fmt: skip
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise out_of_memory(args) from error
        raise ToolError(f"{called(args)} cannot be started: {error.strerror or error}") from error
    # Where memory runs out, the kernel ends what has the highest score: the child, and not the process with the jobs.
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(_DIES_FIRST, encoding="ascii")
    return process


def ended(process: Process, patience: float) -> bool:
    """Say whether a child has ended; waits for it as many seconds at most."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def attempt(args: Sequence[str], *, env: Mapping[str, str]) -> str | None:
    """Run a command that should end well at once; return None if it did, else its last words."""
    try:
        done = subprocess.run(
            args, stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=_TRIAL, check=False,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else f"exit code {done.returncode}"


def attach(args: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> int:
    """Run a child on this terminal and return its exit code, 128 + N where signal N ended it.

    Ctrl-C reaches the child by itself, being in our process group, and is left to it; SIGTERM and SIGHUP are passed on.
    It is the user's own command, so it has the user's whole environment.

    Args:
        args: the command.
        env: variables added to those of this process.

    Raises:
        ToolError: it cannot be started.
    """
    if shutil.which(str(args[0])) is None:
        raise ToolError(f"{args[0]} cannot be started: there is no such program")
    added = ["env", *(f"{name}={value}" for name, value in (env or {}).items())]  # it becomes the child, pid and all
    process = subprocess.Popen([*added, *(str(arg) for arg in args)])
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    before |= {number: signal.signal(number, _passing_on(process)) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _passing_on(process: Process) -> Callable[[int, FrameType | None], None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    return pass_on

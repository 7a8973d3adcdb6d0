"""What became of a child that failed: an error that says what happened, what is left and what to do."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from badapple.errors import DiskError, OutOfMemoryError, ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["called", "failure", "out_of_memory"]

_BWRAP = "bwrap: "
_KILLED_IN_A_SHELL = 128 + signal.SIGKILL
_NO_MEMORY = ("std::bad_alloc", os.strerror(errno.ENOMEM))


def failure(
    args: Sequence[str | Path], code: int, lines: tuple[str, ...], *, bounded: bool, locked: bool = False
) -> ToolError:
    """Return the error that the end of a child stands for which we did not end ourselves.

    Args:
        args: the command.
        code: its exit code, -N where signal N ended it.
        lines: its last lines.
        bounded: it had a bound of its own on memory; where it ran against that, the system still has memory.
        locked: it ran under bubblewrap, which had worked before.
    """
    if locked and lines and lines[-1].startswith(_BWRAP):
        # It never ran, so this says nothing of what it should have read: the system was short of processes or memory.
        return OutOfMemoryError(
            f"{called(args)} could not be locked in: {lines[-1].removeprefix(_BWRAP)}",
            last_lines=lines,
            hint="the system is short of processes or memory; run the same command again: finished parts are kept",
        )
    text = "\n".join(lines)
    if os.strerror(errno.ENOSPC) in text:
        return DiskError(
            "the disk is full",
            last_lines=lines,
            returncode=code,
            hint="free some space, then run the same command again: finished parts are kept",
        )
    ended = code in {-signal.SIGKILL, _KILLED_IN_A_SHELL}
    if ended or (not bounded and any(words in text for words in _NO_MEMORY)):
        return out_of_memory(args, lines, code)
    said = lines[-1] if lines else "no message"
    why = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
    return ToolError(f"{called(args)} {why}: {said}", last_lines=lines, returncode=code)


def out_of_memory(args: Sequence[str | Path], lines: tuple[str, ...] = (), code: int | None = None) -> OutOfMemoryError:
    """Return the error for a child that memory ran out for."""
    return OutOfMemoryError(
        f"{called(args)} was ended by the system because memory ran out",
        last_lines=lines,
        returncode=code,
        hint="give it more memory, or set MAX_MEMORY_MB lower so that fewer parts are made at once; then run the same "
        "command again: finished parts are kept",
    )


def called(args: Sequence[str | Path]) -> str:
    """Return the name of a command's program, without the version in it."""
    return Path(args[0]).name.split("-")[0]

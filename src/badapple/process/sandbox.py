"""How a child is locked in: by bubblewrap where the system allows it, else by its limits alone."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from badapple.config import child_environment, get_settings
from badapple.errors import ConfigError
from badapple.process.spawn import attempt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Level", "Sandbox", "environment", "locked_in", "own_end", "sandbox_level"]

#: The system as far as programs need it to start, and nothing of anybody's: no home, no settings, no /proc, no /tmp.
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store")
_BESIDE = ("lib", "lib64")  #: folders beside that of a program where its libraries may be
_SHELL = "/bin/sh"
#: The limits are set before anything else runs; where memory runs out, the kernel ends what has the highest score.
_LIMITED = 'echo 500 2>/dev/null >/proc/self/oom_score_adj; ulimit -c 0; {limits}exec "$@"'
_AGAIN = 300.0  #: seconds after which a trial that failed is made again
_LOADERS = ("LD_LIBRARY_PATH", "LANG")
#: Signals that end a program by its own fault or by its limits. Other exit codes above 128 are ffmpeg's own.
_ENDS = {128 + number for number in (4, 6, 7, 8, 9, 11, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGSYS)}
_INSTALL = "install bubblewrap, e.g. apt-get install bubblewrap"
_log = logging.getLogger("badapple.process")
_found: dict[tuple[str | None, str, tuple[str, ...], tuple[Path, ...]], tuple[Level, float]] = {}
_ALLOW = (
    "allow this process to make user namespaces; a container needs a security profile for that (see docs/uploads.md)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What a child that reads others' files sees: its program, the system's libraries, and these.

    It has no network, no process beside its own, and writes nowhere else.

    Attributes:
        trial: arguments with which the program only starts and ends well, e.g. `("-version",)`.
        needs: files and folders that it needs to start, besides itself and the libraries beside it.
        reads: files and folders of the work at hand.
        writes: folders that it may write to.
    """

    trial: tuple[str, ...]
    needs: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How well a program is locked in here.

    Attributes:
        name: `bubblewrap`; or `limits`, where time, memory, formats and protocols are bounded, but the user's files and
            the network are not out of its sight.
        reason: why it is not bubblewrap; empty where it is.
        hint: what to do about that.
    """

    name: Literal["bubblewrap", "limits"]
    reason: str = ""
    hint: str = ""


def sandbox_level(program: str | Path, sandbox: Sandbox) -> Level:
    """Return how a program is locked in here; each is tried once, and the answer is remembered.

    Raises:
        ConfigError: BADAPPLE_SANDBOX is `on`, and bubblewrap cannot lock it in.
    """
    wanted = get_settings().doors.sandbox
    if wanted == "off":
        return Level(name="limits", reason="BADAPPLE_SANDBOX is off", hint="unset BADAPPLE_SANDBOX")
    found = _tried(shutil.which("bwrap"), str(program), sandbox)
    if wanted == "on" and found.name != "bubblewrap":
        raise ConfigError(f"BADAPPLE_SANDBOX is on, but {found.reason}", hint=f"{found.hint}; or set it to auto")
    return found


def locked_in(
    args: Sequence[str | Path],
    sandbox: Sandbox,
    *,
    memory: int | None,
    file_size: int | None,
    cwd: Path | None = None,
) -> list[str] | None:
    """Return the command that runs a command under bubblewrap, or None where that is not to be had.

    Args:
        args: the command, its program by an absolute path.
        sandbox: what it sees.
        memory: bytes of address space, or None.
        file_size: bytes of one file, or None.
        cwd: where it works, which must be in its sight; None is `/`.

    Raises:
        ConfigError: BADAPPLE_SANDBOX is `on`, and bubblewrap cannot lock it in.
    """
    if sandbox_level(args[0], sandbox).name != "bubblewrap":
        return None
    bwrap = shutil.which("bwrap")
    assert bwrap is not None  # noqa: S101 - it was tried
    limits = f"ulimit -v {memory // 1024} 2>/dev/null; " if memory is not None else ""
    limits += f"ulimit -f {file_size // 512} 2>/dev/null; " if file_size is not None else ""
    return _command(bwrap, args, sandbox, limits=limits, cwd=cwd)


def environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """Return the whole environment of a child that is locked in."""
    if env is not None:
        return dict(env)
    return {name: value for name, value in child_environment().items() if name in _LOADERS or name.startswith("LC_")}


def own_end(code: int) -> int:
    """Return how the program ended, -N where signal N ended it; bubblewrap says that as 128 + N."""
    return 128 - code if code in _ENDS else code


def _tried(bwrap: str | None, program: str, sandbox: Sandbox) -> Level:
    """Return what a trial finds; one that failed is made again after a while: the machine may have been too busy."""
    key = (bwrap, program, sandbox.trial, sandbox.needs)
    found, again = _found.get(key, (None, 0.0))
    if found is None or (found.name != "bubblewrap" and time.monotonic() > again):
        found = _try(bwrap, program, sandbox.trial, sandbox.needs)
        _found[key] = (found, time.monotonic() + _AGAIN)
        _log.info("sandbox_tried", extra={"program": Path(program).name, "sandbox": found.name, "reason": found.reason})
    return found


def _try(bwrap: str | None, program: str, trial: tuple[str, ...], needs: tuple[Path, ...]) -> Level:
    if bwrap is None:
        return Level(name="limits", reason="bubblewrap is not installed", hint=_INSTALL)
    sandbox = Sandbox(trial=trial, needs=needs)
    said = attempt(_command(bwrap, (program, *trial), sandbox), env=environment(None))
    if said is None:
        return Level(name="bubblewrap")
    if said.startswith("bwrap: "):
        return Level(name="limits", reason=f"this system does not let bubblewrap work ({said[7:]})", hint=_ALLOW)
    name = Path(program).name
    return Level(
        name="limits",
        reason=f"{name} does not start under bubblewrap ({said})",
        hint=f"use a {name} that lies with its libraries under /usr, or in one folder with bin/ and lib/",
    )


def _command(
    bwrap: str, args: Sequence[str | Path], sandbox: Sandbox, *, limits: str = "", cwd: Path | None = None
) -> list[str]:
    words = [_SHELL, "-c", _LIMITED.format(limits=limits), "sh"]
    words += [bwrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    for place in _SYSTEM:
        path = Path(place)
        # On most systems /bin and /lib are links into /usr; bound as folders they would hide what they lead to.
        words += ["--symlink", str(path.readlink()), place] if path.is_symlink() else ["--ro-bind-try", place, place]
    program = Path(args[0])
    beside = [program.parent.parent / name for name in _BESIDE] if program.parent.name == "bin" else []
    for path in (program, *beside, *sandbox.needs, *sandbox.reads):
        if not path.is_relative_to("/usr"):
            words += ["--ro-bind-try", str(path), str(path)]  # ffmpeg itself has the better words for what is missing
    for path in sandbox.writes:
        words += ["--bind", str(path), str(path)]
    return [*words, "--remount-ro", "/", "--chdir", str(cwd or "/"), "--", *(str(arg) for arg in args)]

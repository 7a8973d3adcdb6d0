"""How a command ends: exit codes, and errors as lines for people."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from badapple.errors import (
    BadappleError,
    BudgetError,
    ConfigError,
    DiskError,
    InputError,
    MissingFontError,
    OutcomeUnknownError,
    QualityError,
    StorageError,
    UnknownStyleError,
)
from badapple.secrets import plain, scrub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

#: typer carries its own copy of click in new versions and imports click in old ones; this finds the class in both.
_UsageError: type[Exception] = typer.BadParameter.__mro__[2]


class ExitCode(IntEnum):
    """What the shell sees; 128 + the signal's number where a signal stopped the command."""

    OK = 0  #: done
    FAILED = 1  #: a part could not be made, or a bug
    INPUT = 2  #: wrong options, or a photo, style, script or name that cannot be used
    ENVIRONMENT = 3  #: ffmpeg, a folder, the disk or a setting stands in the way
    QUALITY = 4  #: the video was made but breaks a hard rule; the file is kept
    BUDGET = 5  #: it would cost more than the cap
    UNDECIDED = 6  #: a vendor may have charged for something; `badapple calls` says what to decide
    BROKEN_PIPE = 141  #: the reader of standard output went away


class Interrupted(BaseException):
    """A signal stopped the command, and what was under way has ended."""

    def __init__(self, number: int, *, resume_before: datetime | None = None) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.resume_before = resume_before


@dataclass(slots=True)
class Ended:
    """The exit code of a command that has ended."""

    code: int = ExitCode.OK


@contextlib.contextmanager
def catching(*, debug: bool) -> Iterator[Ended]:
    """Turn whatever leaves the block into lines on standard error and an exit code."""
    ended = Ended()
    try:
        yield ended
        sys.stdout.flush()
    except typer.Exit as error:
        ended.code = error.exit_code
    except BrokenPipeError:
        drop_stdout()
        ended.code = ExitCode.BROKEN_PIPE
    except (KeyboardInterrupt, typer.Abort):
        tell("Stopped.")
        ended.code = 128 + signal.SIGINT
    except Interrupted as stop:
        tell(f"Stopped. Finished parts are kept{_paid(stop)}; run the same command again to go on:\n  {command_line()}")
        ended.code = 128 + stop.number
    except Exception as error:  # noqa: BLE001 - the outermost door: nothing may leave it as a traceback
        ended.code = report(error, debug=debug)


def _paid(stop: Interrupted) -> str:
    """Return what is said of orders that vendors go on with."""
    if stop.resume_before is None:
        return ""
    return f", and what is paid for goes on at the vendors: resume before {stop.resume_before.astimezone():%H:%M}"


def report(error: Exception, *, debug: bool) -> int:
    """Print an error as one line, a hint where there is one, and return its exit code."""
    if debug:
        tell("".join(traceback.format_exception(error)).rstrip())
    code, text, hint = explain(error)
    if code is None:
        code, hint = ExitCode.FAILED, f"this is a bug in badapple; its traceback is in {_write_down(error)}"
    tell(f"error: {text}")
    if hint:
        tell(f"hint: {hint}")
    return code


def explain(error: BaseException) -> tuple[ExitCode | None, str, str]:
    """Return exit code, text and hint of an error; the code is None where it was not foreseen."""
    if isinstance(error, _UsageError):
        return ExitCode.INPUT, _one_line(_usage_text(error)), _usage_hint(error)
    for link in _chain(error):
        if (code := _code(link)) is not None:
            hint = getattr(error, "hint", "") or getattr(link, "hint", "") or _disk_hint(link)
            return code, _one_line(_text(error)), hint
    known = isinstance(error, BadappleError)
    return (ExitCode.FAILED if known else None), _one_line(_text(error)), getattr(error, "hint", "")


def _code(error: BaseException) -> ExitCode | None:
    if isinstance(error, QualityError):
        return ExitCode.QUALITY
    if isinstance(error, BudgetError):
        return ExitCode.BUDGET
    if isinstance(error, OutcomeUnknownError):
        return ExitCode.UNDECIDED
    if isinstance(error, (InputError, UnknownStyleError, MissingFontError)):
        return ExitCode.INPUT
    of_the_disk = isinstance(error, OSError) and error.errno in _DISK_HINTS
    if of_the_disk or isinstance(error, (ConfigError, DiskError, StorageError)):
        return ExitCode.ENVIRONMENT
    return None


_DISK_HINTS = {
    errno.ENOSPC: "free some space, then run the same command again: finished parts are kept",
    errno.EDQUOT: "your disk quota is used up: free some space, then run the same command again",
    errno.EROFS: "this folder is on a read-only disk: choose another one with -o",
    errno.EACCES: "you may not write or read there: choose another folder, or change its permissions",
    errno.EPERM: "you may not write or read there: choose another folder, or change its permissions",
}


def _disk_hint(error: BaseException) -> str:
    return _DISK_HINTS.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = getattr(link, "cause", None) or link.__cause__


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}"
    if isinstance(error, BadappleError):
        return str(error)
    return plain(scrub(f"{type(error).__name__}: {error}")) if str(error) else type(error).__name__


def _usage_text(error: Exception) -> str:
    say = getattr(error, "format_message", None)
    return str(say()) if say else str(error)


def _usage_hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "badapple"
    return f"{path} --help shows what it takes"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _write_down(error: Exception) -> Path | str:
    name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    text = scrub(f"{command_line()}\n\n{''.join(traceback.format_exception(error))}")
    for folder in _log_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return folder / name
    return "no file: no folder can be written"


def _log_folders() -> Iterator[Path]:
    from badapple.config import get_settings  # noqa: PLC0415

    with contextlib.suppress(ConfigError):
        yield get_settings().data_dir / "logs"
    yield Path(tempfile.gettempdir())


def tell(text: str) -> None:
    """Write a line to standard error, if anybody still reads it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(plain(scrub(text)) + "\n")
        sys.stderr.flush()


def never_fail_on_letters() -> None:
    """Let no letter that the terminal's encoding lacks end a command; it is shown as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_stdout() -> None:
    """Send all further standard output nowhere, so that the interpreter's last flush finds no broken pipe."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def command_line() -> str:
    """Return the command of this process, quoted so that it can be pasted into a shell."""
    program = sys.argv[0] if sys.argv else "badapple"
    if Path(program).name == "__main__.py":
        return shlex.join([sys.executable, "-m", "badapple", *sys.argv[1:]])
    name = Path(program).name
    return shlex.join([name if shutil.which(name) == program else program, *sys.argv[1:]])

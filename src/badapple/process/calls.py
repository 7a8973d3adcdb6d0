"""The three ways to call a child: to its end, fed piece by piece, read piece by piece."""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from typing import IO, TYPE_CHECKING

from badapple.errors import ToolError
from badapple.process.child import POLL, Limits, child
from badapple.process.fate import called
from badapple.process.threads import check_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from badapple.process.child import Output
    from badapple.process.sandbox import Sandbox

__all__ = ["pipe", "run", "stream"]

_PIPE_BYTES = 1 << 20  # what the kernel lets an ordinary user have; a frame goes over in 3 steps instead of 48


def run(
    args: Sequence[str | Path],
    *,
    limits: Limits | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    sandbox: Sandbox | None = None,
) -> Output:
    """Run a child to its end.

    Args:
        args: the command.
        limits: what it may use.
        stdin: what it reads.
        cwd: where it works.
        env: its whole environment; None gives it the few variables of ours that programs need, and none of the keys.
        sandbox: lock it in, as well as this system can, and let it see only this.

    Raises:
        ConfigError: it must be locked in, and cannot be.
        ToolError: it failed, ran over its time or wrote too much; carries its last lines.
        DiskError: it said that the disk is full.
        OutOfMemoryError: the system ended it because memory ran out.
        Stopped: the work in this thread was cancelled; the child's whole group is dead.
    """
    limits = limits or Limits()
    with child(args, limits=limits, fed=stdin is not None, cwd=cwd, env=env, sandbox=sandbox) as running:
        if stdin is not None:
            threading.Thread(target=_feed, args=(running.process.stdin, stdin), daemon=True).start()
        deadline = time.monotonic() + limits.seconds
        while not running.ended(POLL):
            check_stop()
            if running.over:
                running.kill()
            elif time.monotonic() > deadline:
                running.kill()
                raise ToolError(
                    f"{called(args)} took longer than {limits.seconds:.0f} s and was stopped",
                    last_lines=running.tail(),
                )
        return running.result()


@contextlib.contextmanager
def pipe(args: Sequence[str | Path], *, cwd: Path | None = None) -> Iterator[Callable[[memoryview], None]]:
    """Run a child that reads standard input; yields the function that writes to it.

    Leaving the block closes its input and waits for it.

    Raises:
        ToolError: it failed; carries its last lines.
        DiskError: it said that the disk is full.
        OutOfMemoryError: the system ended it because memory ran out.
    """
    with child(args, limits=Limits(), fed=True, cwd=cwd) as running:
        stream = running.process.stdin
        assert stream is not None  # noqa: S101 - it is fed
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

        def write(data: memoryview) -> None:
            check_stop()
            try:
                stream.write(data)
            except BrokenPipeError:
                if running.ended(10):
                    running.result()
                raise ToolError(f"{called(args)} closed its input early", last_lines=running.tail()) from None

        yield write
        with contextlib.suppress(BrokenPipeError):
            stream.close()
        while not running.ended(POLL):
            check_stop()
        running.result()


@contextlib.contextmanager
def stream(
    args: Sequence[str | Path], *, limits: Limits | None = None, sandbox: Sandbox | None = None
) -> Iterator[Callable[[memoryview], bool]]:
    """Run a child whose standard output is read piece by piece; yields the function that fills a buffer with it.

    That function says False where the output had ended before. Leaving the block ends the child, finished or not.

    Args:
        args: the command.
        limits: what it may use; `seconds` is how long it may keep a reader waiting, not its whole life.
        sandbox: lock it in, as well as this system can, and let it see only this.

    Raises (the function):
        ToolError: it failed, stopped in the middle of a buffer, or kept us waiting; carries its last lines.
        DiskError: it said that the disk is full.
        OutOfMemoryError: the system ended it because memory ran out.
        Stopped: the work in this thread was cancelled.
    """
    with child(args, limits=limits or Limits(), fed=False, collect=False, sandbox=sandbox) as running:
        source = running.process.stdout
        assert source is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

        def fill(buffer: memoryview) -> bool:
            done = 0
            while done < len(buffer):
                got = running.read(source.fileno(), buffer[done:])
                if not got:
                    break
                done += got
            if 0 < done < len(buffer):
                raise ToolError(f"{called(args)} stopped before it was done", last_lines=running.tail())
            return done == len(buffer)

        yield fill


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is not None:
        with contextlib.suppress(OSError, ValueError), stream:
            stream.write(data)

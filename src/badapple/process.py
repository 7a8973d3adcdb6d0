"""The only spawner of child processes and worker threads: limits, last lines, group kill, cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import signal
import subprocess
import threading
import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, ParamSpec, TypeVar

from badapple.errors import DiskError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Limits", "Output", "Stopped", "check_stop", "in_thread", "pipe", "run", "settle"]

P = ParamSpec("P")
T = TypeVar("T")

_LAST_LINES = 20
_POLL = 0.05
_PIPE_BYTES = 1 << 20  # what the kernel lets an ordinary user have; a frame goes over in 3 steps instead of 48
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc
_stop: ContextVar[threading.Event | None] = ContextVar("badapple_stop", default=None)


class Stopped(BaseException):
    """The work in this thread was cancelled; a BaseException, so that no handler of errors swallows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may use.

    Attributes:
        seconds: wall time before its process group is killed.
        memory: bytes of address space, or None.
        file_size: bytes of one file, or None.
    """

    seconds: float = 600
    memory: int | None = None
    file_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a finished child left: standard output, and the last lines of standard error."""

    stdout: bytes
    last_lines: tuple[str, ...]


def settle() -> None:
    """Keep the memory of several drawing threads small; a program of its own calls it once, before any picture.

    Buffers of some megabytes come and go with every frame: kept in two arenas they are used again, where malloc's
    defaults ask the kernel for fresh pages.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc has it, musl has not
        for option, value in ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, 1 << 30), (_M_TRIM_THRESHOLD, 100 << 20)):
            mallopt(option, value)


def check_stop() -> None:
    """Raise Stopped if the work in this thread was cancelled; long loops call it once a round."""
    event = _stop.get()
    if event is not None and event.is_set():
        raise Stopped


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread; on cancellation stop it and wait until it has ended."""
    event = threading.Event()

    def call() -> T:
        _stop.set(event)
        return work(*args, **kwargs)

    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        event.set()
        while not task.done():
            with contextlib.suppress(BaseException):
                await asyncio.shield(task)
        if not task.cancelled():
            task.exception()  # marks it as seen
        raise


def run(
    args: Sequence[str | Path],
    *,
    limits: Limits | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Output:
    """Run a child to its end.

    Raises:
        ToolError: it failed or ran over its time; carries its last lines.
        DiskError: it said that the disk is full.
        Stopped: the work in this thread was cancelled; the child's whole group is dead.
    """
    limits = limits or Limits()
    with _child(
        args, limits=limits, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, cwd=cwd, env=env
    ) as child:
        if stdin is not None:
            threading.Thread(target=_feed, args=(child.process.stdin, stdin), daemon=True).start()
        deadline = time.monotonic() + limits.seconds
        while not child.ended(_POLL):
            check_stop()
            if time.monotonic() > deadline:
                child.kill()
                raise ToolError(
                    f"{_name(args)} took longer than {limits.seconds:.0f} s and was stopped", last_lines=child.tail()
                )
        return child.result(args)


@contextlib.contextmanager
def pipe(args: Sequence[str | Path], *, cwd: Path | None = None) -> Iterator[Callable[[memoryview], None]]:
    """Run a child that reads standard input; yields the function that writes to it.

    Leaving the block closes its input and waits for it.

    Raises:
        ToolError: it failed; carries its last lines.
        DiskError: it said that the disk is full.
    """
    with _child(args, limits=Limits(), stdin=subprocess.PIPE, cwd=cwd, env=None) as child:
        stream = child.process.stdin
        assert stream is not None  # noqa: S101 - PIPE was asked for
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

        def write(data: memoryview) -> None:
            check_stop()
            try:
                stream.write(data)
            except BrokenPipeError:
                child.ended(10)
                child.result(args)
                raise ToolError(f"{_name(args)} closed its input early", last_lines=child.tail()) from None

        yield write
        with contextlib.suppress(BrokenPipeError):
            stream.close()
        while not child.ended(_POLL):
            check_stop()
        child.result(args)


class _Child:
    """A running child with its output being collected."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._out: list[bytes] = []
        self._readers = [
            threading.Thread(target=self._read_out, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_err, args=(process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_out(self, stream: IO[bytes]) -> None:
        self._out.extend(iter(lambda: stream.read(1 << 16), b""))

    def _read_err(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._lines.append(line.decode("utf-8", "replace").rstrip()[-500:])

    def ended(self, patience: float) -> bool:
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tail(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def result(self, args: Sequence[str | Path]) -> Output:
        for reader in self._readers:
            reader.join(10)
        code = self.process.returncode
        if code == 0:
            return Output(stdout=b"".join(self._out), last_lines=self.tail())
        text = "\n".join(self._lines)
        if os.strerror(errno.ENOSPC) in text:
            raise DiskError(
                "the disk is full",
                last_lines=self.tail(),
                returncode=code,
                hint="free some space, then run the same command again: finished parts are kept",
            )
        said = self._lines[-1] if self._lines else "no message"
        why = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
        raise ToolError(f"{_name(args)} {why}: {said}", last_lines=self.tail(), returncode=code)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def _child(
    args: Sequence[str | Path], *, limits: Limits, stdin: int, cwd: Path | None, env: Mapping[str, str] | None
) -> Iterator[_Child]:
    try:
        process = subprocess.Popen(
            [str(arg) for arg in args],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=env, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise ToolError(f"{_name(args)} cannot be started: {error.strerror or error}") from error
    child = _Child(process)
    with contextlib.suppress(ProcessLookupError, OSError, AttributeError):
        if limits.memory is not None:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (limits.memory, limits.memory))
        if limits.file_size is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    try:
        yield child
    finally:
        if process.poll() is None:
            child.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is not None:
        with contextlib.suppress(OSError, ValueError), stream:
            stream.write(data)


def _name(args: Sequence[str | Path]) -> str:
    return Path(args[0]).name.split("-")[0]

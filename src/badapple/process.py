"""The only spawner of child processes and worker threads: limits, last lines, group kill, cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import select
import shutil
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
    from types import FrameType

__all__ = [
    "Aside",
    "Limits",
    "Output",
    "Stopped",
    "attach",
    "check_stop",
    "in_thread",
    "pipe",
    "run",
    "settle",
    "stream",
]

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
        output: bytes of standard output that `run` keeps before the process group is killed, or None.
    """

    seconds: float = 600
    memory: int | None = None
    file_size: int | None = None
    output: int | None = None


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


@dataclass(frozen=True, slots=True)
class Aside:
    """Does blocking work off the event loop; or at once, for a database that lives in one thread."""

    threaded: bool

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the work returns."""
        return await in_thread(work, *args, **kwargs) if self.threaded else work(*args, **kwargs)


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
        ToolError: it failed, ran over its time or wrote too much; carries its last lines.
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
            if child.over:
                child.kill()
            elif time.monotonic() > deadline:
                child.kill()
                raise ToolError(
                    f"{_name(args)} took longer than {limits.seconds:.0f} s and was stopped", last_lines=child.tail()
                )
        return child.result(args)


def attach(args: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> int:
    """Run a child on this terminal and return its exit code, 128 + N where signal N ended it.

    Ctrl-C reaches the child by itself, being in our process group, and is left to it; SIGTERM and SIGHUP are passed on.

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


def _passing_on(process: subprocess.Popen[bytes]) -> Callable[[int, FrameType | None], None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    return pass_on


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


@contextlib.contextmanager
def stream(args: Sequence[str | Path], *, limits: Limits | None = None) -> Iterator[Callable[[memoryview], bool]]:
    """Run a child whose standard output is read piece by piece; yields the function that fills a buffer with it.

    That function says False where the output had ended before. Leaving the block ends the child, finished or not.

    Args:
        args: the command.
        limits: what it may use; `seconds` is how long it may keep a reader waiting, not its whole life.

    Raises (the function):
        ToolError: it failed, stopped in the middle of a buffer, or kept us waiting; carries its last lines.
        DiskError: it said that the disk is full.
        Stopped: the work in this thread was cancelled.
    """
    limits = limits or Limits()
    with _child(args, limits=limits, stdin=subprocess.DEVNULL, cwd=None, env=None, collect=False) as child:
        source = child.process.stdout
        assert source is not None  # noqa: S101 - PIPE was asked for
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

        def fill(buffer: memoryview) -> bool:
            done = 0
            while done < len(buffer):
                got = child.read(source.fileno(), buffer[done:], args, patience=limits.seconds)
                if not got:
                    break
                done += got
            if 0 < done < len(buffer):
                raise ToolError(f"{_name(args)} stopped before it was done", last_lines=child.tail())
            return done == len(buffer)

        yield fill


class _Child:
    """A running child with its output being collected."""

    def __init__(self, process: subprocess.Popen[bytes], *, collect: bool, most: int | None = None) -> None:
        self.process = process
        self.over = False  # it wrote more than `most` bytes; nobody reads on, so it waits to be killed
        self._most = most
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._out: list[bytes] = []
        self._readers = [threading.Thread(target=self._read_err, args=(process.stderr,), daemon=True)]
        if collect:
            self._readers.append(threading.Thread(target=self._read_out, args=(process.stdout,), daemon=True))
        for reader in self._readers:
            reader.start()

    def read(self, source: int, buffer: memoryview, args: Sequence[str | Path], *, patience: float) -> int:
        """Read what there is of its output into the buffer, at least a byte; 0 where it has ended well."""
        poll = select.poll()
        poll.register(source, select.POLLIN)
        deadline = time.monotonic() + patience
        check_stop()
        while not poll.poll(_POLL * 1000):
            check_stop()
            if time.monotonic() > deadline:
                self.kill()
                raise ToolError(
                    f"{_name(args)} gave nothing for {patience:.0f} s and was stopped", last_lines=self.tail()
                )
        got = os.readv(source, [buffer])
        if not got:
            while not self.ended(_POLL):
                check_stop()
            self.result(args)
        return got

    def _read_out(self, stream: IO[bytes]) -> None:
        kept = 0
        while not self.over and (data := stream.read(1 << 16)):
            kept += len(data)
            self._out.append(data)
            self.over = self._most is not None and kept > self._most

    def _read_err(self, stream: IO[bytes]) -> None:
        while line := stream.readline(1 << 16):  # in pieces: a line may be as long as its writer likes
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
        if self.over:
            raise ToolError(
                f"{_name(args)} wrote more than {self._most} bytes", last_lines=self.tail(), returncode=code
            )
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
    args: Sequence[str | Path],
    *,
    limits: Limits,
    stdin: int,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    collect: bool = True,
) -> Iterator[_Child]:
    try:
        process = subprocess.Popen(
            [str(arg) for arg in args],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=env, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise ToolError(f"{_name(args)} cannot be started: {error.strerror or error}") from error
    child = _Child(process, collect=collect, most=limits.output)
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

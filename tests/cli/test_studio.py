"""`badapple studio` as a process: a server, and a browser that is opened once at the right address."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.servers import free_port

_START = 45.0  #: seconds


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder of somebody's, and a browser that only notes where it is led."""

    folder: Path
    port: int

    @property
    def env(self) -> dict[str, str]:
        browser = self.folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> "{self.folder}/led"\n')
        browser.chmod(0o755)
        words = {"BADAPPLE_DATA_DIR": str(self.folder / "data"), "BADAPPLE_CACHE_DIR": str(self.folder / "cache")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BADAPPLE_", "DATABASE_"))}
        return {**kept, **words, "BADAPPLE_LOG_DIR": "-", "BADAPPLE_AUTH": "on", "BROWSER": str(browser)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "badapple", "studio", "--port", str(self.port), *words]

    def led(self, many: int) -> list[str]:
        """Wait until the browser was led to so many addresses, and return them."""
        file, deadline = self.folder / "led", time.monotonic() + _START
        while time.monotonic() < deadline:
            found = file.read_text().split() if file.is_file() else []
            if len(found) >= many:
                return found
            time.sleep(0.05)
        raise AssertionError(f"the browser was not led to {many} addresses")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path, free_port())
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(found.command(), env=found.env, cwd=tmp_path, stdout=log, stderr=log)
        try:
            yield found
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def test_the_browser_is_let_in_once_and_a_second_call_opens_the_same_studio(desk: Desk) -> None:
    (address,) = desk.led(1)
    root = f"http://127.0.0.1:{desk.port}"
    assert address.startswith(f"{root}/api/v1/sign-in?token=")
    token = address.partition("token=")[2]
    with httpx.Client(base_url=root) as browser:
        assert browser.get("/library").status_code == 401
        assert browser.get(address).status_code == 200
        assert browser.post("/api/v1/sign-in", data={"token": token}).status_code == 303
        assert browser.get("/library").status_code == 200
    assert httpx.post(f"{root}/api/v1/sign-in", data={"token": token}).status_code == 401  # good once

    again = subprocess.run(desk.command(), env=desk.env, cwd=desk.folder, capture_output=True, timeout=40, check=False)
    assert again.returncode == 0, again.stderr.decode()
    assert len(set(desk.led(2))) == 2
    quiet = desk.command("--no-open")
    told = subprocess.run(quiet, env=desk.env, cwd=desk.folder, capture_output=True, timeout=40, check=False)
    assert told.stdout.decode().startswith(f"The studio: {root}/api/v1/sign-in?token=")
    time.sleep(0.3)
    assert len(desk.led(2)) == 2

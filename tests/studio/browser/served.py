"""A real `badapple serve` in a process of its own, with a data folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[3]
PHOTO = ROOT / "examples" / "demo-product.jpg"
LIVE = ("pending", "processing")
START = 120.0  #: seconds until a server has to answer
_KEPT = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)


def free_port() -> int:
    """Return a port that nobody listens on now; the same one serves again after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(slots=True)
class Server:
    """The server; it can be killed and started again on the same port and the same folder."""

    folder: Path
    cache: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    more: Mapping[str, str] = field(default_factory=dict)  #: of its environment

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *words: str) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        env |= {"BADAPPLE_DATA_DIR": str(self.folder / "data"), "BADAPPLE_CACHE_DIR": str(self.cache), **self.more}
        command = [sys.executable, "-m", "badapple", "serve", "--port", str(self.port), *words]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=env, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + START
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.2)

    def kill(self) -> None:
        """End it as a power cut would: at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def log(self) -> str:
        """Return the end of what it wrote."""
        return (self.folder / "serve.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def errors(self) -> list[str]:
        """Return what it wrote of faults of its own."""
        lines = (self.folder / "serve.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return [
            line for line in lines if '"level": "error"' in line or '"level": "critical"' in line or "Traceback" in line
        ]

    def ask(self, method: str, path: str, **words: Any) -> Any:
        """Ask the API, and return its answer."""
        answer = httpx.request(method, f"{self.root}/api/v1{path}", timeout=60, **words)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def order(self, name: str, **fields: str) -> str:
        """Order an ad of the demo's photo, and return its id."""
        words = {"product_name": name, "style": "luxury", "cta_text": "Shop now", "provider": "offline", **fields}
        files = {"product_image": (PHOTO.name, PHOTO.read_bytes(), "image/jpeg")}
        return str(self.ask("POST", "/videos/generate", data=words, files=files)["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/jobs/{job_id}")
        return found

    def wait(self, job_id: str, patience: float, *, progress: int = 101) -> dict[str, Any]:
        """Wait until a job has ended, or is so far."""
        until = time.monotonic() + patience
        while True:
            job = self.job(job_id)
            if job["status"] not in LIVE or job["progress"] >= progress:
                return job
            assert time.monotonic() < until, f"{job['status']} at {job['progress']} %\n{self.log()}"
            time.sleep(0.3)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.root}/healthz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

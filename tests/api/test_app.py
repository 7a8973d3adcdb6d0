"""The whole server: beside a worker, alone, without its database; and ads made by applications of others."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from tests.api.calling import AD, here, refused
from tests.api.visiting import place
from tests.jobs.making import Works

from badapple import jobs
from badapple.api.running import ApiDoor
from badapple.config import read_settings
from badapple.errors import ConfigError
from badapple.models import FULL, MakeOptions

if TYPE_CHECKING:
    from tests.servers import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(__file__).with_name("program.py")


@dataclass
class Served:
    """A server that is a process of its own."""

    process: subprocess.Popen[str]
    told: list[str]

    @property
    def root(self) -> str:
        found = re.search(r"badapple serves (\S+)", self.told[0])
        assert found is not None
        return found[1]

    def client(self, **words: object) -> httpx.Client:
        return httpx.Client(base_url=self.root, trust_env=False, timeout=30, **words)  # type: ignore[arg-type]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def environment(folder: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    own = {
        "BADAPPLE_DATA_DIR": str(folder / "data"), "BADAPPLE_CACHE_DIR": str(folder / "cache"),
        "LOG_DIR": str(folder / "logs"), **(env or {}),
    }  # fmt: skip
    return {name: value for name, value in os.environ.items() if not name.startswith(("BADAPPLE_", "DATABASE_"))} | own


@contextmanager
def served(folder: Path, *command: str, lines: int = 1, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    with (folder / "err").open("ab") as err:
        process = subprocess.Popen(
            [sys.executable, *command], env=environment(folder, env), stdout=subprocess.PIPE, stderr=err, text=True
        )
    try:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        assert told[-1], (folder / "err").read_text()[-3000:]
        yield Served(process, told)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_one_process_answers_and_makes(tmp_path: Path) -> None:
    with served(tmp_path, str(PROGRAM)) as server, server.client() as client:
        ready = client.get("/readyz").json()
        assert (ready["status"], set(ready["checks"])) == ("ready", {"database", "sign_of_life", "taking_work"})
        job = client.post("/api/v1/videos/generate", json=AD).json()
        deadline = time.monotonic() + 50
        while (body := client.get(job["status_url"]).json())["status"] in {"pending", "processing"}:
            assert time.monotonic() < deadline, body
            time.sleep(0.2)
        assert body["status"] == "completed", body
        video = client.get(body["video_url"])
        assert (video.headers["content-type"], video.content[4:8]) == ("video/mp4", b"ftyp")
        stream = client.get(job["events_url"]).text
        assert '"stage":"completed"' in stream.replace(" ", "")
        assert "badapple_jobs_total" in client.get("/metrics").text
        assert server.end() == 0


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_a_thousand_posts_of_one_key_at_once_make_one_job(tmp_path: Path) -> None:
    """Over real connections, to a server that makes the job meanwhile."""
    rates = {"BADAPPLE_RATE": "100000", "BADAPPLE_WRITE_RATE": "100000"}
    limits = httpx.Limits(max_connections=250)
    with served(tmp_path, str(PROGRAM), env=rates) as server:
        async with httpx.AsyncClient(base_url=server.root, trust_env=False, timeout=200, limits=limits) as client:
            posts = [
                client.post("/api/v1/videos/generate", json=AD, headers={"idempotency-key": "one"}) for _ in range(1000)
            ]
            replies = await asyncio.gather(*posts)
            assert len((await client.get("/api/v1/jobs")).json()["items"]) == 1
    good = [reply for reply in replies if reply.status_code == 202]
    assert len({reply.json()["job_id"] for reply in good}) == 1
    assert sum("idempotent-replayed" not in reply.headers for reply in good) == 1
    for reply in replies:
        if reply.status_code != 202:
            refused(reply, 409, "idempotency_in_flight")


async def test_a_worker_beside_the_api_rings_its_bell(tmp_path: Path) -> None:
    door = ApiDoor(read_settings({"BADAPPLE_DATA_DIR": str(tmp_path)}), "127.0.0.1")
    app = door.application()
    assert isinstance(app, FastAPI)
    assert app.state.doors.bell is door.bell
    app.state.doors.engine.dispose()


def test_a_server_without_a_worker_leaves_jobs_to_others(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.url(postgres.database())
    command = ("-m", "badapple", "serve", "--no-worker", "--port", "0")
    with served(tmp_path, *command, env={"DATABASE_URL": url}) as server, server.client() as client:
        assert client.get("/readyz").json() == {"status": "ready", "checks": {"database": True}}
        job_id = client.post("/api/v1/videos/generate", json=AD).json()["job_id"]
        assert client.get(f"/api/v1/jobs/{job_id}").json()["status"] == "pending"
        postgres.stop()
        try:
            away = client.get("/api/v1/jobs")
            problem = refused(away, 503, "database_away")
            assert (problem["retryable"], away.headers["retry-after"]) == (True, "2")
            assert "postgres" not in away.text
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
        finally:
            postgres.start()
        assert client.get("/api/v1/jobs").json()["items"][0]["job_id"] == job_id
        assert server.end() == 0


def test_a_server_that_others_reach_asks_who_they_are(tmp_path: Path) -> None:
    command = ("-m", "badapple", "serve", "--no-worker", "--port", "0", "--host", "0.0.0.0")
    with served(tmp_path, *command, lines=2) as server, server.client() as client:
        refused(client.get("/api/v1/jobs"), 401, "unauthenticated")
        for open_to_all in ("/docs", "/openapi.json", "/healthz", "/problems/unauthenticated"):
            assert client.get(open_to_all).status_code == 200
        found = re.search(r"http\S+sign-in\?token=(\S+)", server.told[1])
        assert found is not None
        page = client.get(found[0])
        assert page.status_code == 200
        log = (tmp_path / "err").read_text() + "".join(path.read_text() for path in (tmp_path / "logs").glob("*"))
        assert found[1] not in log
        assert server.end() == 0


async def test_an_application_that_cannot_be_set_up_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="database"):
        async with here(tmp_path, BADAPPLE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"):
            pass


def _code(heading: str) -> str:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    found = re.search(rf"## {heading}\n.*?```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


_ASK = """
import pathlib, sys
from fastapi.testclient import TestClient

with TestClient(app) as client:
    reply = client.post("/ads", params={"product_name": "Watch", "style": "minimal", "cta_text": "Get it"})
print(reply.status_code, reply.json()["job_id"])
"""


def test_an_application_of_somebody_else_s_makes_ads_in_the_background(tmp_path: Path) -> None:
    settings = read_settings(
        {name: value for name, value in environment(tmp_path).items() if name.startswith("BADAPPLE")}
    )
    # What a film needs is made beforehand, quickly: the program under test finds it, as after a restart.
    order = jobs.JobOrder(product_name="Watch", style="minimal", cta_text="Get it", options=MakeOptions(canvas=FULL))
    Works(settings).run(jobs.submit(order, settings))
    code = _code("In an application of your own")
    done = subprocess.run(
        [sys.executable, "-c", code + _ASK], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    status, job_id = done.stdout.split()
    assert status == "202"
    view = jobs.get(job_id, settings)
    assert (view.status, view.engine) == ("completed", False)
    assert view.video_url is not None
    assert Path(view.video_url).is_file()


def test_an_application_of_somebody_else_s_hands_ads_to_workers(tmp_path: Path) -> None:
    code = _code("Handed to workers")
    done = subprocess.run(
        [sys.executable, "-c", code + _ASK], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    status, job_id = done.stdout.split()
    settings = read_settings(
        {name: value for name, value in environment(tmp_path).items() if name.startswith("BADAPPLE")}
    )
    view = jobs.get(job_id, settings)
    assert (status, view.status, view.engine) == ("202", "pending", True)


async def test_agents_find_their_tools_beside_the_api(tmp_path: Path) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    async with here(tmp_path) as api:
        reply = await api.client.post("/mcp", json=asked, headers=headers)
        assert (reply.status_code, "create_ad" in reply.text) == (200, True)
        stream = await api.client.get("/mcp", headers=headers)  # nothing would ever come
        assert (stream.status_code, stream.headers["allow"]) == (405, "POST")
    async with place(tmp_path / "open") as opened:
        refused(await opened.ask("POST", "/mcp", json=asked, headers=headers), 401, "unauthenticated")

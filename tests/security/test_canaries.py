"""Canaries in every key and password, every way of failing at the API and the command line: they are found nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from tests.api.calling import AD
from tests.api.visiting import V1, Place, place
from tests.jobs.making import Works
from tests.jobs.receivers import Receiver, receiving

from badapple.access import credentials, sessions
from badapple.cli import main
from badapple.config import get_settings
from badapple.errors import BadappleError
from badapple.process import in_thread
from badapple.telemetry import logs, metrics
from badapple.testing.simulators import Fault, Simulators

pytestmark = pytest.mark.timeout(180)

PASSWORDS = {
    "BADAPPLE_SECRET_KEY": "canary-of-the-server-0123456789abcdef",
    "REDIS_URL": "redis://user:canary-of-redis@127.0.0.1:1/0",
    "PGPASSWORD": "canary-of-postgres",
    "AWS_SECRET_ACCESS_KEY": "canary-of-the-bucket",
    "BADAPPLE_WEBHOOK_URL": "https://user:canary-of-the-hook@hooks.example.com/replicate",
}
CLOUD = AD | {"provider": "cloud", "cta_by": "offline", "max_cost_usd": 3}


@dataclass
class Heard:
    """All that anybody was told, and what nobody may find in it."""

    there: Place
    key: str
    secrets: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    async def ask(self, method: str, path: str, *, keep: bool = True, **words: Any) -> httpx.Response:
        """Ask, and keep the answer; not where it hands a secret out, or repeats the address that holds one."""
        answer = await self.there.ask(method, path if path.startswith("/") else f"{V1}/{path}", **words)
        self.statuses.add(answer.status_code)
        if keep:
            self.said.append(f"{method} {answer.status_code} {answer.headers} {answer.text}")
        return answer

    async def handed(self, name: str, path: str, body: Any = None) -> str:
        """Return a secret that is handed out once."""
        answer = await self.ask("POST", path, keep=False, key=self.key, json=body)
        secret: str = answer.json()[name]
        self.secrets.add(secret)
        return secret


def faults() -> list[list[Fault]]:
    """Failures of every vendor that say our own keys back to us."""
    told = {"anthropic": "sk-ant-simulated", "elevenlabs": "sk_simulated", "replicate": "r8_simulated"}
    bodies: dict[str, Callable[[str], object]] = {
        "anthropic": lambda text: {"type": "error", "error": {"type": "invalid_request_error", "message": text}},
        "elevenlabs": lambda text: {"detail": {"status": "invalid", "message": text}},
        "replicate": lambda text: {"title": "no", "detail": text, "status": 400},
    }
    routes = {"anthropic": "messages", "elevenlabs": "tts", "replicate": "create"}
    found = []
    for vendor, key, status in zip(told, told.values(), (401, 422, 422), strict=True):
        body = bodies[vendor](f"{key} is no key: Bearer {key}")
        found.append([Fault(vendor=vendor, route=routes[vendor], status=status, body=body)])  # type: ignore[arg-type]
    return found


async def films(heard: Heard, sims: Simulators) -> None:
    """Have ads made that fail at each vendor, and look at them in every way."""
    works = Works(heard.there.app.state.doors.settings, sims)
    for number, script in enumerate(faults()):
        sims.set_faults(script)
        order = await heard.ask("POST", "videos/generate", key=heard.key, json=CLOUD | {"product_name": f"W {number}"})
        assert order.status_code == 202, order.text
        job = order.json()["job_id"]
        with pytest.raises(BadappleError) as failed:
            await in_thread(works.run, job)
        heard.said.append(f"{failed.value} {failed.value!r} {failed.value.hint} {failed.value.__cause__!r}")
        for path in (f"jobs/{job}", f"jobs/{job}/events", f"jobs/{job}/video", "jobs", "events?jobs=" + job):
            await heard.ask("GET", path, key=heard.key)
        for verb in ("cancel", "approve", "retry", "resume"):
            await heard.ask("POST", f"jobs/{job}/{verb}", key=heard.key)
    sims.set_faults([Fault(does="unauthorized")])
    await heard.ask("POST", "estimate", key=heard.key, json=CLOUD)


async def callers(heard: Heard) -> None:
    """Show every secret in every wrong place."""
    there = heard.there
    cookie = (await heard.ask("POST", "session", keep=False, key=heard.key)).headers["set-cookie"].partition(";")[0]
    ticket = await heard.handed("ticket", "tickets", {})
    invitation, _ = sessions.invite(there.engine, owner="ann")
    dead = await heard.handed("key", "keys", {"name": "dead"})
    credentials.revoke(there.engine, dead.split("_")[2], owner="ann")
    heard.secrets |= {heard.key, cookie.partition("=")[2], invitation}
    for secret in sorted(heard.secrets):
        await heard.ask("GET", "jobs", params={"key": secret, "ticket": secret, "access_token": secret})
        for headers in ({"x-api-key": f"{secret}x"}, {"authorization": f"Basic {secret}"}, {"cookie": f"x={secret}"}):
            await heard.ask("POST", "videos/generate", headers=headers, json=AD)
        for body in ({"product_name": {"a": secret}}, AD | {"style": secret}, AD | {"cursor": secret}):
            await heard.ask("POST", "videos/generate", key=heard.key, json=body)
        await heard.ask("DELETE", f"jobs/{secret}", keep=False, key=heard.key)
        await heard.ask("GET", f"files/{secret}.{secret}", keep=False)
        await heard.ask("POST", "/api/v1/sign-in", data={"token": f"{secret}x"})
        await heard.ask("GET", f"jobs?cursor={secret}", key=heard.key)
    for _ in range(2):
        await heard.ask("GET", f"events?jobs=none&ticket={ticket}")
        await heard.ask("POST", "/api/v1/sign-in", keep=False, data={"token": invitation})
    await heard.ask("GET", "jobs", key=dead)


async def mistakes(heard: Heard) -> None:
    """Break what can be broken, with the secrets at hand."""
    key, said = heard.key, {"idempotency-key": "once"}

    async def breaks(request: Any) -> None:
        held = {name: request.headers.get(name, "") for name in ("authorization", "cookie")}
        raise RuntimeError(f"{held} {PASSWORDS}")

    heard.there.app.router.routes.append(Route("/breaks", breaks))
    await heard.ask("GET", "/breaks", key=key)
    await heard.ask("GET", "/nowhere", key=key)
    await heard.ask("PUT", "jobs", key=key)
    await heard.ask("GET", "jobs", key=key, headers={"host": "evil.example"})
    await heard.ask("POST", "estimate", key=key, json=AD, headers={"origin": "https://evil.example"})
    await heard.ask("POST", "estimate", key=key, content=b"x" * (2**20 + 1))
    await heard.ask("POST", "estimate", key=key, content=key.encode(), headers={"content-type": "application/json"})
    for name in ("A", "B"):
        await heard.ask("POST", "videos/generate", key=key, json=AD | {"product_name": name}, headers=said)
    for url in ("https://user:canary-of-the-url@127.0.0.1/a.png", "https://user:canary-of-the-url@[::1"):
        await heard.ask("POST", "videos/generate", key=key, json=AD | {"image_url": url})
        await heard.ask("POST", "webhooks", key=key, json={"url": url})
    await heard.ask("POST", "vendors/replicate/webhook", content=b"{}", headers={"webhook-signature": "v1,x"})
    await heard.ask(
        "POST", "uploads", key=key, content=b"no photo " + key.encode(), headers={"content-type": "image/png"}
    )


async def hooks(heard: Heard, receiver: Receiver) -> None:
    """Tell somebody who answers badly, and says our secret back."""
    made = await heard.ask("POST", "webhooks", keep=False, key=heard.key, json={"url": receiver.url()})
    hook, secret = made.json()["id"], made.json()["secret"]
    receiver.answers, receiver.reply = ["500 No"], f"your secret is {secret}, your key {heard.key}".encode()
    heard.secrets |= {secret, await heard.handed("secret", f"webhooks/{hook}/rotate")}
    await heard.ask("POST", f"webhooks/{hook}/test", key=heard.key)
    await receiver.wait(1)
    await asyncio.sleep(0.5)  # its answer is written down
    for path in ("webhooks", f"webhooks/{hook}", f"webhooks/{hook}/deliveries", "keys", "audit?limit=200", "session"):
        await heard.ask("GET", path, key=heard.key)
    await heard.ask("GET", "/metrics")


async def drive(folder: Path, sims: Simulators, env: dict[str, str]) -> Heard:
    async with receiving() as receiver:
        private = {"BADAPPLE_PRIVATE_HOSTS": f"127.0.0.1:{receiver.port}", "BADAPPLE_IMAGE_URLS": "on"}
        async with place(folder, **env, **private) as there:
            heard = Heard(there, there.key())
            heard.secrets = {*sims.environment().values()} & {"sk-ant-simulated", "sk_simulated", "r8_simulated"}
            await films(heard, sims)
            await hooks(heard, receiver)
            await callers(heard)
            await mistakes(heard)
    return heard


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything is logged, and the command line finds what the API has."""
    undo = logs.set_up(folder=tmp_path / "logs", stderr=False, level=logging.DEBUG)
    metrics.enable()
    monkeypatch.chdir(tmp_path)
    yield
    metrics.disable()
    undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("listening")
def test_no_failure_at_any_door_lets_a_secret_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Simulators() as sims:
        env = {**sims.environment(), **PASSWORDS, "BADAPPLE_RATE": "100000", "BADAPPLE_WRITE_RATE": "100000"}
        heard = asyncio.run(drive(tmp_path, sims, env))
        heard.secrets |= {"canary-of-the-server", "canary-of-redis", "canary-of-postgres", "canary-of-the-hook"}
        heard.secrets |= {"canary-of-the-url", "canary-of-the-bucket"}
        assert {401, 403, 404, 405, 409, 413, 421, 422, 500} <= heard.statuses
        folders = {"BADAPPLE_DATA_DIR": tmp_path / "data", "BADAPPLE_CACHE_DIR": tmp_path / "cache"}
        for name, value in {**env, **folders}.items():
            monkeypatch.setenv(name, str(value))
        get_settings.cache_clear()
        for words in (
            ["doctor", "--live"], ["keys", "ls", "--all", "--json"], ["audit", "--json"], ["jobs", "ls", "--json"],
            ["webhooks", "ls", "--json"], ["costs", "--json"], ["calls", "ls"], ["keys", "revoke", heard.key],
            ["webhooks", "add", "https://user:canary-of-the-url@127.0.0.1/x"], ["jobs", "show", heard.key, "--debug"],
        ):  # fmt: skip
            with contextlib.suppress(SystemExit):
                main(words)
    told = capfd.readouterr()
    assert len(told.out) > 500
    log = (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")
    assert "request_failed" in log
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"badapple.db", logs.FILE} <= {path.name for path in written}
    everything = {"what was answered": "\n".join(heard.said), "the terminal": told.out + told.err}
    found = [
        f"{secret} in {where}"
        for where, text in (*everything.items(), *((str(path), path.read_bytes().decode("latin1")) for path in written))
        for secret in sorted(heard.secrets)
        if secret in text
    ]
    assert found == []
    assert "[secret]" in log

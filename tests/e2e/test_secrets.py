"""Canaries in every secret setting, every way of failing: they are found nowhere."""

from __future__ import annotations

import logging
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.e2e.conftest import Studio
from tests.e2e.test_sharing import command

from badapple.errors import BadappleError, PipelineOrchestrationError
from badapple.secrets import Secret, SecretFilter, scrub
from badapple.testing.simulators import Fault

pytestmark = pytest.mark.timeout(240)

ECHO = "your key {key} is wrong: Bearer {key}"


def canaries(studio: Studio) -> list[str]:
    keys = [value for name, value in studio.sims.environment().items() if not name.endswith("_URL")]
    assert len(keys) == 3
    return [*keys, "canary-redis-password", "canary-hook-password"]


def faults(studio: Studio) -> list[list[Fault]]:
    """Failures of every vendor that say our keys back to us."""
    claude, eleven, replicate = canaries(studio)[:3]
    told = {"anthropic": claude, "elevenlabs": eleven, "replicate": replicate}
    bodies: dict[str, Callable[[str], object]] = {
        "anthropic": lambda text: {"type": "error", "error": {"type": "invalid_request_error", "message": text}},
        "elevenlabs": lambda text: {"detail": {"status": "invalid", "message": text}},
        "replicate": lambda text: {"title": "no", "detail": text, "status": 400},
    }
    paid = {"anthropic": "messages", "elevenlabs": "tts", "replicate": "create"}
    found = []
    for vendor, key in told.items():
        text = ECHO.format(key=key)
        for status in (401, 422):
            found.append([Fault(vendor=vendor, route=paid[vendor], status=status, body=bodies[vendor](text))])  # type: ignore[arg-type]
    text = ECHO.format(key=replicate)
    found.append([Fault(vendor="replicate", route="create", match="hailuo", does="failed", body=text)])
    return found


async def test_no_failure_lets_a_secret_out(prepared: Studio, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(SecretFilter())
    said = []
    for number, script in enumerate(faults(prepared)):
        prepared.sims.set_faults(script)
        try:
            await prepared.film(f"job {number}")
        except PipelineOrchestrationError as error:
            said.append(f"{error} {error!r} {error.hint} {error.cause!r} {error.__cause__!r}")
    assert len(said) == 7
    said += [f"{event.message} {event}" for event in prepared.events]
    said += [caplog.text, str(caplog.records), prepared.job("last").__dict__.__repr__()]
    everything = "\n".join(said).encode() + b"".join(
        path.read_bytes() for path in prepared.root.rglob("*") if path.is_file()
    )
    for canary in canaries(prepared):
        assert canary.encode() not in everything, canary


@pytest.mark.long
def test_the_command_line_lets_none_out_either(prepared: Studio) -> None:
    args, env = command(prepared, "--provider", "cloud", "--debug", "--json")
    env["REDIS_URL"] = "redis://user:canary-redis-password@127.0.0.1:1/0"
    env["BADAPPLE_WEBHOOK_URL"] = "https://user:canary-hook-password@example.invalid/hook"
    for script in (faults(prepared)[0], faults(prepared)[2], faults(prepared)[4]):
        prepared.sims.set_faults(script)
        done = subprocess.run(args, env=env, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        for canary in canaries(prepared):
            assert canary not in done.stdout + done.stderr
    doctor = [sys.executable, "-m", "badapple", "doctor", "--live"]
    prepared.sims.set_faults([Fault(does="unauthorized")])
    done = subprocess.run(doctor, env=env, capture_output=True, text=True, check=False)
    for canary in canaries(prepared):
        assert canary not in done.stdout + done.stderr


def test_the_books_hold_no_secret(finished: Studio) -> None:
    with sqlite3.connect(finished.root / "data" / "badapple.db") as database:
        dump = "\n".join(database.iterdump())
    for canary in canaries(finished):
        assert canary not in dump


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-api03-abcdefghijklmnop", "r8_ABCDEFGHIJKLMNOPQRSTUVWX", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "sk_0123456789abcdef0123456789abcdef", "Authorization: Bearer abc.def-ghi_jkl",
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_hidden_though_nobody_named_it(text: str) -> None:
    assert "[secret]" in scrub(f"before {text} after")


def test_a_secret_never_shows_by_accident() -> None:
    secret = Secret("hunter2-hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2-hunter2"
    assert "hunter2" not in scrub("the password is hunter2-hunter2!")
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("text", ["\x1b]52;c;ZXZpbA==\x07\x1b[2J", "a\u202eb", "a\x9bb", "a\ud800b"])
def test_what_a_terminal_would_obey_is_not_in_an_error(text: str) -> None:
    said = str(BadappleError(f"it said {text} \u0441\u043b\u043e\u0432\u043e"))
    assert said.isprintable()
    assert said.endswith("\u0441\u043b\u043e\u0432\u043e")

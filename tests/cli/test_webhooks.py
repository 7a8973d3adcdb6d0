"""`badapple webhooks` as people and machines see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from badapple.access import audit
from badapple.cli import main
from badapple.config import Settings, get_settings
from badapple.database import open_database

URL = "https://hooks.example.com/badapple"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    for name in ("BADAPPLE_DATABASE_URL", "DATABASE_URL", "BADAPPLE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(["webhooks", *words]) == code, capsys.readouterr().err
    out, err = capsys.readouterr()
    return out, err


def test_a_webhook_is_made_listed_rotated_and_removed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, "add", URL, "--event", "job.failed", "--owner", "ann")
    secret = out.strip()
    assert secret.startswith("whsec_")
    assert "not shown again" in err
    listed, _ = run(capsys, "ls")
    name = listed.split()[0]
    assert listed == f"{name}  ann  {URL}  job.failed  on\n"
    assert run(capsys, "ls", "--owner", "bob")[0] == ""
    assert json.loads(run(capsys, "ls", "--json")[0])[0]["events"] == ["job.failed"]
    assert run(capsys, "rotate", name)[0].strip() not in {"", secret}
    run(capsys, "rm", name)
    assert run(capsys, "ls")[0] == ""
    notes = audit.listing(open_database(settings.database_url), owner="ann")
    assert [one.action for one in notes] == ["webhook.delete", "webhook.rotate", "webhook.create"]


def test_messages_are_listed_and_sent_again(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    name = json.loads(run(capsys, "add", URL, "--json")[0])["id"]
    message = run(capsys, "test", name)[0].split()[0]
    listed, _ = run(capsys, "deliveries", name)
    assert listed.split()[2:] == [message, "webhook.test", "pending", "tries:", "0"]
    assert run(capsys, "deliveries", name, "--state", "failed")[0] == ""
    assert message in run(capsys, "resend", name, message)[0]
    assert json.loads(run(capsys, "deliveries", name, "--json")[0])[0]["id"] == message


@pytest.mark.parametrize(
    "words",
    [
        ("add", "http://hooks.example.com/"), ("add", "https://127.0.0.1/"), ("add", URL, "--event", "job.exploded"),
        ("rm", "wh_none"), ("resend", "wh_none", "msg_none"), ("deliveries", "wh_none"), ("test", "wh_none"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(
    settings: Settings, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    _, err = run(capsys, *words, code=2)
    assert err.strip()

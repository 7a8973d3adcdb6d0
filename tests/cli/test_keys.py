"""`badapple keys` and `badapple audit` as people and machines see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from badapple.access import credentials, sessions
from badapple.cli import main
from badapple.config import Settings, get_settings
from badapple.database import open_database
from badapple.errors import UnauthenticatedError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BADAPPLE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADAPPLE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("BADAPPLE_DATABASE_URL", "DATABASE_URL", "BADAPPLE_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(list(words)) == code, capsys.readouterr().err
    out, err = capsys.readouterr()
    return out, err


def test_a_key_is_printed_once_listed_without_itself_and_revoked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(capsys, "keys", "create", "shop", "--owner", "ann", "--scope", "jobs:read", "--days", "3")
    key = out.strip()
    engine = open_database(settings.database_url)
    who = credentials.authenticate(engine, key)
    assert (who.owner, sorted(who.scopes)) == ("ann", ["jobs:read"])
    assert "not shown again" in err
    listed, _ = run(capsys, "keys", "ls")
    assert listed.startswith(f"{who.actor}  ...{key[-4:]}  ann  jobs:read  used 20")
    assert key[-43:] not in listed
    run(capsys, "keys", "revoke", who.actor)
    with pytest.raises(UnauthenticatedError):
        credentials.authenticate(engine, key)
    assert run(capsys, "keys", "ls")[0] == ""
    assert json.loads(run(capsys, "keys", "ls", "--all", "--json")[0])[0]["revoked_at"] is not None
    _, err = run(capsys, "keys", "revoke", who.actor, code=2)
    assert "there is no key" in err


def test_a_key_may_read_and_write_unless_it_is_said_otherwise(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads(run(capsys, "keys", "create", "shop", "--json")[0])
    assert (made["owner"], made["scopes"]) == ("local", ["jobs:read", "jobs:write"])
    assert credentials.authenticate(open_database(settings.database_url), made["key"]).owner == "local"
    assert "the scopes are" in run(capsys, "keys", "create", "x", "--scope", "root", code=2)[1]


def test_an_invitation_is_an_address_to_open(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "keys", "invite", "--url", "https://ads.example.com/")
    match = re.fullmatch(r"https://ads\.example\.com/api/v1/sign-in\?token=(ba_invite_\S+)\n", out)
    assert match is not None
    engine = open_database(settings.database_url)
    session, _ = sessions.redeem(engine, match[1])
    assert "1 session(s) of local ended" in run(capsys, "keys", "revoke", "--sessions")[0]
    with pytest.raises(UnauthenticatedError):
        sessions.admit(engine, session)


def test_revoke_asks_for_one_thing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((), ("some-id", "--sessions")):
        assert "say which key" in run(capsys, "keys", "revoke", *words, code=2)[1]


def test_the_audit_log_tells_what_was_done(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(run(capsys, "keys", "create", "shop", "--owner", "ann", "--json")[0])
    run(capsys, "keys", "revoke", made["id"])
    run(capsys, "keys", "invite")
    lines = run(capsys, "audit")[0].splitlines()
    told = [re.sub(r"^\d+  [\d-]+ [\d:]+  ", "", line) for line in lines]
    assert told == [
        "ok  local/local  invitation.create",
        f"ok  ann/local  key.revoke  {made['id']}",
        f"ok  ann/local  key.create  {made['id']}",
    ]
    rows = json.loads(run(capsys, "audit", "--json", "--owner", "ann", "--action", "key.create")[0])
    assert [row["target"] for row in rows] == [made["id"]]
    assert made["key"][-43:] not in json.dumps(rows)

"""API keys."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from tests.access.conftest import change

from badapple.access import ADMIN, READ, SCOPES, WRITE, credentials
from badapple.access.credentials import MOST_KEYS
from badapple.database import Credential, open_database
from badapple.database.tables import now
from badapple.errors import InputError, LimitExceededError, NotFoundError, UnauthenticatedError
from badapple.secrets import scrub


def made(engine: Engine, owner: str = "ann", scopes: tuple[str, ...] = (READ,)) -> tuple[str, str]:
    view, text = credentials.create(engine, owner=owner, name="a program", scopes=scopes)
    return view.id, text


def test_a_key_lets_in_whose_it_is_with_its_scopes(any_engine: Engine) -> None:
    key_id, text = made(any_engine, scopes=(WRITE,))
    assert re.fullmatch(r"ba_live_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", text)
    who = credentials.authenticate(any_engine, text)
    assert (who.owner, who.scopes, who.actor, who.kind) == ("ann", frozenset({WRITE}), key_id, "key")
    assert [who.may(scope) for scope in SCOPES] == [True, True, False]


def test_two_keys_have_nothing_in_common_and_256_bits_each(engine: Engine) -> None:
    texts = {made(engine)[1] for _ in range(20)}
    assert len({text[-43:] for text in texts}) == 20


def test_the_database_holds_no_key(engine: Engine, tmp_path: Path) -> None:
    text = made(engine)[1]
    credentials.authenticate(engine, text)
    engine.dispose()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert text[-4:].encode() in files
    assert text[-43:].encode() not in files
    assert text[-20:].encode() not in files


def test_no_log_line_shows_a_key(engine: Engine) -> None:
    text = made(engine)[1]
    assert text[-10:] not in scrub(f"somebody sent {text} here")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text.upper(),
        lambda text: text.replace("ba_live_", "ba_session_"),
        lambda text: text.replace("ba_live_", "ba_ticket_"),
        lambda text: text[:8] + "0" * 16 + text[24:],
        lambda text: f" {text}",
        lambda text: f"{text}\n",
        lambda text: "",
        lambda text: "ba_live_",
        lambda text: "é" * 60,
        lambda text: "' OR 1=1 --",
    ],
)
def test_what_is_no_key_is_refused_in_the_same_words(engine: Engine, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(UnauthenticatedError, match="unknown, has been revoked or has expired"):
        credentials.authenticate(engine, spoil(made(engine)[1]))


def test_a_revoked_key_is_refused_at_once_in_every_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    here = open_database(url)
    open_database.cache_clear()
    there = open_database(url)  # as another process has it
    key_id, text = made(here)
    credentials.authenticate(there, text)
    credentials.revoke(here, key_id, owner="ann")
    with pytest.raises(UnauthenticatedError):
        credentials.authenticate(there, text)
    assert not credentials.alive(there, key_id)
    here.dispose()


def test_an_expired_key_is_refused(engine: Engine) -> None:
    view, text = credentials.create(
        engine, owner="ann", name="x", scopes=[READ], expires_at=now() + timedelta(minutes=1)
    )
    credentials.authenticate(engine, text)
    change(engine, view.id, expires_at=now() - timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError):
        credentials.authenticate(engine, text)
    assert not credentials.alive(engine, view.id)


def test_owners_see_and_revoke_their_own_keys_only(engine: Engine) -> None:
    hers, text = made(engine, "ann")
    his, _ = made(engine, "bob")
    assert [view.id for view in credentials.listing(engine, owner="ann")] == [hers]
    for unknown in (hers, "0" * 16):
        with pytest.raises(NotFoundError, match=f"there is no key '{unknown}'"):
            credentials.revoke(engine, unknown, owner="bob")
    assert credentials.authenticate(engine, text).owner == "ann"
    assert {view.id for view in credentials.listing(engine, owner=None)} == {hers, his}


def test_a_key_that_is_revoked_already_is_unknown(engine: Engine) -> None:
    key_id, _ = made(engine)
    credentials.revoke(engine, key_id, owner=None)
    with pytest.raises(NotFoundError):
        credentials.revoke(engine, key_id, owner="ann")
    assert credentials.listing(engine, owner="ann") == ()
    (view,) = credentials.listing(engine, owner="ann", revoked=True)
    assert view.revoked_at is not None


def test_its_last_use_is_known_to_the_minute_and_not_written_more_often(engine: Engine) -> None:
    key_id, text = made(engine)
    assert credentials.listing(engine, owner="ann")[0].used_at is None
    for _ in range(3):
        credentials.authenticate(engine, text)
    first = credentials.listing(engine, owner="ann")[0].used_at
    assert first is not None
    assert now() - first < timedelta(seconds=10)
    change(engine, key_id, used_at=first - timedelta(seconds=61))
    credentials.authenticate(engine, text)
    later = credentials.listing(engine, owner="ann")[0].used_at
    assert later is not None
    assert later > first


def test_an_owner_has_a_bounded_number_of_keys_however_many_ask_at_once(any_engine: Engine) -> None:
    for _ in range(MOST_KEYS - 2):
        made(any_engine)

    def another(_: int) -> bool:
        try:
            made(any_engine)
        except LimitExceededError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(another, range(8))) == 2
    made(any_engine, "bob")
    oldest = credentials.listing(any_engine, owner="ann")[-1]
    credentials.revoke(any_engine, oldest.id, owner="ann")
    made(any_engine)


@pytest.mark.parametrize(
    ("owner", "name", "scopes"),
    [
        ("", "x", [READ]), ("a/b", "x", [READ]), ("a" * 65, "x", [READ]), ("a\n", "x", [READ]),
        ("ann", "", [READ]), ("ann", "x" * 101, [READ]), ("ann", "x\x1b[2J", [READ]),
        ("ann", "x", []), ("ann", "x", ["root"]), ("ann", "x", [READ, "root"]),
    ],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(engine: Engine, owner: str, name: str, scopes: list[str]) -> None:
    with pytest.raises(InputError):
        credentials.create(engine, owner=owner, name=name, scopes=scopes)
    with pytest.raises(InputError, match="expired already"):
        credentials.create(engine, owner="ann", name="x", scopes=[ADMIN], expires_at=now())
    with Session(engine) as session:
        assert session.scalars(select(Credential)).all() == []

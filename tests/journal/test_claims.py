"""Claims: whose they are, and how long they live."""

from __future__ import annotations

import re
from dataclasses import dataclass

from badapple.journal import Claims


@dataclass(frozen=True)
class Me:
    id: str = "me"


def asked(claims: str, *, lives: bool) -> tuple[Claims, list[str]]:
    heard: list[str] = []

    def alive(holder: str) -> bool:
        heard.append(holder)
        return lives

    return Claims(Me(claims), alive), heard


def test_a_claim_names_its_process_and_is_unique() -> None:
    claims, _ = asked("me", lives=False)
    one, other = claims.new(), claims.new()
    assert re.fullmatch(r"me/[0-9a-f]{16}", one)
    assert one != other


def test_a_claim_lives_until_it_is_dropped() -> None:
    claims, heard = asked("me", lives=True)
    one, other = claims.new(), claims.new()
    assert claims.alive(one)
    claims.drop(one)
    claims.drop(one)
    assert not claims.alive(one)
    assert claims.alive(other)
    assert heard == []


def test_a_claim_of_this_process_that_was_never_handed_out_is_dead() -> None:
    claims, _ = asked("me", lives=True)
    assert not claims.alive("me/0123456789abcdef")


def test_of_another_process_it_is_asked_whether_that_lives() -> None:
    for lives in (True, False):
        claims, heard = asked("me", lives=lives)
        assert claims.alive("you/0123/4567") is lives
        assert heard == ["you"]


def test_no_claim_is_a_dead_one() -> None:
    claims, heard = asked("me", lives=True)
    assert claims.alive(None) is False
    assert heard == []

"""Invitations, sessions and tickets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from tests.access.conftest import change, id_of

from badapple.access import ADMIN, LOCAL, READ, SCOPES, WRITE, Principal, credentials, sessions
from badapple.database import Credential
from badapple.database.tables import now
from badapple.errors import ForbiddenError, UnauthenticatedError


def key_of(engine: Engine, owner: str = "ann", scopes: tuple[str, ...] = (WRITE,)) -> Principal:
    _, text = credentials.create(engine, owner=owner, name="x", scopes=scopes)
    return credentials.authenticate(engine, text)


def comes_in(engine: Engine, session: str) -> bool:
    try:
        sessions.admit(engine, session)
    except UnauthenticatedError:
        return False
    return True


class TestInvitations:
    def test_one_is_printed_until_somebody_can_come_in(self, engine: Engine) -> None:
        first = sessions.first_invitation(engine)
        assert first is not None
        second = sessions.first_invitation(engine)
        assert second not in {None, first}
        with pytest.raises(UnauthenticatedError):
            sessions.redeem(engine, first)  # the newest alone is good
        assert second is not None
        sessions.redeem(engine, second)
        assert sessions.first_invitation(engine) is None

    def test_a_session_that_sleeps_lets_nobody_in(self, engine: Engine) -> None:
        text, _ = sessions.redeem(engine, sessions.invite(engine)[0])
        sessions.admit(engine, text)
        assert sessions.first_invitation(engine) is None
        with engine.begin() as connection:
            connection.execute(update(Credential).values(used_at=now() - timedelta(hours=13)))
        assert not comes_in(engine, text)
        assert sessions.first_invitation(engine) is not None

    def test_none_is_needed_where_there_is_a_key_that_works(self, engine: Engine) -> None:
        who = key_of(engine)
        assert sessions.first_invitation(engine) is None
        credentials.revoke(engine, who.actor, owner="ann")
        assert sessions.first_invitation(engine) is not None

    def test_of_many_at_once_one_gets_the_session(self, any_engine: Engine) -> None:
        text, _ = sessions.invite(any_engine)

        def redeem(_: int) -> str | None:
            try:
                return sessions.redeem(any_engine, text)[0]
            except UnauthenticatedError:
                return None

        with ThreadPoolExecutor(8) as threads:
            (session,) = [found for found in threads.map(redeem, range(8)) if found is not None]
        who = sessions.admit(any_engine, session)
        assert (who.owner, who.kind, who.scopes) == ("local", "session", frozenset(SCOPES))

    def test_it_ends_after_a_quarter_of_an_hour(self, engine: Engine) -> None:
        text, ends = sessions.invite(engine)
        assert timedelta(minutes=14) < ends - now() <= timedelta(minutes=15)
        change(engine, id_of(text), expires_at=now())
        with pytest.raises(UnauthenticatedError, match="was used already or has expired"):
            sessions.redeem(engine, text)

    def test_it_is_neither_a_key_nor_a_session(self, engine: Engine) -> None:
        text, _ = sessions.invite(engine)
        for enter in (credentials.authenticate, sessions.admit):
            with pytest.raises(UnauthenticatedError):
                enter(engine, text)


class TestSessions:
    def test_one_that_nobody_uses_for_twelve_hours_ends(self, engine: Engine) -> None:
        text, _ = sessions.open_session(engine, key_of(engine))
        change(engine, id_of(text), created_at=now() - timedelta(hours=11, minutes=59))
        assert comes_in(engine, text)
        change(engine, id_of(text), created_at=now() - timedelta(days=2))
        assert comes_in(engine, text)  # it was used just now
        change(engine, id_of(text), used_at=now() - timedelta(hours=12, seconds=1))
        assert not comes_in(engine, text)

    def test_it_lasts_thirty_days_at_the_most(self, engine: Engine) -> None:
        text, ends = sessions.open_session(engine, key_of(engine))
        assert timedelta(days=29, hours=23) < ends - now() <= timedelta(days=30)
        change(engine, id_of(text), expires_at=now())
        assert not comes_in(engine, text)

    def test_it_ends_with_the_key_it_was_made_with(self, engine: Engine) -> None:
        who = key_of(engine)
        text, _ = sessions.open_session(engine, who)
        inside = sessions.admit(engine, text)
        assert credentials.alive(engine, inside.actor)
        credentials.revoke(engine, who.actor, owner="ann")
        assert not comes_in(engine, text)
        assert not credentials.alive(engine, inside.actor)

    def test_it_ends_no_later_than_the_key(self, engine: Engine) -> None:
        soon = now() + timedelta(hours=1)
        view, text = credentials.create(engine, owner="ann", name="x", scopes=[READ], expires_at=soon)
        _, ends = sessions.open_session(engine, credentials.authenticate(engine, text))
        assert ends == soon
        assert view.expires_at == soon

    def test_it_may_no_more_than_the_key(self, engine: Engine) -> None:
        text, _ = sessions.open_session(engine, key_of(engine, scopes=(READ,)))
        assert sessions.admit(engine, text).scopes == {READ}

    def test_sessions_do_not_make_each_other_last(self, engine: Engine) -> None:
        text, _ = sessions.open_session(engine, key_of(engine))
        for who in (sessions.admit(engine, text), LOCAL):
            with pytest.raises(ForbiddenError):
                sessions.open_session(engine, who)

    def test_signing_out_ends_the_session_and_no_key(self, engine: Engine) -> None:
        who = key_of(engine)
        text, _ = sessions.open_session(engine, who)
        other, _ = sessions.open_session(engine, who)
        sessions.end(engine, sessions.admit(engine, text))
        sessions.end(engine, who)
        assert not comes_in(engine, text)
        assert comes_in(engine, other)
        assert credentials.alive(engine, who.actor)

    def test_all_of_one_owner_end_together(self, engine: Engine) -> None:
        hers = [sessions.open_session(engine, key_of(engine))[0] for _ in range(2)]
        his, _ = sessions.open_session(engine, key_of(engine, "bob"))
        assert sessions.end_all(engine, owner="ann") == 2
        assert [comes_in(engine, text) for text in (*hers, his)] == [False, False, True]

    def test_an_owner_has_a_hundred_and_the_oldest_go(self, engine: Engine) -> None:
        who = key_of(engine)
        first, _ = sessions.open_session(engine, who)
        change(engine, id_of(first), created_at=now() - timedelta(minutes=1))
        texts = [sessions.open_session(engine, who)[0] for _ in range(100)]
        assert not comes_in(engine, first)
        assert comes_in(engine, texts[0])
        with Session(engine) as session:
            kept = select(func.count()).select_from(Credential).where(Credential.kind == "session")
            assert session.scalar(kept) == 100


class TestTickets:
    def test_of_many_at_once_one_comes_in(self, any_engine: Engine) -> None:
        who = key_of(any_engine, scopes=(ADMIN,))
        text, ends = sessions.ticket(any_engine, who, job="j1")
        assert timedelta(seconds=50) < ends - now() <= timedelta(seconds=60)

        def use(_: int) -> Principal | None:
            try:
                return sessions.use(any_engine, text, job="j1")
            except UnauthenticatedError:
                return None

        with ThreadPoolExecutor(8) as threads:
            (inside,) = [found for found in threads.map(use, range(8)) if found is not None]
        assert (inside.owner, inside.scopes, inside.kind, inside.actor) == (
            "ann",
            frozenset({READ}),
            "ticket",
            who.actor,
        )

    def test_it_opens_its_own_job_only(self, engine: Engine) -> None:
        who = key_of(engine)
        text, _ = sessions.ticket(engine, who, job="j1")
        for other in ("j2", None):
            with pytest.raises(UnauthenticatedError):
                sessions.use(engine, text, job=other)
        assert sessions.use(engine, text, job="j1").owner == "ann"
        free, _ = sessions.ticket(engine, who)
        assert sessions.use(engine, free, job="j2").owner == "ann"

    def test_it_ends_after_a_minute(self, engine: Engine) -> None:
        text, _ = sessions.ticket(engine, key_of(engine))
        change(engine, id_of(text), expires_at=now())
        with pytest.raises(UnauthenticatedError):
            sessions.use(engine, text, job=None)

    def test_it_ends_with_the_session_and_with_the_key_behind_it(self, engine: Engine) -> None:
        who = key_of(engine)
        inside = sessions.admit(engine, sessions.open_session(engine, who)[0])
        by_session, _ = sessions.ticket(engine, inside)
        by_key, _ = sessions.ticket(engine, who)
        sessions.end(engine, inside)
        with pytest.raises(UnauthenticatedError):
            sessions.use(engine, by_session, job=None)
        credentials.revoke(engine, who.actor, owner="ann")
        with pytest.raises(UnauthenticatedError):
            sessions.use(engine, by_key, job=None)

    def test_one_that_was_made_where_nobody_signs_in_opens_nothing(self, engine: Engine) -> None:
        text, _ = sessions.ticket(engine, LOCAL)
        with pytest.raises(UnauthenticatedError):
            sessions.use(engine, text, job=None)

    def test_it_is_neither_a_key_nor_a_session_and_they_are_none(self, engine: Engine) -> None:
        who = key_of(engine)
        text, _ = sessions.ticket(engine, who)
        with pytest.raises(UnauthenticatedError):
            credentials.authenticate(engine, text)
        with pytest.raises(UnauthenticatedError):
            sessions.admit(engine, text)
        with pytest.raises(UnauthenticatedError):
            sessions.use(engine, sessions.open_session(engine, who)[0], job=None)

    def test_old_ones_do_not_pile_up(self, engine: Engine) -> None:
        who = key_of(engine)
        for _ in range(5):
            text, _ = sessions.ticket(engine, who)
            change(engine, id_of(text), expires_at=now() - timedelta(seconds=1))
        sessions.ticket(engine, who)
        with Session(engine) as session:
            assert session.scalar(select(func.count()).where(Credential.kind == "ticket")) == 1


def test_what_ended_long_ago_is_forgotten(engine: Engine) -> None:
    kept, old, expired = key_of(engine), key_of(engine), key_of(engine)
    credentials.revoke(engine, old.actor, owner="ann")
    change(engine, old.actor, revoked_at=now() - timedelta(days=40))
    change(engine, expired.actor, expires_at=now() - timedelta(days=40))
    assert sessions.forget(engine, before=now() - timedelta(days=30)) == 2
    assert [view.id for view in credentials.listing(engine, owner="ann", revoked=True)] == [kept.actor]

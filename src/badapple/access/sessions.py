"""What people come in with: an invitation once, then a session; and tickets, for what a browser opens by its address.

A session stands for the browser's cookie, an invitation for the one-time address that a server prints when it is first
started, a ticket for one socket or event stream.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from badapple.access.credentials import (
    IDLE,
    INVITE,
    KEY,
    SESSION,
    TICKET,
    add,
    authenticate,
    behind,
    changed,
    recognised,
    refused,
    working,
)
from badapple.access.principals import READ, SCOPES, Principal
from badapple.database import Credential
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import ForbiddenError, UnauthenticatedError

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = [
    "admit",
    "end",
    "end_all",
    "first_invitation",
    "forget",
    "invite",
    "open_session",
    "redeem",
    "sign_in_address",
    "ticket",
    "use",
]

LONGEST = timedelta(days=30)  #: of a session, however much it is used
_INVITED = timedelta(minutes=15)
_TICKET = timedelta(seconds=60)
_MOST_SESSIONS = 100  #: of one owner; the oldest end
_OWNER = "local"  #: whose the jobs of the command line are


def invite(engine: Engine, *, owner: str = _OWNER) -> tuple[str, datetime]:
    """Make an invitation, good once within 15 minutes; the owner's earlier ones end.

    Returns:
        Its text for the only time, and when it ends.
    """

    def work(session: Session) -> tuple[str, datetime]:
        session.execute(delete(Credential).where(Credential.kind == INVITE, Credential.owner == owner))
        ends = now() + _INVITED
        _, text = add(session, INVITE, owner=owner, scopes=SCOPES, expires_at=ends)
        return text, ends

    return once(engine, work)


def first_invitation(engine: Engine) -> str | None:
    """Return an invitation where nobody can come in yet: there is no key and no session; else None."""
    with Session(engine) as session:
        used = func.coalesce(Credential.used_at, Credential.created_at) > now() - IDLE
        wanted = select(Credential.id).where(
            or_(Credential.kind == KEY, (Credential.kind == SESSION) & used), working()
        ).limit(1)  # fmt: skip
        if session.scalar(wanted) is not None:
            return None
    return invite(engine)[0]


def sign_in_address(root: str, invitation: str) -> str:
    """Return the address at which an invitation is used, at a server that is reached at `root`."""
    return f"{root.rstrip('/')}/api/v1/sign-in?token={invitation}"


def redeem(engine: Engine, text: str) -> tuple[str, datetime]:
    """Turn an invitation into a session; of any number at once, one gets it.

    Returns:
        The session's text for the only time, and when it ends at the latest.

    Raises:
        UnauthenticatedError: the invitation is unknown, was used, or has expired.
    """

    def work(session: Session) -> tuple[str, datetime] | None:
        row = recognised(session, text, INVITE)
        if row is None or not _take(session, row.id):
            return None
        return _add_session(session, owner=row.owner, scopes=tuple(row.scopes), ends=None, facts={})

    opened = once(engine, work)
    if opened is None:
        raise UnauthenticatedError(
            "this invitation is unknown, was used already or has expired",
            hint="`badapple keys invite` prints a new one",
        )
    return opened


def open_session(engine: Engine, principal: Principal) -> tuple[str, datetime]:
    """Turn a key into a session, which ends with it.

    Returns:
        The session's text for the only time, and when it ends at the latest.

    Raises:
        ForbiddenError: whoever asks came with no key: sessions do not make each other last.
        UnauthenticatedError: the key was revoked a moment ago.
    """
    if principal.kind != "key":
        raise ForbiddenError("a session is made with a key", hint="send it as `Authorization: Bearer ba_live_...`")

    def work(session: Session) -> tuple[str, datetime]:
        key = session.get(Credential, principal.actor)
        if key is None:
            raise refused()
        scopes, ends = tuple(key.scopes), key.expires_at
        return _add_session(session, owner=principal.owner, scopes=scopes, ends=ends, facts=behind(principal))

    return once(engine, work)


def admit(engine: Engine, text: str) -> Principal:
    """Return whose session it is.

    Raises:
        UnauthenticatedError: it is unknown, was ended, or was not used for 12 hours.
    """
    return authenticate(engine, text, kind=SESSION)


def end(engine: Engine, principal: Principal) -> None:
    """End the session that somebody came in with; a key stays as it is."""
    wanted = delete(Credential).where(Credential.id == principal.actor, Credential.kind == SESSION)
    once(engine, lambda session: changed(session, wanted))


def end_all(engine: Engine, *, owner: str) -> int:
    """End all sessions of an owner, and return how many there were."""
    wanted = delete(Credential).where(Credential.owner == owner, Credential.kind == SESSION)
    return once(engine, lambda session: changed(session, wanted))


def ticket(engine: Engine, principal: Principal, *, job: str | None = None) -> tuple[str, datetime]:
    """Make a ticket that lets its bearer watch once within 60 seconds.

    Args:
        engine: the database.
        principal: who asks; the ticket opens no more than they may see, and ends with what they came in with.
        job: the only job that it opens, or None for all of theirs.

    Returns:
        Its text for the only time, and when it ends.

    Raises:
        ForbiddenError: they may not read.
    """
    principal.need(READ)

    def work(session: Session) -> tuple[str, datetime]:
        old = (Credential.kind == TICKET, Credential.owner == principal.owner, Credential.expires_at < now())
        session.execute(delete(Credential).where(*old))
        facts = behind(principal) | ({} if job is None else {"job": job})
        ends = now() + _TICKET
        _, text = add(session, TICKET, owner=principal.owner, scopes=(READ,), expires_at=ends, facts=facts)
        return text, ends

    return once(engine, work)


def use(engine: Engine, text: str, *, job: str | None) -> Principal:
    """Use a ticket up; of any number at once, one comes in.

    Args:
        engine: the database.
        text: the ticket.
        job: the job that is asked for, or None for several.

    Raises:
        UnauthenticatedError: it is unknown, was used, has expired, is for another job, or what it was made with ended.
    """
    principal = authenticate(engine, text, kind=TICKET)

    def work(session: Session) -> str | None:
        row = recognised(session, text, TICKET)
        if row is None or row.facts.get("job", job) != job:
            return None
        made_with: str | None = row.facts.get("by")  # None where nobody had to say who they are: worth nothing here
        return made_with if changed(session, delete(Credential).where(Credential.id == row.id)) == 1 else None

    actor = once(engine, work)
    if actor is None:
        raise refused()
    return Principal(owner=principal.owner, scopes=principal.scopes, actor=actor, kind="ticket")


def forget(engine: Engine, *, before: datetime) -> int:
    """Remove credentials that ended before a moment, and return how many; the audit log still knows their ids."""
    ended = (Credential.revoked_at < before) | (Credential.expires_at < before)
    return once(engine, lambda session: changed(session, delete(Credential).where(ended)))


def _take(session: Session, credential_id: str) -> bool:
    wanted = update(Credential).where(Credential.id == credential_id, working())
    return changed(session, wanted.values(revoked_at=now(), used_at=now())) == 1


def _add_session(
    session: Session, *, owner: str, scopes: tuple[str, ...], ends: datetime | None, facts: dict[str, str]
) -> tuple[str, datetime]:
    theirs = select(Credential.id).where(Credential.owner == owner, Credential.kind == SESSION)
    old = session.scalars(theirs.order_by(Credential.created_at.desc()).offset(_MOST_SESSIONS - 1)).all()
    session.execute(delete(Credential).where(Credential.id.in_(old)))
    latest = now() + LONGEST
    ends = latest if ends is None else min(latest, ends)
    _, text = add(session, SESSION, owner=owner, scopes=scopes, expires_at=ends, facts=facts)
    return text, ends

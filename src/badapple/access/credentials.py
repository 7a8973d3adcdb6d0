"""API keys: made, shown once, listed, recognised and revoked.

A credential's text is `ba_<kind>_<id>_<43 characters>`, of which 256 bits are secret; the database holds its SHA-256.
Nothing is remembered between two questions, so what is revoked in one process is refused by all from then on.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Engine, func, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from badapple.access.principals import SCOPES, Principal
from badapple.database import Credential
from badapple.database.tables import now
from badapple.database.transactions import again, once
from badapple.errors import InputError, LimitExceededError, NotFoundError, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "KEY",
    "MOST_KEYS",
    "SESSION",
    "KeyView",
    "alive",
    "authenticate",
    "create",
    "listing",
    "recognise",
    "revoke",
    "touch",
]

KEY, SESSION, INVITE, TICKET = "key", "session", "invite", "ticket"
MOST_KEYS = 100  #: of one owner, that work
_WORDS = {KEY: "live", SESSION: "session", INVITE: "invite", TICKET: "ticket"}
_KINDS: dict[str, Literal["key", "session", "ticket"]] = {KEY: "key", SESSION: "session", TICKET: "ticket"}
_TEXT = re.compile(r"ba_(live|session|invite|ticket)_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_NAME = 100  #: characters
_TOUCH = timedelta(minutes=1)  #: how exactly it is known when a credential was last used
IDLE = timedelta(hours=12)  #: a session that nobody uses for so long ends
_BEHIND = "by"  #: fact: id of the credential that this one was made with, and ends with


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """A key as its owner sees it: all but the key itself.

    Attributes:
        id: names it.
        owner: whose it is.
        name: what its owner calls it.
        scopes: what may be done with it.
        last4: the last four characters of the key.
        created_at: when it was made.
        expires_at: when it ends, or None.
        used_at: when it was last used, to the minute, or None.
        revoked_at: when it was revoked, or None.
    """

    id: str
    owner: str
    name: str
    scopes: tuple[str, ...]
    last4: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, moments in ISO 8601."""
        body = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }
        return {**body, "scopes": list(self.scopes)}


def create(
    engine: Engine, *, owner: str, name: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> tuple[KeyView, str]:
    """Make a key, and return it for the only time.

    Args:
        engine: the database.
        owner: whose jobs it opens: 1 to 64 letters, digits and `._@+-`.
        name: what its owner calls it; at most 100 characters.
        scopes: what may be done with it.
        expires_at: when it ends, or None.

    Raises:
        InputError: an argument makes no sense.
        LimitExceededError: the owner has as many as anybody may have.
    """
    wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
    _check(owner, name, set(scopes), expires_at)

    def work(session: Session) -> tuple[KeyView, str]:
        _one_at_a_time(session, owner)
        count = select(func.count()).select_from(Credential).where(
            Credential.owner == owner, Credential.kind == KEY, working()
        )  # fmt: skip
        if (session.scalar(count) or 0) >= MOST_KEYS:
            raise LimitExceededError(
                f"{owner} has {MOST_KEYS} keys already", code="too_many_keys", hint="revoke one that is not used"
            )
        row, text = add(session, KEY, owner=owner, scopes=wanted, name=name.strip(), expires_at=expires_at)
        return _view(row), text

    return once(engine, work)


def listing(engine: Engine, *, owner: str | None, revoked: bool = False) -> tuple[KeyView, ...]:
    """Return keys, the newest first.

    Args:
        engine: the database.
        owner: only this owner's; None lists everybody's.
        revoked: also those that are revoked or have expired.
    """
    wanted = select(Credential).where(Credential.kind == KEY)
    wanted = wanted.order_by(Credential.created_at.desc(), Credential.id)
    if owner is not None:
        wanted = wanted.where(Credential.owner == owner)
    if not revoked:
        wanted = wanted.where(working())
    with Session(engine) as session:
        return tuple(_view(row) for row in session.scalars(wanted))


def revoke(engine: Engine, key_id: str, *, owner: str | None) -> None:
    """End a key at once, and every session and ticket that was made with it.

    Args:
        engine: the database.
        key_id: the key.
        owner: whose it must be; None takes anybody's.

    Raises:
        NotFoundError: there is no such key of this owner, or it is revoked already.
    """

    def work(session: Session) -> bool:
        wanted = update(Credential).where(
            Credential.id == key_id, Credential.kind == KEY, Credential.revoked_at.is_(None)
        )  # fmt: skip
        if owner is not None:
            wanted = wanted.where(Credential.owner == owner)
        return changed(session, wanted.values(revoked_at=now())) == 1

    if not once(engine, work):
        raise NotFoundError(f"there is no key {key_id!r}", hint="`GET /api/v1/keys` or `badapple keys ls` lists them")


def authenticate(engine: Engine, text: str, *, kind: str = KEY) -> Principal:
    """Return whose key or session it is, and note that it was used.

    Raises:
        UnauthenticatedError: it is unknown, revoked, expired, or what it was made with is.
    """
    principal, stale = recognise(engine, text, kind=kind)
    if stale:
        touch(engine, principal.actor)
    return principal


def recognise(engine: Engine, text: str, *, kind: str = KEY) -> tuple[Principal, bool]:
    """Return whose key or session it is, and whether its last use is to be written down; writes nothing.

    Raises:
        UnauthenticatedError: it is unknown, revoked, expired, or what it was made with is.
    """
    with Session(engine) as session:
        row = recognised(session, text, kind)
        if row is None or not _stands(session, row):
            raise refused()
        stale = kind != TICKET and (row.used_at is None or row.used_at < now() - _TOUCH)
        return _principal(row), stale


def touch(engine: Engine, credential_id: str) -> None:
    """Note that a credential is used now; nobody is kept out because that cannot be written."""
    stale = or_(Credential.used_at.is_(None), Credential.used_at < now() - _TOUCH)
    wanted = update(Credential).where(Credential.id == credential_id, stale).values(used_at=now())
    with contextlib.suppress(DBAPIError):
        again(engine, lambda session: changed(session, wanted), patience=0.0)


def alive(engine: Engine, credential_id: str) -> bool:
    """Say whether a credential that let somebody in still does."""
    with Session(engine) as session:
        row = session.get(Credential, credential_id)
        return row is not None and _stands(session, row)


# What sessions, invitations and tickets need too; see `badapple.access.sessions`.


def add(
    session: Session,
    kind: str,
    *,
    owner: str,
    scopes: Iterable[str],
    name: str = "",
    expires_at: datetime | None,
    facts: dict[str, Any] | None = None,
) -> tuple[Credential, str]:
    """Put a new credential into a transaction; return its row, and its text for the only time."""
    identity = secrets.token_hex(8)
    text = f"ba_{_WORDS[kind]}_{identity}_{secrets.token_urlsafe(32)}"
    row = Credential(
        id=identity, kind=kind, owner=owner, name=name, hash=_hashed(text), last4=text[-4:], scopes=list(scopes),
        facts=facts or {}, created_at=now(), expires_at=expires_at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row, text


def recognised(session: Session, text: str, kind: str) -> Credential | None:
    """Return the row of a credential's text, whatever its state; None where it is none of this kind."""
    match = _TEXT.fullmatch(text)
    if match is None or match[1] != _WORDS[kind]:
        return None
    row = session.get(Credential, match[2])
    # Compared even where there is no row: how long the answer takes says nothing of which ids exist.
    same = hmac.compare_digest(_hashed(text), row.hash if row is not None else _hashed(""))
    return row if row is not None and same and row.kind == kind else None


def behind(principal: Principal) -> dict[str, Any]:
    """Return the fact that ties a new credential to the one that somebody came in with."""
    return {_BEHIND: principal.actor} if principal.kind != "local" else {}


def working() -> Any:
    """Return the condition of rows that are neither revoked nor expired."""
    return Credential.revoked_at.is_(None) & or_(Credential.expires_at.is_(None), Credential.expires_at > now())


def changed(session: Session, statement: Any) -> int:
    """Run a statement that changes rows, and return how many it changed."""
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)


def refused() -> UnauthenticatedError:
    """Return the error of a credential that lets nobody in; it says not why."""
    return UnauthenticatedError(
        "this key is unknown, has been revoked or has expired", hint="make another: `badapple keys create NAME`"
    )


def _stands(session: Session, row: Credential) -> bool:
    """Say whether a credential works, and those that it was made with."""
    for _ in range(3):  # a ticket, by a session, by a key
        at = now()
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= at):
            return False
        if row.kind == SESSION and (row.used_at or row.created_at) <= at - IDLE:
            return False
        made_with = row.facts.get(_BEHIND)
        if made_with is None:
            return True
        found = session.get(Credential, made_with)
        if found is None:
            return False
        row = found
    return False


def _principal(row: Credential) -> Principal:
    kind = _KINDS[row.kind]
    return Principal(owner=row.owner, scopes=frozenset(row.scopes), actor=row.id, kind=kind)


def _view(row: Credential) -> KeyView:
    return KeyView(
        id=row.id, owner=row.owner, name=row.name, scopes=tuple(row.scopes), last4=row.last4,
        created_at=row.created_at, expires_at=row.expires_at, used_at=row.used_at, revoked_at=row.revoked_at,
    )  # fmt: skip


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check(owner: str, name: str, scopes: set[str], expires_at: datetime | None) -> None:
    if not _OWNER.fullmatch(owner):
        raise InputError(f"{owner!r} is no owner's name", hint="use up to 64 letters, digits and ._@+-")
    if not 1 <= len(name.strip()) <= _NAME or not name.isprintable():
        raise InputError(f"a key has a name of 1 to {_NAME} printable characters")
    if not scopes or not scopes <= set(SCOPES):
        raise InputError(f"the scopes are {', '.join(SCOPES)}; a key has at least one")
    if expires_at is not None and expires_at <= now():
        raise InputError("the key would have expired already")


def _one_at_a_time(session: Session, owner: str) -> None:
    """Let those that count an owner's keys wait for each other; SQLite's write lock does that already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"badapple keys {owner}"))))

"""The audit log: who did what, or tried to, when and from where. Rows are only ever added, and purged when old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclasses read the annotations
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from badapple.access.credentials import changed
from badapple.database import AuditRow
from badapple.database.transactions import again, once
from badapple.secrets import plain, scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from badapple.access.principals import Principal

__all__ = ["AuditView", "Outcome", "forget", "listing", "note"]

Outcome = Literal["ok", "refused", "failed"]
_FACT = 200  #: characters of one fact that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """One row.

    Attributes:
        id: rises with time.
        at: when.
        owner: whose things it was about.
        actor: id of the key or session that was used, or `local`.
        action: like `job.create` or `key.revoke`.
        target: id of what it was done to, or empty.
        outcome: `ok`, `refused` or `failed`.
        address: of the client, or empty for the command line.
        facts: more about it.
    """

    id: int
    at: datetime
    owner: str
    actor: str
    action: str
    target: str
    outcome: str
    address: str
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, the moment in ISO 8601."""
        names = ("id", "owner", "actor", "action", "target", "outcome", "address", "facts")
        return {"at": self.at.isoformat(), **{name: getattr(self, name) for name in names}}


def note(
    engine: Engine,
    principal: Principal,
    action: str,
    *,
    target: str = "",
    outcome: Outcome = "ok",
    address: str = "",
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write down what somebody did, or tried to.

    Args:
        engine: the database.
        principal: who.
        action: like `job.create`.
        target: id of what it was done to.
        outcome: how it went.
        address: of the client.
        facts: a few short values; texts are freed of secrets and cut short.
    """
    row = {
        "owner": principal.owner,
        "actor": principal.actor,
        "action": _said(action)[:48],
        "target": _said(target)[:255],
        "outcome": outcome,
        "address": _said(address)[:64],
        "facts": {name: _fact(value) for name, value in (facts or {}).items()},
    }
    again(engine, lambda session: session.add(AuditRow(**row)), patience=2.0)


def listing(
    engine: Engine, *, owner: str | None, limit: int = 50, before: int | None = None, action: str | None = None
) -> tuple[AuditView, ...]:
    """Return rows, the newest first.

    Args:
        engine: the database.
        owner: only this owner's; None lists everybody's.
        limit: at most so many.
        before: a row's id; only older ones, for the next page.
        action: only those of this action.
    """
    wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if owner is not None:
        wanted = wanted.where(AuditRow.owner == owner)
    if before is not None:
        wanted = wanted.where(AuditRow.id < before)
    if action is not None:
        wanted = wanted.where(AuditRow.action == action)
    with Session(engine) as session:
        return tuple(_view(row) for row in session.scalars(wanted))


def forget(engine: Engine, *, before: datetime) -> int:
    """Remove rows from before a moment, and return how many."""
    return once(engine, lambda session: changed(session, delete(AuditRow).where(AuditRow.at < before)))


def _view(row: AuditRow) -> AuditView:
    return AuditView(
        id=row.id, at=row.at, owner=row.owner, actor=row.actor, action=row.action, target=row.target,
        outcome=row.outcome, address=row.address, facts=dict(row.facts),
    )  # fmt: skip


def _fact(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else _said(str(value))[:_FACT]


def _said(text: str) -> str:
    return plain(scrub(text))

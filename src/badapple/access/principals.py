"""Whoever came in through a door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from badapple.errors import ForbiddenError

__all__ = ["ADMIN", "LOCAL", "READ", "SCOPES", "WRITE", "Kind", "Principal"]

READ, WRITE, ADMIN = "jobs:read", "jobs:write", "admin"
SCOPES = (READ, WRITE, ADMIN)
Kind = Literal["local", "key", "session", "ticket", "link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who it is, and what they may do.

    Attributes:
        owner: whose jobs they see: every question to `badapple.jobs` is asked with it.
        scopes: `jobs:read`, `jobs:write`, `admin`; each of the later ones includes those before.
        actor: id of the credential, or `local`.
        kind: how they came in.
    """

    owner: str
    scopes: frozenset[str]
    actor: str
    kind: Kind

    def may(self, scope: str) -> bool:
        """Say whether they may do what needs a scope."""
        return any(SCOPES.index(own) >= SCOPES.index(scope) for own in self.scopes if own in SCOPES)

    def need(self, scope: str) -> None:
        """Refuse whoever lacks a scope.

        Raises:
            ForbiddenError: they do.
        """
        if not self.may(scope):
            raise ForbiddenError(f"this needs the scope {scope}", hint="use a key that has it")


LOCAL = Principal(owner="local", scopes=frozenset(SCOPES), actor="local", kind="local")

"""Access: who comes in, and what they may do."""

from badapple.access.principals import ADMIN, LOCAL, READ, SCOPES, WRITE, Principal

__all__ = ["ADMIN", "LOCAL", "READ", "SCOPES", "WRITE", "Principal"]

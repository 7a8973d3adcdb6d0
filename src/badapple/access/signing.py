"""Signed texts: what is handed out here and comes back unchanged, like links and the cursors of lists."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from badapple.access.server_key import server_key
from badapple.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from badapple.config import Settings

__all__ = ["Signer", "signer_of"]

_LONGEST = 4096  #: characters that are looked at


class Signer:
    """Signs texts, and reads those it signed.

    Each purpose has a key of its own, so that a text that was signed for one is worth nothing for another.

    Args:
        secret: the server's; see `badapple.access.server_key`.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for a purpose: the same each time, and no way back to the secret (HMAC-SHA256)."""
        return hmac.digest(self._secret, f"badapple/{purpose}".encode(), hashlib.sha256)

    def sign(self, purpose: str, payload: dict[str, Any], expires: datetime | None = None) -> str:
        """Return a text for URLs that carries the payload.

        Args:
            purpose: what it is for; `read` needs the same.
            payload: of JSON's kinds. Anybody can read it; nobody can change it.
            expires: when it ends, or None.
        """
        body = {"p": payload} if expires is None else {"p": payload, "e": int(expires.timestamp())}
        text = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
        return f"{_encoded(text)}.{_encoded(self._mac(purpose, text))}"

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """Return the payload.

        Raises:
            InputError: it was not signed here for this purpose.
            NotFoundError: it was, and has expired.
        """
        text, mac = _decoded(token)
        if not hmac.compare_digest(mac, self._mac(purpose, text)):
            raise _forged()
        body = json.loads(text)
        if "e" in body and datetime.now(UTC).timestamp() >= body["e"]:
            raise NotFoundError("this link has expired", hint="ask for a new one")
        payload: dict[str, Any] = body["p"]
        return payload

    def _mac(self, purpose: str, text: bytes) -> bytes:
        return hmac.digest(self.derive(purpose), text, hashlib.sha256)


def signer_of(settings: Settings) -> Signer:
    """Return the signer of this server.

    Raises:
        ConfigError: the secret in the data folder is none.
        DiskError: it can be neither read nor made.
    """
    return Signer(server_key(settings))


def _forged() -> InputError:
    return InputError("this text was not made here", hint="pass on what was handed out, unchanged")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(token: str) -> tuple[bytes, bytes]:
    head, dot, tail = token.partition(".")
    if not dot or len(token) > _LONGEST or not token.isascii():
        raise _forged()
    try:
        text, mac = (base64.b64decode(_padded(part), altchars=b"-_", validate=True) for part in (head, tail))
    except binascii.Error as error:
        raise _forged() from error
    if (_encoded(text), _encoded(mac)) != (head, tail):  # there is one way to write it: no two links to one thing
        raise _forged()
    return text, mac


def _padded(part: str) -> bytes:
    return (part + "=" * (-len(part) % 4)).encode()

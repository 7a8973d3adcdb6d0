"""The server's own secret, which everything that it signs is signed with."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from filelock import FileLock

from badapple.errors import ConfigError, DiskError
from badapple.secrets import remember

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.config import Settings

__all__ = ["FILE", "server_key"]

FILE = "secret.key"  #: in the data folder, where `BADAPPLE_SECRET_KEY` says nothing
_BYTES = 32
_SHORTEST = 32  #: characters; less is not worth signing with
_OWN = 0o600


def server_key(settings: Settings) -> bytes:
    """Return `BADAPPLE_SECRET_KEY`, or the secret in the data folder, which is made once.

    Processes that start at once agree on one. Machines do not share a data folder: several need the variable.

    Raises:
        ConfigError: the file holds no secret.
        DiskError: it can be neither read nor made.
    """
    if settings.doors.secret_key is not None:
        return settings.doors.secret_key.reveal().encode()
    path = settings.data_dir / FILE
    try:
        text = _kept(path)
    except (OSError, UnicodeDecodeError) as error:
        raise DiskError(
            f"the server's secret {path} cannot be used: {error}", hint="set BADAPPLE_SECRET_KEY instead"
        ) from error
    if len(text) < _SHORTEST:
        raise ConfigError(
            f"{path} holds no secret: it has fewer than {_SHORTEST} characters",
            hint="remove it, and another is made: links and webhooks' secrets that were given out end with it",
        )
    remember(text)
    return text.encode()


def _kept(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if not path.exists():  # nobody made it while the lock was waited for
                _write(path, secrets.token_urlsafe(_BYTES))
    if path.stat().st_mode & 0o077:
        path.chmod(_OWN)
    return path.read_text(encoding="ascii").strip()


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)  # of a process that died here
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN), "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

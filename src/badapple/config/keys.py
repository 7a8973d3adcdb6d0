"""Keys of vendors: from the environment, else from `secrets.toml` in the data folder, read anew at each question."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from badapple.errors import ConfigError, ConflictError, DiskError
from badapple.secrets import Secret

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE", "KEYS", "Access", "SecretsFile", "Source", "Vendors"]

FILE = "secrets.toml"  #: in the data folder
KEYS = {  # vendor -> variable of its key
    "anthropic": "ANTHROPIC_API_KEY",
    "elevenlabs": "ELEVENLABS_API_KEY",
    "replicate": "REPLICATE_API_TOKEN",
}
Source = Literal["environment", "config", "file"]  #: a variable, `badapple.toml`, `secrets.toml`
_OWN = 0o600
_MOST = 65_536  #: bytes that are read
_HEAD = "# Keys of vendors, by the names of their variables. Only you may read this file; the environment wins.\n"
_log = logging.getLogger("badapple.config")
_warned: set[tuple[str, str]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one vendor is reached.

    Attributes:
        variable: name of the variable that holds its key.
        key: the key, or None where it is not set.
        base_url: an address instead of the vendor's own, without a slash at its end, or None.
        source: where the key comes from, or None.
    """

    variable: str
    key: Secret | None = None
    base_url: str | None = None
    source: Source | None = field(default=None, compare=False)


class SecretsFile:
    """`secrets.toml`: the lowest source of vendors' keys, and the only one that a running program writes.

    It is made with mode 0600 and replaced as a whole. One that others can read, or that holds anything else, is not
    used at all, and a warning says so: what others may have read is no secret any more.

    Args:
        folder: the data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._part = folder / f"{FILE}.part"

    def keys(self) -> dict[str, Secret]:
        """Return variable -> key; nothing where there is no file, or one that is not used."""
        try:
            return self.checked()
        except ConfigError as error:
            seen = (str(self.path), str(error))
            if seen not in _warned:  # once, not at each question
                _warned.add(seen)
                _log.warning("secrets_file_refused", extra={"reason": str(error), "hint": error.hint})
            return {}

    def checked(self) -> dict[str, Secret]:
        """Return variable -> key.

        Raises:
            ConfigError: the file is not used; says why, and nothing of what it holds.
        """
        try:
            body = tomllib.loads(self._text())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unused(error.strerror or "it cannot be opened", "remove it, or change whose it is") from error
        except (ValueError, RecursionError):  # no UTF-8, no TOML, nested too deep, a number without an end
            # Their own words may repeat a piece of what stands there.
            raise self._unused("it is no TOML", 'write it like REPLICATE_API_TOKEN = "..."') from None
        wrong = [name for name, text in body.items() if name not in KEYS.values() or not _is_key(text)]
        if wrong:
            known = ", ".join(KEYS.values())
            raise self._unused("a line of it is no vendor's key", f'each line is one of {known} = "..."')
        return {name: Secret(text) for name, text in body.items()}

    def put(self, variable: str, text: str) -> None:
        """Write a key down; the next question for it, of any process, gets it.

        Raises:
            ConfigError: no key looks like that.
            ConflictError: the file that is there is not used, so nothing is added to it.
            DiskError: it cannot be written.
        """
        key = Secret(text)
        if not _is_key(text):
            raise ConfigError(f"this is no {variable}", hint="copy the key again, without blanks and line breaks")
        self._change(variable, key)

    def remove(self, variable: str) -> None:
        """Forget a key; it does no harm where there is none.

        Raises:
            ConflictError: the file that is there is not used.
            DiskError: it cannot be written.
        """
        self._change(variable, None)

    def _change(self, variable: str, key: Secret | None) -> None:
        from filelock import FileLock  # noqa: PLC0415 - most programs only read

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", mode=_OWN):
                self._part.unlink(missing_ok=True)  # of a process that died: it may hold a key that nobody sees
                keys = self._present()
                if keys.get(variable) == key:
                    return
                kept = {name: text for name, text in keys.items() if name != variable}
                self._write(kept if key is None else {**kept, variable: key})
        except OSError as error:
            raise DiskError(f"{self.path} cannot be written: {error}", hint="see to the data folder") from error

    def _present(self) -> dict[str, Secret]:
        try:
            return self.checked()
        except ConfigError as error:
            raise ConflictError(str(error), hint=error.hint) from error

    def _text(self) -> str:
        """Return what stands in the file; the file that was looked at is the one that is read."""
        with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise self._unused("it is no file", "remove it")
            if found.st_mode & 0o077:
                said = f"others can read it (mode {stat.S_IMODE(found.st_mode):04o})"
                raise self._unused(said, f"chmod 600 {self.path}, and change the keys at the vendors")
            return file.read(_MOST).decode("utf-8")

    def _write(self, keys: Mapping[str, Secret]) -> None:
        lines = "".join(f"{name} = {json.dumps(key.reveal())}\n" for name, key in sorted(keys.items()))
        with os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN), "w", encoding="ascii") as file:
            file.write(_HEAD + lines)
            file.flush()
            os.fsync(file.fileno())
        self._part.replace(self.path)

    def _unused(self, why: str, hint: str) -> ConfigError:
        return ConfigError(f"{self.path} is not used: {why}", hint=hint)


class Vendors(Mapping[str, Access]):
    """Vendor -> how it is reached, now: a key that was written down a moment ago counts.

    Args:
        fixed: as the environment says.
        file: where a key may stand that the environment does not have.
    """

    def __init__(self, fixed: Mapping[str, Access], file: SecretsFile) -> None:
        self._fixed = fixed
        self._file = file

    def __getitem__(self, name: str) -> Access:
        access = self._fixed[name]
        key = self._file.keys().get(access.variable) if access.key is None else None
        return access if key is None else replace(access, key=key, source="file")

    def __iter__(self) -> Iterator[str]:
        return iter(self._fixed)

    def __len__(self) -> int:
        return len(self._fixed)

    def __repr__(self) -> str:
        return repr(dict(self.items()))


def _is_key(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[!-~]{6,500}", text) is not None

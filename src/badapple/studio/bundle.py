"""What was built: which script belongs to which page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Bundle", "Folder", "Script", "read_bundle"]

_MANIFEST = "manifest.json"
_ROOT = "/studio/built/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The script of one page.

    Attributes:
        src: its address.
        preload: addresses of the modules that it imports.
    """

    src: str
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """The scripts that were built, by the name of their page; none where nothing was built."""

    scripts: Mapping[str, Script]

    def script(self, page: str) -> Script | None:
        """Return the script of a page, or None."""
        return self.scripts.get(page)


class Folder:
    """What is built into a folder; it is read again when it is built again, while this process runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp: tuple[int, ...] = ()
        self._bundle = Bundle({})

    def script(self, page: str) -> Script | None:
        """Return the script of a page, or None."""
        try:
            found = (self._folder / _MANIFEST).stat()
        except OSError:  # nothing is built, or it is being built
            self._stamp, self._bundle = (), Bundle({})
            return None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            self._stamp, self._bundle = stamp, read_bundle(self._folder)
        return self._bundle.script(page)


def read_bundle(folder: Path) -> Bundle:
    """Return what was built into a folder; a manifest that nobody can read counts as none."""
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        scripts = {
            chunk["name"]: Script(
                src=_ROOT + chunk["file"],
                preload=tuple(_ROOT + manifest[name]["file"] for name in chunk.get("imports", ())),
            )
            for chunk in manifest.values()
            if chunk.get("isEntry")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Bundle({})
    return Bundle(scripts)

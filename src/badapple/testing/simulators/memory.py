"""What outlives a simulator: a SQLite file, or nothing but this process."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Memory"]


class Memory:
    """Keeps JSON objects by kind and id, in the order of their first appearance.

    Args:
        path: the file to keep them in; None keeps nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self.open()

    def open(self) -> None:
        """Open the file, made where it is missing."""
        if self._path is not None and self._database is None:
            self._database = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing, only a power cut does
            columns = "number INTEGER PRIMARY KEY, kind TEXT, id TEXT, body TEXT, UNIQUE (kind, id)"
            self._database.execute(f"CREATE TABLE IF NOT EXISTS kept ({columns})")

    def keep(self, kind: str, item: str, body: Mapping[str, Any]) -> None:
        """Keep an object, in the place of the one with its id."""
        with self._lock:
            if self._database is not None:
                text = json.dumps(body)
                self._database.execute(
                    "INSERT INTO kept (kind, id, body) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = ?",
                    (kind, item, text, text),
                )

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return all objects of a kind."""
        with self._lock:
            if self._database is None:
                return []
            rows = self._database.execute("SELECT body FROM kept WHERE kind = ? ORDER BY number", (kind,)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def close(self) -> None:
        """Close the file; what comes later is not kept."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None

"""The last step of a process that ends at once: its children end too."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["end_children"]


def end_children() -> None:
    """Kill every child of this process, with what they started; each leads a group of its own."""
    for child in _children():
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)


def _children() -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            after_name = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(after_name[1]) == os.getpid():
                yield int(entry.parent.name)

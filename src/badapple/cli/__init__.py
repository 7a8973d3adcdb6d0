"""The command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.cli.film import Factory

__all__ = ["main"]


def main(argv: Sequence[str] | None = None, *, factory: Factory | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: the words after the program's name; those of this process by default.
        factory: makes the orchestrator of `badapple make`; the real one by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words == ["--version"]:  # answered before typer is loaded, which takes longer than everything else here
        from badapple import __version__  # noqa: PLC0415

        sys.stdout.write(f"badapple {__version__}\n")
        return 0
    from badapple.cli.app import run  # noqa: PLC0415

    return run(words, factory=factory)

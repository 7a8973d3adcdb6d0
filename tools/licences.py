"""Lists what badapple pulls in, with all extras, and under which licences; refuses what a brand could not live with.

python tools/licences.py            prints one line a package
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution

#: May be used, changed and shipped in a closed product, at most with a notice (or, for the weak ones, unchanged files).
_FREE = (
    "MIT", "MIT-0", "MIT-CMU", "BSD", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License", "0BSD", "Apache-2.0",
    "Apache 2.0", "Apache License 2.0", "Apache Software License", "ISC", "PSF-2.0", "Zlib", "CC0-1.0", "OFL-1.1",
    "MPL-2.0", "MIT License", "MIT license", "BSD License", "BSD 2-Clause License", "ISC License",
    "Mozilla Public License 2.0 (MPL 2.0)", "ISC License (ISCL)", "Python Software Foundation License",
)  # fmt: skip
#: Used unchanged, as a library of their own that anybody may swap.
_LIBRARIES = {
    "pi-heif": "its wheel holds libheif, LGPL-3.0",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
}
_NO_EXTRA_OF_OURS = {"dev"}


def closure(name: str, extras: frozenset[str]) -> dict[str, Distribution]:
    """Return all packages that an installed one needs here: name -> distribution."""
    found: dict[str, Distribution] = {}
    open_ones: list[tuple[str, frozenset[str]]] = [(name, extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while open_ones:
        item = open_ones.pop()
        if item in seen:
            continue
        seen.add(item)
        package, wanted = item
        try:
            found[_plain(package)] = dist = distribution(package)
        except PackageNotFoundError:
            if package == name:
                raise
            raise SystemExit(f"{package} is needed and not installed: the list would be wrong") from None
        for text in dist.requires or ():
            need = Requirement(text)
            marks = [{"extra": extra} for extra in wanted] or [{"extra": ""}]
            if need.marker is None or any(need.marker.evaluate(mark) for mark in marks):
                open_ones.append((need.name, frozenset(need.extras)))
    return found


def licence(dist: Distribution) -> str:
    """Return what a package says of its licence: the expression, else the classifiers, else the field."""
    meta: Any = dist.metadata  # a message; what is said of its type knows no `get`
    if expression := meta.get("License-Expression"):
        return str(expression)
    classes = [text.rpartition("::")[2].strip() for text in meta.get_all("Classifier") or () if "License ::" in text]
    field = str(meta.get("License") or "").strip().split("\n")[0]
    return " OR ".join(name for name in classes if name != "OSI Approved") or field


def refused(name: str, words: str) -> bool:
    """Say whether a licence is none that is free enough, each part of an AND and one part of an OR counting."""
    if name in _LIBRARIES:
        return False
    return not all(any(_free(choice) for choice in part.split(" OR ")) for part in words.split(" AND "))


def _free(words: str) -> bool:
    return words.strip() in _FREE or words.strip(" ()") in _FREE


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield name, version and licence of every package, with all extras of badapple's."""
    ours = distribution("badapple")
    extras = frozenset(ours.metadata.get_all("Provides-Extra") or ()) - _NO_EXTRA_OF_OURS
    for name, dist in sorted(closure("badapple", extras).items()):
        if name != "badapple":
            yield name, dist.version, licence(dist)


def main() -> int:
    """Print the list; 1 where a licence is refused."""
    bad = 0
    for name, version, words in rows():
        mark = "REFUSED " if refused(name, words) else ""
        bad += bool(mark)
        print(f"{mark}{name} {version}: {words}{' (' + _LIBRARIES[name] + ')' if name in _LIBRARIES else ''}")
    return 1 if bad else 0


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())

"""Says whether a wheel or a source archive carries all that the studio loads:  tools/has_studio.py FILE..."""

import json
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

STUDIO = "badapple/studio/"


def missing(names: set[str], read: Callable[[str], bytes], root: str) -> list[str]:
    """Return what is not there of a package's studio.

    Args:
        names: of all files.
        read: gives the content of one.
        root: folder that the package lies in, with a slash at its end.
    """
    manifest = root + STUDIO + "static/manifest.json"
    if manifest not in names:
        return [manifest]
    chunks = json.loads(read(manifest)).values()
    built = {file for chunk in chunks for file in (chunk["file"], *chunk.get("css", ()))}
    pages = [root + STUDIO + name for name in ("looks/studio.css", "templates/base.html")]
    wanted = [*pages, *(f"{root}{STUDIO}static/{file}" for file in sorted(built))]
    return [name for name in wanted if name not in names or not read(name)]


def look(file: Path) -> list[str]:
    """Return what a wheel or a source archive lacks."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            return missing(set(wheel.namelist()), wheel.read, "")
    with tarfile.open(file) as archive:
        names = {one.name for one in archive if one.isfile()}
        root = next(iter(names)).partition("/")[0] + "/src/"

        def read(name: str) -> bytes:
            member = archive.extractfile(name)
            return member.read() if member else b""

        return missing(names, read, root)


def main() -> None:
    """Say it of each."""
    lacking = {file: look(Path(file)) for file in sys.argv[1:]}
    for file, names in lacking.items():
        print(f"{Path(file).name}: {'the studio lacks ' + ', '.join(names) if names else 'the studio is in it'}")
    sys.exit(any(lacking.values()))


if __name__ == "__main__":
    main()

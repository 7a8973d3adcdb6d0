"""Files that pages load: our stylesheet and icon, and what was built."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from badapple.errors import NotFoundError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

__all__ = ["STATIC", "Built", "look", "look_answer"]

_HERE = Path(__file__).parent
STATIC = _HERE / "static"  #: what is built lies here
_KINDS = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_LOOKS = {file.name: _KINDS[file.suffix] for file in sorted((_HERE / "looks").iterdir()) if file.suffix in _KINDS}
_FOR_EVER = "public, max-age=31536000, immutable"  # another content has another address


class Built(StaticFiles):
    """What was built, under names that hold a hash of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def check_config(self) -> None:
        """Let nothing be built: every file of it is one that there is not."""
        if self._is_there():
            await super().check_config()

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, to be kept for good."""
        if not self._is_there():
            raise NotFoundError("the studio's scripts were not built here")
        answer = await super().get_response(path, scope)
        if answer.status_code in {200, 206, 304}:
            answer.headers["cache-control"] = _FOR_EVER
        return answer

    def _is_there(self) -> bool:
        return self.directory is not None and Path(self.directory).is_dir()


def look(name: str) -> str:
    """Return the address of one of our own files."""
    return f"/studio/looks/{name}?v={_content(name)[1]}"


async def look_answer(request: Request) -> Response:
    """Answer with one of our own files."""
    name = request.path_params["name"]
    if name not in _LOOKS:
        raise NotFoundError("the studio has no such file")
    data, version = _content(name)
    fresh = request.query_params.get("v") == version
    kept = _FOR_EVER if fresh else "no-cache"
    return Response(data, media_type=_LOOKS[name], headers={"cache-control": kept, "etag": f'"{version}"'})


@cache
def _content(name: str) -> tuple[bytes, str]:
    data = (_HERE / "looks" / name).read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:12]

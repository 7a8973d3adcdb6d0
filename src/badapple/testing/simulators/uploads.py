"""The simulated Files API of Replicate."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from badapple.testing.simulators.clock import stamp
from badapple.testing.simulators.front import Entry, Refused
from badapple.testing.simulators.ids import Ids
from badapple.testing.simulators.traffic import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from badapple.testing.simulators.clock import Clock
    from badapple.testing.simulators.memory import Memory
    from badapple.testing.simulators.traffic import Call, Json

__all__ = ["Uploads"]

_KEPT = 24 * 3600.0
_LARGEST = 100 << 20


class Uploads:
    """Files that clients uploaded."""

    def __init__(self, *, clock: Clock, memory: Memory, address: Callable[[], str]) -> None:
        self._clock = clock
        self._memory = memory
        self._address = address
        self._lock = threading.Lock()
        self._files: dict[str, Json] = {body["id"]: body for body in memory.all("upload")}
        self._ids = Ids()

    def entries(self) -> Sequence[Entry]:
        """Return all routes."""
        return (
            Entry(method="POST", path="/v1/files", name="files", handler=self._create),
            Entry(method="GET", path="/v1/files", name="files", handler=self._list),
            Entry(method="GET", path="/v1/files/{file}", name="files", handler=self._get),
        )

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of every file by its id."""
        with self._lock:
            return {name: base64.b64decode(body["data"]) for name, body in self._files.items()}

    async def _create(self, call: Call) -> Reply:
        if len(call.request.raw) > _LARGEST:
            raise Refused(Reply(status=413, body={"detail": "Files must be less than 100MB in size"}))
        data, kind, metadata = await _parts(call)
        with self._lock:
            name, now = self._ids.new(), self._clock.now()
            body = {
                "id": name,
                "content_type": kind or "application/octet-stream",
                "size": len(data),
                "checksums": {"sha256": hashlib.sha256(data).hexdigest()},
                "metadata": json.loads(metadata) if metadata else {},
                "created_at": stamp(now),
                "expires_at": stamp(now + _KEPT),
                "data": base64.b64encode(data).decode("ascii"),
            }
            self._files[name] = body
            self._memory.keep("upload", name, body)
        return Reply(status=201, body=self._shown(body))

    async def _list(self, _call: Call) -> Reply:
        with self._lock:
            found = list(self._files.values())
        return Reply(body={"next": None, "previous": None, "results": [self._shown(body) for body in found]})

    async def _get(self, call: Call) -> Reply:
        with self._lock:
            body = self._files.get(call.words["file"])
        if body is None:
            raise Refused(Reply(status=404, body={"detail": "File not found"}))
        return Reply(body=self._shown(body))

    def _shown(self, body: Json) -> Json:
        shown = {name: value for name, value in body.items() if name != "data"}
        return shown | {"urls": {"get": f"{self._address()}/v1/files/{body['id']}"}}


async def _parts(call: Call) -> tuple[bytes, str | None, bytes | str]:
    """Return the content of a form, its kind, and the metadata beside it."""
    try:
        form = await MultiPartParser(Headers(dict(call.request.headers)), _once(call.request.raw)).parse()
    except (MultiPartException, KeyError) as error:
        raise Refused(Reply(status=400, body={"detail": f"not a form: {error}"})) from error
    try:
        content, metadata = form.get("content"), form.get("metadata")
        if not isinstance(content, UploadFile):
            raise Refused(Reply(status=422, body={"detail": "content is required"}))
        told = await metadata.read() if isinstance(metadata, UploadFile) else metadata or ""
        return await content.read(), content.content_type, told
    finally:
        await form.close()


async def _once(raw: bytes) -> AsyncGenerator[bytes, None]:
    yield raw
    yield b""

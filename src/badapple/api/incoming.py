"""Bodies as they come in: JSON, forms, and photos that go to the disk while they are read."""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from badapple.api.problems import ProblemError
from badapple.errors import PhotoError, TooLargeError
from badapple.jobs.keeping import open_shelf
from badapple.process import in_thread
from badapple.product.limits import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from badapple.config import Settings

__all__ = [
    "JSON_BYTES",
    "PHOTO_BYTES",
    "Photo",
    "form_fields",
    "form_of",
    "json_fields",
    "media_type",
    "photo_of",
    "raw_photo",
]

JSON_BYTES = 1024 * 1024  #: of a body without a photo
PHOTO_BYTES = MAX_BYTES + JSON_BYTES  #: of a body with one
_FIELD_BYTES = 16 * 1024
_FIELDS = 64
_CHUNK = 256 * 1024
_SERVER_PATH = "product_image_path"
#: Fields of forms that may come several times.
_LISTS = frozenset({"facts"})

Fields = TypeVar("Fields", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo that was sent, in a folder that goes with the request.

    Attributes:
        path: the file.
        name: as the caller called it.
        sha256: of its bytes, hex.
    """

    path: Path
    name: str
    sha256: str


@dataclass(slots=True)
class _Growing:
    """A file that is written piece by piece, up to a size."""

    path: Path
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > MAX_BYTES:
            raise TooLargeError(f"the photo has more than {MAX_BYTES // 2**20} MiB", hint="save it smaller")
        self.digest.update(data)
        with self.path.open("ab") as file:
            file.write(data)

    def photo(self, name: str) -> Photo:
        if not self.size:
            raise PhotoError("the photo is empty; choose the file again")
        return Photo(path=self.path, name=name, sha256=self.digest.hexdigest())


def media_type(request: Request) -> str:
    """Return the kind of body that a request has, in small letters and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_fields(request: Request, model: type[Fields]) -> Fields:
    """Return a JSON body's fields.

    Raises:
        RequestValidationError: they cannot be used.
        TooLargeError: it has too many bytes.
        ProblemError: it is no JSON, or a path on the server stands in place of a photo.
    """
    if (kind := media_type(request)) != "application/json":
        raise ProblemError("unsupported_media_type", f"a body of the kind {kind[:80]!r} is not taken here")
    body = bytearray()
    async for data in request.stream():
        body += data
        if len(body) > JSON_BYTES:
            raise TooLargeError(f"a body without a photo may have {JSON_BYTES // 2**20} MiB")
    return _checked(lambda: model.model_validate_json(bytes(body) or b"null", strict=True))


def form_fields(form: FormData, model: type[Fields], *, files: Sequence[str] = ()) -> Fields:
    """Return a form's fields; an empty one was left out.

    Raises:
        RequestValidationError: they cannot be used.
    """
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name in files and (isinstance(value, UploadFile) or value == ""):
            continue
        if isinstance(value, UploadFile):
            found[name] = None  # a file where text belongs
        elif name in _LISTS:
            found.setdefault(name, []).extend([value] if value else [])
        elif name in found:
            raise RequestValidationError([_wrong(name, "The field comes more than once")])
        elif value != "":
            found[name] = value
    return _checked(lambda: model.model_validate(found))


@contextlib.asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[FormData]:
    """Yield a multipart form, whose files lie on the disk until the end.

    Raises:
        HTTPException: it is broken, or too large.
    """
    async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=_FIELD_BYTES) as form:
        yield form


@contextlib.asynccontextmanager
async def photo_of(form: FormData, name: str, settings: Settings) -> AsyncIterator[Photo | None]:
    """Yield the photo that a form holds under a name, or None.

    Raises:
        PhotoError: it is empty.
        TooLargeError: it has too many bytes.
        RequestValidationError: there is text where the file belongs.
    """
    sent = form.get(name)
    if sent is None or sent == "" or (isinstance(sent, UploadFile) and not sent.filename and not sent.size):
        yield None  # browsers send a field that nobody chose a file for without a name and without content
        return
    if not isinstance(sent, UploadFile):
        raise RequestValidationError([_wrong(name, "The field has to be a file")])
    async with _growing(settings, sent.filename or "") as file:
        while data := await sent.read(_CHUNK):
            await in_thread(file.add, data)
        yield file.photo(sent.filename or "")


@contextlib.asynccontextmanager
async def raw_photo(request: Request, settings: Settings) -> AsyncIterator[Photo]:
    """Yield the photo that is a request's whole body.

    Raises:
        PhotoError: it is empty.
        TooLargeError: it has too many bytes.
    """
    async with _growing(settings) as file:
        waiting = bytearray()
        async for data in request.stream():
            waiting += data
            if len(waiting) >= _CHUNK:
                await in_thread(file.add, bytes(waiting))
                waiting.clear()
        if waiting:
            await in_thread(file.add, bytes(waiting))
        yield file.photo("")


@contextlib.asynccontextmanager
async def _growing(settings: Settings, name: str = "") -> AsyncIterator[_Growing]:
    place = await in_thread(lambda: open_shelf(settings).workplace())
    folder = await in_thread(place.__enter__)
    try:
        # Under its own name as far as that is harmless: errors speak of it.
        plain = re.sub(r"[^A-Za-z0-9._ -]", "_", PurePosixPath(name.replace("\\", "/")).name)
        yield _Growing(folder / (plain.lstrip(".")[-60:] or "photo"))
    finally:
        await in_thread(place.__exit__, None, None, None)


def _checked(read: Callable[[], Fields]) -> Fields:
    try:
        return read()
    except ValidationError as error:
        if any(one["loc"][-1:] == (_SERVER_PATH,) for one in error.errors()):
            raise ProblemError(
                "server_path_refused",
                f"`{_SERVER_PATH}` names a file on the server, and no such file is read for the network",
                pointer=f"/{_SERVER_PATH}",
            ) from error
        found = [
            {**one, "loc": ("body", *one["loc"])}
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise RequestValidationError(found) from error


def _wrong(name: str, sentence: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ("body", name), "msg": sentence}

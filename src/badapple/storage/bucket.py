"""A bucket as the storage: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, GCSStore, S3Store, from_url

from badapple.errors import ConfigError, StorageError
from badapple.process import check_stop
from badapple.storage.keys import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from obstore import Attributes, GetOptions
    from obstore.store import ClientConfig, RetryConfig

__all__ = ["BucketContent", "BucketStorage"]

_CHUNK = 8 << 20
_TOGETHER = 4  #: parts of one upload under way at once: what an upload holds in memory is five chunks at most
#: Up to here a file goes up in one request, like most videos: where that is cut off, nothing at all is left there.
_WHOLE = 32 << 20
_PIECE = 2 << 20  #: bytes of one request for a part of an object
_WEEK = 7 * 24 * 3600.0  #: seconds; no bucket signs for longer
_KINDS = {
    ".mp4": "video/mp4", ".jpg": "image/jpeg", ".png": "image/png", ".mp3": "audio/mpeg", ".wav": "audio/wav",
    ".json": "application/json", ".srt": "application/x-subrip", ".vtt": "text/vtt; charset=utf-8",
}  # fmt: skip
#: A bucket spelled http:// was meant so: keys never travel, requests are signed.
_CLIENT: ClientConfig = {"allow_http": True, "connect_timeout": "5s", "read_timeout": "60s", "timeout": "15m"}
_RETRIES: RetryConfig = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
}
_MACHINE = "169.254.169.254"  #: where a machine in a cloud asks for keys of its own
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")


class BucketStorage:
    """Objects in a bucket, below a prefix.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.

    Raises:
        ConfigError: the address or a variable of the environment makes no sense.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            self._store = from_url(url, client_options=_CLIENT, retry_config=_RETRIES)
        except (BaseError, ValueError, OSError) as error:
            raise ConfigError(
                f"the storage {url} cannot be opened: {_first_line(error)}",
                hint="see which variables a bucket needs in docs/storage.md",
            ) from error

    def put(self, file: Path, key: str) -> str:
        """Upload a file and return its URI; see the port."""
        checked(key)
        size, kind = file.stat().st_size, _KINDS.get(file.suffix, "application/octet-stream")
        about: Attributes = {"Content-Type": kind, "Cache-Control": "private"}  # so a link to it plays in a browser
        with self._asking("written"):
            if size <= _WHOLE:
                obstore.put(self._store, key, file.read_bytes(), attributes=about)
            else:
                # An error in the middle of it, or the end of this process, leaves no object.
                obstore.put(
                    self._store, key, _chunks(file), attributes=about, chunk_size=_CHUNK, max_concurrency=_TOGETHER
                )
        return f"{self._url}/{key}"

    def get(self, key: str, out: Path) -> bool:
        """Download an object to `out`; see the port."""
        checked(key)
        with self._asking("read"):
            try:
                reply = obstore.get(self._store, key)
            except FileNotFoundError as error:
                self._need_bucket(error)
                return False
        part, written = out.with_name(f"{out.name}.{secrets.token_hex(4)}.part"), 0
        try:
            with part.open("xb") as sink:
                stream = iter(reply.stream(min_chunk_size=_CHUNK // 2))
                while True:
                    check_stop()
                    with self._asking("read"):
                        data = next(stream, None)
                    if data is None:
                        break
                    written += sink.write(memoryview(data))
            if written != reply.meta["size"]:
                raise self._error("read", f"{key} broke off after {written} bytes")
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        return True

    def size(self, key: str) -> int | None:
        """Return the bytes of an object, or None; see the port."""
        checked(key)
        with self._asking("read"):
            try:
                return int(obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                return None

    def open(self, key: str) -> BucketContent | None:
        """Look an object up, to be read in parts; see the port."""
        checked(key)
        with self._asking("read"):
            try:
                found = obstore.head(self._store, key)
            except FileNotFoundError as error:
                self._need_bucket(error)
                return None
        return BucketContent(self._piece, key, size=int(found["size"]), etag=found.get("e_tag") or "")

    def link(self, key: str, seconds: float) -> str | None:
        """Return an address that the bucket itself answers; see the port."""
        checked(key)
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        try:
            return obstore.sign(self._store, "GET", key, timedelta(seconds=max(1.0, min(seconds, _WEEK))))
        except (BaseError, ValueError):  # its keys may read and cannot sign
            return None

    def _piece(self, key: str, etag: str, start: int, end: int) -> bytes:
        wanted: GetOptions = {"range": (start, end)}
        if etag:
            wanted["if_match"] = etag
        with self._asking("read"):
            data = bytes(obstore.get(self._store, key, options=wanted).bytes())
        if len(data) != end - start:
            raise self._error("read", f"{key} broke off after {start + len(data)} bytes")
        return data

    def resting(self, prefix: str, seconds: float) -> Iterator[str]:
        """Yield the keys of what was not written for so long; see the port."""
        before = datetime.now(UTC) - timedelta(seconds=seconds)
        with self._asking("read"):
            for batch in obstore.list(self._store, checked(prefix)):
                check_stop()
                yield from (item["path"] for item in batch if item["last_modified"] < before)

    def remove(self, prefix: str) -> int:
        """Remove what lies at the prefix; see the port."""
        checked(prefix)
        gone = 0 if self.size(prefix) is None else 1
        with self._asking("written"):
            if gone:
                obstore.delete(self._store, prefix)
            for batch in obstore.list(self._store, prefix):
                check_stop()
                keys = [item["path"] for item in batch]
                obstore.delete(self._store, keys)
                gone += len(keys)
        return gone

    def _need_bucket(self, error: FileNotFoundError) -> None:
        """Tell an object that is not there from a bucket that is not there."""
        if any(word in str(error) for word in _NO_BUCKET):
            raise StorageError(
                f"the storage {self._url} does not exist", hint="make the bucket, or correct BADAPPLE_STORAGE"
            ) from error

    def _error(self, done: str, why: str) -> StorageError:
        hint = "run it again when it can be reached: finished parts are kept"
        if _MACHINE in why:
            hint = "set the keys of the bucket in the environment (AWS_ACCESS_KEY_ID and the like): none are set there"
        return StorageError(f"the storage {self._url} cannot be {done}: {why}", hint=hint)

    @contextlib.contextmanager
    def _asking(self, done: str) -> Iterator[None]:
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise StorageError(
                f"the storage {self._url} cannot be {done}: its keys do not allow it",
                hint="check the keys in the environment; they must list, read, write and delete below the prefix",
            ) from error
        except FileNotFoundError as error:
            if error.errno is not None:  # of the file here
                raise
            self._need_bucket(error)
            raise self._error(done, _first_line(error)) from error
        except BaseError as error:
            raise self._error(done, _first_line(error)) from error


class BucketContent:
    """An object of a bucket, read piece by piece: a slow reader holds no request open.

    Args:
        piece: reads the bytes of a key and an etag from one place to another.
        key: the object.
        size: bytes.
        etag: as the bucket has it; empty where it has none, so that a change would go unnoticed.
    """

    def __init__(self, piece: Callable[[str, str, int, int], bytes], key: str, *, size: int, etag: str) -> None:
        self._piece = piece
        self._key = key
        self._etag = etag
        self.size = size
        self.etag = etag if etag.startswith('"') else f'"{etag or size}"'

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield bytes; see the port."""
        for at in range(start, end, _PIECE):
            yield self._piece(self._key, self._etag, at, min(end, at + _PIECE))

    def close(self) -> None:
        """Do nothing: nothing is held; see the port."""


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while data := stream.read(_CHUNK):
            check_stop()
            yield data


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].strip()[:300]

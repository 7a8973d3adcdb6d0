"""Blobs that two machines share: each has a cache of its own, both have one storage."""

from __future__ import annotations

import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from badapple.cache import Blob, Cache
from badapple.errors import StorageError
from badapple.ports import Storage
from badapple.storage import open_storage
from badapple.storage.folder import FolderStorage


@pytest.fixture
def here(tmp_path: Path, storage: Storage) -> Cache:
    return Cache(tmp_path / "here", storage=storage)


@pytest.fixture
def there(tmp_path: Path, storage: Storage) -> Cache:
    return Cache(tmp_path / "there", storage=storage)


def put(cache: Cache, content: bytes = b"film") -> Blob:
    with cache.workplace() as folder:
        (folder / "a.mp4").write_bytes(content)
        return cache.put(folder / "a.mp4")


def key(blob: Blob) -> str:
    return f"blobs/{blob.sha256[:2]}/{blob.sha256}.mp4"


def workplaces(cache: Cache) -> list[Path]:
    return list((cache.root / "tmp").iterdir())


def test_what_one_puts_the_other_gets(here: Cache, there: Cache) -> None:
    blob = put(here)
    assert there.here(blob) is None
    path = there.get(blob)
    assert path is not None
    assert path.read_bytes() == b"film"
    assert there.here(blob) == path
    assert workplaces(there) == []


def test_what_was_trimmed_or_harmed_here_is_fetched_again(here: Cache) -> None:
    blob = put(here)
    here.clear()
    path = here.get(blob)
    assert path is not None
    path.write_bytes(b"fil!")
    assert here.get(blob) == path
    assert path.read_bytes() == b"film"


def test_what_nobody_has_is_gone(here: Cache) -> None:
    assert here.get(Blob(sha256=secrets.token_hex(32), size=4, suffix=".mp4")) is None
    assert workplaces(here) == []


@pytest.mark.parametrize("harm", [b"fil!", b"fi", b""])
def test_a_damaged_object_is_absent_until_it_is_made_again(
    here: Cache, there: Cache, storage: Storage, tmp_path: Path, harm: bytes
) -> None:
    blob = put(here)
    (tmp_path / "bad").write_bytes(harm)
    storage.put(tmp_path / "bad", key(blob))
    assert there.get(blob) is None
    assert workplaces(there) == []
    here.share(blob)  # whoever still has it heals it
    assert there.get(blob) is not None


def test_a_cut_object_is_stored_again(here: Cache, there: Cache, storage: Storage, tmp_path: Path) -> None:
    blob = put(here)
    (tmp_path / "cut").write_bytes(b"fi")
    storage.put(tmp_path / "cut", key(blob))
    put(there)
    assert storage.size(key(blob)) == 4


def test_one_bad_transfer_is_no_bad_object(tmp_path: Path) -> None:
    class Noisy(FolderStorage):
        fetched = 0

        def get(self, key: str, out: Path) -> bool:
            found = super().get(key, out)
            self.fetched += 1
            if self.fetched == 1:
                out.write_bytes(b"fil!")
            return found

    storage = Noisy(tmp_path / "share")
    blob = put(Cache(tmp_path / "here", storage=storage))
    path = Cache(tmp_path / "there", storage=storage).get(blob)
    assert path is not None
    assert path.read_bytes() == b"film"


def test_what_is_there_already_is_not_uploaded_again(
    here: Cache, there: Cache, storage: Storage, tmp_path: Path
) -> None:
    blob = put(here)
    (tmp_path / "other").write_bytes(b"FILM")
    storage.put(tmp_path / "other", key(blob))
    assert put(there) == blob
    storage.get(key(blob), tmp_path / "now")
    assert (tmp_path / "now").read_bytes() == b"FILM"


def test_many_fetch_the_same_at_once(here: Cache, tmp_path: Path, url: str) -> None:
    content = secrets.token_bytes(1 << 20)
    blob = put(here, content)
    caches = [Cache(tmp_path / "there", storage=open_storage(url)) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda number: caches[number % 4].get(blob), range(16)))
    (path,) = paths
    assert path is not None
    assert path.read_bytes() == content


class TestDown:
    """A storage that cannot be reached: nothing is taken for gone, nothing is lost."""

    def test_what_is_not_here_is_not_taken_for_gone(self, tmp_path: Path) -> None:
        share = tmp_path / "share"
        here, there = (Cache(tmp_path / name, storage=open_storage(str(share))) for name in ("here", "there"))
        blob = put(here)
        share.rename(tmp_path / "away")
        with pytest.raises(StorageError, match="is gone"):
            there.get(blob)
        assert workplaces(there) == []
        assert here.get(blob) is not None  # what is here needs no storage

    def test_what_cannot_be_shared_now_is_kept_and_shared_later(self, tmp_path: Path) -> None:
        share = tmp_path / "share"
        here, there = (Cache(tmp_path / name, storage=open_storage(str(share))) for name in ("here", "there"))
        share.rename(tmp_path / "away")
        with pytest.raises(StorageError, match="is gone"):
            put(here)
        (blob,) = (Blob(sha256=path.stem, size=4, suffix=".mp4") for path in (here.root / "blobs").glob("??/*"))
        (tmp_path / "away").rename(share)
        assert there.get(blob) is None
        here.share(blob)
        assert there.get(blob) is not None

    def test_what_is_nowhere_cannot_be_shared(self, here: Cache) -> None:
        blob = put(here)
        here.clear()
        here.share(blob)  # the storage has it
        shutil.rmtree(here.root, ignore_errors=True)
        with pytest.raises(StorageError, match="vanished"):
            here.share(Blob(sha256=secrets.token_hex(32), size=4, suffix=".mp4"))

"""Blobs on the local disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from badapple.cache import Blob, Cache


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", max_bytes=2500)


def put(cache: Cache, content: bytes, name: str = "a.bin") -> Blob:
    with cache.workplace() as folder:
        (folder / name).write_bytes(content)
        return cache.put(folder / name)


def test_a_blob_comes_back_with_its_suffix(cache: Cache) -> None:
    path = cache.get(put(cache, b"film", "film.mp4"))
    assert path is not None
    assert path.suffix == ".mp4"
    assert path.read_bytes() == b"film"


def test_equal_content_is_kept_once(cache: Cache) -> None:
    assert put(cache, b"same") == put(cache, b"same")
    assert cache.size() == (4, 1)


@pytest.mark.parametrize(
    "harm", [lambda p: p.unlink(), lambda p: p.write_bytes(b"fil"), lambda p: p.write_bytes(b"fiLm")]
)
def test_a_harmed_blob_is_not_served(cache: Cache, harm: object) -> None:
    blob = put(cache, b"film")
    path = cache.get(blob)
    assert path is not None
    harm(path)  # type: ignore[operator]  # one of the three above
    assert cache.get(blob) is None


def test_a_workplace_leaves_nothing(cache: Cache) -> None:
    with pytest.raises(ValueError, match="half-way"), cache.workplace() as folder:
        (folder / "half").write_bytes(b"x")
        raise ValueError("half-way")
    assert not list((cache.root / "tmp").iterdir())


def test_trim_removes_the_least_recently_used_first(cache: Cache) -> None:
    old, kept, new = put(cache, b"o" * 1000), put(cache, b"k" * 1000), put(cache, b"n" * 1000)
    for age, blob in ((300, kept), (200, old), (100, new)):
        path = cache.get(blob)
        assert path is not None
        os.utime(path, (time.time() - age, time.time() - age))
    assert cache.trim(keep=frozenset({kept.sha256})) == 1000
    assert cache.get(old) is None
    assert cache.get(kept) is not None
    assert cache.get(new) is not None


def test_clear_empties(cache: Cache) -> None:
    put(cache, b"x")
    assert cache.clear() == 1
    assert cache.size() == (0, 0)

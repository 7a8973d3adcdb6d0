"""Blobs on the local disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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


def test_whoever_has_ample_room_is_not_looked_at_again_at_once(tmp_path: Path) -> None:
    def fill(size: int) -> None:
        put(ours, os.urandom(size))
        for path in (ours.root / "blobs").glob("*/*"):
            os.utime(path, (1, 1))

    ours = Cache(tmp_path / "cache", max_bytes=1000)
    assert ours.keep_under_limit() == 0  # there is no folder yet
    fill(500)
    assert ours.keep_under_limit() == 0
    fill(900)
    assert Cache(ours.root, max_bytes=1000).keep_under_limit() == 0  # by another's look there is room for 500
    os.utime(ours.root / "room", (time.time() - 61, time.time() - 61))
    assert ours.keep_under_limit() >= 400
    put(ours, b"x" * (950 - ours.size()[0]))
    assert ours.trim() == 0
    fill(100)
    assert ours.keep_under_limit() > 0  # room for 50 is not ample
    for odd in ("", "much"):
        (ours.root / "room").write_text(odd)
        fill(1000)
        assert ours.keep_under_limit() > 0
    os.utime(ours.root / "room", (time.time() + 3600, time.time() + 3600))
    fill(1000)
    assert ours.keep_under_limit() > 0  # a clock that was wrong


def test_clear_empties(cache: Cache) -> None:
    put(cache, b"x")
    assert cache.clear() == 1
    assert cache.size() == (0, 0)


def test_the_workplace_of_a_killed_process_is_removed_at_once(cache: Cache) -> None:
    program = """
import sys, time
from pathlib import Path
from badapple.cache import Cache
with Cache(Path(sys.argv[1])).workplace() as folder:
    (folder / "half").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program, str(cache.root)], stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdout is not None
        folder = Path(dying.stdout.readline().strip())
        cache.trim()
        with cache.workplace():
            assert (folder / "half").exists()  # its owner lives
        dying.send_signal(signal.SIGKILL)
        dying.wait()
    with Cache(cache.root).workplace() as ours:  # whoever starts sweeps
        assert not folder.exists()
        cache.trim()
        assert ours.exists()


def test_trim_sweeps_too_and_leaves_folders_of_others_a_day(cache: Cache) -> None:
    tmp = cache.root / "tmp"
    for name in ("work-dead", "young", "old"):
        (tmp / name).mkdir(parents=True)
    os.utime(tmp / "old", (time.time() - 90_000, time.time() - 90_000))
    cache.trim()
    assert [folder.name for folder in tmp.iterdir()] == ["young"]


def test_workplaces_are_made_while_others_sweep(cache: Cache) -> None:
    def work(_: int) -> None:
        cache.trim()
        with cache.workplace() as folder:
            (folder / "a").write_bytes(b"x")
            cache.trim()
            assert (folder / "a").exists()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))


def test_what_is_kept_is_here_and_needs_no_storage(cache: Cache) -> None:
    with cache.workplace() as folder:
        (folder / "a.bin").write_bytes(b"film")
        blob = cache.keep(folder / "a.bin")
    cache.share(blob)
    assert cache.here(blob) is not None
    assert cache.here(blob) == cache.get(blob)

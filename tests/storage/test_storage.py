"""What every storage promises, on a folder and on a real S3 server."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from badapple.errors import ConfigError, InputError, StorageError
from badapple.ports import Storage
from badapple.process import Stopped
from badapple.storage import bucket, folder, open_storage

MEGA = 1 << 20
BIG = 33 * MEGA


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """More than goes up in one request."""
    path = tmp_path / "big.mp4"
    path.write_bytes(secrets.token_bytes(BIG))
    return path


def some(path: Path, content: bytes = b"film") -> Path:
    path.write_bytes(content)
    return path


@contextlib.contextmanager
def child(program: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", program, *args], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_what_is_put_comes_back(storage: Storage, url: str, big: Path, tmp_path: Path) -> None:
    small, empty = some(tmp_path / "small"), some(tmp_path / "empty", b"")
    for number, file in enumerate((small, empty, big)):
        key = f"blobs/ab/{number}.mp4"
        assert storage.put(file, key) == f"{url}/{key}"
        assert storage.size(key) == file.stat().st_size
        assert storage.get(key, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["big.mp4", "empty", "out", "small"]


def test_a_second_put_replaces(storage: Storage, tmp_path: Path) -> None:
    storage.put(some(tmp_path / "a", b"first"), "videos/a.mp4")
    storage.put(some(tmp_path / "a", b"second"), "videos/a.mp4")
    assert storage.size("videos/a.mp4") == 6


def test_what_was_never_put_is_not_there(storage: Storage, tmp_path: Path) -> None:
    out = some(tmp_path / "out", b"old")
    storage.put(out, "videos/a/a.mp4")
    for key in ("videos/b.mp4", "videos/a", "videos/a/a.mp4/b"):
        assert not storage.get(key, out), key
        assert storage.size(key) is None, key
    assert out.read_bytes() == b"old"


def test_remove_takes_what_is_below_and_nothing_beside(storage: Storage, tmp_path: Path) -> None:
    file = some(tmp_path / "a")
    for key in ("videos/ab/a.mp4", "videos/ab/a/b.srt", "videos/abc/a.mp4", "videos/ab.mp4"):
        storage.put(file, key)
    assert storage.remove("videos/ab") == 2
    assert storage.remove("videos/ab") == 0
    assert storage.remove("videos/abc/a.mp4") == 1
    assert storage.size("videos/ab/a.mp4") is None
    assert storage.size("videos/ab.mp4") == 4


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".parts/a", "a b", "a\n", "a" * 900]
)
def test_keys_stay_inside(storage: Storage, tmp_path: Path, key: str) -> None:
    file = some(tmp_path / "a")
    for use in (lambda: storage.put(file, key), lambda: storage.get(key, file), lambda: storage.remove(key)):
        with pytest.raises(InputError, match="key"):
            use()


def test_what_rests_is_told_by_when_it_was_written(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    for key in ("blobs/aa/one.bin", "blobs/bb/two.bin", "videos/three.bin"):
        storage.put(tmp_path / "a", key)
    assert list(storage.resting("blobs", 3600)) == []
    assert sorted(storage.resting("blobs", -3600)) == ["blobs/aa/one.bin", "blobs/bb/two.bin"]
    assert list(storage.resting("none", -3600)) == []


def test_a_process_killed_in_the_middle_of_a_put_leaves_what_was_there(url: str, big: Path, tmp_path: Path) -> None:
    storage = open_storage(url)
    storage.put(some(tmp_path / "old", b"old"), "blobs/a.mp4")
    program = """
import sys, time
from pathlib import Path
from badapple.storage import bucket, folder, open_storage
seen = []
def check_stop():
    seen.append(1)
    if len(seen) == 2:
        print("half", flush=True)
        time.sleep(60)
bucket.check_stop = folder.check_stop = check_stop
open_storage(sys.argv[1]).put(Path(sys.argv[2]), sys.argv[3])
"""
    for key, before in (("blobs/a.mp4", 3), ("blobs/b.mp4", None)):
        with child(program, url, str(big), key) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "half\n"
        assert storage.size(key) == before
        storage.put(big, key)
        assert storage.size(key) == BIG


def test_the_parts_of_the_dead_are_swept(tmp_path: Path) -> None:
    storage, parts = open_storage(str(tmp_path / "share")), tmp_path / "share" / ".parts"
    parts.mkdir()
    old, young = some(parts / "old"), some(parts / "young")
    os.utime(old, (time.time() - 4000, time.time() - 4000))
    storage.put(some(tmp_path / "a"), "a")
    assert list(parts.iterdir()) == [young]


@pytest.mark.parametrize("work", ["put", "get"])
def test_work_that_is_stopped_leaves_nothing(
    url: str, big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    storage = open_storage(url)
    storage.put(big, "there.mp4")
    seen: list[int] = []

    def stop() -> None:
        seen.append(1)
        if len(seen) == 2:
            raise Stopped

    for module in (bucket, folder):
        monkeypatch.setattr(module, "check_stop", stop)
    with pytest.raises(Stopped):
        storage.put(big, "new.mp4") if work == "put" else storage.get("there.mp4", tmp_path / "out")
    assert storage.size("new.mp4") is None
    assert list(tmp_path.glob("out*")) == []
    if not url.startswith("s3"):
        assert list(Path(url, ".parts").iterdir()) == []


def test_a_large_file_is_not_read_into_memory(url: str, tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from badapple.storage import open_storage
storage, file = open_storage(sys.argv[1]), Path(sys.argv[2])
storage.put(Path(__import__("os").devnull), "warm"), storage.get("warm", file.with_name("warm"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
storage.put(file, "large.mp4"), storage.get("large.mp4", file.with_name("out"))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    file = tmp_path / "large"
    with file.open("wb") as stream:
        stream.truncate(120 * MEGA)
    with child(program, url, str(file)) as process:
        assert process.stdout is not None
        used = int(process.stdout.readline())
    assert used < 80
    assert (tmp_path / "out").stat().st_size == 120 * MEGA


def test_threads_use_it_at_once(storage: Storage, tmp_path: Path) -> None:
    def work(number: int) -> bytes:
        file = some(tmp_path / f"{number}", b"same" * 1000)
        storage.put(file, "same")
        assert storage.get("same", tmp_path / "out")
        return (tmp_path / "out").read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(16))) == {b"same" * 1000}


def test_an_object_is_read_in_parts(storage: Storage, big: Path) -> None:
    storage.put(big, "videos/a.mp4")
    found, data = storage.open("videos/a.mp4"), big.read_bytes()
    assert found is not None
    assert found.size == BIG
    for start, end in ((0, 0), (0, 1), (5, 9 * MEGA), (BIG - 3, BIG), (0, BIG)):
        pieces = list(found.read(start, end))
        assert b"".join(pieces) == data[start:end]
        assert all(0 < len(piece) <= 4 * MEGA for piece in pieces)
    found.close()
    found.close()


def test_what_is_opened_tells_what_stands_there_by_its_etag(storage: Storage, tmp_path: Path) -> None:
    def etag(content: bytes) -> str:
        file = some(tmp_path / "a", content)
        os.utime(file, (1, 1))
        storage.put(file, "a.json")
        found, again = storage.open("a.json"), storage.open("a.json")
        assert found is not None
        assert again is not None
        assert found.etag == again.etag
        assert found.etag.startswith('"')
        assert found.etag.endswith('"')
        for one in (found, again):
            one.close()
        return found.etag

    assert len({etag(b"first"), etag(b"other"), etag(b"longer than these")}) == 3


def test_nothing_is_opened_that_is_no_object(storage: Storage, tmp_path: Path) -> None:
    storage.put(some(tmp_path / "a"), "videos/a/a.mp4")
    for key in ("videos/b.mp4", "videos/a", "videos/a/a.mp4/b"):
        assert storage.open(key) is None, key
    for key in ("../a", "/etc/passwd", "videos/../videos/a/a.mp4"):
        with pytest.raises(InputError):
            storage.open(key)
        with pytest.raises(InputError):
            storage.link(key, 60)


def test_what_is_replaced_while_it_is_read_is_never_mixed(storage: Storage, big: Path, tmp_path: Path) -> None:
    storage.put(big, "a.mp4")
    found, old = storage.open("a.mp4"), big.read_bytes()
    assert found is not None
    pieces = found.read(0, BIG)
    read = next(pieces)
    big.write_bytes(secrets.token_bytes(BIG))
    storage.put(big, "a.mp4")
    with contextlib.suppress(StorageError):
        read += b"".join(pieces)
    assert old.startswith(read)
    found.close()


class TestLinks:
    """Addresses that the bucket itself answers."""

    def test_anybody_reads_what_one_leads_to_for_a_while(self, aws: None, tmp_path: Path) -> None:
        storage = open_storage(f"s3://badapple/{secrets.token_hex(8)}")
        storage.put(some(tmp_path / "a.mp4", b"0123456789"), "videos/a.mp4")
        link = storage.link("videos/a.mp4", 2)
        assert link is not None
        with urllib.request.urlopen(urllib.request.Request(link, headers={"Range": "bytes=2-4"})) as answer:
            assert (answer.status, answer.read()) == (206, b"234")
            assert answer.headers["content-type"] == "video/mp4"
            assert answer.headers["cache-control"] == "private"
        time.sleep(3.1)
        for bad in (
            link,
            link.replace("videos/a.mp4", "videos/b.mp4"),
            link.replace("X-Amz-Expires=2", "X-Amz-Expires=900"),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(bad)
            assert refused.value.code == 403
            refused.value.close()

    def test_it_holds_a_week_at_most(self, aws: None) -> None:
        link = open_storage("s3://badapple/x").link("a.mp4", 1e9)
        assert link is not None
        assert "X-Amz-Expires=604800" in link

    def test_a_folder_has_none(self, tmp_path: Path) -> None:
        assert open_storage(str(tmp_path / "share")).link("a.mp4", 60) is None


def test_links_inside_a_folder_lead_nowhere(tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path / "share"))
    storage.put(some(tmp_path / "a"), "videos/a.mp4")
    secret = some(tmp_path / "secret")
    (tmp_path / "share" / "videos" / "b.mp4").symlink_to(secret)
    (tmp_path / "share" / "c").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "share" / "videos" / "d.mp4")
    for key in ("videos/b.mp4", "c/secret", "videos/d.mp4"):
        assert storage.open(key) is None, key


class TestBucket:
    """What only a server can do wrong."""

    def test_a_server_that_is_down_is_an_error_and_not_an_absence(
        self, aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        storage, file, began = open_storage("s3://badapple/down"), some(tmp_path / "a"), time.monotonic()
        uses = [lambda: storage.put(file, "a"), lambda: storage.get("a", file), lambda: storage.size("a")]
        with ThreadPoolExecutor(3) as pool:
            for error in pool.map(_error, uses):
                assert "s3://badapple/down cannot be" in str(error)
                assert "\n" not in str(error)
                assert "finished parts are kept" in error.hint
        assert time.monotonic() - began < 20

    def test_a_wrong_key_is_named(self, aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        storage = open_storage("s3://badapple/x")
        with pytest.raises(StorageError, match="keys do not allow it"):
            storage.put(some(tmp_path / "a"), "a")
        with pytest.raises(StorageError, match="keys do not allow it"):
            storage.get("a", tmp_path / "out")

    def test_a_bucket_that_does_not_exist_is_no_empty_one(self, aws: None, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="does not exist"):
            open_storage("s3://never-made/x").get("a", tmp_path / "out")

    def test_a_download_that_breaks_off_leaves_nothing(self, line: Any, big: Path, tmp_path: Path) -> None:
        storage = open_storage("s3://badapple/line")
        storage.put(big, "a.mp4")
        line.left = 3 * MEGA
        with pytest.raises(StorageError, match="cannot be read"):
            storage.get("a.mp4", tmp_path / "out")
        assert list(tmp_path.glob("out*")) == []
        line.left = None
        assert storage.get("a.mp4", tmp_path / "out")

    def test_a_short_break_is_gone_over(self, line: Any, big: Path, tmp_path: Path) -> None:
        storage = open_storage("s3://badapple/line")
        storage.put(big, "a.mp4")
        line.left = 3 * MEGA
        healing = threading.Timer(0.3, lambda: setattr(line, "left", None))
        healing.start()
        assert storage.get("a.mp4", tmp_path / "out")
        healing.join()
        assert (tmp_path / "out").read_bytes() == big.read_bytes()


def _error(use: object) -> StorageError:
    with pytest.raises(StorageError) as caught:
        use()  # type: ignore[operator]
    return caught.value


class TestFolder:
    """What only a folder can do wrong."""

    def test_a_share_that_is_not_mounted_is_no_empty_one(self, tmp_path: Path) -> None:
        share, away = tmp_path / "share", tmp_path / "away"
        storage = open_storage(str(share))
        storage.put(some(tmp_path / "a"), "blobs/a")
        share.rename(away)
        share.mkdir()
        for use in (
            lambda: storage.put(tmp_path / "a", "blobs/b"), lambda: storage.get("blobs/a", tmp_path / "out"),
            lambda: storage.size("blobs/a"), lambda: storage.remove("blobs"),
        ):  # fmt: skip
            assert "is gone" in str(_error(use))
        share.rmdir()
        away.rename(share)
        assert storage.get("blobs/a", tmp_path / "out")

    def test_an_empty_folder_may_be_a_share_that_is_missing(self, tmp_path: Path) -> None:
        share = tmp_path / "share"
        share.mkdir()
        with pytest.raises(StorageError, match="nothing is mounted there") as caught:
            open_storage(str(share))
        assert f"touch {share}/.badapple" in caught.value.hint
        (share / ".badapple").touch()
        assert open_storage(str(share)).size("a") is None

    def test_many_begin_it_at_once(self, tmp_path: Path) -> None:
        for number in range(20):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(open_storage, [str(tmp_path / f"new{number}" / "share")] * 8))
            assert [path.name for path in (tmp_path / f"new{number}").iterdir()] == ["share"]

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="cannot be made"):
            open_storage(str(some(tmp_path / "file") / "share"))
        storage = open_storage(str(tmp_path / "share"))
        storage.put(some(tmp_path / "a"), "a")
        with pytest.raises(StorageError, match="cannot be written"):
            storage.put(tmp_path / "a", "a/b")

    def test_an_address_may_be_written_in_two_ways(self, tmp_path: Path) -> None:
        file = some(tmp_path / "a")
        assert open_storage(f"file://{tmp_path}/with%20space").put(file, "a") == f"{tmp_path}/with space/a"
        assert open_storage(f"{tmp_path}/with space/").size("a") == 4


@pytest.mark.parametrize(
    "url", ["s3://", "ftp://host/x", "http://host/x", "s3://bucket/x?a=1", "file://host/x", "s3://[", "s3://key@b/x"]
)
def test_an_address_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="storage"):
        open_storage(url)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "badapple.storage.bucket")
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigError) as caught:
        open_storage("s3://bucket/x")
    assert "badapple[storage]" in caught.value.hint
    assert open_storage(str(tmp_path / "share")).size("a") is None

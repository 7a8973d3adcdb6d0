"""A photo comes in clean, or one sentence says why not."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import os
import signal
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from badapple import process
from badapple.config import get_settings
from badapple.errors import DiskError, OutOfMemoryError, PhotoError, ToolError
from badapple.product import identify
from badapple.product.intake import decoder, take_in, write_png


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (300, 200), (200, 40, 30)).save(path, quality=95)
    return path


def test_a_photo_comes_in_as_plain_pixels(photo: Path) -> None:
    taken = take_in(photo)
    assert taken.pixels.shape == (200, 300, 3)
    assert taken.source_size == (300, 200)
    assert np.abs(taken.pixels.astype(int) - (200, 40, 30)).max() < 6


def test_the_child_finds_its_packages_wherever_this_process_did(photo: Path) -> None:
    # As with `pip install --user` or PYTHONPATH, which an isolated interpreter of its own knows nothing of.
    code = (
        f"import sys; sys.path[:0] = {list(decoder().homes)}; from pathlib import Path\n"
        f"from badapple.product.intake import take_in; print(take_in(Path({str(photo)!r})).source_size)"
    )
    words = (Path(sys.executable).resolve(), "-S", "-c", code)
    assert process.run(words, env={"PATH": os.defpath}).stdout.strip() == b"(300, 200)"


def test_what_follows_the_picture_in_its_file_is_dropped(photo: Path, tmp_path: Path) -> None:
    tailed = tmp_path / "tailed.png"
    tailed.write_bytes(photo.read_bytes() + b"PK\x03\x04<html><script>alert(1)</script>")
    taken = take_in(tailed)  # named PNG, begins as JPEG, ends as something else
    write_png(taken.pixels, tmp_path / "out.png")
    assert b"script" not in (tmp_path / "out.png").read_bytes()


def test_a_photo_is_known_by_its_bytes_not_its_name(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "renamed"
    other.write_bytes(photo.read_bytes())
    assert identify(photo) == identify(other) == hashlib.sha256(photo.read_bytes()).hexdigest()


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"there is no photo '.*gone\.jpg'; check the path"):
        identify(tmp_path / "gone.jpg")


def test_a_folder_is_no_photo(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="is a folder, not a file"):
        identify(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="is a pipe, not a file"):
        identify(tmp_path / "pipe.jpg")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotoError, match="is empty"):
        identify(tmp_path / "empty.jpg")


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(PhotoError, match="save it with at most 25 MiB"):
        identify(tmp_path / "large.jpg")


def test_an_unspeakable_name_stays_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        identify(tmp_path / "a\nb\x1b[31m.jpg")
    assert str(caught.value).isprintable()


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("1", (100, 100)).save(file, "PNG")
    bomb = bytearray(file.getvalue())
    bomb[16:24] = (2_000_000_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(bomb)
    start = time.monotonic()
    with pytest.raises(PhotoError, match="megapixels; save it with at most 64"):
        take_in(tmp_path / "bomb.png")
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    ("child", "says"),
    [
        ("import os; os.abort()", "broke the program that reads it"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "takes too long to open"),
        ("import time; time.sleep(60)", "takes too long to open"),
        ('print(\'{"width": 9, "height": 9, "channels": 3, "source": [9, 9]}\')', "broke the program that reads it"),
        ('print(\'{"width": 99999, "height": 9, "channels": 3, "source": [9, 9]}\')', "broke the program"),
        ("print('not json')", "broke the program that reads it"),
        ('print(\'{"refused": "is\\\\nodd"}\')', r"is\?odd"),
    ],
)
def test_a_child_that_dies_hangs_or_lies_becomes_a_sentence(photo: Path, child: str, says: str) -> None:
    with pytest.raises(PhotoError, match=says) as caught:
        take_in(photo, command=(sys.executable, "-I", "-c", child), seconds=2)
    assert str(caught.value).isprintable()


def test_a_crowd_of_photos_is_decoded_a_few_at_a_time(photo: Path, tmp_path: Path) -> None:
    # Each child leaves a line when it begins and one when it ends; no line may tell of more than there may be.
    code = f"import os, time; f = os.open({str(tmp_path / 'log')!r}, os.O_WRONLY | os.O_APPEND)\n"
    code += "os.write(f, b'+'); time.sleep(0.2); os.write(f, b'-'); print('{\"refused\": \"is enough\"}')"
    (tmp_path / "log").touch()

    def look() -> None:
        with pytest.raises(PhotoError, match="is enough"):
            take_in(photo, command=(sys.executable, "-I", "-c", code))

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(12) as pool:
        patch.setenv("BADAPPLE_SANDBOX", "off")  # inside it they could leave no line
        get_settings.cache_clear()
        list(pool.map(lambda _: look(), range(12)))
    get_settings.cache_clear()
    marks = (tmp_path / "log").read_text()
    most = max(itertools.accumulate(1 if mark == "+" else -1 for mark in marks))
    assert marks.count("+") == marks.count("-") == 12
    assert 1 <= most <= min(4, os.cpu_count() or 1)


async def test_who_waits_for_a_turn_can_be_cancelled(photo: Path) -> None:
    slow = (str(Path(sys.executable).resolve()), "-I", "-S", "-c", "import time; time.sleep(30)")
    tasks = [asyncio.create_task(process.in_thread(take_in, photo, command=slow)) for _ in range(9)]
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    for task in tasks:
        task.cancel()
    assert await asyncio.wait(tasks, timeout=20) == (set(tasks), set())
    assert time.monotonic() - begun < 20
    assert all(task.cancelled() for task in tasks)
    assert take_in(photo).source_size == (300, 200)  # every turn was given back


def test_a_child_that_memory_ran_out_for_says_nothing_about_the_photo(photo: Path) -> None:
    with pytest.raises(OutOfMemoryError):
        take_in(photo, command=(sys.executable, "-I", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))


def test_the_child_sees_nothing_of_our_environment(photo: Path) -> None:
    code = "import json, os; print(json.dumps({'refused': 'sees ' + ' '.join(sorted(os.environ))}))"
    with pytest.raises(PhotoError, match=r"sees LC_ALL MALLOC_ARENA_MAX( PWD)?$"):  # bubblewrap says where it is: at /
        take_in(photo, command=(sys.executable, "-I", "-c", code))


def test_the_child_can_write_no_file_and_take_no_more_memory(tmp_path: Path) -> None:
    code = (
        "import os, sys, badapple.product.decode as d\n"
        "d._limit(4)\n"
        "try: os.write(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), b'x')\n"
        "except OSError: print('no file')\n"
        "try: bytearray(d.MEMORY)\n"
        "except MemoryError: print('no memory')\n"
    )
    said = process.run((sys.executable, "-I", "-c", code, tmp_path / "file")).stdout
    assert said.split() == [b"no", b"file", b"no", b"memory"]


def test_a_child_that_burns_time_is_stopped_by_its_cpu_limit() -> None:
    code = "import badapple.product.decode as d; d._limit(1)\nwhile True: pass"
    with pytest.raises(ToolError, match=f"killed by signal {int(signal.SIGXCPU)}"):
        process.run((sys.executable, "-I", "-c", code))


def test_a_folder_that_cannot_be_written_is_a_disk_error(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=r"photo\.png cannot be written"):
        write_png(np.zeros((8, 8, 3), np.uint8), tmp_path / "missing" / "photo.png")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "photo.png.part").symlink_to("/dev/full")
    with pytest.raises(DiskError, match="No space left") as caught:
        write_png(np.zeros((8, 8, 3), np.uint8), tmp_path / "photo.png")
    assert "free some space" in caught.value.hint


def test_a_png_keeps_every_pixel_and_its_alpha(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (20, 30, 4), np.uint8)
    write_png(pixels, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), pixels)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]

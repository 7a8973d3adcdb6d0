"""Photos that nobody should trust: every one comes in as bare pixels, or one sentence says why not."""

from __future__ import annotations

import os
import re
import socket
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bench.hostile.decoders import Decoders, decoders, fingerprint, impurities
from bench.hostile.mutants import mutant, parents
from bench.hostile.pictures import SECRET, Case, cases, picture, saved

from badapple.errors import PhotoError
from badapple.product.intake import identify, take_in, write_png
from badapple.product.limits import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from badapple.product.intake import Intake

MUTANTS, SEED = 1000, 5


@pytest.fixture(scope="module")
def forks() -> Iterator[Decoders]:
    """Decoders that fork for each photo."""
    with decoders(wall=20) as found:
        yield found


def test_the_corpus_is_large_and_every_name_is_there_once() -> None:
    assert len({case.name for case in cases()}) == len(cases()) >= 120
    assert sum(1 for case in cases() if SECRET in case.data) > 10


def _through_the_door(photo: Path) -> Intake | str:
    """Return what comes in, or why it was refused."""
    try:
        return take_in(photo)
    except PhotoError as error:
        return str(error)


def _mark(found: Intake | str) -> str:
    return found if isinstance(found, str) else fingerprint(found)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.mark)
def test_a_hostile_photo_is_refused_in_words_or_leaves_all_but_its_pixels(
    case: Case, tmp_path: Path, forks: Decoders
) -> None:
    photo = tmp_path / case.name
    photo.write_bytes(case.data)
    found = _through_the_door(photo)
    if isinstance(found, str):
        assert case.size is None, found
        assert re.search(case.says, found)
        assert found.isprintable()
    else:
        assert found.source_size == case.size
        assert impurities(found, tmp_path) == []
        assert SECRET not in found.pixels.tobytes()
    # The decoders that fork are the same door: what mutants meet there is what they would meet here.
    if case.name != "scans.jpg":  # which takes all the time it may, and no longer
        assert forks.decode(case.data, case.name).mark == _mark(found)


@pytest.mark.parametrize(
    "first", [0, 200, *(pytest.param(first, marks=pytest.mark.long) for first in range(400, MUTANTS, 200))]
)
def test_a_thousand_mutants_break_nothing(first: int, forks: Decoders, tmp_path: Path) -> None:
    pool, taken = parents(), 0
    for number in range(first, first + 200):
        answer = forks.decode(mutant(SEED, number, pool))
        assert answer.code == 0, f"mutant {number} of seed {SEED} ended the child with {answer.code}"
        assert not answer.late, f"mutant {number} of seed {SEED} hangs"
        assert answer.cpu < 5, f"mutant {number} of seed {SEED} took {answer.cpu:.1f} s"
        if answer.intake is not None:
            taken += 1
            assert impurities(answer.intake, tmp_path) == [], f"mutant {number} of seed {SEED}"
        else:
            assert answer.says.isprintable()
    assert 40 < taken < 160  # else they try only one side of the door


def test_mutants_meet_at_the_real_door_what_they_met_in_forks(forks: Decoders, tmp_path: Path) -> None:
    pool = parents()
    for number in range(12):
        data = mutant(SEED, number, pool)
        photo = tmp_path / "mutant"
        photo.write_bytes(data)
        assert forks.decode(data, "mutant").mark == _mark(_through_the_door(photo))


def test_a_picture_with_more_than_pixels_would_be_found_out(tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(saved(picture(), "PNG"))
    taken = take_in(photo)
    assert impurities(taken, tmp_path) == []
    write_png(taken.pixels, tmp_path / "b.png")
    body = (tmp_path / "b.png").read_bytes()
    text = struct.pack(">I", 3) + b"tEXta\0b" + struct.pack(">I", zlib.crc32(b"tEXta\0b"))
    assert b"IEND" in body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "bench.hostile.decoders.write_png", lambda _, path: path.write_bytes(body[:33] + text + body[33:] + b"!")
        )
        assert impurities(taken, tmp_path) == ["a chunk b'tEXt'", "1 bytes behind its end"]


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)  # a long path does not fit a socket's name
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("p"))
    path.symlink_to("p")


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)


SPECIAL: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda _: None, "there is no photo"),
    "a folder": (lambda path: path.mkdir(), "is a folder, not a file"),
    "a pipe": (os.mkfifo, "is a pipe, not a file"),
    "a socket": (_socket, "cannot be read"),
    "a link to nothing": (lambda path: path.symlink_to("gone"), "there is no photo"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot be read"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "is a device or socket"),
    "a link to secrets": (lambda path: path.symlink_to("/etc/passwd"), "is not a picture"),
    "a link to a pipe": (_link_to_pipe, "is a pipe"),
    "an empty file": (lambda path: path.touch(), "is empty"),
    "a byte too many": (_large, "save it with at most 25 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_ordinary_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    make, says = SPECIAL[kind]
    make(tmp_path / "photo.jpg")
    with pytest.raises(PhotoError, match=says):
        take_in(tmp_path / "photo.jpg")


def test_a_link_to_a_photo_is_a_photo(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(saved(picture(), "JPEG"))
    (tmp_path / "link.jpg").symlink_to("real")
    assert take_in(tmp_path / "link.jpg").source_size == (120, 80)


@pytest.mark.parametrize("name", ["a\0b.jpg", "x" * 300 + ".jpg", "\u202egpj.exe", "a\r\nSet-Cookie: x.jpg", "-i.jpg"])
def test_an_unspeakable_name_is_only_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        identify(tmp_path / name)
    assert str(caught.value).isprintable()

"""What a file says it was made of."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from badapple.errors import MediaError
from badapple.media.marking import mark, read_marking, source_type, xmp
from badapple.media.probe import check_decodes, probe

if TYPE_CHECKING:
    from pathlib import Path


def test_the_term_says_whether_something_was_generated() -> None:
    assert source_type(generated=True).endswith("/digitalsourcetype/compositeSynthetic")
    assert source_type(generated=False).endswith("/digitalsourcetype/composite")


def test_a_film_carries_its_term(film: Path) -> None:
    assert read_marking(film) == source_type(generated=True)


def test_a_marked_film_plays_as_before(film: Path, program: Path) -> None:
    check_decodes(film, ffmpeg=program)
    assert probe(film, ffmpeg=program).faststart
    with av.open(str(film)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 60


def test_a_file_without_a_term_has_none(tmp_path: Path, film: Path) -> None:
    bare = tmp_path / "bare.mp4"
    whole = film.read_bytes()
    bare.write_bytes(whole[: whole.index(bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")) - 8])

    assert read_marking(bare) is None
    mark(bare, "http://example.org/a?b&c")
    assert read_marking(bare) == "http://example.org/a?b&c"


def test_a_picture_carries_its_term(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", xmp=xmp(source_type(generated=False)))
    Image.new("RGB", (8, 8)).save(tmp_path / "b.jpg")

    assert read_marking(tmp_path / "a.jpg") == source_type(generated=False)
    assert read_marking(tmp_path / "b.jpg") is None


@pytest.mark.parametrize("name", ["a.mp4", "a.jpg"])
def test_a_broken_file_is_a_media_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no film, no picture")

    with pytest.raises(MediaError, match=name):
        read_marking(tmp_path / name)


def test_a_film_cut_short_is_not_marked(tmp_path: Path, film: Path) -> None:
    shutil.copyfile(film, tmp_path / "film.mp4")
    with (tmp_path / "film.mp4").open("r+b") as file:
        file.truncate(film.stat().st_size - 400)

    with pytest.raises(MediaError):
        mark(tmp_path / "film.mp4", source_type(generated=True))

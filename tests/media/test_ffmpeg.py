"""The ffmpeg that everything calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badapple.errors import ConfigError
from badapple.media import ffmpeg
from badapple.media.probe import probe

if TYPE_CHECKING:
    from pathlib import Path


def stand_in(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n")
    path.chmod(0o755)
    return path


def test_packaged_ffmpeg_can_do_everything() -> None:
    ffmpeg.check(ffmpeg.locate())


def test_version_is_short_enough_to_show() -> None:
    assert len(ffmpeg.version(ffmpeg.locate())) < 20


def test_override_is_taken(tmp_path: Path) -> None:
    own = stand_in(tmp_path / "ffmpeg", "ffmpeg version 7.1 of mine")

    assert ffmpeg.locate(own) == own
    assert ffmpeg.version(own) == "7.1"


def test_override_that_is_no_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"BADAPPLE_FFMPEG.*nowhere"):
        ffmpeg.locate(tmp_path / "nowhere")


def test_a_build_without_an_encoder_is_refused_by_name(tmp_path: Path) -> None:
    filters = "ass blackdetect ebur128 freezedetect metadata scale setparams setpts sidechaincompress"
    poor = stand_in(tmp_path / "ffmpeg", "\n".join(f" .. {name} x" for name in (*filters.split(), "aac", "libmp3lame")))

    with pytest.raises(ConfigError, match=r"lacks libx264$"):
        ffmpeg.check(poor)


def test_check_looks_again_when_the_program_changes(tmp_path: Path) -> None:
    changing = stand_in(tmp_path / "ffmpeg", "nothing")
    with pytest.raises(ConfigError):
        ffmpeg.check(changing)

    changing.unlink()
    changing.symlink_to(ffmpeg.locate())

    ffmpeg.check(changing)


def test_names_that_look_like_options_or_addresses_are_only_names(film: Path, program: Path, tmp_path: Path) -> None:
    odd = tmp_path / "-y http:it's.mp4"
    odd.write_bytes(film.read_bytes())

    assert probe(odd, ffmpeg=program).frames == 60


def test_desk_goes_away_and_leaves_the_files(tmp_path: Path) -> None:
    real = tmp_path / "it's: here.txt"
    real.write_text("words")

    with ffmpeg.desk(plain=real, absent=None) as folder:
        assert (folder / "plain").read_text() == "words"
        assert not (folder / "absent").exists()

    assert not folder.exists()
    assert real.read_text() == "words"

"""The still that stands for the film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from badapple.errors import MediaError
from badapple.media.marking import read_marking, source_type
from badapple.media.poster import poster

if TYPE_CHECKING:
    from pathlib import Path

TERM = source_type(generated=False)


def test_it_is_the_frame_at_that_second(film: Path, program: Path, tmp_path: Path) -> None:
    shades = []
    for second in (0.3, 0.9, 1.6):
        poster(film, tmp_path / "poster.jpg", ffmpeg=program, second=second, source_type=TERM)
        with Image.open(tmp_path / "poster.jpg") as picture:
            assert (picture.format, picture.size) == ("JPEG", (270, 480))
            shades.append(float(np.asarray(picture.convert("L"))[300:].mean()))

    expected = [(luma - 16) * 255 / 219 for luma in (60, 100, 140)]
    assert shades == pytest.approx(expected, abs=3)


def test_it_says_what_it_was_made_of(film: Path, program: Path, tmp_path: Path) -> None:
    poster(film, tmp_path / "poster.jpg", ffmpeg=program, second=1, source_type=TERM)

    assert read_marking(tmp_path / "poster.jpg") == TERM


def test_a_second_past_the_end_is_a_media_error(film: Path, program: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no frame at 9"):
        poster(film, tmp_path / "poster.jpg", ffmpeg=program, second=9, source_type=TERM)
    assert list(tmp_path.iterdir()) == []

"""The picture as it is sent, and what makes it the same picture."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from badapple.providers.anthropic.picture import fitted, pixels, shrunk


@pytest.mark.parametrize(
    "size", [(2160, 2160), (2160, 1080), (64, 64), (199, 20), (1092, 1092), (5000, 10), (300, 200), (1100, 1000)]
)
def test_every_size_fits_what_the_model_likes(size: tuple[int, int]) -> None:
    width, height = fitted(size)
    assert width <= 1092
    assert height <= 1092
    assert width * height <= 1_150_000
    assert max(width, height) >= 200
    assert width / height == pytest.approx(size[0] / size[1], rel=0.05) or min(width, height) <= 20


def test_a_small_picture_is_sent_as_it_is() -> None:
    assert fitted((300, 200)) == (300, 200)


def test_transparency_is_laid_over_a_light_ground(tmp_path: Path) -> None:
    path = tmp_path / "cup.png"
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(path)
    sent = Image.open(io.BytesIO(base64.b64decode(shrunk(path).data)))
    assert sent.mode == "RGB"
    assert sent.getpixel((150, 150)) == (232, 232, 232)


def test_a_picture_is_known_by_its_pixels(tmp_path: Path) -> None:
    for name, colour, level in (("a", 10, 1), ("b", 10, 9), ("c", 11, 1)):
        Image.new("RGB", (50, 40), (colour, 0, 0)).save(tmp_path / f"{name}.png", compress_level=level)
    Image.new("RGB", (40, 50), (10, 0, 0)).save(tmp_path / "d.png")
    first, same, other, turned = (pixels(tmp_path / f"{name}.png") for name in "abcd")
    assert first == same
    assert len({first, other, turned}) == 3

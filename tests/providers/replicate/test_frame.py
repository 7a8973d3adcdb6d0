"""First frames fit into what the vendor takes."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from tests.providers.replicate.conftest import write_still

from badapple.providers.replicate.frame import LARGEST_URL, as_address, pixels_hash

HEAD = "data:image/jpeg;base64,"


async def _nobody(_data: bytes) -> str:
    pytest.fail("nothing had to be uploaded")


async def test_a_small_frame_is_sent_as_it_is(tmp_path: Path) -> None:
    write_still(tmp_path / "first.jpg")
    url = await as_address(tmp_path / "first.jpg", upload=_nobody)
    assert base64.b64decode(url.removeprefix(HEAD)) == (tmp_path / "first.jpg").read_bytes()


async def test_a_frame_that_is_a_little_too_large_is_packed_tighter(tmp_path: Path) -> None:
    write_still(tmp_path / "noise.jpg", noise=True)
    with Image.open(tmp_path / "noise.jpg") as noise:
        noise.filter(ImageFilter.GaussianBlur(1.6)).save(tmp_path / "first.jpg", quality=97)
    assert (tmp_path / "first.jpg").stat().st_size * 4 / 3 > LARGEST_URL
    url = await as_address(tmp_path / "first.jpg", upload=_nobody)
    assert len(url) <= LARGEST_URL
    with Image.open(io.BytesIO(base64.b64decode(url.removeprefix(HEAD)))) as picture:
        assert picture.size == (768, 1344)


async def test_a_frame_that_would_suffer_is_uploaded_whole(tmp_path: Path) -> None:
    write_still(tmp_path / "first.jpg", noise=True)
    sent = []

    async def upload(data: bytes) -> str:
        sent.append(data)
        return "https://api.replicate.com/v1/files/abc"

    assert await as_address(tmp_path / "first.jpg", upload=upload) == "https://api.replicate.com/v1/files/abc"
    assert sent == [(tmp_path / "first.jpg").read_bytes()]


def test_a_picture_is_known_by_its_pixels(tmp_path: Path) -> None:
    picture = Image.effect_noise((40, 60), 80).convert("RGB")
    for level in (0, 9):
        picture.save(tmp_path / f"{level}.png", compress_level=level)
    picture.putpixel((3, 3), (1, 2, 3))
    picture.save(tmp_path / "other.png")
    assert pixels_hash(tmp_path / "0.png") == pixels_hash(tmp_path / "9.png") != pixels_hash(tmp_path / "other.png")
    assert pixels_hash(None) == ""

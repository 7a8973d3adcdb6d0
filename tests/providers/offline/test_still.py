"""First frames for video models: the product whole and sharp, four framings, not a word."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from badapple.errors import PhotoError
from badapple.media.fonts import FontBook
from badapple.models import Family, Product, Scene, SceneOrder, Swatch
from badapple.providers.offline.still import SIZE, OfflineStills

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.ports import StillPainter

STYLES = ("luxury", "energetic", "minimal", "bold", "playful", "tech")
STILLS = OfflineStills(book=FontBook(cjk=False))
MARK = (20, 240, 30)  #: on the product, and nowhere else on any set
WORDS = {"headline": "EXTRAORDINARY", "subline": "Every stitch made to move", "points": ("One", "Two")}


def _product(folder: Path, family: Family, size: tuple[int, int] = (520, 700)) -> Product:
    """Make a product of one green with a grey rim; as a photo it stands in the middle of a grey room."""
    photo = cutout = None
    subject = (0, 0, *size)
    if family is not Family.TYPE:
        picture = Image.new("RGBA", size, (0, 0, 0, 0))
        pen = ImageDraw.Draw(picture)
        pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 30, (120, 116, 110, 255))
        pen.rounded_rectangle((14, 14, size[0] - 15, size[1] - 15), 20, (*MARK, 255))
        room = Image.new("RGB", (1200, 1600), (150, 148, 146))
        at = ((1200 - size[0]) // 2, 1600 - size[1] - 240)
        room.paste(picture, at, picture)
        photo, cutout = folder / "photo.png", folder / "cutout.png"
        room.save(photo)
        picture.save(cutout)
        subject = (*at, at[0] + size[0], at[1] + size[1]) if family is Family.PHOTO else subject
    return Product(
        family=family, photo=photo, cutout=cutout if family is Family.CUTOUT else None, size=(1200, 1600),
        subject=subject, focus=(0.5, 0.6), palette=(Swatch(rgb=(120, 116, 110), share=1.0),), accent=None,
        category="default", confidence=1.0, source_size=(1200, 1600), reason="made for a test",
    )  # fmt: skip


async def _still(
    folder: Path, product: Product, style: str, number: int, *, words: bool = False, seed: int = 0
) -> NDArray[np.uint8]:
    said = WORDS if words else {"headline": "", "subline": "", "points": ()}
    scene = Scene(id=number, frames=180, voiceover_text="", video_prompt_template="", **said)  # type: ignore[arg-type]
    order = SceneOrder(scene=scene, style=style, product_name="Dash Force", product=product, seed=seed)
    await STILLS.still(order, folder / "still.jpg")
    with Image.open(folder / "still.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", SIZE)
        return np.asarray(image)


def _marked(rgb: NDArray[np.uint8]) -> tuple[tuple[int, int, int, int], float, float]:
    """Return the product's green: left, top, width and height, its longer side, and its share of its own rectangle."""
    away = np.abs(rgb.astype(int) - MARK).max(axis=2) < 70
    mask = cv2.morphologyEx(away.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, (wide, tall), _ = cv2.minAreaRect(cv2.findNonZero(mask))
    left, top, width, height = cv2.boundingRect(mask)
    return (left, top, width, height), max(wide, tall), float(mask.sum() / (wide * tall))


@pytest.mark.parametrize(("style", "size"), list(zip(STYLES, [(520, 700), (200, 640), (1200, 480)] * 2, strict=True)))
async def test_a_cutout_is_whole_inside_the_frame_in_four_framings(
    tmp_path: Path, style: str, size: tuple[int, int]
) -> None:
    product = _product(tmp_path, Family.CUTOUT, size)
    seen = []
    for number in (1, 2, 3, 4):
        (left, top, wide, tall), long, full = _marked(await _still(tmp_path, product, style, number))
        assert left >= 16 + 8
        assert top >= 16 + 8
        assert left + wide <= SIZE[0] - 16 - 8
        assert top + tall <= SIZE[1] - 16 - 8
        assert full > 0.93  # nothing lies on it
        seen.append((left + wide / 2, top + tall / 2, long))
    assert seen[1][2] > 1.25 * seen[0][2]  # the close-up
    assert all(math.dist(one, other) > 20 for one, other in itertools.combinations(seen, 2))


@pytest.mark.parametrize("style", ["luxury", "playful"])
async def test_a_photo_shows_its_subject_whole(tmp_path: Path, style: str) -> None:
    product = _product(tmp_path, Family.PHOTO)
    sizes = []
    for number in (1, 2, 3, 4):
        (left, top, wide, tall), _, full = _marked(await _still(tmp_path, product, style, number))
        assert left >= 16
        assert left + wide <= SIZE[0] - 16
        assert top >= 16
        assert top + tall <= SIZE[1] - 16
        assert wide / tall == pytest.approx(492 / 672, rel=0.05)
        assert full > 0.95
        sizes.append(wide)
    assert len({round(size / 8) for size in sizes}) == 4


async def test_a_wide_photo_goes_on_out_of_focus(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.PHOTO, (1000, 300))
    assert product.photo is not None
    with Image.open(product.photo) as room:
        room.crop((0, 900, 1200, 1500)).save(product.photo)
    wide = replace(product, size=(1200, 600), subject=(100, 160, 1100, 460))
    picture = await _still(tmp_path, wide, "minimal", 2)
    (left, _, width, _), _, full = _marked(picture)
    assert left >= 16
    assert left + width <= SIZE[0] - 16
    assert full > 0.9
    assert np.abs(np.diff(picture[:200].astype(int), axis=0)).max() < 12  # nothing sharp above, and no seam


async def test_a_tiny_photo_is_framed_rather_than_blown_up(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.PHOTO)
    assert product.photo is not None
    with Image.open(product.photo) as room:
        room.resize((90, 120)).save(product.photo)
    tiny = replace(product, size=(90, 120), subject=(25, 50, 65, 103))
    for number in (1, 2, 3, 4):
        (_, _, wide, _), _, _ = _marked(await _still(tmp_path, tiny, "tech", number))
        assert 20 < wide <= 2 * 40


@pytest.mark.parametrize(("style", "family"), list(zip(STYLES, list(Family) * 2, strict=True)))
async def test_no_word_is_on_it(tmp_path: Path, style: str, family: Family) -> None:
    product = _product(tmp_path, family)
    silent = await _still(tmp_path, product, style, 3)
    assert np.array_equal(silent, await _still(tmp_path, product, style, 3, words=True))


async def test_words_alone_begin_on_an_empty_set(tmp_path: Path) -> None:
    pictures = [await _still(tmp_path, _product(tmp_path, Family.TYPE), "bold", number) for number in (1, 2, 3, 4)]
    assert all(picture.std() > 20 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 4


async def test_the_products_own_colours_are_kept(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT)
    for style in STYLES[::2]:
        picture = await _still(tmp_path, product, style, 2)
        (left, top, wide, tall), _, _ = _marked(picture)
        middle = picture[top + tall // 4 : top + tall // 2, left + wide // 4 : left + wide * 3 // 4]
        assert np.median(middle, axis=(0, 1)) == pytest.approx(MARK, abs=10)


async def test_the_same_order_gives_the_same_bytes(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT)
    await _still(tmp_path, product, "playful", 1)
    first = (tmp_path / "still.jpg").read_bytes()
    await _still(tmp_path, product, "playful", 1)
    assert (tmp_path / "still.jpg").read_bytes() == first
    assert len(first) < 250_000  # it travels inside a request
    await _still(tmp_path, product, "playful", 1, seed=5)
    assert (tmp_path / "still.jpg").read_bytes() != first


async def test_a_picture_that_is_gone_is_an_error(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT)
    _remove(product.cutout)
    with pytest.raises(PhotoError):
        await _still(tmp_path, product, "luxury", 1)


async def test_painting_is_quick(tmp_path: Path) -> None:
    product = _product(tmp_path, Family.CUTOUT)
    await _still(tmp_path, product, "luxury", 4)
    begun = time.process_time()
    await _still(tmp_path, product, "luxury", 4)
    assert time.process_time() - begun < 1.5


def test_it_paints_stills() -> None:
    painter: StillPainter = STILLS
    assert painter is STILLS


def _remove(path: Path | None) -> None:
    assert path is not None
    path.unlink()

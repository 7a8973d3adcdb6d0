"""From a file and a name to a Product, or one clear sentence."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from badapple.errors import PhotoError
from badapple.models import Family
from badapple.product import analyse, from_facts, to_facts

if TYPE_CHECKING:
    from pathlib import Path

#: What each real photo must come to; every other hostile file is refused.
FAMILIES = {
    "beanie-worn.jpg": Family.PHOTO,
    "jeans-worn.jpg": Family.PHOTO,
    "white-tshirt-worn.jpg": Family.PHOTO,
    "sticker-macro.jpg": Family.PHOTO,
    "juice-tiny-90px.png": Family.PHOTO,
    "model-car.jpg": Family.CUTOUT,
    "car-huge-54mp.jpg": Family.CUTOUT,
    "coffee-cmyk.jpg": Family.CUTOUT,
    "juice-white-bg.webp": Family.CUTOUT,
    "juice-bottle-alpha.png": Family.CUTOUT,
    "sneaker-alpha.png": Family.CUTOUT,
    "mug-alpha.png": Family.CUTOUT,
    "cushion-alpha.png": Family.CUTOUT,
    "hostile/16bit-gray.png": Family.PHOTO,
    "hostile/grayscale.jpg": Family.PHOTO,
    "hostile/png-named.jpg": Family.CUTOUT,
    "hostile/polyglot-jpg-zip-html.jpg": Family.CUTOUT,
    "hostile/all-white.jpg": Family.TYPE,
    "hostile/animated.gif": Family.TYPE,
    "hostile/animated.webp": Family.TYPE,
}


def lamp(path: Path) -> Path:
    """Save a photo of a red lamp before a white wall."""
    picture = np.full((700, 600, 3), 248, np.uint8)
    cv2.ellipse(picture, (300, 250), (150, 130), 0, 0, 360, (190, 30, 40), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (280, 370), (320, 560), (60, 60, 70), -1)
    cv2.ellipse(picture, (300, 570), (110, 30), 0, 0, 360, (60, 60, 70), -1, cv2.LINE_AA)
    Image.fromarray(picture).save(path, quality=92)
    return path


def test_a_product_photo_becomes_a_product(tmp_path: Path) -> None:
    product = analyse(lamp(tmp_path / "lamp.jpg"), "Glow Lamp", tmp_path)
    assert (product.family, product.category) == (Family.CUTOUT, "home")
    assert product.size == product.source_size == (600, 700)
    assert product.accent is not None
    assert product.accent[0] > 150 > product.accent[1]
    assert abs(product.focus[0] - 0.5) < 0.05
    with Image.open(tmp_path / "cutout.png") as cut, Image.open(tmp_path / "photo.png") as photo:
        assert (cut.mode, photo.mode, photo.size) == ("RGBA", "RGB", (600, 700))
        assert not photo.info


def test_facts_rebuild_the_product_in_another_folder(tmp_path: Path) -> None:
    product = analyse(lamp(tmp_path / "lamp.jpg"), "Glow Lamp", tmp_path)
    facts = json.loads(json.dumps(to_facts(product)))
    assert from_facts(facts, tmp_path) == product
    assert str(tmp_path) not in json.dumps(facts)
    assert from_facts(facts, tmp_path / "b").cutout == tmp_path / "b" / "cutout.png"


def test_without_a_photo_words_carry_the_film(tmp_path: Path) -> None:
    product = analyse(None, "Premium Watch", tmp_path)
    assert (product.family, product.photo, product.category) == (Family.TYPE, None, "watch")
    assert from_facts(to_facts(product), tmp_path) == product
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("tone", "accent"), [((255, 255, 255), False), ((0, 80, 160), True)])
def test_a_blank_photo_gives_its_colour_to_a_film_of_words(
    tmp_path: Path, tone: tuple[int, int, int], *, accent: bool
) -> None:
    Image.new("RGB", (500, 500), tone).save(tmp_path / "blank.jpg")
    product = analyse(tmp_path / "blank.jpg", "Thing", tmp_path)
    assert product.family is Family.TYPE
    assert (product.accent is not None) is accent
    assert "one plain tone" in product.reason


def test_a_photo_without_a_clear_product_is_shown_whole(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 65535, (300, 300)).astype(np.uint16)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    product = analyse(tmp_path / "noise.png", "Thing", tmp_path)
    assert (product.family, product.cutout) == (Family.PHOTO, None)
    assert not (tmp_path / "cutout.png").exists()
    assert product.reason.endswith("so the photo is shown whole")


@pytest.mark.parametrize("name", [name for name in FAMILIES if "/" not in name])
def test_a_real_photo_finds_its_family(shared_photos: Path, tmp_path: Path, name: str) -> None:
    product = analyse(shared_photos / name, "Thing", tmp_path)
    assert product.family is FAMILIES[name], product.reason


def test_every_hostile_file_is_refused_in_one_sentence_or_merely_odd(shared_photos: Path, tmp_path: Path) -> None:
    for path in sorted((shared_photos / "hostile").iterdir()):
        start = time.process_time()
        name = f"hostile/{path.name}"
        if name in FAMILIES:
            assert analyse(path, "Thing", tmp_path).family is FAMILIES[name], name
        else:
            with pytest.raises(PhotoError) as caught:
                analyse(path, "Thing", tmp_path)
            assert str(caught.value).isprintable()
            assert path.name in str(caught.value)
        assert time.process_time() - start < 5, name

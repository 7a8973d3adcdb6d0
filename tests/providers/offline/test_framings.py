"""Scenes framed as they are asked for: where the product stands then, and that the words stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from badapple import product as products
from badapple.media.fonts import FontBook
from badapple.models import DRAFT, Family, Framing, Product, Scene, SceneOrder
from badapple.product.sample import PHOTO
from badapple.providers.offline.scenes import OfflineSceneRenderer
from badapple.providers.offline.stage.timeline import Timeline
from badapple.providers.offline.still import OfflineStills

FACTS = ("Waterproof", "Light")


@pytest.fixture(scope="module", params=[Family.CUTOUT, Family.PHOTO])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Product:
    folder = tmp_path_factory.mktemp("product")
    photo = PHOTO
    if request.param is Family.PHOTO:
        rng = np.random.default_rng(1)
        tiles = Image.fromarray(rng.integers(0, 255, (110, 150, 3), dtype=np.uint8))
        tiles = tiles.resize((1500, 1100), Image.Resampling.NEAREST)
        tiles.paste(Image.open(PHOTO).resize((500, 625)), (500, 200))
        photo = folder / "busy.jpg"
        tiles.save(photo)
    found = products.analyse(photo, "", folder)
    assert found.family is request.param
    return found


def order(product: Product, number: int, framing: Framing, *, style: str = "minimal") -> SceneOrder:
    scene = Scene(
        id=number, frames=190, headline="Made with care", subline="For small moments",
        points=FACTS if number == 3 else (), voiceover_text="", video_prompt_template="",
    )  # fmt: skip
    return SceneOrder(
        scene=scene, style=style, product_name="Solenne", product=product, canvas=DRAFT, framing=framing
    )  # fmt: skip


def staged(product: Product, number: int, framing: Framing, *, style: str = "minimal") -> Timeline:
    found = OfflineSceneRenderer(book=FontBook(())).prepare(order(product, number, framing, style=style))
    words = {box.text.casefold() for box in found.boxes}
    assert {"made with care", "for small moments"} <= words
    assert number != 3 or {"waterproof", "light"} <= words
    return found


def middle(frames: Timeline) -> float:
    assert frames.product is not None
    return (frames.product.left + frames.product.right) / 2


@pytest.mark.parametrize("style", ["minimal", "bold"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_product_stands_where_it_is_asked_to(product: Product, number: int, style: str) -> None:
    wide, left, right = (staged(product, number, how, style=style) for how in ("wide", "left", "right"))
    assert middle(left) < 480
    assert middle(right) > 600
    assert wide.product is not None
    assert left.product is not None
    assert abs(middle(wide) - 540) < 1
    assert wide.product.height < left.product.height * 0.95


@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_close_one_is_another_picture_than_the_scene_s_own(product: Product, number: int) -> None:
    seen = []
    for how in ("auto", "close"):
        out = np.empty((DRAFT.height * 3 // 2, DRAFT.width), np.uint8)
        staged(product, number, how).draw(120, out)
        seen.append(out[: DRAFT.height].astype(int))
    assert np.abs(seen[0] - seen[1]).mean() > 4


async def test_a_model_starts_from_the_framing_that_is_asked_for(product: Product, tmp_path: Path) -> None:
    stills, seen = OfflineStills(book=FontBook(())), {}
    for how in ("auto", "wide", "close", "left", "right"):
        await stills.still(order(product, 1, how), tmp_path / f"{how}.jpg")
        seen[how] = np.asarray(Image.open(tmp_path / f"{how}.jpg").convert("L")).astype(int)
    for how in ("close", "left", "right"):
        assert np.abs(seen[how] - seen["auto"]).mean() > 3, how
    assert np.abs(seen["left"] - seen["right"]).mean() > 3


def test_words_alone_are_framed_by_nothing(tmp_path: Path) -> None:
    product = products.analyse(None, "", tmp_path)
    pictures = []
    for how in ("auto", "close", "left"):
        out = np.empty((DRAFT.height * 3 // 2, DRAFT.width), np.uint8)
        OfflineSceneRenderer(book=FontBook(())).prepare(order(product, 2, how)).draw(60, out)
        pictures.append(out.tobytes())
    assert len(set(pictures)) == 1

"""Further takes of a scene: the same words, another picture."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from badapple import product as products
from badapple.media.fonts import FontBook
from badapple.models import DRAFT, Product, Scene, SceneOrder
from badapple.providers.offline.scenes import OfflineSceneRenderer

PHOTO = Path(__file__).resolve().parents[3] / "examples" / "demo-product.jpg"


@pytest.fixture(scope="module", params=["cut-out", "words"])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Product:
    photo = PHOTO if request.param == "cut-out" else None
    return products.analyse(photo, "", tmp_path_factory.mktemp("product"))


def seen(product: Product, style: str, number: int, take: int, *, points: tuple[str, ...] = ()) -> tuple[
    NDArray[np.uint8], set[str]
]:  # fmt: skip
    """Return the brightness of a frame in the middle of a scene, and the words that are on screen in it."""
    scene = Scene(
        id=number, frames=190, headline="Made with care", subline="For small moments", points=points,
        voiceover_text="", video_prompt_template="",
    )  # fmt: skip
    order = SceneOrder(
        scene=scene, style=style, product_name="Solenne", product=product, canvas=DRAFT, take=take
    )  # fmt: skip
    frames = OfflineSceneRenderer(book=FontBook(())).prepare(order)
    out = np.empty((DRAFT.height * 3 // 2, DRAFT.width), np.uint8)
    frames.draw(120, out)
    return out[: DRAFT.height], {box.text for box in frames.boxes}


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("style", ["minimal", "bold"])
def test_the_next_take_shows_the_same_words_in_another_picture(product: Product, style: str, number: int) -> None:
    takes = [seen(product, style, number, take) for take in range(3)]
    for (before, _), (after, words) in itertools.pairwise(takes):
        assert np.abs(before.astype(int) - after).mean() > 8
        assert {"made with care", "for small moments"} <= {text.casefold() for text in words}


def test_facts_stay_facts_and_move(product: Product) -> None:
    first, second = (seen(product, "minimal", 3, take, points=("Waterproof", "Light")) for take in (0, 1))
    assert {"Waterproof", "Light"} <= first[1] & second[1]
    assert np.abs(first[0].astype(int) - second[0]).mean() > 3

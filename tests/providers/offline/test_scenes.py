"""The offline scenes: what every frame keeps to, whatever the style and the product."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from badapple import styles
from badapple.media.fonts import FontBook
from badapple.models import (
    CAPTION_BAND,
    DRAFT,
    FULL,
    SAFE_ZONE,
    Box,
    Canvas,
    Family,
    Product,
    Scene,
    SceneOrder,
    Swatch,
)
from badapple.ports import Frames, SceneRenderer
from badapple.providers.offline.scenes import OfflineSceneRenderer
from badapple.providers.offline.stage.backdrop import paint_backdrop
from badapple.providers.offline.stage.timeline import Timeline

HALF = Canvas(width=540, height=960)
SHAPES = {"wide": (900, 360), "tall": (300, 900), "square": (420, 400)}


@pytest.fixture(scope="module")
def book() -> FontBook:
    return FontBook()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Product]:
    folder = tmp_path_factory.mktemp("products")
    return {name: product(folder / f"{name}.png", size) for name, size in SHAPES.items()}


def product(path: Path, size: tuple[int, int]) -> Product:
    """A rounded, shaded teal thing with a pale label."""
    width, height = size
    picture = np.zeros((height, width, 4), np.uint8)
    cv2.ellipse(
        picture,
        (width // 2, height // 2),
        (width // 2 - 2, height // 2 - 2),
        0,
        0,
        360,
        (150, 130, 20, 255),
        -1,
        cv2.LINE_AA,
    )
    cv2.rectangle(picture, (width // 3, height // 3), (width * 2 // 3, height * 2 // 3), (225, 235, 240, 255), -1)
    cv2.imwrite(str(path), picture)
    return Product(
        family=Family.CUTOUT, photo=path, cutout=path, size=size, subject=(0, 0, *size), focus=(0.5, 0.5),
        palette=(Swatch(rgb=(20, 130, 150), share=0.8),), accent=(20, 130, 150), category="default", confidence=0.9,
        source_size=size, reason="drawn",
    )  # fmt: skip


def order(
    subject: Product, style: str, number: int = 1, *, canvas: Canvas = DRAFT, words: bool = True, seed: int = 0
) -> SceneOrder:
    scene = Scene(
        id=number, frames=150,
        headline="Made for slow mornings" if words else "", subline="And for quick ones" if words else "",
        points=("Holds 350 ml", "Made in Porto") if words and number == 3 else (),
        voiceover_text="", video_prompt_template="",
    )  # fmt: skip
    return SceneOrder(scene=scene, style=style, product_name="Nordic Mug", product=subject, canvas=canvas, seed=seed)


def drawn(frames: Frames, index: int, canvas: Canvas = DRAFT) -> np.ndarray:
    out = np.empty((canvas.height * 3 // 2, canvas.width), np.uint8)
    frames.draw(index, out)
    return out


def prepared(book: FontBook, wanted: SceneOrder) -> Timeline:
    return OfflineSceneRenderer(book=book).prepare(wanted)


def test_the_renderer_is_what_the_port_asks_for(book: FontBook, pictures: dict[str, Product], tmp_path: Path) -> None:
    renderer: SceneRenderer = OfflineSceneRenderer(book=book)
    frames = asyncio.run(renderer.render(order(pictures["tall"], "tech"), tmp_path))
    assert isinstance(frames, Frames)
    assert frames.count == 150
    assert not renderer.maker.generated


@pytest.mark.parametrize("style", styles.known())
@pytest.mark.parametrize("shape", SHAPES)
def test_every_scene_keeps_its_words_in_their_zone_and_off_the_product(
    book: FontBook, pictures: dict[str, Product], style: str, shape: str
) -> None:
    for number in (1, 2, 3, 4):
        timeline = prepared(book, order(pictures[shape], style, number))
        assert timeline.boxes
        for note in timeline.boxes:
            assert SAFE_ZONE.holds(note.box)
            assert not note.box.meets(CAPTION_BAND)
            assert timeline.product is not None
            assert not note.box.meets(timeline.product)


@pytest.mark.parametrize("style", styles.known())
@pytest.mark.parametrize("shape", SHAPES)
def test_the_product_stays_out_of_the_captions_in_every_scene(
    book: FontBook, pictures: dict[str, Product], style: str, shape: str
) -> None:
    for number in (1, 2, 3, 4):
        timeline = prepared(book, order(pictures[shape], style, number))
        assert timeline.product is not None
        assert not timeline.product.meets(CAPTION_BAND)


@pytest.mark.parametrize("style", styles.known())
@pytest.mark.parametrize("shape", SHAPES)
def test_a_close_up_never_shows_the_product_where_captions_stand(
    book: FontBook, tmp_path: Path, style: str, shape: str
) -> None:
    path, size = tmp_path / "green.png", SHAPES[shape]
    cv2.imwrite(str(path), np.full((size[1], size[0], 4), (0, 255, 0, 255), np.uint8))
    green = dataclasses.replace(product(tmp_path / "any.png", size), cutout=path, accent=None, palette=())
    timeline = prepared(book, order(green, style, 2))
    for index in (0, 8, 25, 75, 149):
        frame = drawn(timeline, index)
        # Rows of the two chroma planes; a pure green has them far below the middle, a faint reflection has not.
        u, v = frame[DRAFT.height :].reshape(2, DRAFT.height // 2, DRAFT.width // 2)
        shown = (u < 70) & (v < 60)
        half = DRAFT.scale / 2
        assert not shown[round(CAPTION_BAND.top * half) : round(CAPTION_BAND.bottom * half)].any()
    assert shown.any()  # above the ledge it is there


@pytest.mark.parametrize("style", styles.known())
def test_frames_stay_in_the_limited_range(book: FontBook, pictures: dict[str, Product], style: str) -> None:
    for number in (1, 4):
        luma = drawn(prepared(book, order(pictures["square"], style, number)), 45)[: DRAFT.height]
        assert luma.min() >= 16
        assert luma.max() <= 235
        assert luma.std() > 8  # there is a picture


@pytest.mark.parametrize("style", styles.known())
def test_frames_are_the_same_in_any_order_and_from_any_instance(
    book: FontBook, pictures: dict[str, Product], style: str
) -> None:
    wanted = order(pictures["tall"], style, 3)
    first, second = prepared(book, wanted), prepared(FontBook(), wanted)
    forward = [drawn(first, index) for index in (0, 12, 77)]
    backward = [drawn(second, index) for index in (77, 12, 0)][::-1]
    for one, other in zip(forward, backward, strict=True):
        assert np.array_equal(one, other)


def test_two_threads_draw_the_same_frames_as_one(book: FontBook, pictures: dict[str, Product]) -> None:
    frames = prepared(book, order(pictures["wide"], "playful"))
    alone = [drawn(frames, index) for index in range(0, 60, 6)]

    async def together() -> list[np.ndarray]:
        return await asyncio.gather(*(asyncio.to_thread(drawn, frames, index) for index in range(0, 60, 6)))

    for one, other in zip(alone, asyncio.run(together()), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("style", styles.known())
def test_no_frame_repeats_the_one_before(book: FontBook, pictures: dict[str, Product], style: str) -> None:
    for number in (1, 2, 3, 4):
        timeline = prepared(book, order(pictures["square"], style, number))
        for index in (100, 148):
            before, after = (drawn(timeline, at)[: DRAFT.height].astype(int) for at in (index, index + 1))
            assert np.abs(after - before).mean() > 0.02


def test_seeds_and_takes_make_different_pictures(book: FontBook, pictures: dict[str, Product]) -> None:
    first = order(pictures["square"], "luxury")
    others = (dataclasses.replace(first, seed=1), dataclasses.replace(first, take=1))
    shown = drawn(prepared(book, first), 60)
    for other in others:
        assert not np.array_equal(shown, drawn(prepared(book, other), 60))


@pytest.mark.parametrize("style", ["bold", "luxury", "minimal"])
def test_words_change_pixels_only_where_their_boxes_are(
    book: FontBook, pictures: dict[str, Product], style: str
) -> None:
    timeline = prepared(book, order(pictures["square"], style, 1, canvas=HALF))
    # The same scene without its words: their layers are the last ones.
    pieces = [layer for layer in timeline.layers if layer.start >= 6]
    silent = dataclasses.replace(timeline, layers=tuple(layer for layer in timeline.layers if layer not in pieces))
    with_words, without = (drawn(frames, 120, HALF)[: HALF.height].astype(int) for frames in (timeline, silent))
    changed = np.abs(with_words - without) > 4
    assert changed.sum() > 2000
    for note in timeline.boxes:
        changed[inside(note.box, HALF.scale)] = False
    assert not changed.any()


def inside(box: Box, scale: float) -> tuple[slice, slice]:
    grown = 3  # canvas px of interpolation and rounding
    rows = slice(int(box.top * scale) - grown, int(box.bottom * scale) + grown)
    return rows, slice(int(box.left * scale) - grown, int(box.right * scale) + grown)


@pytest.mark.parametrize("style", styles.known())
def test_words_stand_whole_by_frame_24(book: FontBook, pictures: dict[str, Product], style: str) -> None:
    timeline = prepared(book, order(pictures["tall"], style, 1))
    title = timeline.boxes[0]
    early, late = (drawn(timeline, at)[: DRAFT.height][inside(title.box, DRAFT.scale)].astype(int) for at in (26, 60))
    blank = drawn(dataclasses.replace(timeline, layers=()), 60)[: DRAFT.height][inside(title.box, DRAFT.scale)].astype(
        int
    )
    assert np.abs(early - late).mean() < np.abs(late - blank).mean() * 0.5


@pytest.mark.parametrize("style", styles.known())
def test_a_small_picture_is_never_blown_up_beyond_twice_its_pixels(book: FontBook, tmp_path: Path, style: str) -> None:
    small = product(tmp_path / "small.png", (150, 140))
    for number in (1, 2, 3, 4):
        timeline = prepared(book, order(small, style, number, canvas=FULL))
        assert timeline.product is not None
        # 2 px per source px, and what a leaning rectangle covers beyond its own sides.
        assert timeline.product.width <= 2 * (150 + 140 * 0.25)


def test_an_empty_scene_is_still_a_scene(book: FontBook, pictures: dict[str, Product]) -> None:
    for number in (1, 2, 3, 4):
        timeline = prepared(book, order(pictures["wide"], "bold", number, words=False))
        assert drawn(timeline, 80).std() > 5


@pytest.mark.parametrize(
    "name",
    [
        "A",
        "Grandmother's Extraordinary Cold Brew Concentrate with Oat Milk and Cardamom, Family Size 1.5 l",
        "Ночь и день",
        "نور الصباح",
    ],
)
def test_any_name_fits(book: FontBook, pictures: dict[str, Product], name: str) -> None:
    for number in (1, 3):
        base = order(pictures["tall"], "energetic", number, words=False)
        timeline = prepared(book, dataclasses.replace(base, product_name=name))
        for note in timeline.boxes:
            assert SAFE_ZONE.holds(note.box)


@pytest.mark.parametrize("style", styles.known())
@pytest.mark.parametrize("variant", [0, 1, 2, 3, 4])
def test_backdrops_are_painted_for_every_variant_and_size(
    pictures: dict[str, Product], style: str, variant: int
) -> None:
    painted = paint_backdrop(styles.load(style), pictures["square"], width=270, height=480, seed=3, variant=variant)
    again = paint_backdrop(styles.load(style), pictures["square"], width=270, height=480, seed=3, variant=variant)
    assert painted.shape == (480, 270, 3)
    assert painted.dtype == np.uint8
    assert np.array_equal(painted, again)


def test_a_white_product_stands_apart_from_the_paper_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    picture = np.full((300, 300, 4), 250, np.uint8)
    picture[..., 3] = 255
    cv2.imwrite(str(path), picture)
    white = dataclasses.replace(product(tmp_path / "any.png", (300, 300)), cutout=path, accent=None)
    ground = paint_backdrop(styles.load("minimal"), white, width=270, height=480, seed=0, variant=0)
    wall = ground[200:240, 60:210].astype(np.float32).mean()
    assert wall < 232

"""The offline scenes of products that are shown as a photo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from badapple import styles
from badapple.media.fonts import FontBook
from badapple.models import CAPTION_BAND, DRAFT, SAFE_ZONE, Box, Canvas, Family, Product, Scene, SceneOrder, Swatch
from badapple.product import analyse
from badapple.providers.offline.scenes import OfflineSceneRenderer
from badapple.providers.offline.stage.look import contrast
from badapple.providers.offline.stage.plate import Photo
from badapple.providers.offline.stage.timeline import Timeline

SIZES = {"portrait": (900, 1200), "landscape": (1024, 768), "small": (500, 330), "tiny": (90, 90)}


@pytest.fixture(scope="module")
def book() -> FontBook:
    return FontBook()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Product]:
    folder = tmp_path_factory.mktemp("photos")
    return {name: photo(folder / f"{name}.png", size) for name, size in SIZES.items()}


def photo(path: Path, size: tuple[int, int]) -> Product:
    """A busy picture of light and dark squares with an orange disc in its middle."""
    width, height = size
    rng = np.random.default_rng(7)
    squares = rng.integers(0, 256, (max(2, height // 40), max(2, width // 40), 3), np.uint8)
    picture = np.asarray(cv2.resize(squares, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    cv2.circle(picture, (width // 2, height // 2), min(size) // 3, (30, 120, 240), -1, cv2.LINE_AA)
    cv2.imwrite(str(path), picture)
    side = min(size) // 3
    subject = (width // 2 - side, height // 2 - side, width // 2 + side, height // 2 + side)
    return Product(
        family=Family.PHOTO, photo=path, cutout=None, size=size, subject=subject, focus=(0.5, 0.5),
        palette=(Swatch(rgb=(240, 120, 30), share=0.6),), accent=(240, 120, 30), category="default", confidence=0.2,
        source_size=size, reason="drawn",
    )  # fmt: skip


def prepared(
    book: FontBook, product: Product, style: str, number: int, *, words: bool = True, canvas: Canvas = DRAFT
) -> Timeline:
    scene = Scene(
        id=number, frames=120, headline="Made for slow mornings" if words else "",
        subline="And for quick ones" if words and number == 1 else "",
        points=("Holds 350 ml", "Made in Porto") if words and number == 3 else (),
        voiceover_text="", video_prompt_template="",
    )  # fmt: skip
    order = SceneOrder(scene=scene, style=style, product_name="Nordic Mug", product=product, canvas=canvas)
    return OfflineSceneRenderer(book=book).prepare(order)


def drawn(frames: Timeline, index: int) -> np.ndarray:
    out = np.empty((frames.canvas.height * 3 // 2, frames.canvas.width), np.uint8)
    frames.draw(index, out)
    return out


@pytest.mark.parametrize("style", styles.known())
@pytest.mark.parametrize("size", SIZES)
def test_every_scene_keeps_its_words_in_their_zone(
    book: FontBook, photos: dict[str, Product], style: str, size: str
) -> None:
    for number in (1, 2, 3, 4):
        timeline = prepared(book, photos[size], style, number)
        assert timeline.boxes
        for note in timeline.boxes:
            assert SAFE_ZONE.holds(note.box)
            assert not note.box.meets(CAPTION_BAND)
            assert timeline.product is None or not note.box.meets(timeline.product)


@pytest.mark.parametrize("style", styles.known())
def test_no_frame_stands_still_and_frames_are_repeatable(
    book: FontBook, photos: dict[str, Product], style: str
) -> None:
    for number in (1, 2, 3, 4):
        one, other = (prepared(book, photos["portrait"], style, number) for _ in range(2))
        frames = [drawn(one, index) for index in (70, 71, 119)]
        assert not np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[2], drawn(other, 119))
        luma = frames[0][: DRAFT.height]
        assert luma.min() >= 16
        assert luma.max() <= 235


@pytest.mark.parametrize("style", styles.known())
def test_the_four_scenes_differ(book: FontBook, photos: dict[str, Product], style: str) -> None:
    looks = [
        drawn(prepared(book, photos["portrait"], style, number, words=False), 80)[: DRAFT.height].astype(int)
        for number in (1, 2, 3, 4)
    ]
    for first in range(4):
        for second in range(first + 1, 4):
            assert np.abs(looks[first] - looks[second]).mean() > 8


@pytest.mark.parametrize("style", styles.known())
def test_words_over_a_busy_photo_can_be_read(book: FontBook, photos: dict[str, Product], style: str) -> None:
    canvas = Canvas(width=540, height=960)
    timeline = prepared(book, photos["portrait"], style, 1, canvas=canvas)
    rgb = cv2.cvtColor(drawn(timeline, 90), cv2.COLOR_YUV2RGB_I420)
    for note in timeline.boxes:
        rows = slice(round(note.box.top / 2), round(note.box.bottom / 2))
        patch = rgb[rows, round(note.box.left / 2) : round(note.box.right / 2)].reshape(-1, 3)
        order = np.argsort(patch.astype(int).sum(axis=1))
        ends = [tuple(int(v) for v in patch[order[at]]) for at in (len(order) // 100, -len(order) // 100)]
        # Ink and ground are the two ends of what stands in the box.
        assert contrast((ends[0][0], ends[0][1], ends[0][2]), (ends[1][0], ends[1][1], ends[1][2])) >= 4.2


def test_a_crop_shows_the_whole_subject_or_at_least_its_head(photos: dict[str, Product]) -> None:
    picture = Photo.of(photos["portrait"])
    assert picture.cut(3, 4).holds(picture.subject)
    worn = Photo(picture.rgb, Box(left=100, top=80, right=800, bottom=1200), (450.0, 700.0))
    part = worn.cut(1080, 900)
    assert part.top <= 80
    assert part.right <= picture.size[0]


@pytest.mark.parametrize(("size", "fits"), [("portrait", True), ("tiny", False)])
def test_a_photo_is_never_enlarged_more_than_twice(photos: dict[str, Product], size: str, fits: bool) -> None:  # noqa: FBT001
    assert Photo.of(photos[size]).fills(1080, 1440) is fits


def test_a_scene_is_light_enough_to_hold(book: FontBook, photos: dict[str, Product]) -> None:
    timeline = prepared(book, photos["portrait"], "bold", 3, canvas=Canvas())
    assert timeline.weight < 80e6


def test_a_worn_product_is_filmed(book: FontBook, shared_photos: Path, tmp_path: Path) -> None:
    product = analyse(shared_photos / "beanie-worn.jpg", "North Beanie", tmp_path)
    assert product.family is Family.PHOTO
    assert prepared(book, product, "minimal", 1).boxes

"""The offline scenes of films without a picture."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from badapple import styles
from badapple.media.fonts import FontBook
from badapple.models import CAPTION_BAND, DRAFT, SAFE_ZONE, Canvas, Family, Product, Scene, SceneOrder
from badapple.providers.offline.scenes import OfflineSceneRenderer
from badapple.providers.offline.stage.look import contrast
from badapple.providers.offline.stage.timeline import Timeline

NOTHING = Product(
    family=Family.TYPE, photo=None, cutout=None, size=(0, 0), subject=(0, 0, 0, 0), focus=(0.5, 0.5), palette=(),
    accent=None, category="default", confidence=0.0, source_size=(0, 0), reason="no photo was given",
)  # fmt: skip
LONG = "The Extraordinarily Long Product Name That Goes On And On Until It Reaches One Hundred Letters Here."
NAMES = ("X", "Solenne", LONG, "W" * 40, "Чайник Самовар", "قهوة الصباح", "🔥 Hot Sauce")


@pytest.fixture(scope="module")
def book() -> FontBook:
    return FontBook()


def prepared(
    book: FontBook, style: str, number: int, *, name: str = "Solenne", words: bool = True, points: bool = True,
    canvas: Canvas = DRAFT,
) -> Timeline:  # fmt: skip
    scene = Scene(
        id=number, frames=150, headline=(name if number == 1 else "Look straight at it") if words else "",
        subline="Not here to blend in" if words and number == 1 else "",
        points=("Holds 350 ml", "Made in Porto, by hand, by five people") if points and number == 3 else (),
        voiceover_text="", video_prompt_template="",
    )  # fmt: skip
    order = SceneOrder(scene=scene, style=style, product_name=name, product=NOTHING, canvas=canvas)
    return OfflineSceneRenderer(book=book).prepare(order)


def drawn(frames: Timeline, index: int) -> np.ndarray:
    out = np.empty((frames.canvas.height * 3 // 2, frames.canvas.width), np.uint8)
    frames.draw(index, out)
    return out


@pytest.mark.parametrize("name", NAMES)
def test_any_name_keeps_to_its_zone(book: FontBook, name: str) -> None:
    known = styles.known()
    for at, number in enumerate((1, 1, 1, 1, 1, 1, 2, 3, 4)):
        style = known[(at + NAMES.index(name)) % len(known)]
        timeline = prepared(book, style, number, name=name)
        assert timeline.boxes
        for note in timeline.boxes:
            assert SAFE_ZONE.holds(note.box)
            assert not note.box.meets(CAPTION_BAND)
            assert 0 <= note.start < note.end <= timeline.count


@pytest.mark.parametrize("style", styles.known())
def test_scenes_stand_without_words(book: FontBook, style: str) -> None:
    for number in (1, 2, 3, 4):
        drawn(prepared(book, style, number, words=False, points=False), 75)


@pytest.mark.parametrize("style", styles.known())
def test_no_frame_stands_still_and_frames_are_repeatable(book: FontBook, style: str) -> None:
    for number in (1, 2, 3, 4):
        one, other = (prepared(book, style, number) for _ in range(2))
        frames = [drawn(one, index) for index in (90, 91, 149)]
        assert not np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[2], drawn(other, 149))
        luma = frames[0][: DRAFT.height]
        assert luma.min() >= 16
        assert luma.max() <= 235


@pytest.mark.parametrize("style", styles.known())
def test_words_can_be_read(book: FontBook, style: str) -> None:
    for number in (1, 2, 3, 4):
        timeline = prepared(book, style, number, canvas=Canvas(width=540, height=960))
        rgb = cv2.cvtColor(drawn(timeline, 120), cv2.COLOR_YUV2RGB_I420)
        for note in timeline.boxes:
            rows = slice(round(note.box.top / 2), round(note.box.bottom / 2))
            patch = rgb[rows, round(note.box.left / 2) : round(note.box.right / 2)].reshape(-1, 3)
            order = np.argsort(patch.astype(int).sum(axis=1))
            dark, light = (patch[order[at]].tolist() for at in (len(order) // 100, -len(order) // 100))
            assert contrast((dark[0], dark[1], dark[2]), (light[0], light[1], light[2])) >= 4.2


def test_the_line_comes_one_word_after_the_other(book: FontBook) -> None:
    boxes = prepared(book, "tech", 3, points=False).boxes
    assert [note.text for note in boxes] == ["Look", "straight", "at", "it", "Look straight at it"]
    for one, after in pairwise(boxes):
        assert one.end <= after.start + 1

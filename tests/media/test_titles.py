"""Words over footage: where they may stand, readable on anything, gone in time, cheap."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from badapple import styles
from badapple.errors import InputError
from badapple.media import planes
from badapple.media.clips import Overlay
from badapple.media.colour import rgb
from badapple.media.fonts import FontBook
from badapple.media.layers import Layer, Layers
from badapple.models import CAPTION_BAND, DRAFT, FULL, OVERLAP, SAFE_ZONE, Canvas, Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from badapple.models import Box

STYLES = ("luxury", "energetic", "minimal", "bold", "playful", "tech")
BOOK = FontBook(cjk=False)
HALF = Canvas(width=540, height=960)
FRAMES = 180
REST = 90


def _overlay(
    style: str,
    headline: str = "Pour slowly, sip twice",
    subline: str = "A quiet kind of luxury",
    points: tuple[str, ...] = (),
    *,
    number: int = 1,
    canvas: Canvas = HALF,
) -> Overlay:
    scene = Scene(
        id=number, frames=FRAMES, headline=headline, subline=subline, points=points, voiceover_text="",
        video_prompt_template="",
    )  # fmt: skip
    return Overlay(scene, style=styles.load(style, ()), canvas=canvas, book=BOOK)


def _over(overlay: Layers, luma: int, index: int = REST, canvas: Canvas = HALF) -> NDArray[np.uint8]:
    frame = planes.blank(canvas.width, canvas.height)
    frame[: canvas.height] = luma
    overlay.draw(index, frame)
    return frame


def _changed(overlay: Layers, index: int, *, luma: int = 120) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what differs from plain footage by more than rounding."""
    frame = planes.blank(HALF.width, HALF.height)
    frame[: HALF.height] = luma
    away = cv2.absdiff(_over(overlay, luma, index)[: HALF.height], frame[: HALF.height])
    return tuple(cv2.boundingRect((away > 2).astype(np.uint8)))  # type: ignore[return-value]


def _luminance(luma: float) -> float:
    return float(max(0.0, (luma - 16) / 219) ** 2.2)


def _contrast(one: float, other: float) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("style", STYLES)
def test_all_words_stand_where_they_may(style: str, number: int) -> None:
    texts = ("Every single stitch was made to move with you", "Built for the next step, and for the one after it")
    overlay = _overlay(style, *texts, points=("Carbon neutral since 2019", "Two years of warranty"), number=number)
    assert [box.text for box in overlay.boxes] == [*texts, "Carbon neutral since 2019", "Two years of warranty"]
    for note in overlay.boxes:
        assert SAFE_ZONE.holds(note.box), note
        assert not note.box.meets(CAPTION_BAND)
        assert 6 <= note.start < note.end <= FRAMES - OVERLAP
    for one, other in zip(overlay.boxes[:2], overlay.boxes[1:3], strict=True):
        assert one.box.bottom < other.box.top
    assert all(sum(_changed(overlay, index)[1::2]) <= CAPTION_BAND.top / 2 for index in (10, REST, 140))


@pytest.mark.parametrize("style", STYLES)
def test_words_come_after_a_moment_and_are_gone_before_the_seam(style: str) -> None:
    overlay = _overlay(style, points=("Single origin",))
    assert all(_changed(overlay, index)[3] == 0 for index in (FRAMES - OVERLAP, FRAMES - 1))
    shown = [_ink(overlay, index) for index in range(FRAMES)]
    assert max(shown[:6]) < 0.05 * max(shown)  # a veil may come before its words
    assert shown[18] > 0.2 * max(shown)
    assert min(shown[40:-30]) > 0.9 * max(shown)
    steps = np.abs(np.diff(shown)) / max(shown)
    assert steps.max() < 0.5  # nothing appears or goes at a stroke


def _part(frame: NDArray[np.uint8], box: Box, grown: float = 0) -> NDArray[np.float32]:
    """Return the luma of a box of a half-size frame."""
    rows = slice(round((box.top - grown) / 2), round((box.bottom + grown) / 2))
    return frame[rows, round((box.left - grown) / 2) : round((box.right + grown) / 2)].astype(np.float32)


def _ink(overlay: Overlay, index: int) -> float:
    """Return how much of a headline's edges is seen."""
    part = _part(_over(overlay, 120, index), overlay.boxes[0].box)
    return float(np.abs(cv2.Laplacian(part, cv2.CV_32F)).mean())


@pytest.mark.parametrize("luma", [16, 90, 160, 235])
@pytest.mark.parametrize("style", STYLES)
def test_words_can_be_read_on_any_footage(style: str, luma: int) -> None:
    overlay = _overlay(style, points=("Single origin",))
    frame = _over(overlay, luma)
    for note in overlay.boxes:
        part = _part(frame, note.box)
        dark, bright = np.percentile(part, 3), np.percentile(part, 97)
        assert _contrast(float(dark), float(bright)) >= 4.4, note.text


@pytest.mark.parametrize("style", STYLES)
def test_letters_are_where_their_box_says(style: str) -> None:
    overlay = _overlay(style, "Hit", "")
    box = overlay.boxes[0].box
    ink = np.full((2, 2, 3), rgb(styles.load(style, ()).palette.ink), np.uint8)
    part = _part(_over(overlay, 120), box, grown=14)
    left, top, wide, tall = cv2.boundingRect((np.abs(part - planes.from_rgb(ink)[0, 0]) < 16).astype(np.uint8))
    assert (left, top) == pytest.approx((7, 7), abs=2)
    assert (wide, tall) == pytest.approx((box.width / 2, box.height / 2), abs=3)


def test_the_close_up_is_written_on_the_left() -> None:
    left, middle = _overlay("tech", number=2).boxes[0].box, _overlay("tech", number=1).boxes[0].box
    assert left.left == SAFE_ZONE.left
    assert middle.left + middle.right == pytest.approx(SAFE_ZONE.left + SAFE_ZONE.right, abs=2)


def test_facts_follow_each_other_in_one_place() -> None:
    overlay = _overlay("bold", points=("One", "Two", "Three", "Four"))
    facts = overlay.boxes[2:]
    assert [note.text for note in facts] == ["One", "Two", "Three"]
    assert all(after.start < before.end <= after.start + 4 for before, after in itertools.pairwise(facts))
    assert all(note.end - note.start >= 40 for note in facts)
    assert {round((note.box.top + note.box.bottom) / 2) for note in facts} == {
        round((facts[0].box.top + facts[0].box.bottom) / 2)
    }


def test_a_scene_without_words_stays_as_it_is() -> None:
    overlay = _overlay("luxury", "", " ")
    assert overlay.boxes == ()
    assert _changed(overlay, REST)[2:] == (0, 0)


def test_words_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(InputError, match="does not fit"):
        _overlay("energetic", "word " * 80)


@pytest.mark.parametrize("style", STYLES)
def test_a_draft_has_the_same_words_in_the_same_places(style: str) -> None:
    small, full = _overlay(style, canvas=DRAFT), _overlay(style, canvas=FULL)
    for one, other in zip(small.boxes, full.boxes, strict=True):
        assert (one.text, one.start, one.end) == (other.text, other.start, other.end)
        assert (one.box.left, one.box.top) == pytest.approx((other.box.left, other.box.top), abs=14)


def test_a_frame_costs_next_to_nothing() -> None:
    overlay = _overlay("luxury", points=("Single origin", "Roasted weekly"), canvas=FULL)
    frame = planes.blank(FULL.width, FULL.height)
    cv2.setNumThreads(1)
    begun = time.process_time()
    for index in range(FRAMES):
        overlay.draw(index, frame)
    assert (time.process_time() - begun) / FRAMES < 0.004  # half of it where nobody else is at work


def test_layers_at_rest_are_blended_as_one_and_look_as_if_each_were() -> None:
    def layer(colour: tuple[float, float, float, float], left: int, end: int) -> Layer:
        rgba = np.empty((31, 41, 4), np.float32)
        rgba[:] = np.asarray(colour, np.float32) * (colour[3], colour[3], colour[3], 1)
        return Layer(rgba=rgba, left=left, top=left, start=0, end=end, manner="fade")

    below, above = layer((1, 0, 0, 0.6), 11, 60), layer((0, 0.2, 1, 0.5), 30, 60)
    merged = Layers([below, above], [], size=(HALF.width, HALF.height))
    apart = [Layers([one], [], size=(HALF.width, HALF.height)) for one in (below, above)]
    frame = _over(merged, 150, 30)
    other = _over(apart[0], 150, 30)
    apart[1].draw(30, other)
    assert cv2.absdiff(frame, other).max() <= 2


def test_a_layer_has_its_own_colour_and_nothing_around_it_changes() -> None:
    rgba = np.zeros((20, 20, 4), np.float32)
    rgba[:] = (1, 0, 0, 1)
    frame = _over(Layers([Layer(rgba=rgba, left=-6, top=9, start=0, end=60)], [], size=(540, 960)), 100, 30)
    y, u, v = planes.split(frame)
    assert (y[15, 4], u[8, 2], v[8, 2]) == pytest.approx((63, 102, 240), abs=1)
    assert (y[9:29, :14] == 63).all()
    y[9:29, :14] = 100
    assert (y == 100).all()

"""The end card as moving frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from badapple.errors import MediaError
from badapple.media.planes import blank, from_rgb, split
from badapple.media.stills import CardFrames
from badapple.models import DRAFT, FULL, SAFE_ZONE, Box, Canvas, TextBox
from badapple.ports import Frames

if TYPE_CHECKING:
    from pathlib import Path

BUTTON = Box(left=300, top=1100, right=780, bottom=1240)
HALF = Canvas(width=540, height=960)


def text(left: float, top: float, right: float, bottom: float) -> TextBox:
    return TextBox(text="x", box=Box(left=left, top=top, right=right, bottom=bottom), start=0, end=135)


def card(folder: Path, texts: tuple[TextBox, ...], *, button: str = "#a07818") -> Path:
    picture = Image.new("RGB", (1080, 1920), "#202840")
    brush = ImageDraw.Draw(picture)
    brush.rounded_rectangle((BUTTON.left, BUTTON.top, BUTTON.right - 1, BUTTON.bottom - 1), 70, fill=button)
    for item in texts:
        brush.rectangle((item.box.left, item.box.top, item.box.right - 1, item.box.bottom - 1), fill="white")
    picture.save(folder / "card.png")
    return folder / "card.png"


def moving(folder: Path, *texts: TextBox, canvas: Canvas = DRAFT, count: int = 135, energy: float = 1) -> CardFrames:
    return CardFrames(card(folder, texts), button=BUTTON, count=count, canvas=canvas, energy=energy, boxes=texts)


def drawn(frames: Frames, index: int, canvas: Canvas = DRAFT) -> np.ndarray[Any, np.dtype[np.uint8]]:
    frame = blank(canvas.width, canvas.height)
    frames.draw(index, frame)
    return frame


def bright(frame: np.ndarray[Any, Any], canvas: Canvas) -> Box:
    """Return where the text is, layout px."""
    rows, columns = np.nonzero(split(frame)[0] > 200)
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    edges = [float(edge / canvas.scale) for edge in (left, top, right, bottom)]
    return Box(left=edges[0], top=edges[1], right=edges[2], bottom=edges[3])


def test_it_is_a_scene_like_any_other(tmp_path: Path) -> None:
    assert isinstance(moving(tmp_path), Frames)


def test_drawing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    frames = moving(tmp_path)
    first = drawn(frames, 40)
    drawn(frames, 90)

    assert np.array_equal(drawn(frames, 40), first)


def test_it_begins_as_the_card_itself(tmp_path: Path) -> None:
    frames = moving(tmp_path, text(300, 900, 780, 960))
    with Image.open(tmp_path / "card.png") as picture:
        still = from_rgb(np.asarray(picture.resize((270, 480), Image.Resampling.LANCZOS)))

    assert np.abs(drawn(frames, 0).astype(float) - still).mean() < 1


def test_it_grows_slowly_and_by_four_percent_at_most(tmp_path: Path) -> None:
    frames = moving(tmp_path, text(300, 900, 780, 960), canvas=FULL)

    widths = [bright(drawn(frames, index, FULL), FULL).width for index in (0, 45, 90, 134)]

    assert widths == sorted(widths)
    assert 480 * 1.03 < widths[-1] <= 480 * 1.04 + 1


@pytest.mark.parametrize(
    "item", [text(120, 400, 500, 460), text(700, 400, 960, 460), text(121, 900, 959, 960), text(300, 220, 700, 300)]
)
def test_text_stays_in_its_box_and_in_the_safe_zone(tmp_path: Path, item: TextBox) -> None:
    frames = moving(tmp_path, item, canvas=HALF)
    (box,) = frames.boxes
    slack = 3  # a px of the half-size canvas is two of the layout, and the edge is soft

    assert SAFE_ZONE.holds(box.box)
    for index in (0, 60, 134):
        seen = bright(drawn(frames, index, HALF), HALF)
        assert box.box.left - slack <= seen.left <= seen.right <= box.box.right + slack
        assert box.box.top - slack <= seen.top <= seen.bottom <= box.box.bottom + slack


def test_something_moves_even_where_text_fills_the_safe_zone(tmp_path: Path) -> None:
    frames = moving(tmp_path, text(120, 220, 960, 300), text(120, 1400, 960, 1480))

    assert not np.array_equal(drawn(frames, 30), drawn(frames, 36))


def test_motion_is_finer_than_a_pixel(tmp_path: Path) -> None:
    frames = moving(tmp_path, text(300, 500, 400, 560), text(700, 800, 760, 860), canvas=HALF, energy=0)

    places = []
    for index in range(30, 60):
        weight = split(drawn(frames, index, HALF))[0][200:300, 100:240].astype(float)
        weight = np.clip(weight - 80, 0, None)
        places.append(float((weight.sum(axis=0) * np.arange(140)).sum() / weight.sum()))

    assert abs(places[-1] - places[0]) > 0.3  # it moves
    assert np.abs(np.diff(places, n=2)).max() < 0.04  # and smoothly


def test_light_runs_over_the_button_and_nowhere_else(tmp_path: Path) -> None:
    frames = moving(tmp_path, canvas=HALF)
    still, lit = (split(drawn(frames, index, HALF))[0].astype(int) for index in (17, 30))

    rows, columns = np.nonzero(lit - still > 15)

    assert rows.size > 500
    edge = 20  # the button itself swells and moves
    assert rows.min() >= BUTTON.top / 2 - edge
    assert rows.max() <= BUTTON.bottom / 2 + edge
    assert columns.min() >= BUTTON.left / 2 - edge
    assert columns.max() <= BUTTON.right / 2 + edge


def test_a_card_that_is_no_picture_is_a_media_error(tmp_path: Path) -> None:
    (tmp_path / "card.png").write_bytes(b"no")

    with pytest.raises(MediaError, match=r"card\.png"):
        CardFrames(tmp_path / "card.png", button=BUTTON, count=10, canvas=DRAFT, energy=0.5, boxes=())

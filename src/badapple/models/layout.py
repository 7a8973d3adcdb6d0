"""Sizes, time and places on the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

FPS = 30  #: frames a second of every video


WIDTH, HEIGHT = 1080, 1920  #: px of the finished video; all layout is written in this space


TOTAL_FRAMES = 900  #: 30 s


OVERLAP = 15  #: frames that two neighbouring scenes share in their transition


SCENES = 4  #: filmed scenes before the CTA scene


#: How near a scene's product is, and where it stands; `auto` leaves it to the scene's own staging.
Framing = Literal["auto", "wide", "close", "left", "right"]
FRAMINGS: tuple[Framing, ...] = get_args(Framing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Size and effort of the encoded picture.

    Attributes:
        width: px, even.
        height: px, even.
        preset: x264 preset.
        crf: x264 constant rate factor.
    """

    width: int = WIDTH
    height: int = HEIGHT
    preset: str = "veryfast"
    crf: int = 20

    @property
    def scale(self) -> float:
        """Canvas px per layout px (layout is always 1080x1920)."""
        return self.width / WIDTH


FULL = Canvas()


DRAFT = Canvas(width=270, height=480, preset="ultrafast", crf=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in layout px (1080x1920 space), top left inclusive, bottom right exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Px from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Px from top to bottom."""
        return self.bottom - self.top

    def holds(self, other: Box) -> bool:
        """Say whether the other box lies wholly inside this one."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def meets(self, other: Box) -> bool:
        """Say whether the two boxes share any area."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


#: Where text may stand so that no platform's own buttons cover it: the worst case of TikTok, Reels and Shorts.
SAFE_ZONE = Box(left=120, top=220, right=960, bottom=1480)


#: Where captions stand, inside the safe zone; scenes keep the product's face and their own text out of it.
CAPTION_BAND = Box(left=120, top=1270, right=960, bottom=1470)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox:
    """Text on screen: where and when.

    Attributes:
        text: what is written.
        box: layout px, at its rest position.
        start: first frame, counted from the scene's own first frame.
        end: frame after the last.
    """

    text: str
    box: Box
    start: int
    end: int

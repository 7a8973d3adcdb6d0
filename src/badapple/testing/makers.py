"""Makers whose work is quick and plain, for tests of what stands around them."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from badapple import process
from badapple.media import ffmpeg as tools
from badapple.models import Box, Card, Maker, SceneOffer, TextBox, Utterance, Voice, Word
from badapple.ports import WorksHere
from badapple.process import in_thread
from badapple.providers import Providers
from badapple.providers.offline.script import OfflineScriptWriter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from badapple.models import CardOrder, Clip, MusicOrder, SceneOrder, VoiceOrder
    from badapple.ports import Frames

__all__ = [
    "Breaking",
    "PlainComposer",
    "PlainPainter",
    "PlainScenes",
    "PlainStills",
    "ToneMusic",
    "ToneVoice",
    "quick_providers",
]

_RATE = 44_100
_GAP = 0.3


@dataclass(kw_only=True)
class Breaking:
    """Fails calls on purpose and counts all of them.

    Attributes:
        error: raised by the calls in `on`.
        on: numbers of the calls that fail, the first being 1.
        delay: seconds that every call takes before it does anything.
        calls: how often it was called.
    """

    error: Exception | None = None
    on: frozenset[int] = frozenset({1})
    delay: float = 0.0
    calls: int = field(default=0, init=False)

    async def step(self) -> None:
        """Count a call; wait and fail as told."""
        self.calls += 1
        number = self.calls
        await asyncio.sleep(self.delay)
        if self.error is not None and number in self.on:
            raise self.error


class ToneVoice(WorksHere):
    """Speaks every utterance as a tone of three quarters of its slot."""

    maker = Maker(name="testing", model="tone-voice", generated=False)

    def __init__(self, *, ffmpeg: Path, breaking: Breaking | None = None) -> None:
        self._ffmpeg = ffmpeg
        self.breaking = breaking or Breaking()

    async def speak(self, order: VoiceOrder, out: Path) -> Voice:
        """Write the tones as an MP3."""
        await self.breaking.step()
        return await in_thread(self._speak, order, out)

    def _speak(self, order: VoiceOrder, out: Path) -> Voice:
        at, pieces, spoken = 0.0, [], []
        # A tone of its own for each text, so that one voice cannot be mistaken for another in the mix.
        chance = np.random.default_rng(sum(map(ord, "".join(order.texts))))
        for text, slot in zip(order.texts, order.slots, strict=True):
            seconds = 0.75 * slot if text else 0.0
            time = np.arange(round(seconds * _RATE)) / _RATE
            tone = np.sin(2 * np.pi * chance.uniform(200, 900) * time) * chance.uniform(0.5, 1, time.size)
            pieces += [0.4 * tone, np.zeros(round(_GAP * _RATE))]
            words = text.split()
            step = seconds / max(1, len(words))
            times = [Word(text=word, start=at + n * step, end=at + (n + 1) * step) for n, word in enumerate(words)]
            spoken.append(Utterance(start=at, end=at + seconds, words=tuple(times)))
            at += seconds + _GAP
        samples = (np.concatenate(pieces) * 32_000).astype("<i2").tobytes()
        source = ("-f", "s16le", "-ar", str(_RATE), "-ac", "1", "-i", "pipe:0")
        made = ("-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3", "-y", str(out))
        process.run([self._ffmpeg, "-v", "error", *source, *made], stdin=samples)
        return Voice(path=out, duration=at, utterances=tuple(spoken), speed=1.0)


class _PlainFrames:
    """A plain colour with a bright bar that moves, so that no two frames are alike."""

    def __init__(self, order: SceneOrder) -> None:
        self.count = order.scene.frames
        self.boxes: tuple[TextBox, ...] = ()
        self._height, self._shade = order.canvas.height, 60 + 20 * order.scene.id

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw the bar at the frame's row."""
        out[: self._height] = self._shade
        out[self._height :] = 128
        row = (index * 7) % (self._height - 24)
        out[row : row + 24] = 220


class PlainScenes(WorksHere):
    """Films every scene as a plain colour."""

    maker = Maker(name="testing", model="plain-scenes", generated=False)
    offer = SceneOffer()

    def __init__(self, *, breaking: Breaking | None = None) -> None:
        self.breaking = breaking or Breaking()

    async def render(self, order: SceneOrder, folder: Path) -> Clip | Frames:  # noqa: ARG002 - the port hands out a folder
        """Return frames to be drawn on demand."""
        await self.breaking.step()
        return _PlainFrames(order)


class PlainPainter(WorksHere):
    """Paints a card of one colour with a button that says nothing."""

    maker = Maker(name="testing", model="plain-painter", generated=False)

    def __init__(self, *, breaking: Breaking | None = None) -> None:
        self.breaking = breaking or Breaking()

    async def paint(self, order: CardOrder, out: Path) -> Card:
        """Write the PNG."""
        await self.breaking.step()
        button = Box(left=340, top=1000, right=740, bottom=1120)
        await in_thread(_paint, button, out)
        return Card(
            path=out, boxes=(TextBox(text=order.cta, box=button, start=0, end=900),), button=button, product=None
        )


class PlainStills:
    """Paints first frames of one colour with a square for the product."""

    async def still(self, order: SceneOrder, out: Path) -> None:
        """Write the JPEG."""
        square = Box(left=240, top=500, right=528, bottom=900)
        await in_thread(_paint, square, out, size=(768, 1344), shade=40 + 30 * order.scene.id)


class PlainComposer:
    """Lays a plain button over a given background."""

    async def compose(self, order: CardOrder, ground: Path, out: Path) -> Card:
        """Write the PNG; the background must be a picture."""
        button = Box(left=340, top=1000, right=740, bottom=1120)
        await in_thread(_compose, ground, button, out)
        boxes = (TextBox(text=order.cta, box=button, start=0, end=900),)
        return Card(path=out, boxes=boxes, button=button, product=None)


class ToneMusic:
    """Plays one soft chord."""

    maker = Maker(name="testing", model="tone-music", generated=False)

    def __init__(self, *, breaking: Breaking | None = None) -> None:
        self.breaking = breaking or Breaking()

    async def bed(self, order: MusicOrder, out: Path) -> None:
        """Write the WAV."""
        await self.breaking.step()
        time = np.arange(round(order.seconds * 48_000)) / 48_000
        chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.2, 329.6)) * 0.1
        with wave.open(str(out), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(48_000)
            file.writeframes((np.stack([chord, chord], axis=1) * 32_000).astype("<i2").tobytes())


def quick_providers(
    *,
    voice: Breaking | None = None,
    scenes: Breaking | None = None,
    painter: Breaking | None = None,
    music: Breaking | None = None,
) -> Providers:
    """Return quick makers for every port; each can be told to fail."""
    return Providers(
        script=OfflineScriptWriter(),
        voice=ToneVoice(ffmpeg=tools.locate(), breaking=voice),
        scenes=PlainScenes(breaking=scenes),
        painter=PlainPainter(breaking=painter),
        music=ToneMusic(breaking=music),
    )


def _paint(button: Box, out: Path, *, size: tuple[int, int] = (1080, 1920), shade: int = 90) -> None:
    from PIL import Image, ImageDraw  # noqa: PLC0415

    picture = Image.new("RGB", size, (40, 60, shade))
    ImageDraw.Draw(picture).rectangle((button.left, button.top, button.right, button.bottom), fill=(240, 200, 80))
    picture.save(out)


def _compose(ground: Path, button: Box, out: Path) -> None:
    from PIL import Image, ImageDraw  # noqa: PLC0415

    with Image.open(ground) as picture:
        card = picture.convert("RGB").resize((1080, 1920))
    ImageDraw.Draw(card).rectangle((button.left, button.top, button.right, button.bottom), fill=(240, 200, 80))
    card.save(out, "PNG", compress_level=1)

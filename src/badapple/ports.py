"""The Protocols that every maker of a part implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.models import (
        Asset,
        AssetRequest,
        Brief,
        Card,
        CardOrder,
        Clip,
        Maker,
        MusicOrder,
        Product,
        SceneOffer,
        SceneOrder,
        Script,
        TextBox,
        Voice,
        VoiceOrder,
    )


@runtime_checkable
class Frames(Protocol):
    """The frames of one scene, drawn on demand and in any order; drawing twice gives the same bytes.

    A frame is planar YUV 4:2:0 (I420), BT.709, limited range: uint8, shape (height * 3 // 2, width).
    """

    count: int
    boxes: tuple[TextBox, ...]  #: all text the frames carry

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw frame `index` (0 <= index < count) into `out`. Safe to call from several threads."""
        ...


class ScriptWriter(Protocol):
    """Writes the script."""

    maker: Maker

    async def write(self, brief: Brief, product: Product, offer: SceneOffer) -> Script:
        """Write four scenes and the end card that fit 900 frames."""
        ...


class SpeechSynthesizer(Protocol):
    """Speaks."""

    maker: Maker

    async def speak(self, order: VoiceOrder, out: Path) -> Voice:
        """Write the MP3 to `out` and say where its words are."""
        ...


class SceneRenderer(Protocol):
    """Films a scene."""

    maker: Maker
    offer: SceneOffer

    async def render(self, order: SceneOrder, folder: Path) -> Clip | Frames:
        """Return a clip below `folder`, or frames to be drawn on demand."""
        ...


class ImagePainter(Protocol):
    """Paints the end card."""

    maker: Maker

    async def paint(self, order: CardOrder, out: Path) -> Card:
        """Write a 1080x1920 RGB PNG to `out`."""
        ...


class MusicSource(Protocol):
    """Plays a music bed."""

    maker: Maker

    async def bed(self, order: MusicOrder, out: Path) -> None:
        """Write a stereo 48 kHz 16-bit WAV of `order.seconds` to `out`."""
        ...


class AssetRunner(Protocol):
    """Makes assets, here or elsewhere; asking again for a finished one is free."""

    async def run(
        self, request: AssetRequest, *, on_begin: Callable[[AssetRequest], Awaitable[None]] | None = None
    ) -> Asset:
        """Return the asset, made now or found; `on_begin` is awaited when its making really begins."""
        ...

    async def ingest(self, file: Path, *, kind: str, sha256: str) -> Asset:
        """Keep a file that the caller handed in, named by its content."""
        ...

    async def trim(self, *, keep: frozenset[str]) -> None:
        """Bring what is kept under its limit; content with a SHA-256 in `keep` stays."""
        ...
        ...

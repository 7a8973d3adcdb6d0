"""Samples that are the same for everybody: how a style moves, what it looks like, how its voice sounds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from badapple import process, styles
from badapple.assets import Made, Recipe
from badapple.assets.parts import product_of
from badapple.errors import MissingKeyError
from badapple.media import encode, seams
from badapple.media.thumbnails import frame_jpeg
from badapple.models import OVERLAP, AssetRequest, Brief, Canvas, Maker, SceneOffer, SceneOrder, VoiceOrder
from badapple.pipeline.plan import fingerprint
from badapple.product.category import category
from badapple.product.sample import FACTS, NAME
from badapple.providers.elevenlabs.narrators import narrators

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.config import Settings
    from badapple.models import Asset, Product, Script
    from badapple.ports import Frames
    from badapple.providers import Providers
    from badapple.styles import Style

__all__ = ["SENTENCE", "film_request", "recipes", "still_request", "vendor_voice_request", "voice_request"]

SENTENCE = "Hello. This is how your ad will sound."
_ELEVENLABS = Maker(name="elevenlabs", model="sample", generated=True)
_SLOT = 6.0  #: seconds that it may take
_FILM = Canvas(width=270, height=480, preset="medium", crf=27)
_STILL = Canvas(width=540, height=960)
_SCENES = (0, 3)  #: of the script; they turn into each other, so that the end leads back to the start
_BODY = 30  #: frames of each between its two transitions
_LENGTH = _BODY + 2 * OVERLAP
_MOMENT = 110  #: frame of a scene of usual length by which all has arrived


def film_request(style: Style, product: Asset, by: str) -> AssetRequest:
    """Return the order for a style in motion."""
    return AssetRequest(
        kind="style film", params=_described(style, by), inputs={"product": product.digest},
        label=f"sample of {style.name}",
    )  # fmt: skip


def still_request(style: Style, product: Asset, by: str, width: int) -> AssetRequest:
    """Return the order for a picture of a style, `width` px across."""
    return AssetRequest(
        kind="style still", params={**_described(style, by), "width": width}, inputs={"product": product.digest},
        label=f"still of {style.name}",
    )  # fmt: skip


def voice_request(style: Style, by: str) -> AssetRequest:
    """Return the order for a sentence in the voice of a style."""
    params = {"by": by, "style": style.name, "pace": style.voice.pace, "text": SENTENCE}
    return AssetRequest(kind="style voice", params=params, label=f"voice of {style.name}")


def vendor_voice_request(style: Style, settings: Settings) -> AssetRequest:
    """Return the order for a vendor's own sample of the voice that a style has there.

    Raises:
        ConfigError: the style names no voice.
        MissingKeyError: the vendor's key is not set.
    """
    access = settings.vendors["elevenlabs"]
    if access.key is None:
        raise MissingKeyError(access.variable, vendor="ElevenLabs")
    voice = narrators(style)[0]
    return AssetRequest(kind="vendor voice", params={"voice": voice.id}, label=f"sample of {voice.name}")


def recipes(providers: Providers, settings: Settings, *, ffmpeg: Path) -> dict[str, Recipe]:
    """Return how samples are made."""
    hands = _Hands(providers=providers, settings=settings, ffmpeg=ffmpeg)
    return {
        "style film": Recipe(make=hands.film, maker=lambda _: providers.scenes.maker),
        "style still": Recipe(make=hands.still, maker=lambda _: providers.scenes.maker),
        "style voice": Recipe(make=hands.voice, maker=lambda _: providers.voice.maker),
        "vendor voice": Recipe(make=hands.vendor_voice, maker=lambda _: _ELEVENLABS),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    providers: Providers
    settings: Settings
    ffmpeg: Path

    async def film(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        """Draw two scenes that turn into each other twice."""
        out, style = folder / "film.mp4", styles.load(request.params["style"], self.settings.style_dirs)
        first, second = [
            await self._scene(style, inputs["product"], number, canvas=_FILM, frames=_LENGTH) for number in _SCENES
        ]
        pictures = _loop(style, first, second)
        how = encode.Encoding(ffmpeg=self.ffmpeg, canvas=_FILM)
        await process.in_thread(encode.encode, pictures, out, at=0, count=2 * (_BODY + OVERLAP), how=how)
        return Made(files={"film": out})

    async def still(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        """Draw the first scene at its best moment."""
        style = styles.load(request.params["style"], self.settings.style_dirs)
        scene = await self._scene(style, inputs["product"], _SCENES[0], canvas=_STILL)
        out, moment = folder / "still.jpg", min(_MOMENT, scene.count - 1)
        data = await process.in_thread(frame_jpeg, scene, moment, canvas=_STILL, width=request.params["width"])
        await process.in_thread(out.write_bytes, data)
        return Made(files={"still": out})

    async def voice(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        """Say the sentence at the pace of the style."""
        what, out = request.params, folder / "voice.mp3"
        order = VoiceOrder(texts=(what["text"],), slots=(_SLOT,), style=what["style"])
        await self.providers.voice.speak(order, out)
        return Made(files={"voice": out})

    async def vendor_voice(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        """Fetch what the vendor shows of a voice; nothing is bought."""
        from badapple.providers.elevenlabs.sampling import sample  # noqa: PLC0415 - its SDK may not be installed

        out = folder / "voice.mp3"
        await sample(request.params["voice"], self.settings, out)
        return Made(files={"voice": out})

    async def _scene(
        self, style: Style, asset: Asset, number: int, *, canvas: Canvas, frames: int | None = None
    ) -> Frames:
        product = product_of(asset, category=category(NAME))
        scene = (await self._script(style, product)).scenes[number]
        order = SceneOrder(
            scene=scene if frames is None else replace(scene, frames=frames), style=style.name, product_name=NAME,
            product=product, canvas=canvas,
        )  # fmt: skip
        return await self.providers.scenes.render(order, self.settings.cache_dir)  # type: ignore[return-value]

    async def _script(self, style: Style, product: Product) -> Script:
        brief = Brief(product_name=NAME, style=style.name, cta_text="", facts=FACTS)
        return await self.providers.script.write(brief, product, SceneOffer())


def _described(style: Style, by: str) -> dict[str, Any]:
    return {"by": by, "look": fingerprint(style), "style": style.name, "canvas": asdict(_FILM)}


def _loop(style: Style, first: Frames, second: Frames) -> Iterator[NDArray[np.uint8]]:
    """Draw one round: whoever plays it again and again sees no cut."""
    for here, there in ((first, second), (second, first)):
        yield from encode.body(here, OVERLAP, _BODY, canvas=_FILM)
        yield from seams.seam(style.motion.transition, here, there, canvas=_FILM)

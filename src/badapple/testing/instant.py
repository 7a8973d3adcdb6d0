"""Recipes that take no time where badapple itself works: for runs of a thousand jobs."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badapple import process, styles
from badapple.assets import recipes
from badapple.assets.made import Made, Recipe
from badapple.assets.parts import voice_order
from badapple.media.ffmpeg import command
from badapple.media.marking import source_type
from badapple.models import FPS, TOTAL_FRAMES, Box

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.config import Settings
    from badapple.models import Asset, AssetRequest, CardOrder, SceneOrder
    from badapple.providers import Providers

__all__ = ["BOUGHT_CLIPS", "instant_recipes", "prepare"]

#: Footage of this many scenes is bought; looking into a clip costs three ffmpegs, so that of others is handed out.
BOUGHT_CLIPS = 1
_BUTTON = Box(left=340, top=1000, right=740, bottom=1120)
_GOODS = ("film.mp4", "piece.mp4", "sound.m4a", "voice.mp3", "music.wav", "poster.jpg", "card.png")


def instant_recipes(providers: Providers, settings: Settings, *, ffmpeg: Path) -> dict[str, Recipe]:
    """Return the recipes of `badapple.assets.recipes` with all work that needs a processor taken out of them.

    What vendors make is bought as ever: the script, every voice line, the footage of the first scene. What is bought is
    not worked on: recordings are not decoded, cut and levelled, and first frames are one small picture. All else
    (segments, sound, film, measuring, and what offline makers make) is a copy of a small valid file, made once in each
    process and marked so that no two assets are the same. The film has 900 frames of 64x112 px.

    Every script that is no caller's own names its product in each line, so that jobs with product names of their own
    share no purchase.

    Args:
        providers: who makes the parts.
        settings: as for the real recipes.
        ffmpeg: the program.

    Raises:
        ToolError: ffmpeg failed.
    """
    real = recipes(providers, settings, ffmpeg=ffmpeg)
    hands = _Hands(providers, settings, real, ffmpeg)
    quick = {
        "script": hands.script, "voice": hands.voice, "footage": hands.footage, "card": hands.card,
        "music": hands.music, "segment": hands.segment, "sound": hands.sound, "film": hands.film, "qa": hands.qa,
    }  # fmt: skip
    return real | {kind: replace(real[kind], make=make) for kind, make in quick.items()}


def prepare(ffmpeg: Path) -> None:
    """Make the small files now: whoever forks workers does so before, and none of them makes its own.

    Raises:
        ToolError: ffmpeg failed.
    """
    _goods(ffmpeg)


class _Hands:
    """Makes each kind at once."""

    def __init__(self, providers: Providers, settings: Settings, real: Mapping[str, Recipe], ffmpeg: Path) -> None:
        self._providers = providers
        self._settings = settings
        self._real = real
        self._goods = _goods(ffmpeg)
        scenes: Any = providers.scenes
        if scenes.maker.name == "replicate":
            scenes._stills = _Still(self._goods["poster.jpg"])  # noqa: SLF001 - painting one costs 0.2 s

    async def script(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        made = await self._real["script"].make(request, inputs, folder)
        if "file" in request.params or "script" in inputs:  # the caller's own words, or those of another
            return made
        body, name = dict(made.facts["script"]), request.params["product_name"]
        scenes = [scene | {"voiceover_text": f"{name}, part {scene['id']}."} for scene in body["scenes"]]
        return replace(made, facts={"script": body | {"scenes": scenes, "cta_voiceover": f"{name}, now."}})

    async def voice(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        order, cost = voice_order(request.params), 0
        makers = self._providers.named("voice", request.params["by"])
        if makers.voice.maker.name == "elevenlabs" and makers.till is not None:
            with makers.till.tab(request.label) as tab:
                for text, slot in zip(order.texts, order.slots, strict=True):
                    await makers.till.once(self._line(makers.voice, order.style, text, slot))
            cost = tab.cost
        at, heard = 0.0, []
        for text in order.texts:
            words = [
                {"text": word, "start": at + n * 0.2, "end": at + n * 0.2 + 0.2} for n, word in enumerate(text.split())
            ]
            heard.append({"start": at, "end": at + 0.2 * len(words), "words": words})
            at += 0.2 * len(words) + 0.3
        facts = {"duration": at, "speed": 1.0, "utterances": heard}
        return Made(files={"voice": self._laid("voice.mp3", request, folder)}, facts=facts, cost=cost)

    def _line(self, voice: Any, style_name: str, text: str, slot: float) -> Any:
        """Return the purchase of one line, as the narrator would make it."""
        from badapple.providers.elevenlabs import pace  # noqa: PLC0415 - the vendor's package may not be installed
        from badapple.providers.elevenlabs.call import Speech  # noqa: PLC0415
        from badapple.providers.elevenlabs.narrators import narrators  # noqa: PLC0415

        style = styles.load(style_name, self._settings.style_dirs)
        look = style.voice
        speed = pace.first_speed(text, slot, style=look.acting.speed or look.pace)
        speech = Speech(
            text=text,
            voice=narrators(style)[0],
            model=voice.maker.model,
            acting=look.acting,
            speed=speed,
            language="en",
        )
        return voice.call(speech)

    async def footage(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        if request.params["scene"]["id"] <= BOUGHT_CLIPS:
            return await self._real["footage"].make(request, inputs, folder)
        return Made(files={"footage": self._laid("piece.mp4", request, folder)})

    async def card(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        facts: dict[str, Any] = {"boxes": [], "button": asdict(_BUTTON), "product": None}
        return Made(files={"card": self._laid("card.png", request, folder)}, facts=facts)

    async def music(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        return Made(files={"music": self._laid("music.wav", request, folder)})

    async def segment(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        facts = {"frames": request.params["count"], "boxes": []}
        return Made(files={"segment": self._laid("piece.mp4", request, folder)}, facts=facts)

    async def sound(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        return Made(files={"sound": self._laid("sound.m4a", request, folder)})

    async def film(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        files = {
            name: self._laid(f"{name}{end}", request, folder) for name, end in (("film", ".mp4"), ("poster", ".jpg"))
        }
        return Made(
            files=files, facts={"digital_source_type": source_type(generated=bool(request.params["generated"]))}
        )

    async def qa(self, request: AssetRequest, _inputs: Mapping[str, Asset], _folder: Path) -> Made:
        return Made(facts={"verdict": {"hard": [], "soft": []}, "measured": {}, "film": request.inputs["film"]})

    def _laid(self, name: str, request: AssetRequest, folder: Path) -> Path:
        """Lay one of the small files into the folder, marked with what was asked for."""
        mark = hashlib.sha256(request.identity().encode()).digest()
        if name.endswith((".mp4", ".m4a")):
            mark = (8 + len(mark)).to_bytes(4) + b"free" + mark  # a box that every reader skips
        out = folder / name
        out.write_bytes(self._goods[name] + mark)
        return out


class _Still:
    """The same first frame for every scene."""

    def __init__(self, picture: bytes) -> None:
        self._picture = picture

    async def still(self, _order: SceneOrder | CardOrder, out: Path) -> None:
        """Write the JPEG."""
        await process.in_thread(out.write_bytes, self._picture)


@lru_cache(maxsize=1)
def _goods(ffmpeg: Path) -> dict[str, bytes]:
    """Return the small files by name, made by one run of ffmpeg."""
    seconds = TOTAL_FRAMES // FPS
    drawn = ("-f", "lavfi", "-i", f"testsrc2=size=64x112:rate={FPS}:duration={seconds}")
    still = ("-f", "lavfi", "-i", "color=c=teal:size=360x640:rate=1:duration=1")
    heard = ("-f", "lavfi", "-i", f"sine=frequency=220:sample_rate=48000:duration={seconds}")
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    with tempfile.TemporaryDirectory(prefix="badapple-") as place:
        outs = [str(Path(place) / name) for name in _GOODS]
        film, piece, sound, voice, music, poster, card = outs
        process.run(
            command(
                ffmpeg,
                "-y",
                *drawn,
                *still,
                *heard,
                *("-map", "0:v", "-map", "2:a", *coded, "-c:a", "aac", "-b:a", "24k", film),
                *("-map", "0:v", *coded, "-frames:v", "1", piece),
                *("-map", "2:a", "-t", "1", "-c:a", "aac", sound),
                *("-map", "2:a", "-t", "0.2", voice),
                *("-map", "2:a", "-t", "0.2", music),
                *("-map", "1:v", "-frames:v", "1", poster),
                *("-map", "1:v", "-frames:v", "1", card),
            )
        )
        return {name: Path(out).read_bytes() for name, out in zip(_GOODS, outs, strict=True)}

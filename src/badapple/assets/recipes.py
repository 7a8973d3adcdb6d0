"""How each kind of asset is made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from badapple import product as products
from badapple import styles
from badapple.assets.frames import FrameShelf
from badapple.assets.parts import placements_of, product_of, scene_of, shifted, text_box_of
from badapple.media import assemble, encode, hearing, marking, poster, qa, seams, sound
from badapple.media import captions as subtitles
from badapple.media.fonts import FontBook
from badapple.models import (
    Box,
    Brief,
    Canvas,
    CardOrder,
    MusicOrder,
    SceneOffer,
    SceneOrder,
    VoiceOrder,
)
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from badapple.config import Settings
    from badapple.models import Asset, AssetRequest, Maker
    from badapple.ports import Frames
    from badapple.providers import Providers

__all__ = ["Made", "Recipe", "recipes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a recipe leaves in its folder: files by name, and facts as JSON values."""

    files: Mapping[str, Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one kind is made, and by whom; without a maker, by badapple itself."""

    make: Callable[[AssetRequest, Mapping[str, Asset], Path], Awaitable[Made]]
    maker: Maker | None = None


def recipes(providers: Providers, settings: Settings, *, ffmpeg: Path) -> dict[str, Recipe]:
    """Return how to make every kind of asset with these makers."""
    hands = _Hands(
        providers=providers, settings=settings, ffmpeg=ffmpeg, shelf=FrameShelf(), book=FontBook(settings.font_dirs)
    )
    return {
        "product": Recipe(make=hands.product),
        "script": Recipe(make=hands.script, maker=providers.script.maker),
        "voice": Recipe(make=hands.voice, maker=providers.voice.maker),
        "card": Recipe(make=hands.card, maker=providers.painter.maker),
        "music": Recipe(make=hands.music, maker=providers.music.maker),
        "segment": Recipe(make=hands.segment, maker=providers.scenes.maker),
        "sound": Recipe(make=hands.sound),
        "film": Recipe(make=hands.film),
        "qa": Recipe(make=hands.qa),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """The recipes' shared tools; each method makes one kind."""

    providers: Providers
    settings: Settings
    ffmpeg: Path
    shelf: FrameShelf
    book: FontBook

    async def product(self, _request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        photo = inputs["photo"].files["photo"] if "photo" in inputs else None
        found = await in_thread(products.analyse, photo, "", folder)
        files = {path.name: path for path in (found.photo, found.cutout) if path is not None}
        return Made(files=files, facts=products.to_facts(found))

    async def script(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:  # noqa: ARG002
        what = request.params
        names = ("product_name", "style", "cta_text", "language", "seed", "say")
        brief = Brief(**{name: what[name] for name in names}, facts=tuple(what["facts"]))
        product = product_of(inputs["product"], category=what["category"])
        offer = SceneOffer(lengths=tuple(what["lengths"]), frames=what["frames"])
        written = await self.providers.script.write(brief, product, offer)
        return Made(facts={"script": written.to_json()})

    async def voice(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        what = request.params
        order = VoiceOrder(
            texts=tuple(what["texts"]), slots=tuple(what["slots"]), style=what["style"], language=what["language"],
            seed=what["seed"], pronounce=tuple((written, said) for written, said in what["pronounce"]),
        )  # fmt: skip
        spoken = await self.providers.voice.speak(order, folder / "voice.mp3")
        utterances = [asdict(utterance) for utterance in spoken.utterances]
        return Made(
            files={"voice": spoken.path},
            facts={"duration": spoken.duration, "speed": spoken.speed, "utterances": utterances},
        )

    async def card(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        what = request.params
        order = CardOrder(
            product_name=what["product_name"], cta=what["cta"], line=what["line"], style=what["style"],
            product=product_of(inputs["product"], category=what["category"]), seed=what["seed"],
        )  # fmt: skip
        painted = await self.providers.painter.paint(order, folder / "cta.png")
        facts = {
            "boxes": [asdict(box) for box in painted.boxes],
            "button": asdict(painted.button),
            "product": asdict(painted.product) if painted.product else None,
        }
        return Made(files={"card": painted.path}, facts=facts)

    async def music(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        what = request.params
        order = MusicOrder(style=what["style"], seconds=what["seconds"], cuts=tuple(what["cuts"]), seed=what["seed"])
        await self.providers.music.bed(order, folder / "music.wav")
        return Made(files={"music": folder / "music.wav"})

    async def segment(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        what, canvas = request.params, Canvas(**request.params["canvas"])
        self._draw_alone()
        sides = [await self._frames(side, inputs, canvas) for side in what["sides"]]
        out = folder / "segment.mp4"
        await in_thread(self._encode, what, sides, out, canvas=canvas)
        # A seam shows what its two neighbours show: only bodies speak of boxes.
        boxes = [] if what["seam"] else [asdict(shifted(box, what["at"] - what["first"])) for box in sides[0].boxes]
        return Made(files={"segment": out}, facts={"frames": what["count"], "boxes": boxes})

    @staticmethod
    def _draw_alone() -> None:
        import cv2  # noqa: PLC0415 - heavy, and not needed where everything is found

        # Each segment is drawn in a thread of its own: OpenCV's pool would only fight them for the cores.
        cv2.setNumThreads(1)

    def _encode(self, what: Mapping[str, Any], sides: list[Frames], out: Path, *, canvas: Canvas) -> None:
        captions, fonts = None, None
        if what["cues"]:
            style = styles.load(what["style"], self.settings.style_dirs)
            cues = subtitles.cues_from(what["cues"])
            captions = out.with_name("captions.ass")
            fonts = subtitles.write_ass(
                cues, captions, style=style, folder=self.settings.cache_dir / "fonts", book=self.book
            )
        if what["seam"]:
            pictures = seams.seam(what["seam"], sides[0], sides[1], canvas=canvas, count=what["count"])
        else:
            pictures = encode.body(sides[0], what["first"], what["count"], canvas=canvas)
        how = encode.Encoding(ffmpeg=self.ffmpeg, canvas=canvas, captions=captions, fonts=fonts)
        encode.encode(pictures, out, at=what["at"], count=what["count"], how=how)

    async def _frames(self, side: Mapping[str, Any], inputs: Mapping[str, Asset], canvas: Canvas) -> Frames:
        name = {
            "side": dict(side),
            "canvas": asdict(canvas),
            "inputs": {key: asset.digest for key, asset in inputs.items()},
        }
        return await self.shelf.get(name, lambda: self._prepare(side, inputs, canvas))

    async def _prepare(self, side: Mapping[str, Any], inputs: Mapping[str, Asset], canvas: Canvas) -> Frames:
        if side["type"] == "card":
            return await in_thread(self._card_frames, side, inputs["card"].files["card"], canvas)
        order = SceneOrder(
            scene=scene_of(side["scene"]), style=side["style"], product_name=side["product_name"],
            product=product_of(inputs["product"], category=side["category"]), canvas=canvas, seed=side["seed"],
        )  # fmt: skip
        return await self.providers.scenes.render(order, self.settings.cache_dir)  # type: ignore[return-value]

    @staticmethod
    def _card_frames(side: Mapping[str, Any], card: Path, canvas: Canvas) -> Frames:
        from badapple.media.stills import CardFrames  # noqa: PLC0415

        facts = side["card"]
        return CardFrames(
            card, button=Box(**facts["button"]), count=side["frames"], canvas=canvas, energy=side["energy"],
            boxes=tuple(text_box_of(box) for box in facts["boxes"]),
        )  # fmt: skip

    async def sound(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        music = inputs.get("music")
        bed = next(iter(music.files.values())) if music else None
        out = folder / "sound.m4a"
        placed = placements_of(request, inputs)
        await in_thread(sound.mix, placed, bed, out, seconds=request.params["seconds"], ffmpeg=self.ffmpeg)
        return Made(files={"sound": out})

    async def film(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        out, still, what = folder / "film.mp4", folder / "poster.jpg", request.params
        parts = [inputs[f"segment {index}"] for index in range(what["segments"])]
        segments = [assemble.Segment(path=part.files["segment"], frames=part.facts["frames"]) for part in parts]
        tags = {"title": what["title"], "comment": what["comment"]}
        kind = marking.source_type(generated=bool(what["generated"]))
        await in_thread(
            assemble.assemble,
            segments,
            inputs["sound"].files["sound"],
            out,
            ffmpeg=self.ffmpeg,
            tags=tags,
            source_type=kind,
        )
        pictured = marking.source_type(generated=bool(what["pictured"]))
        await in_thread(
            poster.poster, out, still, ffmpeg=self.ffmpeg, second=what["poster_second"], source_type=pictured
        )
        return Made(files={"film": out, "poster": still}, facts={"digital_source_type": kind})

    async def qa(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:  # noqa: ARG002
        return Made(facts=await in_thread(self._measure, request, inputs))

    def _measure(self, request: AssetRequest, inputs: Mapping[str, Asset]) -> dict[str, Any]:
        film, what = inputs["film"].files["film"], request.params
        canvas, phrases = Canvas(**what["canvas"]), subtitles.cues_from(what["cues"])
        heard = hearing.measure_sound(film, placements_of(request, inputs), ffmpeg=self.ffmpeg)
        style = styles.load(what["style"], self.settings.style_dirs)
        written = subtitles.boxes(phrases, style=style, book=self.book) if phrases else ()
        report = qa.Report(
            picture=qa.measure_picture(film, ffmpeg=self.ffmpeg),
            sound=heard,
            caption_offsets_ms=hearing.caption_offsets_ms([cue.start for cue in phrases], heard) if phrases else (),
            boxes=(*(text_box_of(box) for box in what["boxes"]), *written),
        )
        verdict = qa.judge(report, expected=qa.Expected(width=canvas.width, height=canvas.height))
        return {"verdict": asdict(verdict), "measured": report.to_json()}

"""How the picture is made: scenes into segments, segments into the film."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from badapple.assets.frames import FrameShelf
from badapple.assets.made import Made
from badapple.assets.parts import product_of, scene_of, scene_order, shifted, text_box_of
from badapple.media import assemble, encode, marking, poster, seams
from badapple.media import captions as subtitles
from badapple.media.branding import dressed
from badapple.models import Box, Canvas
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.config import Settings
    from badapple.media.fonts import FontBook
    from badapple.models import Asset, AssetRequest, Maker
    from badapple.ports import Frames
    from badapple.providers import Providers

__all__ = ["PictureRecipes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecipes:
    """Segments and the film."""

    providers: Providers
    settings: Settings
    ffmpeg: Path
    book: FontBook
    shelf: FrameShelf = field(default_factory=FrameShelf)

    def drawn_by(self, request: AssetRequest) -> Maker | None:
        """Return who draws a segment's scenes; None where they are footage and the card, which badapple sets itself."""
        scenes = [side for side in request.params["sides"] if side["type"] == "scene"]
        return self.providers.named("scene", scenes[0]["by"]).scenes.maker if scenes else None

    async def segment(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        """Draw and encode one run of frames: a scene's body, or the seam between two."""
        what, canvas = request.params, Canvas(**request.params["canvas"])
        self._draw_alone()
        sides = [await self._frames(side, inputs, canvas) for side in what["sides"]]
        out = folder / "segment.mp4"
        await in_thread(self._encode, what, sides, out, canvas=canvas)
        # A seam shows what its two neighbours show: only bodies speak of boxes.
        boxes = [] if what["seam"] else [asdict(shifted(box, what["at"] - what["first"])) for box in sides[0].boxes]
        return Made(files={"segment": out}, facts={"frames": what["count"], "boxes": boxes})

    async def film(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        """Join segments and sound by copying, and take the poster."""
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

    @staticmethod
    def _draw_alone() -> None:
        import cv2  # noqa: PLC0415 - heavy, and not needed where everything is found

        # Each segment is drawn in a thread of its own: OpenCV's pool would only fight them for the cores.
        cv2.setNumThreads(1)

    def _encode(self, what: Mapping[str, Any], sides: list[Frames], out: Path, *, canvas: Canvas) -> None:
        captions, fonts = None, None
        if what["cues"]:
            style = dressed(what["style"], what.get("brand"), self.settings.style_dirs)
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
        return await self.shelf.get(name, lambda: self.prepare(side, inputs, canvas))

    async def prepare(self, side: Mapping[str, Any], inputs: Mapping[str, Asset], canvas: Canvas) -> Frames:
        """Return what is shown on one side of a seam, or alone: a scene that is drawn, footage, or the card."""
        if side["type"] == "card":
            return await in_thread(self._card_frames, side, inputs["card"].files["card"], canvas)
        if side["type"] == "footage":
            footage = inputs[side["footage"]].files["footage"]
            return await in_thread(self._clip_frames, side, footage, canvas)
        product = product_of(inputs["product"], category=side["category"])
        order = scene_order(side, product, canvas=canvas)
        return await self.providers.named("scene", side["by"]).scenes.render(order, self.settings.cache_dir)  # type: ignore[return-value]

    def _clip_frames(self, side: Mapping[str, Any], footage: Path, canvas: Canvas) -> Frames:
        from badapple.media.clips import ClipFrames, Overlay  # noqa: PLC0415 - heavy

        style = dressed(side["style"], side.get("brand"), self.settings.style_dirs)
        words = Overlay(scene_of(side["scene"]), style=style, canvas=canvas, book=self.book)
        return ClipFrames(footage, count=side["frames"], canvas=canvas, ffmpeg=self.ffmpeg, overlay=words)

    @staticmethod
    def _card_frames(side: Mapping[str, Any], card: Path, canvas: Canvas) -> Frames:
        from badapple.media.stills import CardFrames  # noqa: PLC0415

        facts = side["card"]
        return CardFrames(
            card, button=Box(**facts["button"]), count=side["frames"], canvas=canvas, energy=side["energy"],
            boxes=tuple(text_box_of(box) for box in facts["boxes"]),
        )  # fmt: skip

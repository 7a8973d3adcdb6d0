"""How each kind of asset is made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from badapple import product as products
from badapple import styles
from badapple.assets import parts
from badapple.assets.made import Made, Recipe
from badapple.assets.picture import PictureRecipes
from badapple.media import captions as subtitles
from badapple.media import qa, sound
from badapple.media.fonts import FontBook
from badapple.media.hearing import caption_offsets_ms, measure_sound
from badapple.models import FULL, Canvas, Clip, MusicOrder, Script
from badapple.process import in_thread
from badapple.product.logo import rewrite_logo
from badapple.providers.rewording import with_cta

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from badapple.assets.made import Make
    from badapple.config import Settings
    from badapple.models import Asset, AssetRequest
    from badapple.providers import Providers


__all__ = ["Made", "Recipe", "recipes"]


def recipes(providers: Providers, settings: Settings, *, ffmpeg: Path) -> dict[str, Recipe]:
    """Return how to make every kind of asset with these makers."""
    hands = _Hands(providers=providers, settings=settings, ffmpeg=ffmpeg, book=FontBook(settings.font_dirs))
    picture = PictureRecipes(providers=providers, settings=settings, ffmpeg=ffmpeg, book=hands.book)
    return {
        "product": Recipe(make=hands.product),
        "logo": Recipe(make=hands.logo),
        "script": Recipe(make=hands.paid(hands.script), maker=lambda what: hands.by(what).script.maker),
        "voice": Recipe(make=hands.paid(hands.voice), maker=lambda what: hands.by(what).voice.maker),
        "footage": Recipe(make=hands.paid(hands.footage), maker=lambda what: hands.by(what).scenes.maker),
        "card": Recipe(make=hands.paid(hands.card), maker=lambda what: hands.by(what).painter.maker),
        "music": Recipe(make=hands.music, maker=lambda _: providers.music.maker),
        "segment": Recipe(make=picture.segment, maker=picture.drawn_by),
        "sound": Recipe(make=hands.sound),
        "film": Recipe(make=picture.film),
        "qa": Recipe(make=hands.qa),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """The recipes' shared tools; each method makes one kind."""

    providers: Providers
    settings: Settings
    ffmpeg: Path
    book: FontBook

    def by(self, request: AssetRequest) -> Providers:
        """Return the makers that a request names: the chosen ones, or those that stand in for them."""
        return self.providers.named(request.kind, request.params["by"])

    def paid(self, make: Make) -> Make:
        """Return the recipe with what it cost written on what it made."""

        async def with_tab(request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
            if self.providers.till is None:
                return await make(request, inputs, folder)
            with self.providers.till.tab(request.label) as tab:
                made = await make(request, inputs, folder)
            return replace(made, cost=tab.cost)

        return with_tab

    async def product(self, _request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        photo = inputs["photo"].files["photo"] if "photo" in inputs else None
        found = await in_thread(products.analyse, photo, "", folder)
        files = {path.name: path for path in (found.photo, found.cutout) if path is not None}
        return Made(files=files, facts=products.to_facts(found))

    async def logo(self, _request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        await in_thread(rewrite_logo, inputs["file"].files["logo file"], folder / "logo.png")
        return Made(files={"logo": folder / "logo.png"})

    async def script(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:  # noqa: ARG002
        what = request.params
        if "script" in inputs:  # written for another call to action
            script, dirs = Script.from_json(inputs["script"].facts["script"]), self.settings.style_dirs
            fit = await in_thread(with_cta, script, parts.brief_of(what), parts.offer_of(what), style_dirs=dirs)
            return Made(facts={"script": fit.to_json()})
        product = parts.product_of(inputs["product"], category=what["category"])
        written = await self.by(request).script.write(parts.brief_of(what), product, parts.offer_of(what))
        return Made(facts={"script": written.to_json()})

    async def voice(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        spoken = await self.by(request).voice.speak(parts.voice_order(request.params), folder / "voice.mp3")
        utterances = [asdict(utterance) for utterance in spoken.utterances]
        return Made(
            files={"voice": spoken.path},
            facts={"duration": spoken.duration, "speed": spoken.speed, "utterances": utterances},
        )

    async def footage(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        what = request.params
        product = parts.product_of(inputs["product"], category=what["category"])
        shot = await self.by(request).scenes.render(parts.scene_order(what, product, canvas=FULL), folder)
        if not isinstance(shot, Clip):
            raise TypeError(f"{what['by']} sells clips and handed out frames")
        return Made(files={"footage": shot.path})

    async def card(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        product = parts.product_of(inputs["product"], category=request.params["category"])
        logo = inputs["logo"].files["logo"] if "logo" in inputs else None
        order = parts.card_order(request.params, product, logo=logo)
        painted = await self.by(request).painter.paint(order, folder / "cta.png")
        facts = {
            "boxes": [asdict(box) for box in painted.boxes],
            "button": asdict(painted.button),
            "product": asdict(painted.product) if painted.product else None,
            **({"logo": asdict(painted.logo)} if painted.logo else {}),
        }
        return Made(files={"card": painted.path}, facts=facts)

    async def music(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        what = request.params
        order = MusicOrder(style=what["style"], seconds=what["seconds"], cuts=tuple(what["cuts"]), seed=what["seed"])
        await self.providers.music.bed(order, folder / "music.wav")
        return Made(files={"music": folder / "music.wav"})

    async def sound(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        music = inputs.get("music")
        bed = next(iter(music.files.values())) if music else None
        out = folder / "sound.m4a"
        placed = parts.placements_of(request, inputs)
        await in_thread(sound.mix, placed, bed, out, seconds=request.params["seconds"], ffmpeg=self.ffmpeg)
        return Made(files={"sound": out})

    async def qa(self, request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:  # noqa: ARG002
        return Made(facts=await in_thread(self._measure, request, inputs))

    def _measure(self, request: AssetRequest, inputs: Mapping[str, Asset]) -> dict[str, Any]:
        film, what = inputs["film"].files["film"], request.params
        canvas, phrases = Canvas(**what["canvas"]), subtitles.cues_from(what["cues"])
        heard = measure_sound(film, parts.placements_of(request, inputs), ffmpeg=self.ffmpeg)
        style = styles.load(what["style"], self.settings.style_dirs)
        written = subtitles.boxes(phrases, style=style, book=self.book) if phrases else ()
        report = qa.Report(
            picture=qa.measure_picture(film, ffmpeg=self.ffmpeg),
            sound=heard,
            caption_offsets_ms=caption_offsets_ms([cue.start for cue in phrases], heard) if phrases else (),
            boxes=(*(parts.text_box_of(box) for box in what["boxes"]), *written),
        )
        verdict = qa.judge(report, expected=qa.Expected(width=canvas.width, height=canvas.height))
        return {"verdict": asdict(verdict), "measured": report.to_json()}

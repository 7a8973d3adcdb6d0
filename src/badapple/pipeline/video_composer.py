"""The film: assets become final segments the moment they land; composition after the last one is a short tail."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from badapple import __version__
from badapple.media import captions, timeline
from badapple.models import FPS, OVERLAP, TOTAL_FRAMES, AssetRequest, StageName, Utterance, Word
from badapple.pipeline.delivery import Cut
from badapple.pipeline.plan import branded, fingerprint
from badapple.pipeline.stages import finish_together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from badapple.models import Asset, Video
    from badapple.pipeline.asset_manager import AssetManager, Choices
    from badapple.pipeline.delivery import Delivery
    from badapple.pipeline.plan import Plan, Shot
    from badapple.pipeline.progress import Progress
    from badapple.ports import MusicSource

__all__ = ["Film", "VideoComposer"]


class VideoComposer:
    """Opens films.

    Args:
        assets: makes the segments.
        progress: is told of the stages.
        music: who plays the style's bed.
        delivery: measures the film and puts it where the caller wants it.
    """

    def __init__(self, assets: AssetManager, progress: Progress, *, music: MusicSource, delivery: Delivery) -> None:
        self._assets = assets
        self._progress = progress
        self._delivery = delivery
        self._music_by = music.maker.signature

    @contextlib.asynccontextmanager
    async def film(self, plan: Plan) -> AsyncIterator[Film]:
        """Yield the film of a plan; what still runs at the end of the block is stopped."""
        film = Film(plan, self._assets, self._progress, music_by=self._music_by, delivery=self._delivery)
        try:
            yield film
        finally:
            await film.stop()


class Film:
    """One video in the making: nine segments (five bodies, four seams) and a soundtrack."""

    def __init__(
        self, plan: Plan, assets: AssetManager, progress: Progress, *, music_by: str, delivery: Delivery
    ) -> None:
        self._plan = plan
        self._delivery = delivery
        self._assets = assets
        self._progress = progress
        self._music_by = music_by
        self._shots: Sequence[Shot] = ()
        self._sources: list[dict[str, Any]] = []
        self._footage: dict[str, str] = {}  # label -> digest
        self._voices: tuple[Asset, ...] = ()
        self._card: Asset | None = None
        self._affordable = asyncio.Event()
        self._spoken = asyncio.Event()
        self._carded = asyncio.Event()
        self._filmed = [asyncio.Event() for _ in plan.script.scenes]
        self._tail: list[asyncio.Task[Any]] = []
        self.cues: tuple[captions.Cue, ...] = ()
        self.placements: list[dict[str, Any]] = []
        self.segments: list[AssetRequest] = []

    async def add_all(self, voices: Choices, shots: Sequence[Shot], card: Choices) -> None:
        """Make voices, scenes and card at once; seams and sound start as soon as their inputs exist."""
        self._shots = shots
        self._sources = [shot.source for shot in shots]
        self._tail = [asyncio.ensure_future(self._finish_segments()), asyncio.ensure_future(self._sound())]
        await finish_together([self._add_voices(voices), self._add_card(card), self._add_scenes()])

    async def finish(self) -> Video:
        """Wait for the last segment, assemble, measure, deliver.

        Raises:
            MediaError: a part is damaged and could not be made again.
            QualityError: the film breaks a hard rule; the file is kept.
        """
        parts = len(self._plan.script.scenes) + 5  # seams, end scene, music, soundtrack, film, its measuring
        async with self._progress.stage(
            StageName.COMPOSITING, "Composing the film...", done="The film is composed", parts=parts
        ):
            _, sound = await asyncio.gather(*self._tail)
            last = len(self._sources) - 1
            self.segments = [part(number) for number in range(last) for part in (self._body, self._seam)]
            self.segments.append(self._body(last))
            # Asked for once more, each segment is checked against its hash; a harmed one is made again.
            segments = [await self._assets.make(request) for request in self.segments]
            film = await self._assets.make(self._film_request(segments, await self._assets.make(sound)))
            screen = [box for asset in segments for box in asset.facts.get("boxes", ())]
            cut = Cut(
                plan=self._plan, film=film, voices=self._voices, card=cast("Asset", self._card), cues=self.cues,
                placements=self.placements, boxes=screen, clips=await self._clips(),
            )  # fmt: skip
            return await self._delivery.deliver(cut)

    async def _clips(self) -> list[Asset]:
        """Make the scenes as files of their own, without captions, where the caller wants them."""
        if self._plan.options.assets_dir is None:
            return []
        return [await self._assets.make(self._clip(number)) for number in range(len(self._plan.script.scenes))]

    async def stop(self) -> None:
        """Stop what still runs; may run twice."""
        for task in self._tail:
            task.cancel()
        for task in self._tail:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def _add_voices(self, voices: Choices) -> None:
        first, done = "Recording the voiceovers...", "The voiceovers are recorded"
        async with self._progress.stage(StageName.VOICE_GEN, first, done=done, parts=len(voices.wanted)):
            voices = await self._assets.checked(voices)
            self._affordable.set()
            self._voices = await self._assets.make_all(voices)
            self._place_voices()
            self._spoken.set()

    async def _add_card(self, card: Choices) -> None:
        async with self._progress.stage(StageName.CTA_GEN, "Painting the end card...", done="The end card is painted"):
            (self._card,) = await self._assets.make_all(card)
            facts, energy = dict(self._card.facts), self._plan.style.motion.energy
            self._sources.append(
                {"type": "card", "frames": self._plan.script.cta_frames, "card": facts, "energy": energy}
            )
            self._carded.set()

    async def _add_scenes(self) -> None:
        scenes = len(self._shots)
        parts = scenes + sum(shot.footage is not None for shot in self._shots)
        async with self._progress.stage(
            StageName.VIDEO_GEN, "Filming the scenes...", done="The scenes are filmed", parts=parts
        ):
            await finish_together([self._add_scene(number) for number in range(scenes)])

    async def _add_scene(self, number: int) -> None:
        shot = self._shots[number]
        if shot.footage is not None:
            await self._affordable.wait()  # no film is bought that would stay without a voice
            found = await self._assets.try_to_make(shot.footage, stood_in=shot.otherwise is not None)
            if found is not None:
                self._footage[shot.footage.label] = found.digest
            elif shot.otherwise is not None:
                self._sources[number] = shot.otherwise
        await self._spoken.wait()  # the captions are burned in, so the words must be there
        await self._assets.make(self._body(number))
        self._filmed[number].set()

    async def _finish_segments(self) -> None:
        await self._spoken.wait()
        await self._carded.wait()
        last = len(self._sources) - 1
        await asyncio.gather(self._assets.make(self._body(last)), *(self._join(number) for number in range(last)))

    async def _join(self, number: int) -> None:
        """Make a seam once the scenes on both sides are filmed: a scene that cannot be filmed fails as a scene."""
        for filmed in self._filmed[number : number + 2]:
            await filmed.wait()
        await self._assets.make(self._seam(number))

    async def _sound(self) -> AssetRequest:
        music = await self._bed()
        await self._spoken.wait()
        inputs = {f"voice {number}": asset.digest for number, asset in enumerate(self._voices, start=1)}
        if music is not None:
            inputs["music"] = music.digest
        sound = AssetRequest(
            kind="sound",
            params={"placements": self.placements, "seconds": TOTAL_FRAMES / FPS},
            inputs=inputs,
            label="soundtrack",
        )
        await self._assets.make(sound)
        return sound

    async def _bed(self) -> Asset | None:
        """Return the music: the style's bed, the user's file, or none."""
        wanted = self._plan.options.music
        if wanted == "off":
            return None
        if wanted != "style":
            return await self._assets.ingest_file(Path(wanted), kind="track")
        params = {
            "by": self._music_by,
            "look": fingerprint(self._plan.style),
            "style": self._plan.brief.style,
            "seconds": TOTAL_FRAMES / FPS,
            "cuts": [(start + OVERLAP / 2) / FPS for start in self._plan.script.starts[1:]],
            "seed": self._plan.brief.seed,
        }
        return await self._assets.make(AssetRequest(kind="music", params=params, label="music"))

    def _place_voices(self) -> None:
        """Lay every utterance on the timeline and cut its words into captions."""
        heard: list[Utterance] = []
        for number, (asset, starts) in enumerate(
            zip(self._voices, timeline.voice_starts(self._plan.script), strict=True), start=1
        ):
            for utterance, at in zip(asset.facts["utterances"], starts, strict=True):
                start, end = utterance["start"], utterance["end"]
                if end <= start:
                    continue
                self.placements.append({"voice": f"voice {number}", "start": start, "end": end, "at": round(at, 4)})
                shift = at - start
                words = tuple(
                    Word(text=word["text"], start=word["start"] + shift, end=word["end"] + shift)
                    for word in utterance["words"]
                )
                heard.append(Utterance(start=at, end=end + shift, words=words))
        self.cues = captions.cues(tuple(heard))

    def _body(self, number: int) -> AssetRequest:
        last = number == len(self._plan.script.scenes)
        frames = self._plan.script.cta_frames if last else self._plan.script.scenes[number].frames
        first = OVERLAP if number else 0
        count = frames - first - (0 if last else OVERLAP)
        at = self._plan.script.starts[number] + first
        return self._segment(
            at=at, first=first, count=count, left=number, right=None,
            stage=StageName.COMPOSITING if last else StageName.VIDEO_GEN,
            label="end scene" if last else f"scene {number + 1}",
        )  # fmt: skip

    def _seam(self, number: int) -> AssetRequest:
        first = self._plan.script.scenes[number].frames - OVERLAP
        at = self._plan.script.starts[number + 1]
        return self._segment(
            at=at,
            first=first,
            count=OVERLAP,
            left=number,
            right=number + 1,
            stage=StageName.COMPOSITING,
            label=f"seam {number + 1}",
        )

    def _clip(self, number: int) -> AssetRequest:
        body = self._body(number)
        frames = self._plan.script.scenes[number].frames
        params = {**body.params, "at": 0, "first": 0, "count": frames, "cues": []}
        return replace(body, params=params, stage=StageName.COMPOSITING, label=f"scene {number + 1} alone")

    def _segment(
        self, *, at: int, first: int, count: int, left: int, right: int | None, stage: StageName, label: str
    ) -> AssetRequest:
        plan = self._plan
        shown = (
            [cue for cue in self.cues if cue.end * FPS > at - 1 and cue.start * FPS < at + count + 1]
            if plan.options.captions
            else []
        )
        sides = [self._sources[left]] + ([self._sources[right]] if right is not None else [])
        inputs = {"product": plan.product_asset.digest}
        inputs |= {side["footage"]: self._footage[side["footage"]] for side in sides if side["type"] == "footage"}
        if self._card is not None and any(side["type"] == "card" for side in sides):
            inputs["card"] = self._card.digest
        return AssetRequest(
            kind="segment",
            params={
                "canvas": asdict(plan.options.canvas),
                "at": at,
                "first": first,
                "count": count,
                "sides": sides,
                "seam": plan.style.motion.transition if right is not None else None,
                "style": plan.brief.style,
                "cues": [asdict(cue) for cue in shown],
                **(branded(plan.options, words=False) if shown else {}),
            },
            inputs=inputs,
            stage=stage,
            label=label,
            schema=2,
        )

    def _film_request(self, segments: Sequence[Asset], sound: Asset) -> AssetRequest:
        parts = self._assets.parts.values()
        makers = [part.maker for part in parts]
        pictures = [part for part in parts if part.kind in ("segment", "card", "footage")]
        return AssetRequest(
            kind="film",
            params={
                "title": self._plan.brief.product_name,
                "comment": f"Made with badapple {__version__}",
                "generated": sorted({maker.signature for maker in makers if maker.generated}),
                "pictured": sorted({part.maker.signature for part in pictures if part.maker.generated}),
                "segments": len(segments),
                "poster_second": self._plan.script.starts[1] / FPS * 0.62,
            },
            inputs={
                **{f"segment {index}": asset.digest for index, asset in enumerate(segments)},
                "sound": sound.digest,
            },
            label="film",
        )

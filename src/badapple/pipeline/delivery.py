"""The last step: measure the film, put it and its papers where the caller wants them."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from badapple import __version__
from badapple.errors import QualityError, StorageError
from badapple.media import captions
from badapple.media.whole import whole
from badapple.models import FPS, AssetRequest, Paid, Video
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from badapple.models import Asset, MakeOptions
    from badapple.pipeline.asset_manager import AssetManager
    from badapple.pipeline.plan import Plan
    from badapple.ports import Storage

__all__ = ["Cut", "Delivery", "slug"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A composed film with everything that is said of it.

    Attributes:
        plan: what was planned.
        film: the film and its poster.
        voices: the voiceovers.
        card: the end card.
        cues: captions in film time.
        placements: where each utterance lies.
        boxes: text of the scenes, film frames.
        clips: scenes as files of their own; empty unless they were asked for.
    """

    plan: Plan
    film: Asset
    voices: Sequence[Asset]
    card: Asset
    cues: Sequence[captions.Cue]
    placements: Sequence[dict[str, Any]]
    boxes: Sequence[dict[str, Any]]
    clips: Sequence[Asset] = ()


class Delivery:
    """Measures and delivers one job's film.

    Args:
        assets: measures it, and knows who made what.
        job_id: names the default folder.
        options: where the caller wants it.
        folder: default place of finished videos.
        storage: where workers share finished videos, or None. With one, a film stays on this machine only where the
            caller named a place.

    Attributes:
        url: where the film is once it is delivered: its URI in the storage, else its absolute path.
    """

    def __init__(
        self,
        assets: AssetManager,
        *,
        job_id: str,
        options: MakeOptions,
        folder: Path,
        storage: Storage | None = None,
    ) -> None:
        self._assets = assets
        self._job_id = job_id
        self._options = options
        self._folder = folder
        self._storage = storage
        self.url: str | None = None

    async def deliver(self, cut: Cut) -> Video:
        """Measure the film and put it in its place.

        Raises:
            QualityError: it breaks a hard rule; the film is kept beside the place where it would have gone.
            DiskError: the place cannot be written.
            StorageError: the storage cannot be reached or written.
        """
        measured = await self._assets.make(self._measuring(cut))
        return await in_thread(self._publish, cut, dict(measured.facts))

    def withdraw(self) -> None:
        """Remove the job's video and papers from the places that are ours; what its caller chose is the caller's.

        Raises:
            StorageError: the storage cannot be reached.
        """
        shutil.rmtree(self._folder / self._assets.name, ignore_errors=True)
        if self._storage is not None:
            self._storage.remove(f"videos/{self._assets.name}")

    def _measuring(self, cut: Cut) -> AssetRequest:
        return AssetRequest(
            kind="qa",
            params={
                "canvas": asdict(cut.plan.options.canvas),
                "placements": list(cut.placements),
                "cues": [asdict(cue) for cue in cut.cues] if cut.plan.options.captions else [],
                "style": cut.plan.brief.style,
                "boxes": list(cut.boxes),
            },
            inputs={
                "film": cut.film.digest,
                **{f"voice {number}": voice.digest for number, voice in enumerate(cut.voices, start=1)},
            },
            label="measuring",
        )

    def _publish(self, cut: Cut, qa: dict[str, Any]) -> Video:
        film, target = cut.film.files["film"], self._target(cut.plan.brief.product_name)
        if broken := tuple(qa["verdict"]["hard"]):
            raise self._rejected(cut, qa, target, broken)
        video = self._papers(cut, qa, target)
        if self._options.assets_dir is not None:
            self._leave_assets(cut, self._options.assets_dir)
        if self._stays:
            _copy(film, target)  # last: where the video is, its papers are
        if self._storage is None:
            self.url = str(target)
        else:
            name = slug(cut.plan.brief.product_name)
            for paper in (video.poster, video.qa, video.manifest, video.srt, video.vtt):
                self._upload(self._storage, paper, f"{name}{paper.name.removeprefix(target.stem)}")
            self.url = self._upload(self._storage, film, f"{name}.mp4")
        return replace(video, url=self.url)

    def _rejected(self, cut: Cut, qa: dict[str, Any], target: Path, broken: tuple[str, ...]) -> QualityError:
        """Keep a film that breaks a rule; return the error that says where."""
        film, kept = cut.film.files["film"], target.with_name(f"{target.stem}.rejected.mp4")
        paper, place = kept.with_suffix(".qa.json"), str(kept)
        _write(paper, qa)
        if self._stays:
            _copy(film, kept)
        if self._storage is not None:
            name = f"{slug(cut.plan.brief.product_name)}.rejected"
            self._upload(self._storage, paper, f"{name}.qa.json")
            place = self._upload(self._storage, film, f"{name}.mp4")
        return QualityError(
            f"the film breaks {len(broken)} rule(s): {'; '.join(broken)}; it is kept as {place}",
            broken=broken,
            path=kept if self._stays else film,
        )

    def _upload(self, storage: Storage, file: Path, name: str) -> str:
        """Store a file beside the others of the job, see that it is there, and return its URI."""
        key = f"videos/{self._assets.name}/{name}"
        url, size = storage.put(file, key), file.stat().st_size
        if (found := storage.size(key)) != size:
            raise StorageError(
                f"{url} was stored and has {found or 0} bytes instead of {size}",
                hint="check the storage, then run it again: finished parts are kept",
            )
        return url

    @property
    def _stays(self) -> bool:
        """Whether the film is left on this machine."""
        return self._storage is None or self._options.output is not None

    def _papers(self, cut: Cut, qa: dict[str, Any], target: Path) -> Video:
        paths = {
            name: target.with_name(f"{target.stem}.{name}")
            for name in ("poster.jpg", "qa.json", "manifest.json", "srt", "vtt")
        }
        _copy(cut.film.files["poster"], paths["poster.jpg"])
        _write(paths["qa.json"], qa)
        _write(paths["manifest.json"], self._manifest(cut))
        captions.write_srt(cut.cues, paths["srt"])
        captions.write_vtt(cut.cues, paths["vtt"])
        parts = self._assets.parts.values()
        return Video(
            path=target,
            poster=paths["poster.jpg"],
            qa=paths["qa.json"],
            manifest=paths["manifest.json"],
            srt=paths["srt"],
            vtt=paths["vtt"],
            seconds=cut.plan.script.total_frames / FPS,
            size=cut.film.files["film"].stat().st_size,
            cost=sum(part.cost for part in parts),
            stage_seconds={},
            made=sum(not part.reused for part in parts),
            reused=sum(part.reused for part in parts),
            warnings=(
                *(
                    f"{part.part} was made offline, not by {part.wanted}: {part.because}"
                    for part in self._assets.stood_in
                ),
                *qa["verdict"]["soft"],
            ),
            paid=tuple(
                Paid(part=label, maker=part.maker.signature, cost=part.cost)
                for label, part in sorted(self._assets.parts.items())
                if part.cost and not part.reused
            ),
        )

    def _manifest(self, cut: Cut) -> dict[str, Any]:
        brief = cut.plan.brief
        return {
            "badapple": __version__,
            "job_id": self._job_id,
            "product_name": brief.product_name,
            "style": brief.style,
            "cta": cut.plan.script.cta,
            "facts": list(brief.facts),
            "photo": {"staged_as": cut.plan.product.family.value, "because": cut.plan.product.reason},
            "digital_source_type": cut.film.facts["digital_source_type"],
            "cost_usd": sum(part.cost for part in self._assets.parts.values()) / 1_000_000,
            "script": cut.plan.script.to_json(),
            "stood_in": [asdict(part) for part in self._assets.stood_in],
            "parts": [
                {
                    "part": label,
                    "kind": part.kind,
                    "maker": part.maker.name,
                    "model": part.maker.model,
                    "origin": "generated" if part.maker.generated else "composited",
                    "cost_usd": part.cost / 1_000_000,
                    "seconds": part.seconds,
                    "key": part.key,
                    "content": part.digest,
                }
                for label, part in self._assets.parts.items()
            ],
        }

    def _leave_assets(self, cut: Cut, folder: Path) -> None:
        for number, voice in enumerate(cut.voices, start=1):
            _copy(voice.files["voice"], folder / f"voice_{number}.mp3")
        for number, clip in enumerate(cut.clips, start=1):
            _copy(clip.files["segment"], folder / f"scene_{number}.mp4")
        _copy(cut.card.files["card"], folder / "cta.png")

    def _target(self, product_name: str) -> Path:
        if self._options.output is not None:
            return self._options.output.absolute()
        if not self._stays:
            return (self._assets.folder / "video" / f"{slug(product_name)}.mp4").absolute()
        # The job id is any string of the caller's: a folder of its hash keeps it from naming a place.
        return (self._folder / self._assets.name / f"{slug(product_name)}.mp4").absolute()


def slug(name: str) -> str:
    """Return a file name for a product: ASCII letters, digits and dashes, at most 60, or `ad`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "ad"


def _copy(source: Path, target: Path) -> None:
    with whole(target) as part:
        shutil.copyfile(source, part)


def _write(target: Path, body: dict[str, Any]) -> None:
    with whole(target) as part:
        part.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

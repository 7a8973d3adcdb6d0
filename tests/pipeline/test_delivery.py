"""Where a finished film goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from badapple import styles
from badapple.errors import QualityError, StorageError
from badapple.models import Asset, AssetRequest, Brief, Family, MakeOptions, Maker, Product, Scene, Script
from badapple.pipeline.delivery import Cut, Delivery
from badapple.pipeline.plan import Plan
from badapple.storage import open_storage
from badapple.storage.folder import FolderStorage

PAPERS = ["solenne.manifest.json", "solenne.poster.jpg", "solenne.qa.json", "solenne.srt", "solenne.vtt"]


class Measured:
    """Stands where the assets of a job are: the film was measured already."""

    name = "0123456789abcdef"

    def __init__(self, folder: Path, hard: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.parts: dict[str, Asset] = {}
        self.stood_in: list[object] = []
        self._hard = hard

    async def make(self, request: AssetRequest) -> Asset:
        return asset({}, kind=request.kind, facts={"verdict": {"hard": list(self._hard), "soft": []}})


def asset(files: dict[str, Path], kind: str = "film", facts: dict[str, Any] | None = None) -> Asset:
    maker = Maker(name="testing", model="1", generated=False)
    return Asset(key="k", kind=kind, files=files, digest="d", facts=facts or {}, maker=maker, seconds=0)


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    film, poster = tmp_path / "cached.mp4", tmp_path / "cached.jpg"
    film.write_bytes(b"film")
    poster.write_bytes(b"poster")
    scene = Scene(
        id=1, frames=180, headline="", subline="", points=(), voiceover_text="Hello.", video_prompt_template=""
    )
    script = Script(
        style="minimal", product_name="Solenne", cta="Try It", scenes=(scene,), cta_line="", cta_voiceover="Try it.",
        cta_frames=732, spoken_name="Solenne",
    )  # fmt: skip
    product = Product(
        family=Family.TYPE, photo=None, cutout=None, size=(0, 0), subject=(0, 0, 0, 0), focus=(0.5, 0.5), palette=(),
        accent=None, category="default", confidence=0, source_size=(0, 0), reason="no picture",
    )  # fmt: skip
    plan = Plan(
        brief=Brief(product_name="Solenne", style="minimal", cta_text="Try It"), options=MakeOptions(),
        style=styles.load("minimal"), product=product, product_asset=asset({}), script=script,
    )  # fmt: skip
    facts = {"digital_source_type": "composite"}
    return Cut(
        plan=plan, film=asset({"film": film, "poster": poster}, facts=facts), voices=(), card=asset({}), cues=(),
        placements=(), boxes=(),
    )  # fmt: skip


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., Delivery]:
    def build(*, storage: object = None, output: Path | None = None, hard: tuple[str, ...] = ()) -> Delivery:
        return Delivery(
            Measured(tmp_path / "tmp", hard),  # type: ignore[arg-type]  # as much of it as a delivery needs
            job_id="job", options=MakeOptions(output=output), folder=tmp_path / "videos",
            storage=storage,  # type: ignore[arg-type]  # one, or None
        )  # fmt: skip

    return build


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_without_a_storage_the_film_lies_in_the_data_folder(
    deliver: Callable[..., Delivery], cut: Cut, tmp_path: Path
) -> None:
    delivery = deliver()
    video = await delivery.deliver(cut)
    place = tmp_path / "videos" / Measured.name
    assert delivery.url == video.url == str(video.path) == str(place / "solenne.mp4")
    assert names(place) == sorted([*PAPERS, "solenne.mp4"])


async def test_with_a_storage_the_film_and_its_papers_lie_there_only(
    deliver: Callable[..., Delivery], cut: Cut, tmp_path: Path
) -> None:
    delivery = deliver(storage=open_storage(str(tmp_path / "share")))
    video = await delivery.deliver(cut)
    place = tmp_path / "share" / "videos" / Measured.name
    assert delivery.url == video.url == str(place / "solenne.mp4")
    assert names(place) == sorted([*PAPERS, "solenne.mp4"])
    assert (place / "solenne.mp4").read_bytes() == b"film"
    assert json.loads((place / "solenne.manifest.json").read_text())["job_id"] == "job"
    assert not (tmp_path / "videos").exists()


async def test_a_place_of_the_callers_own_keeps_its_copy(
    deliver: Callable[..., Delivery], cut: Cut, tmp_path: Path
) -> None:
    output = tmp_path / "mine" / "Été.mp4"
    video = await deliver(storage=open_storage(str(tmp_path / "share")), output=output).deliver(cut)
    assert output.read_bytes() == b"film"
    assert video.path == output
    assert video.url == str(tmp_path / "share" / "videos" / Measured.name / "solenne.mp4")
    assert names(Path(video.url).parent) == sorted([*PAPERS, "solenne.mp4"])


async def test_the_film_comes_last(deliver: Callable[..., Delivery], cut: Cut, tmp_path: Path) -> None:
    place = tmp_path / "share" / "videos" / Measured.name
    (place / "solenne.mp4").mkdir(parents=True)  # nothing can be stored there
    delivery = deliver(storage=open_storage(str(tmp_path / "share")))
    with pytest.raises(StorageError, match="cannot be written"):
        await delivery.deliver(cut)
    assert names(place) == sorted([*PAPERS, "solenne.mp4"])
    assert delivery.url is None


async def test_a_storage_that_keeps_less_than_it_was_given_is_found_out(
    deliver: Callable[..., Delivery], cut: Cut, tmp_path: Path
) -> None:
    class Leaky(FolderStorage):
        def put(self, file: Path, key: str) -> str:
            place = super().put(file, key)
            Path(place).write_bytes(b"")
            return place

    with pytest.raises(StorageError, match="0 bytes instead of"):
        await deliver(storage=Leaky(tmp_path / "share")).deliver(cut)


@pytest.mark.parametrize("place", ["videos", "share/videos"])
async def test_a_film_that_breaks_a_rule_is_kept_where_the_error_says(
    deliver: Callable[..., Delivery], cut: Cut, tmp_path: Path, place: str
) -> None:
    storage = open_storage(str(tmp_path / "share")) if place.startswith("share") else None
    delivery = deliver(storage=storage, hard=("too short",))
    with pytest.raises(QualityError, match="1 rule") as caught:
        await delivery.deliver(cut)
    folder = tmp_path / place / Measured.name
    assert str(folder / "solenne.rejected.mp4") in str(caught.value)
    assert names(folder) == ["solenne.rejected.mp4", "solenne.rejected.qa.json"]
    assert caught.value.path.read_bytes() == b"film"
    assert delivery.url is None

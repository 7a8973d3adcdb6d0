from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import badapple
from badapple.config import Settings, read_settings
from badapple.errors import ConfigError, InputError, PipelineOrchestrationError
from badapple.models import Brand, ProgressEvent


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")})


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "bottle.png"
    Image.new("RGB", (200, 300), (170, 90, 30)).save(path)
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_line_makes_an_ad(settings: Settings, photo: Path, tmp_path: Path) -> None:
    seen: list[ProgressEvent] = []
    out = tmp_path / "ad.mp4"
    video = badapple.make(
        str(photo), name="Watch", style="luxury", cta="Shop Now", output=out, draft=True, facts=["Steel"],
        on_progress=seen.append, settings=settings,
    )  # fmt: skip
    assert isinstance(video, badapple.Video)
    assert (video.path, video.cost, video.seconds) == (out, 0, 30.0)
    assert json.loads(video.manifest.read_text())["facts"] == ["Steel"]
    assert seen[-1].stage == "completed"

    async def in_a_notebook() -> badapple.Video:
        return badapple.make(
            photo, name="Watch", style="luxury", cta="Shop Now", output=out, draft=True, facts="Steel",
            settings=settings,
        )  # fmt: skip

    again = asyncio.run(in_a_notebook())
    assert (again.made, again.path) == (0, out)
    twin = asyncio.run(
        badapple.make_async(
            photo, name="Watch", style="luxury", cta="Shop Now", draft=True, facts=("Steel",), settings=settings
        )
    )
    assert (twin.made, twin.path.read_bytes()) == (0, out.read_bytes())


@pytest.mark.parametrize("kit", [Brand(accent="#12"), Brand(ground="0b5fff"), Brand(font="comic")])
def test_a_kit_that_cannot_be_used_is_refused_before_anything_is_made(
    settings: Settings, photo: Path, kit: Brand
) -> None:
    seen: list[ProgressEvent] = []
    with pytest.raises(InputError, match=r"is no colour|is not known"):
        badapple.make(photo, name="Watch", draft=True, settings=settings, brand=kit, on_progress=seen.append)
    assert seen == []


def test_what_cannot_be_used_is_said_at_once(settings: Settings, photo: Path) -> None:
    with pytest.raises(InputError, match="no option 'capton'"):
        badapple.make(photo, name="Watch", capton=True, settings=settings)
    with pytest.raises(ConfigError, match="max_cost must be an amount"):
        badapple.make(photo, name="Watch", max_cost=-1, settings=settings)
    with pytest.raises(PipelineOrchestrationError, match="no photo"):
        badapple.make(photo.with_name("none.png"), name="Watch", settings=settings)
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY"):
        badapple.make(photo, name="Watch", provider="cloud", max_cost="1.50", settings=replace(settings))


def test_the_package_knows_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        badapple.nothing  # noqa: B018

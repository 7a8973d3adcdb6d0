"""Instant recipes: the real story to a whole film, without the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.config import read_settings
from badapple.database import open_database
from badapple.media import ffmpeg as tools
from badapple.media.probe import probe
from badapple.models import TOTAL_FRAMES, MakeOptions, Makers
from badapple.pipeline.orchestrator import create_pipeline_orchestrator
from badapple.pipeline.workshop import House, equip
from badapple.testing.instant import BOUGHT_CLIPS, instant_recipes
from badapple.testing.simulators import Simulators

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_job_buys_its_own_and_ends_with_a_film_of_its_own(tmp_path: Path) -> None:
    with Simulators(small=True) as sims:
        folders = {"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")}
        settings = read_settings(folders | sims.environment())
        house = House(engine=open_database(settings.database_url), recipes=instant_recipes)
        options = MakeOptions(makers=Makers(provider="cloud", cta_by="offline", max_cost=2_000_000))
        films = []
        for name in ("Item 1", "Item 2"):
            shop = equip(name, options, settings, house=house)
            job = create_pipeline_orchestrator(name, options=options, settings=settings, workshop=shop)
            await job.execute_pipeline(name, "minimal", "Get it")
            assert job.video is not None
            assert job.video.cost
            films.append(job.video.path)
        assert [charge.vendor for charge in sims.charges].count("elevenlabs") == 2 * 5
        assert [charge.vendor for charge in sims.charges].count("replicate") == 2 * BOUGHT_CLIPS
        assert len({charge.key for charge in sims.charges}) == len(sims.charges) == 2 * (6 + BOUGHT_CLIPS)
    assert probe(films[0], ffmpeg=tools.locate()).frames == TOTAL_FRAMES
    assert films[0].read_bytes() != films[1].read_bytes()

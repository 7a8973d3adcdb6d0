"""Jobs of the queue made here and now, as a worker makes them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from badapple import jobs
from badapple.config import Settings, read_settings
from badapple.database import Job, open_database
from badapple.models import DRAFT, MakeOptions, Makers
from badapple.pipeline.orchestrator import PipelineOrchestrator, create_pipeline_orchestrator
from badapple.pipeline.workshop import House
from badapple.testing.instant import instant_recipes
from badapple.testing.simulators import Simulators
from badapple.worker.workshops import Workshops

CLOUD = Makers(provider="cloud", cta_by="offline", max_cost=3_000_000)


@dataclass
class Works:
    """Makes queued jobs with instant recipes, and sees what was bought.

    Attributes:
        settings: where things lie.
        sims: the vendors, or None.
    """

    settings: Settings
    sims: Simulators | None = None
    _seen: int = field(default=0)

    @classmethod
    def beside(cls, sims: Simulators, folder: Path) -> Works:
        """Return works in a folder that buy from simulators."""
        own = {"BADAPPLE_DATA_DIR": str(folder / "data"), "BADAPPLE_CACHE_DIR": str(folder / "cache")}
        return cls(read_settings(own | sims.environment()), sims)

    def submit(self, name: str = "Watch", **options: object) -> str:
        wanted = MakeOptions(canvas=DRAFT, **{"makers": CLOUD if self.sims else Makers(), **options})  # type: ignore[arg-type]
        order = jobs.JobOrder(
            product_name=name, style="minimal", cta_text="Get it", options=wanted, agreed=self.sims is not None
        )
        return jobs.submit(order, self.settings)

    def run(self, job: str) -> PipelineOrchestrator:
        """Make a job to its end; errors leave it as they leave the pipeline."""
        house = House(engine=open_database(self.settings.database_url), recipes=instant_recipes)
        with Session(house.engine) as session:
            attempt = session.get_one(Job, job).attempt
        bill, shop = Workshops(self.settings, house).get(job, attempt)
        order = bill.order
        film = create_pipeline_orchestrator(
            job, options=order.options, settings=self.settings, workshop=shop, attempt=attempt
        )
        asyncio.run(film.execute_pipeline(order.product_name, order.style, order.cta_text, order.photo))
        return film

    def bought(self) -> list[str]:
        """Return the vendors that were paid since the last look, one name for each purchase."""
        assert self.sims is not None
        new = [charge.vendor for charge in self.sims.charges[self._seen :]]
        self._seen += len(new)
        return sorted(new)

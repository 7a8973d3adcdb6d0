"""The whole cloud path against the simulators: one ad made without a fault, and its unpaid parts for the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from badapple.config import Settings, read_settings
from badapple.database import Budget, Call, Receipt, open_database
from badapple.models import DRAFT, MakeOptions, Makers, ProgressEvent, Video
from badapple.pipeline.orchestrator import PipelineOrchestrator, create_pipeline_orchestrator
from badapple.testing.simulators import Simulators

ROOT = Path(__file__).resolve().parent.parent.parent
PHOTO = ROOT / "examples" / "demo-product.jpg"
PAID = ("script", "voice", "footage", "card")


@dataclass(kw_only=True)
class Studio:
    """Folders of one job, and the vendors it buys from."""

    root: Path
    sims: Simulators
    events: list[ProgressEvent] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        own = {"BADAPPLE_DATA_DIR": str(self.root / "data"), "BADAPPLE_CACHE_DIR": str(self.root / "cache")}
        return read_settings(own | self.sims.environment())

    def job(self, name: str = "job", *, output: str = "ad", **makers: Any) -> PipelineOrchestrator:
        wanted = replace(Makers(provider="cloud"), **makers)
        options = MakeOptions(canvas=DRAFT, output=self.root / f"{output}.mp4", makers=wanted)
        return create_pipeline_orchestrator(
            name, options=options, settings=self.settings, on_progress=self.events.append
        )

    async def film(self, name: str = "job", **makers: Any) -> Video:
        orchestrator = self.job(name, **makers)
        await orchestrator.execute_pipeline("Solenne", "luxury", "Shop Now", PHOTO)
        assert orchestrator.video is not None
        return orchestrator.video

    def calls(self) -> list[Call]:
        with Session(open_database(self.settings.database_url), expire_on_commit=False) as session:
            return list(session.query(Call).order_by(Call.created_at))

    def manifest(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads((self.root / "ad.manifest.json").read_text())
        return body


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio that has made nothing yet."""
    with Simulators() as sims:
        yield Studio(root=tmp_path, sims=sims)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that has made its ad without a fault; nobody changes it."""
    import asyncio  # noqa: PLC0415

    root = tmp_path_factory.mktemp("finished")
    with Simulators() as sims:
        done = Studio(root=root, sims=sims)
        asyncio.run(done.film())
        yield done


@pytest.fixture
def prepared(finished: Studio, tmp_path: Path) -> Iterator[Studio]:
    """A studio that has drawn, mixed and cut everything before, and has paid for nothing: it only has to buy."""
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True)
    with Simulators() as sims:
        ours = Studio(root=tmp_path, sims=sims)
        with Session(open_database(ours.settings.database_url)) as session, session.begin():
            session.execute(delete(Call))
            session.execute(delete(Budget))
            session.execute(delete(Receipt).where(Receipt.kind.in_(PAID)))
        yield ours

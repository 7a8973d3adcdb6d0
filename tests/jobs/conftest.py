"""Settings of a test's own, and a hand that writes progress as a worker does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session
from tests.jobs.making import Works

from badapple.config import Settings, read_settings
from badapple.database import Event, Job, Stage, open_database
from badapple.database.tables import now
from badapple.jobs import JobOrder
from badapple.models import DRAFT, MakeOptions, ProgressEvent, StageName
from badapple.testing.simulators import Simulators

_LAST = {"completed": "completed", "failed": "error", "cancelled": "cancelled"}


async def told(feed: AsyncIterator[ProgressEvent], *, most: int | None = None) -> list[str]:
    """Return what a feed tells, at most so much of it."""
    seen = []
    async with asyncio.timeout(20):
        async for one in feed:
            seen.append(f"{one.seq} {one.message}")
            if len(seen) == most:
                break
    return seen


@dataclass(frozen=True, slots=True)
class Hand:
    """Writes rows of jobs."""

    engine: Engine

    def job(self, job_id: str, status: str = "processing", **facts: object) -> str:
        """Insert a job of workers with its five stages."""
        values = {"product_name": "Watch", "style": "minimal", "engine": True, "attempt": 1, "run": "mine", **facts}
        with Session(self.engine) as session, session.begin():
            session.add(Job(id=job_id, status=status, **values))
            session.flush()
            session.add_all(Stage(job_id=job_id, stage_name=name.value) for name in StageName)
        return job_id

    def tell(self, job_id: str, *messages: str, stage: str = "video_gen", progress: int = 10) -> int:
        """Write events, and return the `seq` of the last."""
        seq = 0
        for message in messages:
            with Session(self.engine) as session, session.begin():
                seq = self._draw(session, job_id)
                stamp = "2026-01-01T00:00:00.000Z"
                session.add(
                    Event(job_id=job_id, seq=seq, stage=stage, progress=progress, message=message, timestamp=stamp)
                )
        return seq

    def end(self, job_id: str, status: str) -> None:
        """End a job, with its last event in the same transaction."""
        with Session(self.engine) as session, session.begin():
            seq = self._draw(session, job_id)
            session.execute(update(Job).where(Job.id == job_id).values(status=status, ended_at=now(), run=None))
            session.add(
                Event(job_id=job_id, seq=seq, stage=_LAST[status], progress=10, message=status, timestamp="2026")
            )

    def row(self, job_id: str) -> Job:
        with Session(self.engine, expire_on_commit=False) as session:
            return session.get_one(Job, job_id)

    def change(self, job_id: str, **values: object) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(update(Job).where(Job.id == job_id).values(values))

    @staticmethod
    def _draw(session: Session, job_id: str) -> int:
        draw = update(Job).where(Job.id == job_id).values(seq=Job.seq + 1).returning(Job.seq)
        return session.scalars(draw).one()


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a SQLite file; of each kind of database where the test uses `database_url`."""
    found = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")})
    if "database_url" in request.fixturenames:
        return replace(found, database_url=request.getfixturevalue("database_url"))
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Works, str]]:
    """A finished ad that was bought; tests make edits of it, each its own."""
    with Simulators(small=True) as sims:
        works = Works.beside(sims, tmp_path_factory.mktemp("shop"))
        job = works.submit("Solenne")
        works.run(job)
        assert works.bought() == ["anthropic", *["elevenlabs"] * 5, "replicate"]
        yield works, job


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def hand(engine: Engine) -> Hand:
    return Hand(engine)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "bottle.JPG"
    Image.new("RGB", (200, 300), (170, 90, 30)).save(path, format="JPEG")
    return path


Order = Callable[..., JobOrder]


@pytest.fixture
def order() -> Order:
    """Build the order of a small film."""

    def build(name: str = "Watch", **facts: object) -> JobOrder:
        values = {"style": "minimal", "cta_text": "Shop Now", "options": MakeOptions(canvas=DRAFT), **facts}
        return JobOrder(product_name=name, **values)  # type: ignore[arg-type]

    return build

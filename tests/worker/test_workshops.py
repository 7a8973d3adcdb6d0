"""Parts of one job share a workshop, and workshops do not pile up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from badapple import jobs
from badapple.config import Settings, read_settings
from badapple.database import Job, open_database
from badapple.errors import JobTakenOverError
from badapple.models import DRAFT, MakeOptions
from badapple.pipeline.workshop import house_of
from badapple.worker.workshops import Workshops


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    found = read_settings({"BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache")})
    yield found
    open_database(found.database_url).dispose()


def submitted(settings: Settings, count: int) -> list[str]:
    order = jobs.JobOrder(product_name="Watch", style="minimal", cta_text="Go", options=MakeOptions(canvas=DRAFT))
    return [jobs.submit(order, settings) for _ in range(count)]


def test_parts_that_come_together_share_one_workshop(settings: Settings) -> None:
    (job,) = submitted(settings, 1)
    workshops = Workshops(settings, house_of(None, settings))
    with ThreadPoolExecutor(8) as pool:
        found = [workshop for _, workshop in pool.map(lambda _: workshops.get(job, 1), range(8))]
    assert all(workshop is found[0] for workshop in found)
    workshops.forget(job, 1)
    assert workshops.get(job, 1)[1] is not found[0]


def test_workshops_of_ended_jobs_and_the_oldest_are_dropped(settings: Settings) -> None:
    ended, *going = submitted(settings, 11)
    workshops = Workshops(settings, house_of(None, settings))
    first = workshops.get(ended, 1)[1]
    engine = open_database(settings.database_url)
    with Session(engine) as session, session.begin():
        session.execute(update(Job).where(Job.id == ended).values(status="completed"))
    found = [workshops.get(job, 1)[1] for job in going[:2]]
    assert workshops.all() == found
    assert first not in workshops.all()
    found += [workshops.get(job, 1)[1] for job in going[2:]]
    assert workshops.all() == found[-8:]
    with pytest.raises(JobTakenOverError):
        workshops.get(ended, 1)

"""Jobs that their owners delete."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.config import Settings
from badapple.database import Call, Event, Job, Part, Stage
from badapple.errors import ConflictError, NotFoundError
from badapple.jobs import deleting


@pytest.mark.usefixtures("database_url")
def test_nothing_is_left_of_a_deleted_job(settings: Settings, hand: Hand, order: Order, photo: Path) -> None:
    job, other = (jobs.submit(order(name, photo=photo), settings, owner="ann") for name in ("Lamp", "Chair"))
    hand.tell(job, "one", "two")
    with Session(hand.engine) as session, session.begin():
        session.add(Part(job_id=job, label="voice 1", stage="voice_gen", kind="voice", key="k", state="done"))
    for refused in ("pending", "processing"):
        hand.change(job, status=refused)
        with pytest.raises(ConflictError, match=f"is {refused}"):
            deleting.delete(job, settings, owner="ann")
    hand.end(job, "completed")
    for stranger in ("bob", "local"):
        with pytest.raises(NotFoundError):
            deleting.delete(job, settings, owner=stranger)
    gone = deleting.delete(job, settings, owner="ann")
    assert (gone.jobs, gone.events) == (1, 3)
    with Session(hand.engine) as session:
        for table in (Event, Part):
            assert session.scalars(select(table)).all() == []
        assert set(session.scalars(select(Stage.job_id))) == {other}
    assert jobs.fetch(jobs.orders.of_row(hand.row(other)), settings).photo is not None
    with pytest.raises(NotFoundError):
        deleting.delete(job, settings, owner="ann")


def test_a_job_whose_calls_are_not_settled_stays(settings: Settings, hand: Hand) -> None:
    hand.job("job", "failed")
    with Session(hand.engine) as session, session.begin():
        session.add(
            Call(
                id="c", key="k", attempt=1, owner="local", vendor="replicate", model="m", dedupe="x", state="unknown",
                job="job", request_hash="h",
            )
        )  # fmt: skip
    with pytest.raises(ConflictError, match="are not settled"):
        deleting.delete("job", settings)
    with Session(hand.engine) as session:
        assert session.scalars(select(Job.id)).all() == ["job"]

"""What the database says of jobs, queues and workers, for the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from badapple.assets.queued import QUEUES
from badapple.database import Call, Job
from badapple.models import CallState, JobStatus
from badapple.telemetry.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine as Database

    from badapple.database.holders import Watcher
    from badapple.engine import Engine

__all__ = ["standing"]


def standing(database: Database, engine: Engine, watcher: Watcher) -> Callable[[], Standing]:
    """Return the function that reads how things stand."""

    def read() -> Standing:
        with Session(database) as session:
            counts = session.execute(select(Job.status, func.count()).group_by(Job.status)).all()
            unknown = session.scalar(
                select(func.count()).select_from(Call).where(Call.state == CallState.UNKNOWN.value)
            )
        jobs: dict[str, int] = {status: count for status, count in counts}  # noqa: C416 - rows are no pairs to mypy
        depths = engine.depths()
        return Standing(
            jobs={status.value: jobs.get(status.value, 0) for status in JobStatus},
            queue_depth={name: depths.get(name, (0, 0.0))[0] for name in QUEUES},
            queue_oldest_seconds={name: depths.get(name, (0, 0.0))[1] for name in QUEUES},
            workers_alive=len(watcher.living("worker")),
            calls_unknown=unknown or 0,
        )

    return read

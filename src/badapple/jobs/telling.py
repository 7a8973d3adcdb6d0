"""Events that doors write into the story of a job, and their way to whoever listens."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from sqlalchemy import update

from badapple.database import Event, Job
from badapple.models import ProgressEvent, stamp
from badapple.pipeline.progress import CHANNEL

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badapple.config import Settings

__all__ = ["ring", "tell"]

_log = logging.getLogger("badapple.jobs")


def tell(session: Session, job_id: str, *, stage: str, message: str) -> ProgressEvent:
    """Write an event with the job's next `seq` and its percent of now, and return it.

    Args:
        session: in a transaction; it commits the event with whatever it tells of.
        job_id: the job.
        stage: name of a stage, or the word of a last event.
        message: a sentence for people.
    """
    draw = update(Job).where(Job.id == job_id).values(seq=Job.seq + 1).returning(Job.seq, Job.progress)
    seq, progress = session.execute(draw.execution_options(synchronize_session=False)).one()
    event = ProgressEvent(
        job_id=job_id, stage=stage, progress=progress, message=message, seq=seq, timestamp=stamp(),
    )  # fmt: skip
    session.add(Event(**event.to_message()))
    session.flush()
    return event


def ring(event: ProgressEvent, settings: Settings) -> None:
    """Tell those who listen on Redis; the row is the truth, so that a lost message is no loss. Blocks for a moment."""
    if settings.redis_url is None:
        return
    from badapple.redis_client import get_redis  # noqa: PLC0415 - only where Redis is used

    try:
        client = get_redis()
        if client is not None:
            client.publish(CHANNEL, json.dumps(event.to_message(), ensure_ascii=False))
    except Exception as error:  # noqa: BLE001 - as above
        _log.warning("progress_publish_failed", extra={"job_id": event.job_id, "error": type(error).__name__})

"""Progress as it happens: jobs' events replayed from any `seq`, then followed to their end.

The rows are the truth. A hub asks the database for all watched jobs of a process at once, every `poll` seconds; a
doorbell only makes it ask sooner. So nothing is lost or told twice, whatever becomes of the doorbell. Nothing waits for
a slow follower either: it takes the next lines when it is ready, those that all followers share or those of the rows.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from badapple.jobs.hub import Hub, Line, State, replay, standing
from badapple.jobs.views import unknown
from badapple.jobs.wording import storable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sqlalchemy import Engine

    from badapple.jobs.doorbells import Doorbell
    from badapple.models import ProgressEvent

__all__ = ["Hub", "Line", "State", "follow", "lines", "replay", "standing"]

_GRACE = 2.0  #: seconds that an ended job without a last event is waited for


async def follow(
    engine: Engine, job_id: str, *, after: int = 0, bell: Doorbell | None = None, poll: float = 0.5
) -> AsyncGenerator[ProgressEvent, None]:
    """Yield a job's events, those of the past first, until the last one of its newest attempt.

    Leaving the loop early stops it (`contextlib.aclosing` does so at once).

    Args:
        engine: the database.
        job_id: the job.
        after: the `seq` that the caller has seen already.
        bell: rings when there may be news, or None.
        poll: seconds after which the rows are looked at in any case.

    Raises:
        NotFoundError: there is no such job.
    """
    async with contextlib.aclosing(lines(engine, {job_id: after}, bell=bell, poll=poll)) as feed:
        async for some in feed:
            for line in some:
                yield line.event


async def lines(
    engine: Engine,
    wanted: Mapping[str, int],
    *,
    owner: str | None = None,
    bell: Doorbell | None = None,
    poll: float = 0.5,
) -> AsyncGenerator[Sequence[Line], None]:
    """Yield the events of some jobs, at most 64 of one job at once, until the last one of each.

    Args:
        engine: the database.
        wanted: job -> the `seq` that the caller has seen already.
        owner: whose they must be; None follows everybody's.
        bell: rings when there may be news, or None.
        poll: seconds after which the rows are looked at in any case.

    Raises:
        NotFoundError: one of them is no job of this owner, or is none any more.
    """
    for job_id in wanted:
        if not storable(job_id):  # one that no database can be asked for would spoil the question of all
            raise unknown(job_id)
    hub, left, ended = Hub.of(engine), dict(wanted), dict[str, float]()
    with hub.watching(tuple(left), bell=bell, poll=poll) as follower:
        while left:
            await follower.woken()
            for watched in [watched for watched in follower.seen() if watched.job_id in left]:
                job_id = watched.job_id
                while True:
                    state = watched.state
                    if state is None or owner not in (None, state.owner):
                        raise unknown(job_id)
                    if left[job_id] >= state.seq or not (some := await hub.since(watched, left[job_id])):
                        break
                    yield some
                    left[job_id] = some[-1].seq
                if not state.ended:
                    ended.pop(job_id, None)
                elif state.told or time.monotonic() - ended.setdefault(job_id, time.monotonic()) > _GRACE:
                    del left[job_id]

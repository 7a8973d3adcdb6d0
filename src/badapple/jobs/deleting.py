"""Jobs that are deleted by whoever owns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.errors import ConflictError
from badapple.jobs.purge import purge

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.jobs.purge import Purged

__all__ = ["delete"]


def delete(job_id: str, settings: Settings, *, owner: str | None = None) -> Purged:
    """Remove an ended job everywhere: rows, events, video, parts and files that no other job and no upload needs.

    It may be repeated where it was cut off. What vendors charged stays in the accounts, without what it was for.

    Raises:
        NotFoundError: there is no such job of this owner.
        ConflictError: it has not ended, or calls of it are not settled.
        StorageError: the storage cannot be reached; delete it again.
    """
    gone = purge(settings, job=job_id, owner=owner)
    if gone.kept:
        raise ConflictError(
            f"calls of the job {job_id!r} are not settled: vendors may still charge them",
            hint="`badapple calls` lists them; decide about them, or wait, then delete it again",
        )
    return gone

"""Links that anybody may follow for a while: to one file of a job, or to the page that shows all of it.

A link is a signed text. It names the job and the moment that the job was made, so that it ends with the job even where
another one has its name later. Anybody can read it, so it does not say whose job that is: it holds a mark of the owner
that only this server can make.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from badapple.errors import InputError, NotFoundError
from badapple.jobs.views import get

if TYPE_CHECKING:
    from badapple.access.signing import Signer
    from badapple.config import Settings
    from badapple.database import Job
    from badapple.jobs.views import JobView

__all__ = ["file_path", "open_file", "open_page", "page_path"]

_V1 = "/api/v1"
_FILE, _PAGE = "file", "page"  #: what they are signed for: one is worth nothing as the other


def file_path(signer: Signer, job: Job | JobView, file: str, ends: datetime) -> str:
    """Return the path of a link to one of a job's files."""
    token = signer.sign(_FILE, {**_named(signer, job), "f": file}, ends)
    return f"{_V1}/files/{quote(token)}"


def page_path(signer: Signer, job: JobView, ends: datetime) -> str:
    """Return the path of a link to a job's page for others."""
    token = signer.sign(_PAGE, {**_named(signer, job), "e": int(ends.timestamp())}, ends)
    return f"/s/{quote(token)}"


def open_file(signer: Signer, token: str, settings: Settings) -> tuple[JobView, str]:
    """Return the job and the file that a link leads to. Blocks.

    Raises:
        NotFoundError: it has expired, was not made here, or its job is gone.
    """
    job, told = _opened(signer, _FILE, token, settings)
    return job, str(told["f"])


def open_page(signer: Signer, token: str, settings: Settings) -> tuple[JobView, datetime]:
    """Return the job that a page's link leads to, and when the link ends. Blocks.

    Raises:
        NotFoundError: it has expired, was not made here, or its job is gone.
    """
    job, told = _opened(signer, _PAGE, token, settings)
    return job, datetime.fromtimestamp(told["e"], UTC)


def _named(signer: Signer, job: Job | JobView) -> dict[str, Any]:
    return {"j": job.id, "c": int(job.created_at.timestamp()), "w": _mark(signer, job.owner)}


def _mark(signer: Signer, owner: str) -> str:
    return signer.derive(f"link/{owner}").hex()[:16]


def _opened(signer: Signer, purpose: str, token: str, settings: Settings) -> tuple[JobView, dict[str, Any]]:
    try:
        told = signer.read(purpose, token)
    except InputError as error:
        raise _nowhere() from error
    job = get(told["j"], settings)
    # Links that were made before this release say whose job it is.
    theirs = told["o"] == job.owner if "o" in told else told.get("w") == _mark(signer, job.owner)
    if not theirs or int(job.created_at.timestamp()) != told["c"]:  # another job has its name now
        raise _nowhere()
    return job, told


def _nowhere() -> NotFoundError:
    return NotFoundError("this link leads nowhere", hint="ask for a new one")

"""A script that waits for a person's word: it is read, changed, and approved."""

from __future__ import annotations

import contextlib
import functools
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.database import Part, open_database
from badapple.database.transactions import once
from badapple.errors import BadappleError, ConflictError, InputError
from badapple.jobs import keeping, orders, queue, shelf, sources
from badapple.jobs.again import Again
from badapple.jobs.changes import Changes, ordered, rewritten
from badapple.jobs.telling import ring, tell
from badapple.jobs.views import of
from badapple.models import ProgressEvent, StageName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.database import Job
    from badapple.models import Script

__all__ = ["approve", "put_script"]

_APPROVAL = "approval"


def approve(job_id: str, settings: Settings, *, owner: str | None = None) -> Again:
    """Let a job go on that waits for approval of its script; workers take it, or the caller runs the order here.

    Raises:
        NotFoundError: there is no such job of this owner.
        ConflictError: it does not wait for approval.
        InputError: a file of an order that is run here is gone.
    """
    told: list[ProgressEvent] = []

    def enter(session: Session) -> Again:
        row = _awaiting(session, job_id, owner)
        options = {**row.request.get("options", {}), "approval": False}
        row.request, row.awaiting = {**row.request, "options": options}, None
        goes_on = Again(
            job_id=job_id, queued=row.engine, attempt=row.attempt + 1, order=orders.of_row(row), goods_until=None
        )
        if row.engine:  # else the run itself begins the attempt
            row.turn = queue.next_turn(session, row.owner, row.priority)
            row.attempt += 1
        session.flush()
        told.append(tell(session, job_id, stage=StageName.SCRIPT_GEN.value, message="The script is approved"))
        return goes_on

    goes_on = once(open_database(settings.database_url), enter)
    ring(told[-1], settings)
    # Whoever runs it here needs its script as a file.
    return goes_on if goes_on.queued else replace(goes_on, order=keeping.fetch(goes_on.order, settings))


def put_script(
    job_id: str, script: Mapping[str, Any], settings: Settings, *, owner: str | None = None
) -> Mapping[str, Any]:
    """Put another script in the place of the one that waits for approval, and return it in order; costs nothing.

    Args:
        job_id: the job; it goes on waiting.
        script: in the public shape; its call to action takes the place of the order's.
        settings: where things lie.
        owner: whose the job must be; None takes anybody's.

    Raises:
        NotFoundError: there is no such job of this owner.
        ConflictError: it does not wait for approval.
        ScriptError: the script breaks a rule; names the field.
        StorageError: the storage that workers share cannot be written.
        DiskError: the data folder cannot be written.
    """
    engine = open_database(settings.database_url)
    with Session(engine) as session:
        source = sources.read(session, _awaiting(session, job_id, owner, lock=False))
    changes = Changes(script=script)
    order = queue.check(ordered(source.order, changes), settings)
    written = rewritten(script, changes, order, settings, offer=source.offer)
    origin = source.origin if sources.shares_words(source.script, written) else None
    told: list[ProgressEvent] = []

    def enter(session: Session, blob: Blob) -> Blob | None:
        row = _awaiting(session, job_id, owner)
        shelf.hold(session, [blob])
        if not shelf.lies(blob, settings):
            raise _GoneError("the script is gone", hint="send it again")
        old = orders.of_row(row).files.get("script")
        request = dict(row.request)
        request["options"] = {**request.get("options", {}), "script_from": origin}
        request["files"] = {**request.get("files", {}), "script": asdict(blob)}
        row.request, row.cta_text = {**request, "cta_text": order.cta_text}, order.cta_text
        row.options = {**row.options, "script": written.to_json()}
        session.execute(delete(Part).where(Part.job_id == job_id, Part.label == "script"))  # it is not made yet
        session.flush()
        told.append(tell(session, job_id, stage=StageName.SCRIPT_GEN.value, message="The script was changed"))
        return None if old == blob else old

    _keep_and(engine, settings, written, enter)
    ring(told[-1], settings)
    return written.to_json()


class _GoneError(InputError):
    """A script that was taken in is not there any more."""


def _keep_and(engine: Engine, settings: Settings, script: Script, enter: Callable[..., Blob | None]) -> None:
    """Take a script in, do the transaction that needs it, and forget what nobody needs after it."""
    for last in (False, False, True):
        unneeded: Blob | None = _kept(script, settings)
        blob = unneeded
        try:
            unneeded = once(engine, functools.partial(enter, blob=blob))
        except _GoneError:  # somebody who did not need the same script any more removed it in this very moment
            if last:
                raise
        else:
            return
        finally:
            if unneeded is not None:
                with contextlib.suppress(BadappleError, SQLAlchemyError, OSError):  # a purge finds what is left
                    shelf.drop(engine, settings, unneeded)


def _awaiting(session: Session, job_id: str, owner: str | None, *, lock: bool = True) -> Job:
    row = of(session, job_id, owner=owner, lock=lock)
    if row.awaiting != _APPROVAL:
        raise ConflictError(f"the job {job_id!r} is {row.status} and does not wait for approval")
    return row


def _kept(script: Script, settings: Settings) -> Blob:
    """Take a script in where workers find it."""
    place = keeping.open_shelf(settings)
    with keeping.writing_on(place), place.workplace() as folder:
        path = folder / "script.json"
        path.write_text(json.dumps(script.to_json(), ensure_ascii=False), encoding="utf-8")
        return place.put(path)

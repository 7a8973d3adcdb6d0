"""Ads that are changed: a scene anew, other words, and a script that a person approves.

An edit is a job of its own with a `parent_id`. What it does not change is found again by its key and costs nothing.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple import __version__
from badapple.database import Job, Part, open_database
from badapple.database.transactions import once
from badapple.errors import BadappleError, ConflictError, InputError, MissingCapError, MissingKeyError
from badapple.jobs import caps, keeping, orders, queue, shelf
from badapple.jobs.again import Again
from badapple.jobs.changes import Changes, ordered, rewritten
from badapple.jobs.details import script_of
from badapple.jobs.telling import ring, tell
from badapple.jobs.views import of
from badapple.models import SCENES, JobStatus, ProgressEvent, SceneOffer, StageName
from badapple.providers.choice import agreed, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from badapple.cache import Blob
    from badapple.config import Settings
    from badapple.jobs.idempotency import Claim
    from badapple.jobs.orders import JobOrder
    from badapple.models import Script
    from badapple.providers.choice import Choice

__all__ = ["approve", "edit", "put_script", "regenerate"]

_ENDED = (JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.CANCELLED.value)
_APPROVAL = "approval"


def regenerate(
    job_id: str,
    scene: int,
    settings: Settings,
    *,
    owner: str | None = None,
    claim: Claim | None = None,
) -> str:
    """Queue the same ad with one scene filmed anew; return the new job's id.

    Args:
        job_id: the job that it is an edit of; it has to have ended.
        scene: id of the scene, 1 to 4.
        settings: where things lie.
        owner: whose the job must be; None takes anybody's.
        claim: as for `queue.submit`.

    Raises:
        NotFoundError: there is no such job of this owner.
        InputError: there is no such scene.
        ConflictError: the job has not ended.
        MissingCapError: vendors would be paid, and nobody said what they may cost.
        LimitExceededError: as `queue.submit`, or nothing is left of the owner's cap for today (`daily_cap`).
    """
    if scene not in range(1, SCENES + 1):
        raise InputError(f"there is no scene {scene}", hint="scenes have the ids 1 to 4")
    with Session(open_database(settings.database_url)) as session:
        row = _ended(session, job_id, owner)
        order, script, origin = _read(session, row)
        takes = list(order.options.takes)
        takes[scene - 1] = _next_take(session, row, scene)
    options = replace(order.options, takes=(takes[0], takes[1], takes[2], takes[3]))
    wanted = replace(order, options=options)
    kept = script if _would_differ(row) else None
    _check_money(row, wanted, settings, own_script=kept is not None, anew=_filmed)
    child = queue.Child(parent=job_id, group=row.group_id, change=f"scene {scene} anew")
    return _submit(wanted, settings, row, child, script=kept, origin=origin, claim=claim)


def edit(
    job_id: str,
    changes: Changes,
    settings: Settings,
    *,
    owner: str | None = None,
    claim: Claim | None = None,
) -> str:
    """Queue the same ad with something changed; return the new job's id.

    Args:
        job_id: the job that it is an edit of; it has to have ended.
        changes: what is different.
        settings: where things lie.
        owner: whose the job must be; None takes anybody's.
        claim: as for `queue.submit`.

    Raises:
        NotFoundError: there is no such job of this owner.
        ConflictError: the job has not ended, or has no script whose words could be changed.
        InputError: nothing is changed, or what is changed cannot be used.
        ScriptError: the new script breaks a rule; names the field.
        UnknownStyleError: there is no such style.
        MissingKeyError: a vendor is asked for whose key is not set.
        MissingCapError: vendors would be paid, and nobody said what they may cost.
        LimitExceededError: as `queue.submit`, or nothing is left of the owner's cap for today (`daily_cap`).
    """
    changes.check()
    with Session(open_database(settings.database_url)) as session:
        row = _ended(session, job_id, owner)
        order, script, origin = _read(session, row)
    wanted = queue.check(ordered(order, changes), settings)
    words: Mapping[str, Any] | None = script if _would_differ(row) else None
    if changes.of_words or (changes.style is not None and script is not None):
        if script is None and changes.script is None:
            raise ConflictError(f"the job {job_id!r} has no script yet", hint="retry it first")
        written = rewritten(script or {}, changes, wanted, settings, offer=_offer(row))
        words, origin = written.to_json(), origin if _shares_words(script, written) else None
    own, spoken = words is not None, changes.voice_by == "elevenlabs"
    _check_money(row, wanted, settings, own_script=own, anew=lambda _: changes.of_goods, asked=spoken)
    child = queue.Child(parent=job_id, group=row.group_id, change=changes.told)
    return _submit(wanted, settings, row, child, script=words, origin=origin, claim=claim)


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
        row = _awaiting(session, job_id, owner, lock=False)
        order, before, origin = _read(session, row)
    changes = Changes(script=script)
    order = queue.check(ordered(order, changes), settings)
    written = rewritten(script, changes, order, settings, offer=_offer(row))
    source = origin if _shares_words(before, written) else None
    blob, told = _kept(written, settings), list[ProgressEvent]()

    def enter(session: Session) -> Blob | None:
        row = _awaiting(session, job_id, owner)
        shelf.hold(session, [blob])
        old = orders.of_row(row).files.get("script")
        request = dict(row.request)
        request["options"] = {**request.get("options", {}), "script_from": source}
        request["files"] = {**request.get("files", {}), "script": asdict(blob)}
        row.request, row.cta_text = {**request, "cta_text": order.cta_text}, order.cta_text
        row.options = {**row.options, "script": written.to_json()}
        session.execute(delete(Part).where(Part.job_id == job_id, Part.label == "script"))  # it is not made yet
        session.flush()
        told.append(tell(session, job_id, stage=StageName.SCRIPT_GEN.value, message="The script was changed"))
        return old

    unneeded: Blob | None = blob
    try:
        unneeded = once(engine, enter)
    finally:
        if unneeded is not None:
            with contextlib.suppress(BadappleError, SQLAlchemyError, OSError):  # a purge finds what is left
                shelf.drop(engine, settings, unneeded)
    ring(told[-1], settings)
    return written.to_json()


def _check_money(
    parent: Job,
    order: JobOrder,
    settings: Settings,
    *,
    own_script: bool,
    anew: Callable[[Choice], bool],
    asked: bool = False,
) -> None:
    """Refuse an edit that would be paid for where nobody said what it may cost, or where today's cap is used up.

    Args:
        parent: the job that it is an edit of; of one that is not completed, any part may be missing.
        order: of the edit.
        settings: keys and caps.
        own_script: its script is handed in, not written.
        anew: says of who makes what whether the change may have vendors make something.
        asked: a vendor is asked for by this very edit: what was agreed to before is not for it.

    Raises:
        MissingKeyError: the vendor that is asked for has no key.
        MissingCapError: there is no cap.
        LimitExceededError: nothing is left of the owner's cap for today.
    """
    makers, chosen = order.options.makers, None
    bounded = agreed(makers, settings) or (order.agreed and not asked)
    try:
        chosen = choose(makers, settings, agreed=order.agreed, own_script=own_script or "script" in order.files)
    except MissingKeyError:
        if asked and bounded:
            raise  # else the workers may have it
    if chosen is not None and not chosen.vendors:
        return
    if not bounded:
        raise MissingCapError(
            "vendors would be paid, and the job that this is an edit of says nothing of what it may cost",
            hint="ask for the ad anew, with a cap (--max-cost, max_cost_usd), or made offline",
        )
    if parent.status != JobStatus.COMPLETED.value or chosen is None or anew(chosen):
        with Session(open_database(settings.database_url)) as session:
            caps.check_left(session, parent.owner, settings)


def _filmed(chosen: Choice) -> bool:
    return chosen.video is not None


def _submit(
    order: JobOrder,
    settings: Settings,
    parent: Job,
    child: queue.Child,
    *,
    script: Mapping[str, Any] | None,
    origin: str | None,
    claim: Claim | None,
) -> str:
    """Queue an edit, with a script of its own where one is given."""
    options = replace(order.options, approval=False, fresh=False)
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        if script is not None:
            path = Path(folder) / "script.json"
            path.write_text(json.dumps(script, ensure_ascii=False), encoding="utf-8")
            options = replace(options, script=path, script_from=origin)
            order = replace(order, files={name: blob for name, blob in order.files.items() if name != "script"})
        return queue.submit(
            replace(order, options=options, quoted=None), settings, owner=parent.owner,
            priority=next((name for name in _names() if queue.PRIORITIES[name] == parent.priority), "normal"),
            child_of=replace(child, script=script), claim=claim,
        )  # fmt: skip


def _names() -> tuple[queue.Priority, ...]:
    return ("low", "normal", "high")


def _read(session: Session, row: Job) -> tuple[JobOrder, Mapping[str, Any] | None, str | None]:
    """Return a job's order, its script, and the signature of the maker who wrote that, or of what it is an edit of."""
    order = orders.of_row(row)
    script, maker = script_of(session, row)
    written = maker.get("name") not in {None, "", "file"}
    return order, script, f"{maker['name']}:{maker['model']}" if written else order.options.script_from


def _ended(session: Session, job_id: str, owner: str | None) -> Job:
    row = of(session, job_id, owner=owner)
    if row.awaiting is not None:
        raise ConflictError(
            f"the job {job_id!r} waits for approval of its script", hint="change that script, approve it, or cancel it"
        )
    if row.status not in _ENDED:
        raise ConflictError(f"the job {job_id!r} is {row.status}", hint="wait until it has ended, or cancel it")
    return row


def _awaiting(session: Session, job_id: str, owner: str | None, *, lock: bool = True) -> Job:
    row = of(session, job_id, owner=owner, lock=lock)
    if row.awaiting != _APPROVAL:
        raise ConflictError(f"the job {job_id!r} is {row.status} and does not wait for approval")
    return row


def _next_take(session: Session, row: Job, scene: int) -> int:
    """Return a take of the scene that neither the job nor an edit of it has."""
    edits = session.scalars(select(Job).where(Job.parent_id == row.id, Job.owner == row.owner))
    return 1 + max(orders.of_row(one).options.takes[scene - 1] for one in (row, *edits))


def _would_differ(row: Job) -> bool:
    """Say whether the same order would have another script written now: it is handed on as it is then."""
    kept = row.options or {}
    return kept.get("version", __version__) != __version__ or "script" in kept.get("stood_in", ())


def _offer(row: Job) -> SceneOffer:
    """Return what the job's scene renderer sells; where that was not written down, any length."""
    lengths = (row.options or {}).get("offer") or ()
    return SceneOffer(lengths=tuple(int(length) for length in lengths), frames=not lengths)


def _shares_words(before: Mapping[str, Any] | None, after: Script) -> bool:
    """Say whether a script still has words of another one."""
    return before is not None and bool(_texts(before) & _texts(after.to_json()))


def _texts(script: Mapping[str, Any]) -> set[str]:
    names = ("voiceover_text", "video_prompt_template", "headline", "subline")
    found = {str(scene.get(name, "")).strip() for scene in script.get("scenes", ()) for name in names}
    return {text for text in (*found, str(script.get("cta_line", ""))) if text}


def _kept(script: Script, settings: Settings) -> Blob:
    """Take a script in where workers find it."""
    place = keeping.open_shelf(settings)
    with keeping.writing_on(place), place.workplace() as folder:
        path = folder / "script.json"
        path.write_text(json.dumps(script.to_json(), ensure_ascii=False), encoding="utf-8")
        return place.put(path)

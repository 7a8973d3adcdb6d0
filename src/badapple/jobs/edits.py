"""Ads that are changed: a scene anew, other words, another framing, an earlier version again.

An edit is a job of its own with a `parent_id`. What it does not change is found again by its key and costs nothing.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from badapple.database import Job, open_database
from badapple.errors import ConflictError, InputError, MissingCapError, MissingKeyError
from badapple.jobs import caps, family, queue, sources
from badapple.jobs.approval import approve, put_script
from badapple.jobs.changes import Changes, ordered, rewritten
from badapple.jobs.views import of
from badapple.models import SCENES, JobStatus
from badapple.providers.choice import agreed, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from badapple.config import Settings
    from badapple.jobs.idempotency import Claim
    from badapple.jobs.orders import JobOrder
    from badapple.jobs.sources import Source
    from badapple.providers.choice import Choice

__all__ = ["Planned", "approve", "edit", "plan_edit", "plan_regenerate", "put_script", "regenerate", "restore"]

_ENDED = (JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.CANCELLED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An edit as it would be queued.

    Attributes:
        source: the job that it is an edit of.
        order: of the edit, without the script that it is handed.
        change: what is different, for people.
        script: what it will say, handed in, or None where it is written or found as before.
        origin: signature of the maker whose script that is an edit of, or None.
        anew: says of who makes what whether the change may have vendors make something.
        asked: a vendor is asked for by this very edit: what was agreed to before is not for it.
    """

    source: Source
    order: JobOrder
    change: str
    anew: Callable[[Choice], bool]
    script: Mapping[str, Any] | None = None
    origin: str | None = None
    asked: bool = False

    @property
    def own_script(self) -> bool:
        """Whether its script is handed in, not written."""
        return self.script is not None or "script" in self.order.files

    def bounded(self, settings: Settings) -> bool:
        """Say whether somebody said what it may cost."""
        return agreed(self.order.options.makers, settings) or (self.order.agreed and not self.asked)

    def laid(self, folder: Path) -> JobOrder:
        """Return the whole order; its script is written into the folder."""
        makers = replace(self.order.options.makers, shared=None, shared_cost=None)  # an edit is no variant
        options = replace(self.order.options, approval=False, fresh=False, makers=makers)
        files = dict(self.order.files)
        if self.script is not None:
            path = folder / "script.json"
            path.write_text(json.dumps(self.script, ensure_ascii=False), encoding="utf-8")
            options = replace(options, script=path, script_from=self.origin)
            files.pop("script", None)
        return replace(self.order, options=options, files=files, quoted=None)


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
    return _submit(plan_regenerate(job_id, scene, settings, owner=owner), settings, claim=claim)


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
        ConflictError: the job has not ended, has no script whose words could be changed, or no photo that could be
            framed otherwise.
        InputError: nothing is changed, or what is changed cannot be used.
        ScriptError: the new script breaks a rule; names the field.
        UnknownStyleError: there is no such style.
        MissingKeyError: a vendor is asked for whose key is not set.
        MissingCapError: vendors would be paid, and nobody said what they may cost.
        LimitExceededError: as `queue.submit`, or nothing is left of the owner's cap for today (`daily_cap`).
    """
    return _submit(plan_edit(job_id, changes, settings, owner=owner), settings, claim=claim)


def restore(job_id: str, settings: Settings, *, owner: str | None = None, claim: Claim | None = None) -> str:
    """Queue an earlier version again, as the newest one; all of its parts are found. Return the new job's id.

    Args:
        job_id: the version; it has to have a video.
        settings: where things lie.
        owner: whose the job must be; None takes anybody's.
        claim: as for `queue.submit`.

    Raises:
        NotFoundError: there is no such job of this owner.
        ConflictError: it has no video, or is the newest version that has one.
        MissingCapError: as `edit`, for parts that are gone.
        LimitExceededError: as `queue.submit`.
    """
    with Session(open_database(settings.database_url)) as session:
        row = _ended(session, job_id, owner)
        here = next((one for one in family.members(session, row) if one.id == job_id), None)
        source = sources.read(session, row)
    if not source.completed or (here is not None and not here.finished):
        raise ConflictError(f"the job {job_id!r} has no video", hint="retry it, or take a version that has one")
    if here is not None and here.current:
        raise ConflictError(f"the job {job_id!r} is the newest version already", hint="take an earlier one")
    number = here.number if here is not None else 1
    planned = Planned(
        source=source, order=source.order, change=f"version {number} restored", script=source.kept,
        origin=source.origin, anew=lambda _: False,
    )  # fmt: skip
    return _submit(planned, settings, claim=claim)


def plan_regenerate(job_id: str, scene: int, settings: Settings, *, owner: str | None = None) -> Planned:
    """Return what `regenerate` would queue; nothing is queued.

    Raises:
        NotFoundError: there is no such job of this owner.
        InputError: there is no such scene.
        ConflictError: the job has not ended.
    """
    if scene not in range(1, SCENES + 1):
        raise InputError(f"there is no scene {scene}", hint="scenes have the ids 1 to 4")
    with Session(open_database(settings.database_url)) as session:
        row = _ended(session, job_id, owner)
        source = sources.read(session, row)
        take = 1 + family.last_take(session, row, scene)
    one, two, three, four = (
        take if number == scene else before for number, before in enumerate(source.order.options.takes, start=1)
    )
    order = replace(source.order, options=replace(source.order.options, takes=(one, two, three, four)))
    return Planned(
        source=source, order=order, change=f"scene {scene} redone", script=source.kept, origin=source.origin,
        anew=lambda chosen: chosen.video is not None,
    )  # fmt: skip


def plan_edit(job_id: str, changes: Changes, settings: Settings, *, owner: str | None = None) -> Planned:
    """Return what `edit` would queue; nothing is queued.

    Raises:
        BadappleError: as `edit`, but for what it may cost.
    """
    changes.check()
    with Session(open_database(settings.database_url)) as session:
        source = sources.read(session, _ended(session, job_id, owner))
    if changes.framings and "photo" not in source.order.paths and "photo" not in source.order.files:
        raise ConflictError(
            f"the job {job_id!r} has no photo: its scenes are made of words, and nothing in them can be framed",
            hint="leave the framing out",
        )
    order = queue.check(ordered(source.order, changes), settings)
    words, origin = source.kept, source.origin
    if changes.of_words or (changes.style is not None and source.script is not None):
        if source.script is None and changes.script is None:
            raise ConflictError(f"the job {job_id!r} has no script yet", hint="retry it first")
        written = rewritten(source.script or {}, changes, order, settings, offer=source.offer)
        words, origin = written.to_json(), origin if sources.shares_words(source.script, written) else None
    return Planned(
        source=source, order=order, change=changes.told, script=words, origin=origin,
        anew=lambda chosen: changes.of_goods or (bool(changes.framings) and chosen.video is not None),
        asked=changes.voice_by == "elevenlabs",
    )  # fmt: skip


def _submit(planned: Planned, settings: Settings, *, claim: Claim | None) -> str:
    """Queue an edit."""
    _check_money(planned, settings)
    source = planned.source
    child = queue.Child(parent=source.job_id, group=source.group, change=planned.change, script=planned.script)
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        return queue.submit(
            planned.laid(Path(folder)), settings, owner=source.owner,
            priority=next((name for name in _names() if queue.PRIORITIES[name] == source.priority), "normal"),
            child_of=child, claim=claim,
        )  # fmt: skip


def _names() -> tuple[queue.Priority, ...]:
    return ("low", "normal", "high")


def _check_money(planned: Planned, settings: Settings) -> None:
    """Refuse an edit that would be paid for where nobody said what it may cost, or where today's cap is used up.

    Raises:
        MissingKeyError: the vendor that is asked for has no key.
        MissingCapError: there is no cap.
        LimitExceededError: nothing is left of the owner's cap for today.
    """
    order, chosen, bounded = planned.order, None, planned.bounded(settings)
    try:
        chosen = choose(order.options.makers, settings, agreed=order.agreed, own_script=planned.own_script)
    except MissingKeyError:
        if planned.asked and bounded:
            raise  # else the workers may have it
    if chosen is not None and not chosen.vendors:
        return
    if not bounded:
        raise MissingCapError(
            "vendors would be paid, and the job that this is an edit of says nothing of what it may cost",
            hint="ask for the ad anew, with a cap (--max-cost, max_cost_usd), or made offline",
        )
    if not planned.source.completed or chosen is None or planned.anew(chosen):
        with Session(open_database(settings.database_url)) as session:
            caps.check_left(session, planned.source.owner, settings)


def _ended(session: Session, job_id: str, owner: str | None) -> Job:
    row = of(session, job_id, owner=owner)
    if row.awaiting is not None:
        raise ConflictError(
            f"the job {job_id!r} waits for approval of its script", hint="change that script, approve it, or cancel it"
        )
    if row.status not in _ENDED:
        raise ConflictError(f"the job {job_id!r} is {row.status}", hint="wait until it has ended, or cancel it")
    return row

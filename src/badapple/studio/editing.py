"""From the plain form of an ad's words to another version, or to its script where that waits for approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from badapple.api.edit_schemas import EditRequest
from badapple.errors import InputError
from badapple.jobs import details, edits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badapple.config import Settings
    from badapple.jobs.changes import SceneChange
    from badapple.jobs.details import JobDetail
    from badapple.jobs.idempotency import Claim

__all__ = ["change"]

_WORDS = ("headline", "voiceover_text")


def change(
    job_id: str,
    filled: Mapping[str, str],
    settings: Settings,
    *,
    owner: str | None = None,
    claim: Claim | None = None,
) -> str:
    """Make of an ad what a form says, and return the job to go on to; blocks.

    Args:
        job_id: the ad; it has ended, or waits for approval of its script.
        filled: `headline-1`, `voiceover_text-1` and so on by the scenes' ids, `cta_text`, and `captions` and `music`,
            which are `on` where they are wanted; what is missing stays as it is.
        settings: where things lie.
        owner: whose it must be; None takes anybody's.
        claim: as for `queue.submit`.

    Raises:
        RequestValidationError: a field cannot be used.
        InputError: nothing is different.
        BadappleError: as `edits.edit` and `edits.put_script`.
    """
    found = details.detail(job_id, settings, owner=owner)
    wanted = _wanted(found, filled)
    if not wanted:
        raise InputError("nothing is changed", hint="change a word, then send it again")
    try:
        changes = EditRequest.model_validate(wanted).changes()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in wrong]) from error
    if found.awaiting is None:
        return edits.edit(job_id, changes, settings, owner=owner, claim=claim)
    script = _script(found, changes.scenes, changes.cta_text)
    edits.put_script(job_id, script, settings, owner=owner)
    return job_id


def _wanted(job: JobDetail, filled: Mapping[str, str]) -> dict[str, Any]:
    """Return what differs from the ad, as an edit says it."""
    scenes = []
    for scene in job.scenes:
        told = {name: filled.get(f"{name}-{scene.id}", "").strip() for name in _WORDS if f"{name}-{scene.id}" in filled}
        differs = {name: text for name, text in told.items() if text != getattr(scene, name)}
        scenes += [{"id": scene.id, **differs}] if differs else []
    wanted: dict[str, Any] = {"scenes": scenes} if scenes else {}
    if (cta := filled.get("cta_text", job.end_card.cta).strip()) != job.end_card.cta:
        wanted["cta_text"] = cta
    if job.awaiting is None and "choices" in filled:  # a box without a tick sends nothing
        captions, music = filled.get("captions") == "on", filled.get("music") == "on"
        if captions != bool(job.options.get("captions", True)):
            wanted["captions"] = captions
        if music != (job.options.get("music") != "off"):
            wanted["music"] = "style" if music else "off"
    return wanted


def _script(job: JobDetail, scenes: Mapping[int, SceneChange], cta: str | None) -> dict[str, Any]:
    body = dict(job.script or {})
    body["scenes"] = [{**scene, **_texts(scenes.get(scene["id"]))} for scene in body.get("scenes", ())]
    return body if cta is None else {**body, "cta": cta, "cta_voiceover": None}


def _texts(one: SceneChange | None) -> Mapping[str, str]:
    return {name: text for name in _WORDS if one is not None and (text := getattr(one, name)) is not None}

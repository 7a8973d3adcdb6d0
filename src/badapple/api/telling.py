"""Jobs as the API tells of them: addresses instead of paths, dollars instead of micro-dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from badapple.api.addresses import job_address, socket_address
from badapple.api.job_answers import (
    EndCard,
    FamilyVersion,
    JobDetail,
    JobFailure,
    JobLinks,
    JobSummary,
    Money,
    Part,
    PartFile,
    Scene,
    Stage,
    Version,
)
from badapple.api.problems import api_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import HTTPConnection

    from badapple.jobs import JobView, details
    from badapple.jobs.detail_views import CardView, PartView, SceneView, VersionView
    from badapple.jobs.family import Member

__all__ = ["detail_of", "family_version_of", "links_of", "summary_of"]

#: Class of the error below a failure -> one word, where a vendor gave no reason.
_WORDS = {
    "PhotoError": "photo", "ScriptError": "script", "QualityError": "quality", "BudgetError": "budget",
    "DiskError": "disk", "StorageError": "storage", "OutOfMemoryError": "memory", "MediaError": "media",
    "JobTimeoutError": "timeout", "PoisonJobError": "crashed", "MissingKeyError": "key", "MissingFontError": "font",
    "UnknownStyleError": "style", "OutcomeUnknownError": "needs_decision", "InputError": "input",
    "ConfigError": "setup",
}  # fmt: skip
_FILES = {
    "video": "/video", "poster": "/poster", "captions_vtt": "/captions.vtt", "captions_srt": "/captions.srt",
    "qa": "/qa", "manifest": "/manifest",
}  # fmt: skip
_SUMMARY = (
    "status", "awaiting", "product_name", "style", "cta_text", "progress", "position", "priority", "attempt",
    "error_message", "parent_id", "group_id", "created_at", "started_at", "ended_at",
)  # fmt: skip


def links_of(connection: HTTPConnection, job_id: str, *, finished: bool) -> JobLinks:
    """Return where to go from a job."""
    there = {name: job_address(connection, job_id, path) for name, path in _FILES.items()} if finished else {}
    return JobLinks(
        self=job_address(connection, job_id), events=job_address(connection, job_id, "/events"),
        websocket=socket_address(connection, job_id), **there,
    )  # fmt: skip


def summary_of(view: JobView, connection: HTTPConnection) -> JobSummary:
    """Return a job as lists show it."""
    return JobSummary(**_summary(view, connection))


def detail_of(found: details.JobDetail, connection: HTTPConnection) -> JobDetail:
    """Return a job with everything in it."""
    money = found.money

    def part(one: PartView) -> Part:
        return _part(one, connection, found.job.id)

    return JobDetail(
        **_summary(found.job, connection), seq=found.seq, change=found.change, has_photo=found.has_photo,
        stages=[Stage.model_validate(stage, from_attributes=True) for stage in found.job.stages],
        script=dict(found.script) if found.script is not None else None, options=dict(found.options),
        scenes=[_scene(scene, {name: part(one) for name, one in scene.assets.items()}) for scene in found.scenes],
        end_card=_card(found.end_card, {name: part(one) for name, one in found.end_card.assets.items()}),
        parts=[part(one) for one in found.parts],
        money=Money(
            charged_usd=money.charged / 1e6, under_way_usd=money.under_way / 1e6,
            possibly_charged_usd=money.possibly_charged / 1e6, cap_usd=_dollars(money.cap),
            quoted_usd=_dollars(money.quoted),
        ),
        ancestors=[_version(one, connection) for one in found.ancestors],
        children=[_version(one, connection) for one in found.children],
    )  # fmt: skip


def _summary(view: JobView, connection: HTTPConnection) -> dict[str, Any]:
    links = links_of(connection, view.id, finished=view.status == "completed" and view.video_url is not None)
    return {
        "job_id": view.id, **{name: getattr(view, name) for name in _SUMMARY}, "cost_usd": view.cost / 1e6,
        "video_url": links.video, "error": _failure(view), "links": links,
    }  # fmt: skip


def _part(one: PartView, connection: HTTPConnection, job_id: str) -> Part:
    place = f"/parts/{quote(one.label, safe='')}/"
    files = [
        PartFile(
            name=file.name, media_type=file.media_type, size=file.size, sha256=file.sha256,
            url=job_address(connection, job_id, place + quote(file.name, safe="")),
        )
        for file in one.files
    ]  # fmt: skip
    same = {name: getattr(one, name) for name in ("label", "kind", "stage", "state", "seconds", "attempt")}
    return Part.model_validate({**same, "maker": dict(one.maker), "cost_usd": one.cost / 1e6, "files": files})


def _scene(scene: SceneView, assets: Mapping[str, Part]) -> Scene:
    names = ("id", "position", "headline", "subline", "voiceover_text", "prompt", "take", "framing", "start")
    same: dict[str, Any] = {name: getattr(scene, name) for name in (*names, "duration")}
    return Scene(**same, points=list(scene.points), assets=dict(assets))


def _card(card: CardView, assets: Mapping[str, Part]) -> EndCard:
    return EndCard(
        cta=card.cta, line=card.line, voiceover=card.voiceover, start=card.start, duration=card.duration,
        assets=dict(assets),
    )  # fmt: skip


def _version(one: VersionView, connection: HTTPConnection) -> Version:
    done = one.status == "completed" and one.video_url is not None
    body = {"job_id": one.id, "parent_id": one.parent_id, "status": one.status, "change": one.change}
    url = job_address(connection, one.id, "/video") if done else None
    return Version.model_validate({**body, "created_at": one.created_at, "video_url": url})


def family_version_of(one: Member, connection: HTTPConnection) -> FamilyVersion:
    """Return a version of an ad."""
    return FamilyVersion.model_validate({
        "job_id": one.id, "parent_id": one.parent_id, "number": one.number, "change": one.change, "status": one.status,
        "created_at": one.created_at, "cost_usd": one.cost / 1e6, "current": one.current,
        "links": links_of(connection, one.id, finished=one.finished),
    })  # fmt: skip


def _failure(view: JobView) -> JobFailure | None:
    if view.status != "failed":
        return None
    facts = view.failure or {}
    cause = facts.get("cause") or {}
    reason, kind = (cause.get("facts") or {}).get("reason"), str(cause.get("type"))
    code = _WORDS.get(kind, "failed") if reason in {None, "unknown"} or kind == "OutcomeUnknownError" else str(reason)
    return JobFailure(
        code=code, message=view.error_message or "the job failed", stage=facts.get("stage"),
        hint=api_words(str(facts.get("hint") or "")), retryable=bool(facts.get("retryable")),
        charged_usd=int(facts.get("charged") or 0) / 1e6,
        possibly_charged_usd=int(facts.get("possibly_charged") or 0) / 1e6,
    )  # fmt: skip


def _dollars(amount: int | None) -> float | None:
    return None if amount is None else amount / 1e6

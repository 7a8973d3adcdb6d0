"""All there is to know of one job: its script, scene by scene, its parts with their files, its money, its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, and_, case, null, or_, select, type_coerce
from sqlalchemy.orm import Session

from badapple.cache import Blob
from badapple.costs import report
from badapple.database import Job, Part, Receipt, open_database
from badapple.errors import NotFoundError
from badapple.jobs import orders
from badapple.jobs.detail_views import (
    CardView,
    ErrorView,
    FileView,
    JobDetail,
    MoneyView,
    PartView,
    SceneView,
    VersionView,
)
from badapple.jobs.keeping import open_cache
from badapple.jobs.leftovers import parts_of
from badapple.jobs.views import of, views_of
from badapple.models import FPS, SCENES, JobStatus, Script, StageName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Select

    from badapple.config import Settings
    from badapple.costs.report import Spent
    from badapple.jobs.orders import JobOrder
    from badapple.jobs.views import JobView

__all__ = ["JobDetail", "detail", "part_blob", "part_file", "script_of"]

_MEDIA = {
    ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".m4a": "audio/mp4", ".wav": "audio/wav", ".png": "image/png",
    ".jpg": "image/jpeg", ".json": "application/json",
}  # fmt: skip
_STAGES = {
    "product": StageName.SCRIPT_GEN, "script": StageName.SCRIPT_GEN, "voice": StageName.VOICE_GEN,
    "footage": StageName.VIDEO_GEN, "card": StageName.CTA_GEN,
}  # fmt: skip
_DEEP = 100  #: generations of edits that are looked back


def detail(job_id: str, settings: Settings, *, owner: str | None = None) -> JobDetail:
    """Return all there is to know of a job, also while it runs; blocks for a few short queries.

    Args:
        job_id: the job.
        settings: where the database is, and the cap.
        owner: whose it must be; None looks at everybody's.

    Raises:
        NotFoundError: there is no such job of this owner.
    """
    with Session(open_database(settings.database_url)) as session:
        row = of(session, job_id, owner=owner)
        seq, order, kept = row.seq, orders.of_row(row), row.options or {}
        view = views_of(session, [row])[0]
        parts, script = _parts(session, row)
        spent = report.total(report.per_job(session, job_id))
        ancestors, children = _versions(session, row)
    written = Script.from_json(script) if script is not None else None
    by_label = {part.label: part for part in parts}
    body = orders.to_json(order)["options"]
    return JobDetail(
        job=view, seq=seq, script=script, scenes=_scenes(written, order, by_label), end_card=_card(written, by_label),
        parts=parts, money=_money(spent, order, settings), error=_error(view), ancestors=ancestors,
        children=children, change=str(kept.get("change", "")), awaiting=view.awaiting, options=body,
        has_photo="photo" in order.files or order.photo is not None,
    )  # fmt: skip


def script_of(session: Session, row: Job) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    """Return a job's script in the public shape, None where there is none, and who wrote it."""
    wanted = _with_files(row).where(Part.label == "script")
    found = session.execute(wanted).first()
    if found is not None and found.facts is not None:
        return found.facts["script"], found.Part.maker
    script: Mapping[str, Any] | None = (row.options or {}).get("script")
    if script is None and (keys := parts_of(row)):
        old = session.scalars(select(Receipt).where(Receipt.key.in_(keys), Receipt.kind == "script")).first()
        return (old.facts.get("script"), old.maker) if old is not None else (None, {})
    return script, {}


def part_file(job_id: str, label: str, file: str, settings: Settings, *, owner: str | None = None) -> Path:
    """Return where a file of a part lies on this machine; it is fetched from the storage if need be. Blocks.

    Args:
        job_id: the job.
        label: of the part, as `JobDetail` has it.
        file: name of the file within the part, likewise.
        settings: where database, cache and storage are.
        owner: whose job it must be; None looks at everybody's.

    Raises:
        NotFoundError: there is no such job of this owner, no such part or file, or it is gone.
        StorageError: the storage cannot be asked.
    """
    path = open_cache(settings).get(part_blob(job_id, label, file, settings, owner=owner))
    if path is None:
        raise NotFoundError(f"the file of {label!r} is gone from the cache", hint="the video itself is kept longer")
    return path


def part_blob(job_id: str, label: str, file: str, settings: Settings, *, owner: str | None = None) -> Blob:
    """Return what a file of a part is, by its content; it may lie here, in the storage, or be gone.

    Raises:
        NotFoundError: there is no such job of this owner, or no such finished part or file.
    """
    with Session(open_database(settings.database_url)) as session:
        row = of(session, job_id, owner=owner)
        found = session.execute(_with_files(row).where(Part.label == label)).first()
        files = found.files if found is not None else _old_files(session, row, label)
    entry = (files or {}).get(file)
    if entry is None:
        raise NotFoundError(f"the job {job_id!r} has no finished part {label!r} with a file {file!r}")
    return Blob(sha256=entry["sha256"], size=entry["size"], suffix=entry.get("suffix", ""))


def _with_files(row: Job) -> Select[Any]:
    """Select a job's parts, each with the files of its receipt, and with its facts where it is the script."""
    finished = and_(Receipt.key == Part.key, Receipt.state == "collected", Part.state.in_(("done", "reused")))
    facts = type_coerce(case((Part.kind == "script", Receipt.facts), else_=null()), JSON).label("facts")
    return select(Part, Receipt.files, facts).outerjoin(Receipt, finished).where(Part.job_id == row.id)


def _old_files(session: Session, row: Job, label: str) -> Mapping[str, Any] | None:
    keys = parts_of(row)
    wanted = select(Receipt.files).where(Receipt.key.in_(keys), Receipt.label == label, Receipt.state == "collected")
    return session.scalar(wanted.limit(1)) if keys else None


def _parts(session: Session, row: Job) -> tuple[tuple[PartView, ...], Mapping[str, Any] | None]:
    """Return the parts, and the script where it is written."""
    found = session.execute(_with_files(row).order_by(Part.label)).all()
    script: Mapping[str, Any] | None = (row.options or {}).get("script")
    script = next(
        (one.facts["script"] for one in found if one.facts is not None and one.Part.label == "script"), script
    )
    going = row.status == JobStatus.PROCESSING.value
    parts = tuple(
        PartView(
            label=part.label, kind=part.kind, stage=part.stage,
            state="pending" if part.state == "started" and not going else part.state, maker=part.maker,
            cost=part.cost, seconds=part.seconds, attempt=part.attempt, files=_files(files),
        )
        for part, files, _ in found
    )  # fmt: skip
    return (parts, script) if parts else _old_parts(session, row, script)


def _old_parts(
    session: Session, row: Job, script: Mapping[str, Any] | None
) -> tuple[tuple[PartView, ...], Mapping[str, Any] | None]:
    """Return the parts of a job that an earlier release made: it wrote down their keys alone."""
    keys = parts_of(row)
    if not keys:
        return (), script
    rows = session.scalars(
        select(Receipt).where(Receipt.key.in_(keys), Receipt.state == "collected").order_by(Receipt.label)
    ).all()
    script = next((one.facts.get("script") for one in rows if one.kind == "script"), script)
    return tuple(
        PartView(
            label=one.label or one.kind, kind=one.kind, state="done", maker=one.maker, cost=0, seconds=one.seconds,
            stage=_STAGES.get(one.kind, StageName.COMPOSITING).value, attempt=row.attempt, files=_files(one.files),
        )
        for one in rows
    ), script  # fmt: skip


def _files(files: Mapping[str, Any] | None) -> tuple[FileView, ...]:
    return tuple(
        FileView(
            name=name, size=entry["size"], sha256=entry["sha256"],
            media_type=_MEDIA.get(entry.get("suffix", ""), "application/octet-stream"),
        )
        for name, entry in sorted((files or {}).items())
    )  # fmt: skip


def _scenes(script: Script | None, order: JobOrder, parts: Mapping[str, PartView]) -> tuple[SceneView, ...]:
    if script is None:
        return tuple(SceneView(id=number, position=number) for number in range(1, SCENES + 1))
    return tuple(
        SceneView(
            id=scene.id, position=place, headline=scene.headline, subline=scene.subline, points=scene.points,
            voiceover_text=scene.voiceover_text, prompt=scene.video_prompt_template,
            take=order.options.takes[scene.id - 1], framing=order.options.framings[scene.id - 1],
            start=script.starts[place - 1] / FPS, duration=scene.frames / FPS,
            assets=_assets(parts, voice=f"voice {place}", footage=f"footage {scene.id}", segment=f"scene {place}"),
        )
        for place, scene in enumerate(script.scenes, start=1)
    )  # fmt: skip


def _card(script: Script | None, parts: Mapping[str, PartView]) -> CardView:
    assets = _assets(parts, card="end card", segment="end scene")
    if script is None:
        return CardView(assets=assets)
    return CardView(
        cta=script.cta, line=script.cta_line, voiceover=script.cta_voiceover, start=script.starts[-1] / FPS,
        duration=script.cta_frames / FPS, assets=assets,
    )  # fmt: skip


def _assets(parts: Mapping[str, PartView], **labels: str) -> dict[str, PartView]:
    return {name: parts[label] for name, label in labels.items() if label in parts}


def _money(spent: Spent, order: JobOrder, settings: Settings) -> MoneyView:
    own = order.options.makers.max_cost
    return MoneyView(
        charged=spent.charged, under_way=spent.under_way, possibly_charged=spent.possibly_charged,
        cap=own if own is not None else settings.max_cost, quoted=order.quoted,
    )  # fmt: skip


def _error(view: JobView) -> ErrorView | None:
    if view.status != JobStatus.FAILED.value:
        return None
    facts = view.failure or {}
    cause = facts.get("cause") or {}
    return ErrorView(
        message=view.error_message or "", hint=facts.get("hint") or "", type=cause.get("type"),
        reason=(cause.get("facts") or {}).get("reason"), stage=facts.get("stage"),
        retryable=bool(facts.get("retryable")), charged=facts.get("charged") or 0,
        possibly_charged=facts.get("possibly_charged") or 0,
    )  # fmt: skip


def _versions(session: Session, row: Job) -> tuple[tuple[VersionView, ...], tuple[VersionView, ...]]:
    """Return the jobs that one came from, and its edits, all of the same owner; one query."""
    back = select(Job.id, Job.parent_id).where(Job.id == row.parent_id).cte(recursive=True)
    # UNION, not UNION ALL: rows that were made to name each other end it too.
    back = back.union(select(Job.id, Job.parent_id).join(back, Job.id == back.c.parent_id))
    columns = (Job.id, Job.owner, Job.parent_id, Job.status, Job.options, Job.created_at, Job.video_url)
    family = select(*columns).where(or_(Job.id.in_(select(back.c.id)), Job.parent_id == row.id))
    found = {
        one.id: VersionView(
            id=one.id, parent_id=one.parent_id, status=one.status, change=str((one.options or {}).get("change", "")),
            created_at=one.created_at, video_url=one.video_url,
        )
        for one in session.execute(family.order_by(Job.created_at, Job.id))
        if one.owner == row.owner and one.id != row.id  # the query goes by family: an owner may have many jobs
    }  # fmt: skip
    ancestors: list[VersionView] = []
    parent = row.parent_id
    while parent in found and len(ancestors) < _DEEP:
        one = found.pop(parent)
        ancestors.insert(0, one)
        parent = one.parent_id or ""
    children = tuple(one for one in found.values() if one.parent_id == row.id)
    return tuple(ancestors), children

"""What an edit starts from: a job's order, its script, and who wrote that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badapple import __version__
from badapple.jobs import orders
from badapple.jobs.details import script_of
from badapple.models import JobStatus, SceneOffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from badapple.database import Job
    from badapple.jobs.orders import JobOrder
    from badapple.models import Script

__all__ = ["Source", "read", "shares_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A job that is changed.

    Attributes:
        job_id: the job.
        owner: whose it is.
        group: shared by variants, or None.
        priority: as its row has it.
        completed: whether all of its parts were made; of another job any may be missing.
        order: how it was asked for.
        script: in the public shape, or None while it is not written.
        origin: signature of the maker who wrote the script, or of the one it is an edit of; None where that is nobody.
        offer: what its scene renderer sells; any length where that was not written down.
        would_differ: whether the same order would have another script written now: it is handed on as it is then.
    """

    job_id: str
    owner: str
    group: str | None
    priority: int
    completed: bool
    order: JobOrder
    script: Mapping[str, Any] | None
    origin: str | None
    offer: SceneOffer
    would_differ: bool

    @property
    def kept(self) -> Mapping[str, Any] | None:
        """The script that an edit of anything else has to be handed, or None where it is found again."""
        return self.script if self.would_differ else None


def read(session: Session, row: Job) -> Source:
    """Return what is known of a job that is to be changed."""
    order, kept = orders.of_row(row), row.options or {}
    script, maker = script_of(session, row)
    written = maker.get("name") not in {None, "", "file"}
    lengths = kept.get("offer") or ()
    return Source(
        job_id=row.id, owner=row.owner, group=row.group_id, priority=row.priority,
        completed=row.status == JobStatus.COMPLETED.value, order=order, script=script,
        origin=f"{maker['name']}:{maker['model']}" if written else order.options.script_from,
        offer=SceneOffer(lengths=tuple(int(length) for length in lengths), frames=not lengths),
        would_differ=kept.get("version", __version__) != __version__ or "script" in kept.get("stood_in", ()),
    )  # fmt: skip


def shares_words(before: Mapping[str, Any] | None, after: Script) -> bool:
    """Say whether a script still has words of another one."""
    return before is not None and bool(_texts(before) & _texts(after.to_json()))


def _texts(script: Mapping[str, Any]) -> set[str]:
    names = ("voiceover_text", "video_prompt_template", "headline", "subline")
    found = {str(scene.get(name, "")).strip() for scene in script.get("scenes", ()) for name in names}
    return {text for text in (*found, str(script.get("cta_line", ""))) if text}

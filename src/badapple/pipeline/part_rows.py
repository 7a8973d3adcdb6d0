"""The rows that say where each part of a job is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite

from badapple.assets.runner import key_of
from badapple.database import Part
from badapple.database.tables import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from badapple.models import Asset, AssetRequest

__all__ = ["PartNews", "forget_unfinished", "write"]

_LABEL = 64  #: characters of a part's name that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNews:
    """What happened to one part.

    Attributes:
        label: its name within the job, e.g. `footage 2`.
        stage: name of the stage it belongs to.
        kind: kind of the asset.
        key: of its receipt.
        state: `started`, `done`, `reused` or `failed`.
        maker: name and model of who makes it; whether it is generated, once it is made.
        cost: micro-dollars paid for it now.
        seconds: what making it took.
    """

    label: str
    stage: str
    kind: str
    key: str
    state: str
    maker: dict[str, Any] = field(default_factory=dict)
    cost: int = 0
    seconds: float = 0.0

    @classmethod
    def of_request(cls, request: AssetRequest, state: str) -> PartNews:
        """Return the news of a part that is `started`, or has `failed`."""
        name, _, model = str(request.params.get("by", "")).partition(":")
        return cls(
            label=request.label or request.kind, stage=request.stage.value, kind=request.kind, key=key_of(request),
            state=state, maker={"name": name, "model": model} if name else {},
        )  # fmt: skip

    @classmethod
    def of_asset(cls, request: AssetRequest, asset: Asset) -> PartNews:
        """Return the news of a part that is there."""
        return cls(
            label=request.label or request.kind, stage=request.stage.value, kind=asset.kind, key=asset.key,
            state="reused" if asset.reused else "done", maker=asdict(asset.maker),
            cost=0 if asset.reused else asset.cost, seconds=asset.seconds,
        )  # fmt: skip


def write(session: Session, job_id: str, attempt: int, news: Sequence[PartNews]) -> None:
    """Write what happened to parts; a part that is found again keeps what was paid for it under this job.

    Args:
        session: in a transaction that holds the job's row.
        job_id: the job.
        attempt: the attempt under way.
        news: one after the other.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for one in news:
        row = {**asdict(one), "label": one.label[:_LABEL], "job_id": job_id, "attempt": attempt, "updated_at": now()}
        entry = insert(Part).values(row)
        fresh = entry.excluded
        found = (Part.key == fresh.key) & (fresh.state == "reused")
        made_now = found & (Part.attempt == fresh.attempt) & (Part.state == "done")
        change: dict[str, Any] = {name: fresh[name] for name in row if name not in {"job_id", "label"}}
        change |= {
            "cost": case((found, Part.cost), else_=fresh.cost),
            "state": case((made_now, Part.state), else_=fresh.state),  # an earlier run of this attempt made it
        }
        session.execute(entry.on_conflict_do_update(index_elements=[Part.job_id, Part.label], set_=change))


def forget_unfinished(session: Session, job_id: str, attempt: int) -> None:
    """Forget the parts that earlier attempts have not finished: a new one begins them anew, or does without."""
    unfinished = Part.state.in_(("started", "failed"))
    session.execute(
        delete(Part)
        .where(Part.job_id == job_id, Part.attempt < attempt, unfinished)
        .execution_options(synchronize_session=False)
    )

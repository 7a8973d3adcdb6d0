"""What one job works with, and what it says of money."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from badapple.costs import report
from badapple.costs.money import dollars
from badapple.errors import JobTakenOverError
from badapple.journal import decisions
from badapple.process import Aside, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from badapple.costs.report import Spent
    from badapple.models import MakeOptions
    from badapple.pipeline.asset_manager import AssetManager
    from badapple.pipeline.delivery import Delivery
    from badapple.pipeline.progress import Progress
    from badapple.pipeline.stages import JobRows
    from badapple.process import P, T
    from badapple.providers.purchasing import Purchasing

__all__ = ["Bench", "told", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What one job works with."""

    job_id: str
    rows: JobRows
    progress: Progress
    assets: AssetManager
    options: MakeOptions
    delivery: Delivery
    session: Session | None
    engine: Engine
    threaded: bool
    purchasing: Purchasing | None = None
    timeout: float = 7200.0
    attempt: int | None = None
    request: dict[str, Any] | None = None

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do database work off the event loop, unless the database lives in this thread."""
        return await Aside(self.threaded)(work, *args, **kwargs)

    def delivered(self) -> str | None:
        """Return where the finished video is."""
        return self.delivery.url

    async def withdraw(self) -> None:
        """Remove what was delivered of a job that was deleted meanwhile: whoever deleted it could not find it yet."""
        if not await self.call(self.rows.exist):
            await in_thread(self.delivery.withdraw)

    def buying(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Keep the lines to vendors open."""
        return self.purchasing.open() if self.purchasing is not None else contextlib.nullcontext()

    async def spent(self) -> Spent:
        """Return what the job has cost so far."""
        return await self.call(self._spent)

    def _spent(self) -> Spent:
        with Session(self.engine) as session:
            return report.total(report.per_job(session, self.job_id))

    @property
    def awaits_goods(self) -> bool:
        """Whether something is on its way from a vendor."""
        return self.purchasing is not None and self.purchasing.till.busy

    async def settle(self, *, failed: bool = False, patience: float | None = None) -> Spent:
        """Order nothing more, collect what is paid for, and return what the job cost.

        Args:
            failed: a part failed for good.
            patience: seconds after which what is still on its way is left where it is, or None.
        """
        if failed and not self.progress.lost:
            with contextlib.suppress(JobTakenOverError):  # whoever took it over decides
                await self.call(self.rows.close)
        try:
            async with asyncio.timeout(patience):
                if failed or self.assets.stood_in:
                    await self.assets.settle()
                if self.purchasing is not None:
                    await self.purchasing.till.drain()
                    if failed:  # what was about to be sent as it failed holds no money
                        await self.call(decisions.drop_unsent, self.engine, self.purchasing.claims, self.job_id)
        except TimeoutError:
            await self.pause()
        return await self.spent()

    async def pause(self) -> datetime | None:
        """Leave what vendors have with them; return until when it can be fetched, None where they have nothing."""
        if self.purchasing is None:
            return None
        await self.purchasing.till.pause()
        return await self.call(decisions.expires, self.engine, self.job_id)


def told(spent: Spent) -> str:
    """Return what an error says of money; nothing where no money was spent."""
    charged = f"{dollars(spent.charged)} was charged so far, and is not charged again"
    parts = [*([charged] if spent.charged else []), *undecided(spent)]
    return f" ({'; '.join(parts)})" if parts else ""


def undecided(spent: Spent) -> tuple[str, ...]:
    """Return what is said of money that may be charged yet, or may have been."""
    amounts = (
        (spent.under_way, "up to {} is under way"),
        (spent.possibly_charged, "up to {} more may have been charged"),
    )
    return tuple(words.format(dollars(amount)) for amount, words in amounts if amount)

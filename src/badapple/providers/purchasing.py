"""How one job buys: its till, and a line to each vendor."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from badapple.costs.allowance import bounded, lower
from badapple.costs.budget import day_scope, job_scope, shared_scope
from badapple.database.holders import Holder, Watcher
from badapple.journal import Books, Claims, JournalTill
from badapple.limits import Limiter
from badapple.process import in_thread
from badapple.providers import connections
from badapple.providers.line import Line, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from badapple.cache import Cache
    from badapple.config import Settings
    from badapple.providers.replicate.webhook import Doorbells

__all__ = ["OWNER", "PACKAGES", "PATIENCE", "Purchasing", "Stake", "open_purchasing", "stake"]

PACKAGES = {  # vendor -> what has to be installed
    "anthropic": ("anthropic", "genai_prices"),
    "elevenlabs": ("elevenlabs.client",),
    "replicate": ("httpx", "jsonschema"),
}
OWNER = "local"  #: who pays where there is only one
#: How long each vendor is tried. Throttling by Replicate costs only time, so a job outlasts it.
PATIENCE = {
    "anthropic": Patience(attempts=3, seconds=90.0, first=0.5, most=8.0),
    "elevenlabs": Patience(attempts=5, seconds=180.0, first=1.0, most=20.0),
    "replicate": Patience(attempts=8, seconds=600.0, first=1.0, most=30.0),
}


@dataclass(slots=True, kw_only=True)
class Purchasing:
    """What makers need to buy.

    Attributes:
        till: buys each thing once.
        holder: shows that this process lives.
        limiter: concurrency and rate, shared by all who use the database.
        claims: tells which calls somebody works on.
        doorbells: whoever receives webhooks of Replicate rings here, so that a clip is looked at at once; None where
            Replicate makes nothing.
    """

    till: JournalTill
    holder: Holder
    limiter: Limiter
    claims: Claims
    doorbells: Doorbells | None = None
    own_heart: bool = True  #: it shows by itself that the process lives; False where somebody else sees to that
    _lines: dict[str, Line] = field(default_factory=dict)

    def line(self, vendor: str) -> Line:
        """Return the line to a vendor."""
        if vendor not in self._lines:
            self._lines[vendor] = Line(vendor, limiter=self.limiter, patience=PATIENCE[vendor])
        return self._lines[vendor]

    def at(self, settings: Settings, vendor: str) -> dict[str, Any]:
        """Return the keywords that every maker of this vendor takes."""
        own = settings.data_dir / "prices.toml"
        return {
            "access": settings.vendors[vendor],
            "till": self.till,
            "line": self.line(vendor),
            "own_prices": own if own.is_file() else None,
        }

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep connections open, and show other machines that this process lives, for as long as the block runs."""
        self.till.reopen()
        tasks = []
        if self.own_heart:
            tasks = [
                asyncio.ensure_future(self.holder.beating()),
                asyncio.ensure_future(in_thread(_load, tuple(self._lines))),
            ]
        try:
            async with connections.kept():
                yield
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def open_purchasing(
    engine: Engine,
    cache: Cache,
    settings: Settings,
    *,
    job: str,
    max_cost: int | None,
    shared: tuple[str, int | None] | None = None,
    owner: str = OWNER,
    threaded: bool = True,
    ours: Stake | None = None,
    not_now: Callable[[], bool] = lambda: False,
) -> Purchasing:
    """Return how a job buys.

    Args:
        engine: the database.
        cache: where goods are kept.
        settings: caps and the data folder.
        job: who pays.
        max_cost: micro-dollars that the job may cost, or None; a configured cap and the owner's own hold as well.
        shared: name of jobs that have a cap together, and that cap; or None.
        owner: whose money it is.
        threaded: keep database work off the event loop.
        ours: the stake of this process; None takes or finds the usual one.
        not_now: says that this process may send nothing at the moment; what is to be sent waits.
    """
    today, most = datetime.now(UTC).date(), bounded(engine, settings, owner)
    caps = {job_scope(job): lower(max_cost, most.max_cost), day_scope(today, owner): most.max_cost_day}
    if shared is not None:
        caps[shared_scope(shared[0], owner)] = shared[1]
    own_heart = ours is None
    ours = ours or stake(engine, settings.data_dir, threaded=threaded)
    books = Books(engine, cache, ours.claims, job=job, owner=owner, caps=caps)
    till = JournalTill(books, cache, threaded=threaded, not_now=not_now)
    return Purchasing(till=till, holder=ours.holder, limiter=ours.limiter, claims=ours.claims, own_heart=own_heart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What all jobs of one process share: its being alive, its claims, its place in the vendors' lines."""

    holder: Holder
    claims: Claims
    limiter: Limiter


def _load(vendors: tuple[str, ...]) -> None:
    """Load the vendors' packages while the photo is looked at: the first call need not wait for them."""
    for name in (name for vendor in vendors for name in PACKAGES[vendor]):
        with contextlib.suppress(ImportError):  # whoever needs it says so, and how to install it
            importlib.import_module(name)


@lru_cache(maxsize=16)
def stake(engine: Engine, folder: Path, *, threaded: bool = True) -> Stake:
    """Return this process' stake in a database, taken when first asked for."""
    holder, watcher = Holder(engine, folder), Watcher(engine, folder)
    limiter = Limiter(engine, holder, watcher, threaded=threaded)
    return Stake(holder=holder, claims=Claims(holder, watcher.alive), limiter=limiter)


os.register_at_fork(after_in_child=stake.cache_clear)  # a child is another process, with a stake of its own

"""What a job costs in money and time, and whether it may be bought."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from badapple.costs.allowance import bounded
from badapple.costs.money import dollars
from badapple.database import Job, open_database
from badapple.errors import BudgetError, ConfigError, MissingCapError
from badapple.jobs import keeping, queue
from badapple.models import FULL, JobStatus
from badapple.process import in_thread
from badapple.providers.choice import agreed, choose

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder
    from badapple.models import Makers
    from badapple.pipeline.quote import Quote

__all__ = ["Agreed", "agreed_order", "capped", "expected_seconds", "quote", "with_keys"]

_NO_LIMIT = 10**12
#: Seconds that a film takes where none was made yet: drawn here by two processors, small or whole; and bought.
_DRAFT, _FULL, _BOUGHT = 20.0, 60.0, 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """An order that may be submitted: `jobs.submit(agreed.order, settings, at_most=agreed.at_most)`.

    Attributes:
        order: with a cap on what it may cost, or without vendors.
        quote: what it will cost, or None where nothing is bought.
    """

    order: JobOrder
    quote: Quote | None = None

    @property
    def at_most(self) -> int:
        """Micro-dollars that are reserved for it at most."""
        return self.quote.at_most if self.quote is not None else 0


async def quote(
    order: JobOrder, settings: Settings, owner: str = queue.LOCAL, *, as_if_keys: bool = False
) -> Quote:  # fmt: skip
    """Return what an order would cost if all its vendors were paid; nothing is bought or sent.

    The photo is looked at, and a script is drafted here, so that it takes some seconds the first time.

    Args:
        order: its files lie here, or are kept.
        settings: keys, prices, what is paid for already.
        owner: whose parts are looked for.
        as_if_keys: pretend that every vendor's key is set, for those who have none yet.

    Raises:
        InputError: a word or a file cannot be used.
        UnknownStyleError: there is no such style.
        MissingKeyError: a vendor was asked for whose key is not set.
    """
    from badapple.pipeline.orchestrator import create_pipeline_orchestrator  # noqa: PLC0415 - loads the whole pipeline
    from badapple.pipeline.workshop import equip, house_of  # noqa: PLC0415 - as above

    settings = with_keys(settings) if as_if_keys else settings
    order = await in_thread(keeping.fetch, queue.check(order, settings), settings)
    makers = order.options.makers
    cap = makers.max_cost if makers.max_cost is not None else _NO_LIMIT  # only the price is asked for
    options = replace(order.options, makers=replace(makers, max_cost=cap), approval=False)
    job = f"quote {uuid.uuid4().hex}"
    house = await in_thread(house_of, None, settings)
    workshop = await in_thread(equip, job, options, settings, house=house, owner=owner)
    orchestrator = create_pipeline_orchestrator(job, options=options, settings=settings, workshop=workshop)
    photo = str(order.photo) if order.photo is not None else None
    try:
        return await orchestrator.quote(order.product_name, order.style, order.cta_text, photo)
    finally:
        await orchestrator.cleanup()


async def agreed_order(order: JobOrder, settings: Settings, owner: str = queue.LOCAL) -> Agreed:
    """Return the order as it may be submitted by a program: vendors are bought only under a cap.

    The cap is `order.options.makers.max_cost`, or the configured one; without either, `auto` is made offline. A cap
    that the owner set for every job only lowers it.

    Raises:
        MissingKeyError: a vendor was asked for whose key is not set.
        BudgetError: the cap does not cover the quote.
        MissingCapError: vendors are asked for by name without a cap.
        InputError: a word or a file cannot be used.
        UnknownStyleError: there is no such style.
    """
    makers = order.options.makers
    allowed = agreed(makers, settings)
    if not choose(makers, settings, agreed=allowed, own_script=_own_script(order)).vendors:
        return Agreed(order=replace(queue.check(order, settings), agreed=False, quoted=None))
    price = await quote(order, settings, owner)
    if not allowed:
        raise MissingCapError(
            f"the ad is quoted at {dollars(price.estimate)}, and no cap was given; nothing was bought",
            wanted=price.cap,
            hint=f"send max_cost_usd of at least {price.cap / 1e6:.2f}, or make it offline",
        )
    most = await in_thread(bounded, open_database(settings.database_url), settings, owner)
    options = replace(order.options, makers=replace(makers, max_cost=capped(price, makers, most)))
    return Agreed(order=replace(order, options=options, agreed=True, quoted=price.estimate), quote=price)


def capped(quoted: Quote, makers: Makers, settings: Settings) -> int:
    """Return the cap of a job in micro-dollars: what was given, else what the quote says at most.

    Raises:
        BudgetError: it does not cover the quote.
    """
    given = [cap for cap in (makers.max_cost, settings.max_cost) if cap is not None]
    cap = min(given, default=quoted.cap)
    if quoted.estimate > cap:
        raise BudgetError(
            f"the ad is quoted at {dollars(quoted.estimate)}, and the cap is {dollars(cap)}; nothing was bought",
            cap=cap,
            held=0,
            wanted=quoted.estimate,
            hint="raise the cap (--max-cost, max_cost_usd), or give parts to the offline maker (--video-by, video_by)",
        )
    return cap


def with_keys(settings: Settings) -> Settings:
    """Return the settings with a key for every vendor: a price may be asked for by those who have none yet."""
    from badapple.secrets import Secret  # noqa: PLC0415 - rarely needed

    vendors = {
        name: access if access.key is not None else replace(access, key=Secret("none"))
        for name, access in settings.vendors.items()
    }
    return replace(settings, vendors=vendors)


def expected_seconds(order: JobOrder, settings: Settings, *, each: float | None = None) -> float:
    """Return the seconds from now after which a job like this is probably done, if it is submitted now.

    It takes as long as the last finished job of its kind; where there is none, as a fixed guess says. Those that go
    first take as long each, and as many of them at once as are made now.

    Args:
        order: of the job.
        settings: where the database is.
        each: seconds that such a job takes, where that is known.
    """
    from badapple.pipeline.stages import JobRows  # noqa: PLC0415 - loads half of the pipeline

    engine = open_database(settings.database_url)
    canvas = order.options.canvas
    try:
        consent = order.agreed or agreed(order.options.makers, settings)
        hosted = bool(choose(order.options.makers, settings, agreed=consent, own_script=_own_script(order)).vendors)
    except ConfigError:  # its key is elsewhere
        hosted = True
    guess = _BOUGHT if hosted else _FULL if canvas == FULL else _DRAFT
    each = each or JobRows(engine, "").typical_seconds({"canvas": canvas.width, "hosted": hosted}) or guess
    with Session(engine) as session:
        waiting, running = (_count(session, status) for status in (JobStatus.PENDING, JobStatus.PROCESSING))
    return round(each * (1 + waiting / max(1, running)), 1)


def _count(session: Session, status: JobStatus) -> int:
    theirs = (Job.engine.is_(True), Job.awaiting.is_(None), Job.status == status.value)
    return session.scalar(select(func.count()).select_from(Job).where(*theirs)) or 0


def _own_script(order: JobOrder) -> bool:
    return order.options.script is not None or "script" in order.files

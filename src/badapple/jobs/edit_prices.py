"""What an edit costs in money and time, told before it is queued."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from badapple.costs.allowance import bounded, lower
from badapple.database import Job, open_database
from badapple.errors import MissingKeyError
from badapple.jobs import pricing
from badapple.models import JobStatus
from badapple.pipeline.quote import Quote
from badapple.process import in_thread
from badapple.providers.choice import choose

if TYPE_CHECKING:
    from badapple.config import Settings
    from badapple.jobs.edits import Planned

__all__ = ["EditPrice", "price"]

_LOOKED_AT = 50  #: edits, the newest ones
_BOUGHT = 60.0  #: seconds that an edit takes which buys something, where none was made yet


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPrice:
    """The price of an edit.

    Attributes:
        quote: what is bought for it; what is found finished is not.
        cap: micro-dollars that it may cost at most, or None where nobody said.
        seconds: until it would be done, if it were queued now.
    """

    quote: Quote
    cap: int | None
    seconds: float


async def price(planned: Planned, settings: Settings) -> EditPrice:
    """Return what an edit would cost; nothing is bought, sent or queued.

    Its script is the one that it will have, so that every line and clip that is paid for already is known as such.

    Raises:
        InputError: a file of the order is gone.
    """
    quote = await _quote(planned, settings)
    own, owner = planned.order.options.makers.max_cost, planned.source.owner
    most = await in_thread(bounded, open_database(settings.database_url), settings, owner)
    seconds = await in_thread(_seconds, planned, settings, buys=quote.estimate > 0)
    return EditPrice(quote=quote, cap=lower(own, most.max_cost), seconds=seconds)


async def _quote(planned: Planned, settings: Settings) -> Quote:
    makers, as_if_keys = planned.order.options.makers, False
    try:
        chosen = choose(makers, settings, agreed=planned.order.agreed, own_script=planned.own_script)
    except MissingKeyError:  # the workers may have it
        as_if_keys = True
    else:
        if not chosen.vendors:
            return Quote(lines=())
    with tempfile.TemporaryDirectory(prefix="badapple-") as folder:
        order = await in_thread(planned.laid, Path(folder))
        return await pricing.quote(order, settings, planned.source.owner, as_if_keys=as_if_keys)


def _seconds(planned: Planned, settings: Settings, *, buys: bool) -> float:
    """Return how long the last edit of the same kind took; before there is one, no longer than the whole ad would."""
    whole, kind = pricing.expected_seconds(planned.order, settings), planned.change.partition(" ")[0]
    canvas = planned.order.options.canvas.width
    edits = select(Job).where(Job.parent_id.is_not(None), Job.status == JobStatus.COMPLETED.value)
    with Session(open_database(settings.database_url)) as session:
        for job in session.scalars(edits.order_by(Job.updated_at.desc()).limit(_LOOKED_AT)):
            told = job.options or {}
            same = str(told.get("change", "")).partition(" ")[0] == kind and told.get("canvas") == canvas
            if same and (job.cost > 0) == buys and told.get("seconds"):
                return pricing.expected_seconds(planned.order, settings, each=float(told["seconds"]))
    return min(whole, pricing.expected_seconds(planned.order, settings, each=_BOUGHT)) if buys else whole

"""Variants of one ad: some styles by some calls to action, from the same photo, asked for at once.

They share whatever they can: the photo and its cut-out, and for each style the script, the voices and the footage. What
is shared is made and paid for once, by whichever comes first.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from badapple.costs.allowance import bounded
from badapple.costs.money import dollars
from badapple.database import open_database
from badapple.errors import InputError, MissingCapError
from badapple.jobs import pricing, queue
from badapple.pipeline.quote import Quote, together
from badapple.process import in_thread
from badapple.providers.choice import agreed, choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badapple.config import Settings
    from badapple.jobs.orders import JobOrder

__all__ = ["MOST", "AgreedAll", "agree", "crossed", "price"]

MOST = 12  #: variants that are asked for at once


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedAll:
    """Orders that may be submitted: `queue.submit_all(agreed.orders, settings, at_most=agreed.at_most, ...)`.

    Attributes:
        orders: with a cap on what they may cost together, or without vendors.
        quote: what they will cost together, or None where nothing is bought.
        cap: micro-dollars that they may cost together at most, or None where nothing is bought.
    """

    orders: tuple[JobOrder, ...]
    quote: Quote | None = None
    cap: int | None = None

    @property
    def at_most(self) -> int:
        """Micro-dollars that are reserved for them at most."""
        return self.quote.at_most if self.quote is not None else 0


def crossed(order: JobOrder, styles: Sequence[str], ctas: Sequence[str]) -> tuple[JobOrder, ...]:
    """Return an order for each style with each call to action, one style after the other.

    The script of a style is written for the first call to action; the others take that one's place in it.

    Args:
        order: everything else.
        styles: names of styles, at least one.
        ctas: calls to action; none leaves them to the writer.

    Raises:
        InputError: there is no style, one comes twice, an empty call to action stands beside others, or it is more
            than `MOST`.
    """
    ctas = ctas or [""]
    if not styles or len(set(styles)) < len(styles) or len(set(ctas)) < len(ctas):
        raise InputError("a style or a call to action comes twice, or there is none", hint="name each once")
    if len(styles) * len(ctas) > MOST:
        raise InputError(
            f"{len(styles)} styles by {len(ctas)} calls to action are {len(styles) * len(ctas)} variants",
            hint=f"ask for {MOST} at once at most",
        )
    if len(ctas) > 1 and not all(cta.strip() for cta in ctas):
        raise InputError("an empty call to action stands beside others", hint="name each, or none")
    shared = [replace(order.options, script_for=None if cta == ctas[0] else ctas[0]) for cta in ctas]
    return tuple(
        replace(order, style=style, cta_text=cta, options=options)
        for style in styles
        for cta, options in zip(ctas, shared, strict=True)
    )


async def price(
    orders: Sequence[JobOrder], settings: Settings, owner: str = queue.LOCAL, *, as_if_keys: bool = False
) -> tuple[Quote, ...]:
    """Return what each order would cost alone; `together` says what all of them cost.

    Raises:
        BadappleError: as `pricing.quote`.
    """
    return tuple([await pricing.quote(order, settings, owner, as_if_keys=as_if_keys) for order in orders])


async def agree(
    orders: Sequence[JobOrder], settings: Settings, owner: str = queue.LOCAL, *, group_id: str
) -> AgreedAll:  # fmt: skip
    """Return orders as they may be submitted: vendors are bought only under a cap, which holds for all together.

    Args:
        orders: as `crossed` gives them; all by the same makers.
        settings: keys, prices, caps.
        owner: whose jobs they are.
        group_id: shared by them.

    Raises:
        BadappleError: as `pricing.agreed_order`.
    """
    makers = orders[0].options.makers
    allowed = agreed(makers, settings)
    if not choose(makers, settings, agreed=allowed, own_script=False).vendors:
        free = (replace(queue.check(order, settings), agreed=False, quoted=None) for order in orders)
        return AgreedAll(orders=tuple(free))
    prices = await price(orders, settings, owner)
    whole = together(prices)
    if not allowed:
        raise MissingCapError(
            f"the {len(orders)} ads are quoted at {dollars(whole.estimate)}, and no cap was given; nothing was bought",
            wanted=whole.cap,
            hint=f"send max_cost_usd of at least {whole.cap / 1e6:.2f}, or make them offline",
        )
    most = await in_thread(bounded, open_database(settings.database_url), settings, owner)
    cap = pricing.capped(whole, makers, most)
    own = replace(makers, max_cost=cap, shared=group_id, shared_cost=cap)
    ready = (
        replace(order, options=replace(order.options, makers=own), agreed=True, quoted=adds)
        for order, adds in zip(orders, _added(prices), strict=True)
    )
    return AgreedAll(orders=tuple(ready), quote=whole, cap=cap)


def _added(prices: Sequence[Quote]) -> tuple[int, ...]:
    """Return what each adds to the price of those before it, micro-dollars: what they share is in the first."""
    sums = [0, *(together(prices[:count]).estimate for count in range(1, len(prices) + 1))]
    return tuple(after - before for before, after in itertools.pairwise(sums))

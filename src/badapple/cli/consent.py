"""Nothing is bought unasked: the quote, and the yes to it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from badapple.errors import BudgetError

if TYPE_CHECKING:
    from badapple.cli.order import Order
    from badapple.cli.watch import Report
    from badapple.config import Settings
    from badapple.models import Makers
    from badapple.pipeline.quote import Quote

__all__ = ["agree", "ask_price"]

_NO_LIMIT = 10**12
_UNASKED = (
    "Keys of vendors are set, but nothing is bought unasked: with --yes, --max-cost or BADAPPLE_MAX_COST they make the "
    "ad. This one is made offline."
)


def agree(order: Order, *, settings: Settings, report: Report, yes: bool) -> Order:
    """Return the order with a cap on what it may cost, or without vendors where nobody agreed to pay them.

    Raises:
        MissingKeyError: a vendor was asked for whose key is not set.
        BudgetError: the cap does not cover the quote; nothing was bought.
    """
    from badapple.providers.choice import agreed, choose, possible  # noqa: PLC0415

    makers = order.options.makers
    own = order.options.script is not None
    if choose(makers, settings, agreed=yes or agreed(makers, settings), own_script=own).vendors:
        quote = ask_price(order, settings=settings)
        report.quote(quote)
        return _with(order, replace(makers, max_cost=_cap(quote, makers, settings)))
    if not possible(makers, settings):
        return order
    if not choose(makers, settings, agreed=True, own_script=own).vendors:
        return order  # each part was given to the offline maker by name
    if not (sys.stdin.isatty() and sys.stderr.isatty() and report.asks):
        report.note(_UNASKED)
        return _with(order, replace(makers, provider="offline"))
    quote = ask_price(order, settings=settings)
    report.quote(quote)
    if not quote.at_most or _says_yes():
        return _with(order, replace(makers, max_cost=quote.cap))
    report.note("Nothing is bought; the ad is made offline.")
    return _with(order, replace(makers, provider="offline"))


def ask_price(order: Order, *, settings: Settings) -> Quote:
    """Return what the order would cost if all its vendors were paid; nothing is bought or sent."""
    from badapple import process  # noqa: PLC0415
    from badapple.pipeline.orchestrator import create_pipeline_orchestrator  # noqa: PLC0415 - loads the whole pipeline

    process.settle()
    makers = order.options.makers
    cap = makers.max_cost if makers.max_cost is not None else _NO_LIMIT  # only the price is asked for
    options = replace(order.options, makers=replace(makers, max_cost=cap))
    orchestrator = create_pipeline_orchestrator(order.job_id, options=options, settings=settings)
    photo = str(order.photo) if order.photo is not None else None
    return asyncio.run(orchestrator.quote(order.product_name, order.style, order.cta_text, photo))


def _cap(quote: Quote, makers: Makers, settings: Settings) -> int:
    """Return the cap of the job: what was given, else what the quote says at most."""
    given = [cap for cap in (makers.max_cost, settings.max_cost) if cap is not None]
    cap = min(given, default=quote.cap)
    if quote.estimate > cap:
        from badapple.costs.money import dollars  # noqa: PLC0415

        raise BudgetError(
            f"the ad is quoted at {dollars(quote.estimate)}, and the cap is {dollars(cap)}; nothing was bought",
            cap=cap,
            held=0,
            wanted=quote.estimate,
            hint="raise --max-cost, or give parts to the offline maker: --video-by offline",
        )
    return cap


def _with(order: Order, makers: Makers) -> Order:
    return replace(order, options=replace(order.options, makers=makers))


def _says_yes() -> bool:
    sys.stderr.write("Buy this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}

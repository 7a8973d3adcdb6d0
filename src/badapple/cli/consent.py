"""Nothing is bought unasked: the quote, and the yes to it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badapple.cli.order import Order
    from badapple.cli.watch import Report
    from badapple.config import Settings
    from badapple.models import Makers
    from badapple.pipeline.quote import Quote

__all__ = ["agree", "ask_price"]

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
        from badapple.costs.allowance import bounded  # noqa: PLC0415
        from badapple.database import open_database  # noqa: PLC0415
        from badapple.jobs import pricing  # noqa: PLC0415
        from badapple.jobs.queue import LOCAL  # noqa: PLC0415

        quote = ask_price(order, settings=settings)
        report.quote(quote)
        most = bounded(open_database(settings.database_url), settings, LOCAL)
        return _with(order, replace(makers, max_cost=pricing.capped(quote, makers, most)))
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


def ask_price(order: Order, *, settings: Settings, as_if_keys: bool = False) -> Quote:
    """Return what the order would cost if all its vendors were paid; nothing is bought or sent.

    Args:
        order: what is wanted.
        settings: keys, prices, what is paid for already.
        as_if_keys: pretend that every vendor's key is set.
    """
    from badapple import process  # noqa: PLC0415
    from badapple.jobs import pricing  # noqa: PLC0415 - loads the whole pipeline
    from badapple.jobs.orders import JobOrder  # noqa: PLC0415

    process.settle()
    wanted = JobOrder(
        product_name=order.product_name, style=order.style, cta_text=order.cta_text, photo=order.photo,
        options=order.options,
    )  # fmt: skip
    return asyncio.run(pricing.quote(wanted, settings, as_if_keys=as_if_keys))


def _with(order: Order, makers: Makers) -> Order:
    return replace(order, options=replace(order.options, makers=makers))


def _says_yes() -> bool:
    sys.stderr.write("Buy this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}

"""What a job costs in money and time, and whether it may be bought."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.config import Settings
from badapple.errors import BudgetError, InputError, MissingKeyError, UnknownStyleError
from badapple.jobs import pricing, uploads
from badapple.models import DRAFT, FULL, MakeOptions, Makers
from badapple.secrets import Secret


def options(**makers: object) -> MakeOptions:
    return MakeOptions(canvas=DRAFT, makers=Makers(**makers))  # type: ignore[arg-type]


def with_key(settings: Settings, *vendors: str) -> Settings:
    keys = {name: replace(settings.vendors[name], key=Secret("none")) for name in vendors}
    return replace(settings, vendors={**settings.vendors, **keys})


async def test_a_price_may_be_asked_for_without_keys(settings: Settings, order: Order, photo: Path) -> None:
    mine = uploads.take(settings, "ann", photo)
    files = {"photo": uploads.order_photo(settings, "ann", mine.id)}
    wanted = order(files=files, options=options(provider="cloud"))
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY"):
        await pricing.quote(wanted, settings, "ann")
    price = await pricing.quote(wanted, settings, "ann", as_if_keys=True)
    assert {line.part for line in price.lines} == {"script", "voices", "scenes", "end card"}
    assert 0 < price.estimate <= price.at_most <= price.cap
    assert jobs.listing(settings) == ()
    assert not list((settings.data_dir / "tmp").glob("*/*"))
    alone = await pricing.quote(order(options=options(cta_by="replicate")), settings, "ann", as_if_keys=True)
    assert [line.vendor for line in alone.lines if line.part == "end card"] == ["replicate"]


async def test_nothing_is_bought_without_a_cap(settings: Settings, order: Order) -> None:
    keyed = with_key(settings, "replicate")
    free = await pricing.agreed_order(order(" Watch ", agreed=True), keyed)
    assert (free.quote, free.at_most, free.order.agreed, free.order.product_name) == (None, 0, False, "Watch")
    with pytest.raises(BudgetError, match="no cap was given; nothing was bought") as error:
        await pricing.agreed_order(order(options=options(cta_by="replicate")), keyed)
    # A cap agrees to whatever `auto` may buy, so the scenes are in it too.
    price = await pricing.quote(order(options=options(cta_by="replicate")), keyed)
    assert {line.part for line in price.lines} == {"scenes", "end card"}
    assert (error.value.cap, error.value.wanted) == (0, price.cap)
    assert f"max_cost_usd of at least {price.cap / 1e6:.2f}" in error.value.hint
    with pytest.raises(MissingKeyError, match="ELEVENLABS_API_KEY"):
        await pricing.agreed_order(order(options=options(voice_by="elevenlabs", max_cost=10**6)), keyed)


async def test_a_cap_agrees_and_bounds(settings: Settings, order: Order) -> None:
    keyed = with_key(settings, "replicate")
    wanted = order(options=options(video_by="offline", max_cost=5_000_000))
    agreed = await pricing.agreed_order(wanted, keyed)
    assert agreed.quote is not None
    assert (agreed.order.agreed, agreed.order.quoted) == (True, agreed.quote.estimate)
    assert agreed.order.options.makers.max_cost == 5_000_000
    assert agreed.at_most == agreed.quote.at_most > 0
    with pytest.raises(BudgetError, match=r"the cap is \$0\.001; nothing was bought") as error:
        await pricing.agreed_order(replace(wanted, options=options(video_by="offline", max_cost=1000)), keyed)
    assert (error.value.cap, error.value.wanted) == (1000, agreed.quote.estimate)
    configured = await pricing.agreed_order(
        order(options=options(video_by="offline")), replace(keyed, max_cost=2_000_000)
    )
    assert configured.order.options.makers.max_cost == 2_000_000
    both = await pricing.agreed_order(wanted, replace(keyed, max_cost=2_000_000))
    assert both.order.options.makers.max_cost == 2_000_000
    job = jobs.submit(agreed.order, keyed, at_most=agreed.at_most)
    assert jobs.get(job, keyed).status == "pending"


async def test_words_are_refused_before_a_price_is_told(settings: Settings, order: Order) -> None:
    for wanted, error in ((order("a" * 101), InputError), (order(style="luxry"), UnknownStyleError)):
        for ask in (pricing.agreed_order, pricing.quote):
            with pytest.raises(error):
                await ask(wanted, settings)


@pytest.mark.usefixtures("database_url")
def test_time_is_told_from_what_was_made_here(settings: Settings, hand: Hand, order: Order) -> None:
    whole = order(options=MakeOptions(canvas=FULL))
    assert pricing.expected_seconds(order(), settings) == 20.0
    assert pricing.expected_seconds(whole, settings) == 60.0
    assert pricing.expected_seconds(order(options=options(provider="cloud")), settings) == 180.0
    facts = {"canvas": FULL.width, "hosted": False, "made": 20, "seconds": 42.0}
    hand.job("before", "completed", options=facts)
    hand.job("an edit", "completed", options={**facts, "seconds": 3.0}, parent_id="before")
    assert pricing.expected_seconds(whole, settings) == 42.0
    for number in range(4):
        hand.job(f"waits {number}", "pending")
    hand.job("asks", "pending", awaiting="approval")
    hand.job("runs", "processing")
    hand.job("runs too", "processing")
    assert pricing.expected_seconds(whole, settings) == 42.0 * 3

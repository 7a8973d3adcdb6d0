"""Variants of one ad: all or none, what they share is made once, and one cap holds for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order
from tests.jobs.making import CLOUD, Works

from badapple import jobs
from badapple.config import Settings
from badapple.database import Job, Receipt
from badapple.errors import (
    BudgetError,
    ConflictError,
    InputError,
    LimitExceededError,
    MissingCapError,
    NotFoundError,
    PipelineOrchestrationError,
)
from badapple.jobs import Changes, groups, orders, queue, variants
from badapple.jobs.idempotency import Claim
from badapple.models import DRAFT, MakeOptions, Makers
from badapple.pipeline.quote import Quote, together
from badapple.testing.simulators import Simulators

CTAS = ["Get it", "Order today", "Try it now"]


def bought(**options: object) -> jobs.JobOrder:
    wanted = MakeOptions(canvas=DRAFT, **{"makers": CLOUD, **options})  # type: ignore[arg-type]
    return jobs.JobOrder(product_name="Solenne", style="minimal", options=wanted, agreed=True)


def count(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def kinds(engine: Engine, *names: str) -> dict[str, int]:
    """Return how many parts of each kind were made."""
    with Session(engine) as session:
        wanted = select(Receipt.kind, func.sum(Receipt.made)).where(Receipt.kind.in_(names)).group_by(Receipt.kind)
        return {kind: int(made) for kind, made in session.execute(wanted)}


def submitted(works: Works, crossed: Sequence[jobs.JobOrder]) -> tuple[str, ...]:
    agreed = asyncio.run(variants.agree(crossed, works.settings, group_id="spring"))
    return queue.submit_all(agreed.orders, works.settings, group_id="spring", at_most=agreed.at_most)


def test_each_style_comes_with_each_call_to_action(order: Order) -> None:
    found = variants.crossed(order(), ["minimal", "bold"], CTAS)
    assert [(one.style, one.cta_text) for one in found] == [
        (style, cta) for style in ("minimal", "bold") for cta in CTAS
    ]
    assert [one.options.script_for for one in found] == [None, "Get it", "Get it"] * 2
    assert [one.cta_text for one in variants.crossed(order(), ["bold"], [])] == [""]
    for styles, ctas in ((["bold"] * 2, []), ([], []), (["bold"], ["a", "a"]), (["bold"], ["a", ""])):
        with pytest.raises(InputError):
            variants.crossed(order(), styles, ctas)
    with pytest.raises(InputError, match="13 variants"):
        variants.crossed(order(), ["bold"], [f"Go {n}" for n in range(13)])


def test_what_variants_share_is_paid_for_once(tmp_path: Path) -> None:
    with Simulators(small=True) as sims:
        works = Works.beside(sims, tmp_path)
        crossed = variants.crossed(bought(), ["minimal"], CTAS)
        first, second, third = submitted(works, crossed)
        works.run(first)
        assert works.bought() == ["anthropic", *["elevenlabs"] * 5, "replicate"]
        works.run(second)
        assert works.bought() == ["elevenlabs"]  # its call to action
        shown = [jobs.detail(job, works.settings) for job in (first, second)]
        assert shown[1].scenes[0].voiceover_text == shown[0].scenes[0].voiceover_text != ""
        assert (shown[1].end_card.cta, shown[1].end_card.voiceover) == ("Order today", "Order today.")
        assert [part.maker["name"] for part in shown[1].parts if part.label == "script"] == ["claude"]
        child = jobs.edit(second, Changes(captions=False), works.settings)
        works.run(child)
        works.run(third)
        assert works.bought() == ["elevenlabs"]
        assert jobs.detail(child, works.settings).end_card.cta == "Order today"
        spent = sum(jobs.detail(job, works.settings).money.charged for job in (first, second, third))
        assert spent == sum(charge.amount for charge in sims.charges)


def test_the_price_counts_once_what_they_share(tmp_path: Path) -> None:
    with Simulators(small=True) as sims:
        works = Works.beside(sims, tmp_path)
        alone, *rest = prices = asyncio.run(
            variants.price(variants.crossed(bought(), ["minimal"], CTAS), works.settings)
        )
        whole = together(prices)
        calls = {line.part: line.calls for line in whole.lines}
        assert calls == {"script": 1, "voices": 7, "scenes": 4}  # two more calls to action are spoken
        assert whole.estimate < sum(one.estimate for one in prices)
        assert whole.estimate - alone.estimate < 0.1 * alone.estimate
        other = asyncio.run(variants.price(variants.crossed(bought(), ["minimal", "bold"], []), works.settings))
        assert {line.part: line.calls for line in together(other).lines}["scenes"] == 8
        assert together([]) == Quote(lines=())
        assert rest
        assert works.bought() == []


def test_one_cap_holds_for_all_together(tmp_path: Path) -> None:
    with Simulators(small=True) as sims:
        works = Works.beside(sims, tmp_path)
        crossed = variants.crossed(bought(), ["minimal", "bold"], [])
        whole = together(asyncio.run(variants.price(crossed, works.settings)))
        low = replace(CLOUD, max_cost=whole.estimate - 1)
        with pytest.raises(BudgetError, match="quoted at"):
            submitted(works, [replace(one, options=replace(one.options, makers=low)) for one in crossed])
        with pytest.raises(MissingCapError, match="the 2 ads are quoted at"):
            none = replace(CLOUD, max_cost=None)
            submitted(works, [replace(one, options=replace(one.options, makers=none)) for one in crossed])
        agreed = asyncio.run(variants.agree(crossed, works.settings, group_id="spring"))
        assert agreed.cap == CLOUD.max_cost
        assert sum(one.quoted or 0 for one in agreed.orders) == whole.estimate
        # As if the quote had been far too low: the second has what the first left of the cap.
        tight = [
            replace(one, options=replace(one.options, makers=replace(one.options.makers, shared_cost=300_000)))
            for one in agreed.orders
        ]
        first, second = queue.submit_all(tight, works.settings, group_id="spring")
        works.run(first)
        with pytest.raises(PipelineOrchestrationError, match="for these variants"):
            works.run(second)
        spent = [jobs.detail(job, works.settings).money.charged for job in (first, second)]
        assert sum(spent) <= 300_000


@pytest.mark.usefixtures("database_url")
def test_the_photo_and_the_script_of_a_style_are_made_once_by_whoever_comes_first(
    settings: Settings, engine: Engine, photo: Path, order: Order
) -> None:
    works = Works(settings)
    names = submitted(works, variants.crossed(order(photo=photo), ["minimal", "bold"], CTAS[:2]))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(works.run, names))
    assert kinds(engine, "product", "script") == {"product": 1, "script": 4}  # two written, two with other words
    shown = [jobs.detail(name, settings) for name in names]
    assert [one.end_card.cta for one in shown] == ["Get it", "Order today"] * 2
    assert shown[0].scenes[1].voiceover_text == shown[1].scenes[1].voiceover_text
    assert {one.job.status for one in shown} == {"completed"}


@pytest.mark.usefixtures("database_url")
def test_all_are_queued_or_none(settings: Settings, engine: Engine, order: Order, photo: Path) -> None:
    small = replace(settings, doors=replace(settings.doors, max_jobs=3))
    crossed = variants.crossed(order(photo=photo), ["minimal", "bold"], CTAS[:2])
    with pytest.raises(LimitExceededError, match="4 more are asked for, and 3 at once are the most"):
        queue.submit_all(crossed, small, group_id="spring")
    poor = replace(settings, max_cost_day=100)
    with pytest.raises(LimitExceededError, match="today"):
        queue.submit_all(crossed, poor, group_id="spring", at_most=101)
    with pytest.raises(InputError):
        queue.submit_all([*crossed, order("x" * 101)], settings, group_id="spring")
    assert count(engine) == 0
    assert not list((settings.data_dir / "orders" / "blobs").glob("*/*"))
    names = queue.submit_all(crossed, settings, group_id="spring", at_most=100)
    assert count(engine) == len(set(names)) == 4
    with Session(engine) as session:
        rows = [session.get_one(Job, name) for name in names]
        assert [row.turn for row in rows] == [1, 2, 3, 4]
        assert len({row.request["files"]["photo"]["sha256"] for row in rows}) == 1
        assert {row.group_id for row in rows} == {"spring"}
        assert [orders.of_row(row).cta_text for row in rows] == CTAS[:2] * 2


def test_the_ids_follow_from_the_claim(settings: Settings, hand: Hand, order: Order) -> None:
    claim = Claim(owner="local", key="k", token="t", job_id="0" * 32, made=False)
    with pytest.raises(Exception, match="idempotency key"):
        queue.submit_all([order()], settings, group_id="g", claim=claim)
    assert count(hand.engine) == 0


@pytest.mark.usefixtures("database_url")
def test_one_of_a_group_wins_until_another_does(settings: Settings, hand: Hand) -> None:
    for name, status in (("one", "completed"), ("two", "completed"), ("three", "processing")):
        video = f"/v/{name}.mp4" if status == "completed" else None
        hand.job(name, status, group_id="spring", video_url=video, options={"change": name}, cost=2)
    hand.job("bobs", "completed", group_id="spring", owner="bob", video_url="/v/b.mp4")
    group = groups.get("spring", settings, owner="local")
    assert ([job.id for job in group.jobs], group.winner, group.cost) == (["one", "two", "three"], None, 6)
    assert groups.choose_winner("spring", "one", settings, owner="local").winner == "one"
    assert groups.choose_winner("spring", "two", settings, owner="local").winner == "two"
    assert hand.row("one").options == {"change": "one"}
    for job, error in (("three", ConflictError), ("bobs", NotFoundError), ("nobody", NotFoundError)):
        with pytest.raises(error):
            groups.choose_winner("spring", job, settings, owner="local")
    assert groups.get("spring", settings, owner="local").winner == "two"
    assert groups.choose_winner("spring", None, settings, owner="local").winner is None
    assert groups.get("spring", settings, owner="bob").winner is None
    with pytest.raises(NotFoundError):
        groups.get("autumn", settings, owner="local")


def test_many_may_choose_at_once_and_one_wins(settings: Settings, hand: Hand) -> None:
    names = [hand.job(f"job-{n}", "completed", group_id="g", video_url="/v/x.mp4") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: groups.choose_winner("g", name, settings, owner="local"), names * 2))
    assert sum(bool(hand.row(name).options.get("winner")) for name in names) == 1


def test_offline_variants_need_no_cap(settings: Settings, order: Order) -> None:
    free = order(options=MakeOptions(canvas=DRAFT, makers=Makers()))
    agreed = asyncio.run(variants.agree(variants.crossed(free, ["bold"], CTAS), settings, group_id="g"))
    assert (agreed.quote, agreed.cap, agreed.at_most) == (None, None, 0)
    assert {one.options.makers.shared for one in agreed.orders} == {None}

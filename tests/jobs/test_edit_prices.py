"""What an edit costs, told before it is queued, and what it cost then."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.jobs.making import Works

from badapple import jobs
from badapple.config import Settings
from badapple.database import Job, open_database
from badapple.jobs import Changes, SceneChange, edit_prices, edits, pricing
from badapple.jobs.edit_prices import EditPrice


def priced(works: Works, planned: edits.Planned) -> EditPrice:
    engine = open_database(works.settings.database_url)
    with Session(engine) as session:
        before = session.scalar(select(func.count()).select_from(Job))
    price = asyncio.run(edit_prices.price(planned, works.settings))
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == before
    assert works.sims is None or works.bought() == []
    return price


def told(price: EditPrice) -> list[tuple[str, str, int]]:
    return [(one.part, one.vendor, one.calls - one.found) for one in price.quote.lines if one.calls > one.found]


def test_a_scene_anew_costs_that_scene(shop: tuple[Works, str]) -> None:
    works, job = shop
    price = priced(works, edits.plan_regenerate(job, 1, works.settings))
    assert (told(price), price.quote.estimate, price.cap) == ([("scenes", "replicate", 1)], 190_000, 3_000_000)
    child = jobs.regenerate(job, 1, works.settings)
    works.run(child)
    assert works.bought() == ["replicate"]
    assert jobs.detail(child, works.settings).money.charged == price.quote.estimate
    planned = edits.plan_regenerate(job, 1, works.settings)
    next_one = priced(works, planned)
    assert next_one.quote.estimate == 190_000  # it is another take
    with Session(open_database(works.settings.database_url)) as session:
        took = (session.get_one(Job, child).options or {})["seconds"]
    assert next_one.seconds == pricing.expected_seconds(planned.order, works.settings, each=took)  # as the last one did


def test_a_line_costs_that_line_and_nothing_once_it_is_spoken(shop: tuple[Works, str]) -> None:
    works, job = shop
    changes = Changes(scenes={2: SceneChange(voiceover_text="Time to shine.")})
    price = priced(works, edits.plan_edit(job, changes, works.settings))
    assert told(price) == [("voices", "elevenlabs", 1)]
    works.run(jobs.edit(job, changes, works.settings))
    assert works.bought() == ["elevenlabs"]
    again = priced(works, edits.plan_edit(job, changes, works.settings))
    assert (told(again), again.quote.estimate) == ([], 0)


def test_another_pronunciation_costs_the_lines_and_no_clip(shop: tuple[Works, str]) -> None:
    works, job = shop
    changes = Changes(say="so len")
    price = priced(works, edits.plan_edit(job, changes, works.settings))
    assert told(price) == [("voices", "elevenlabs", 5)]
    child = jobs.edit(job, changes, works.settings)
    works.run(child)
    assert set(works.bought()) <= {"elevenlabs"}
    assert jobs.detail(child, works.settings).money.charged <= price.quote.estimate


def test_another_language_is_a_new_script_and_free_once_that_is_written(shop: tuple[Works, str]) -> None:
    works, job = shop
    price = priced(works, edits.plan_edit(job, Changes(language="de"), works.settings))
    assert {part for part, *_ in told(price)} == {"script", "voices", "scenes"}  # nobody knows yet what it will say
    child = jobs.edit(job, Changes(language="de"), works.settings)
    works.run(child)
    assert works.bought() == ["anthropic"]  # the simulator writes what it wrote before, so that the rest is found
    assert jobs.detail(child, works.settings).money.charged <= price.quote.estimate
    again = priced(works, edits.plan_edit(job, Changes(language="de"), works.settings))
    assert (told(again), again.quote.estimate) == ([], 0)


@pytest.mark.parametrize(
    "changes",
    [
        Changes(captions=False, music="off"),
        Changes(order=(4, 3, 2, 1)),
        Changes(scenes={1: SceneChange(headline="Look here")}),
    ],
)
def test_what_is_only_shown_otherwise_is_free(shop: tuple[Works, str], changes: Changes) -> None:
    works, job = shop
    assert told(priced(works, edits.plan_edit(job, changes, works.settings))) == []


def test_what_is_made_here_is_free_and_takes_time(settings: Settings) -> None:
    works = Works(settings)
    job = works.submit()
    works.run(job)
    price = priced(works, edits.plan_regenerate(job, 2, settings))
    assert (price.quote.lines, price.cap) == ((), None)
    assert price.seconds > 0

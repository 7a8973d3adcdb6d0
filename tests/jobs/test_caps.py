"""How much one owner may ask for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from tests.jobs.conftest import Hand, Order

from badapple import jobs
from badapple.config import Settings
from badapple.config.doors import Doors
from badapple.costs import budget
from badapple.database import Job
from badapple.errors import InputError, LimitExceededError, MissingCapError, MissingKeyError
from badapple.jobs import Changes, caps, queue
from badapple.models import DRAFT, MakeOptions, Makers
from badapple.secrets import Secret


def at_most(settings: Settings, count: int) -> Settings:
    return replace(settings, doors=replace(settings.doors, max_jobs=count))


@pytest.mark.usefixtures("database_url")
def test_two_hundred_parallel_submits_under_a_cap_of_a_hundred_make_a_hundred(
    settings: Settings, engine: Engine, order: Order
) -> None:
    settings = at_most(settings, 100)
    queue.check(order(), settings)  # what loads late is loaded once
    seen: Counter[str] = Counter()
    begun = threading.Barrier(20)

    def run() -> None:
        begun.wait()
        for _ in range(10):
            try:
                jobs.submit(order(), settings)
            except LimitExceededError as error:
                seen[error.code] += 1
            else:
                seen["made"] += 1

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"made": 100, "too_many_jobs": 100}
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 100


@pytest.mark.usefixtures("database_url")
def test_what_waits_or_runs_counts_and_nothing_else(settings: Settings, hand: Hand, order: Order) -> None:
    settings = at_most(settings, 3)
    hand.job("running", "processing")
    hand.job("asks", "pending", awaiting="approval")
    hand.job("ended", "failed")
    hand.job("made here", "processing", engine=False)
    hand.job("theirs", "pending", owner="somebody")
    last = jobs.submit(order(), settings)
    with pytest.raises(LimitExceededError, match="3 jobs wait or run already") as error:
        jobs.submit(order(), settings)
    assert (error.value.code, error.value.retry_after) == ("too_many_jobs", 30.0)
    assert jobs.submit(order(), settings, owner="somebody")
    with pytest.raises(LimitExceededError):
        jobs.retry("ended", settings)
    hand.end("running", "completed")
    assert jobs.retry("ended", settings).queued
    hand.change(last, status="cancelled")
    assert jobs.submit(order(), settings)


def test_whoever_may_have_no_more_leaves_no_file(settings: Settings, order: Order, photo: object) -> None:
    jobs.submit(order(), at_most(settings, 1))
    with pytest.raises(LimitExceededError):
        jobs.submit(order(photo=photo), at_most(settings, 1))
    with pytest.raises(InputError, match="already"):
        for _ in range(2):
            jobs.submit(order(photo=photo), settings, job_id="the same")
    assert len([path for path in settings.data_dir.glob("orders/blobs/*/*") if path.is_file()]) == 1


@pytest.mark.usefixtures("database_url")
def test_a_job_that_costs_more_than_today_has_left_is_refused(settings: Settings, engine: Engine, order: Order) -> None:
    settings = replace(settings, max_cost_day=1_000_000)
    with Session(engine) as session, session.begin():
        budget.reserve(session, {budget.day_scope(datetime.now(UTC).date(), "ann"): None}, 400_000)
        assert caps.left_today(session, "ann", settings) == 600_000
        assert caps.left_today(session, "bob", settings) == 1_000_000
    jobs.submit(order(), settings, owner="ann", at_most=600_000)
    with pytest.raises(
        LimitExceededError, match=r"\$0\.60 of today's \$1\.00 are left; the day ends at 20.*Z"
    ) as error:
        jobs.submit(order(), settings, owner="ann", at_most=600_001)
    assert error.value.code == "daily_cap"
    assert error.value.retry_after is not None
    assert 0 < error.value.retry_after <= 86_400
    jobs.submit(order(), settings, owner="ann")  # costs nothing
    jobs.submit(order(), settings, owner="bob", at_most=1_000_000)
    jobs.submit(order(), replace(settings, max_cost_day=None), owner="ann", at_most=10**9)


def test_the_day_ends_at_midnight_utc() -> None:
    ends = caps.day_ends()
    assert (ends.hour, ends.minute, ends.tzinfo) == (0, 0, UTC)
    assert timedelta(0) < ends - datetime.now(UTC) <= timedelta(days=1)


@pytest.mark.parametrize("owner", ["", "Ann", "a b", "a/b", "é", "a" * 65, "a\n"])
def test_owners_have_plain_names(settings: Settings, order: Order, owner: str) -> None:
    with pytest.raises(InputError, match="name of an owner"):
        jobs.submit(order(), settings, owner=owner)
    assert jobs.submit(order(), settings, owner="a.b_c-9")
    assert Doors().max_jobs == 50


class TestEdits:
    """Edits of ads that vendors are paid for."""

    @pytest.fixture
    def shop(self, settings: Settings, order: Order, hand: Hand) -> tuple[Settings, str]:
        """Return settings with keys and a cap of a dollar a day, and a finished job of `ann` that paid under a cap."""
        keys = {name: replace(access, key=Secret("none")) for name, access in settings.vendors.items()}
        settings = replace(settings, vendors=keys, max_cost_day=1_000_000)
        makers = Makers(provider="cloud", cta_by="offline", max_cost=3_000_000)
        options = MakeOptions(canvas=DRAFT, makers=makers)
        job = jobs.submit(order(options=options, agreed=True), settings, owner="ann")
        hand.end(job, "completed")
        return settings, job

    def spend(self, engine: Engine, amount: int) -> None:
        with Session(engine) as session, session.begin():
            budget.reserve(session, {budget.day_scope(datetime.now(UTC).date(), "ann"): None}, amount)

    def test_nothing_is_bought_once_the_day_is_used_up(
        self, shop: tuple[Settings, str], engine: Engine, hand: Hand
    ) -> None:
        settings, job = shop
        self.spend(engine, 999_999)
        assert jobs.regenerate(job, 1, settings)
        self.spend(engine, 1)
        asks: list[Callable[[], str]] = [
            lambda: jobs.regenerate(job, 1, settings, owner="ann"),
            lambda: jobs.edit(job, Changes(language="de"), settings, owner="ann"),
        ]
        for ask in asks:
            with pytest.raises(LimitExceededError, match=r"nothing is left of today's \$1\.00; the day ends") as error:
                ask()
            assert error.value.code == "daily_cap"
        assert jobs.edit(job, Changes(captions=False), settings)  # found again, for nothing
        assert jobs.regenerate(job, 1, replace(settings, max_cost_day=None))
        hand.change(job, status="failed")  # of what is not finished, anything may have to be bought
        with pytest.raises(LimitExceededError):
            jobs.edit(job, Changes(captions=False), settings)
        keyless = replace(settings, vendors={n: replace(a, key=None) for n, a in settings.vendors.items()})
        with pytest.raises(LimitExceededError):  # the workers have the keys
            jobs.regenerate(job, 1, keyless)

    def test_what_is_drawn_here_is_made_anew_for_nothing(
        self, shop: tuple[Settings, str], engine: Engine, order: Order, hand: Hand
    ) -> None:
        settings, _ = shop
        self.spend(engine, 1_000_000)
        drawn = MakeOptions(canvas=DRAFT, makers=Makers(voice_by="elevenlabs", max_cost=10_000))
        spoken, free = (jobs.submit(order(options=one), settings, owner="ann") for one in (drawn, MakeOptions()))
        for job in (spoken, free):
            hand.end(job, "completed")
            assert jobs.regenerate(job, 2, settings)
        assert jobs.edit(free, Changes(language="de"), settings)
        with pytest.raises(LimitExceededError):
            jobs.edit(spoken, Changes(language="de"), settings)

    def test_a_vendor_that_nobody_set_a_cap_for_is_refused(
        self, shop: tuple[Settings, str], order: Order, hand: Hand
    ) -> None:
        settings, paid = shop
        free = jobs.submit(order(), settings, owner="ann")
        agreed = jobs.submit(
            order(options=MakeOptions(makers=Makers(video_by="replicate")), agreed=True), settings, owner="ann"
        )
        for job in (free, agreed):
            hand.end(job, "completed")
            with pytest.raises(MissingCapError, match="nothing of what it may cost"):
                jobs.edit(job, Changes(voice_by="elevenlabs"), settings)
        assert jobs.edit(free, Changes(voice_by="elevenlabs"), replace(settings, max_cost=500_000))
        assert jobs.edit(paid, Changes(voice_by="elevenlabs"), settings)
        assert jobs.edit(paid, Changes(voice_by="offline"), settings)
        assert jobs.regenerate(agreed, 1, settings)  # without a cap, by the word of whoever ordered it
        hand.change(agreed, request={**hand.row(agreed).request, "agreed": False})
        with pytest.raises(MissingCapError):
            jobs.regenerate(agreed, 1, settings)
        silent = replace(
            settings,
            vendors={**settings.vendors, "elevenlabs": replace(settings.vendors["elevenlabs"], key=None)},
        )
        with pytest.raises(MissingKeyError):
            jobs.edit(paid, Changes(voice_by="elevenlabs"), silent)

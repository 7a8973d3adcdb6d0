"""The till: bought once, adopted after a crash, shared, paused, decided by people."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.costs.budget import held
from badapple.database import Call, Job
from badapple.database.holders import Holder, Watcher
from badapple.errors import (
    BudgetError,
    OutcomeUnknownError,
    PermanentProviderError,
    TransientProviderError,
)
from badapple.journal import Claims, JournalTill, decisions, words
from badapple.limits import Allowance, Limiter
from badapple.models import CallState, Dedupe, Submission, Ticket
from badapple.providers.line import Line
from badapple.testing.vendor import FileCall, FileVendor

OpenTill = Callable[..., JournalTill]
PRICE = 190_000


def rows(engine: Engine) -> list[Call]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Call).order_by(Call.created_at, Call.attempt)))


async def submitted(engine: Engine) -> None:
    """Wait until the vendor has the first call."""
    while not rows(engine) or rows(engine)[0].state != CallState.SUBMITTED:
        await asyncio.sleep(0.01)


def held_by(engine: Engine, job: str = "job") -> int:
    with Session(engine) as session:
        return held(session, f"job:{job}")


def lost() -> OutcomeUnknownError:
    return OutcomeUnknownError("no reply", provider="replicate", reason="network")


async def test_a_call_is_bought_once_and_found_afterwards(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    first = await open_till().once(FileCall(vendor, "clip"))
    again = await open_till("another").once(FileCall(vendor, "clip"))
    assert (first.cost, again.cost) == (PRICE, 0)
    assert again.files["goods"].read_text() == "clip"
    assert again.facts == {"what": "clip"}
    assert len(vendor.charges()) == 1
    (row,) = rows(engine)
    assert (row.state, row.settled, row.reserved, row.possibly_charged, row.sends) == ("collected", PRICE, 0, 0, 1)
    assert (row.job, row.vendor_id, row.holder) == ("job", first.vendor_id, None)
    assert held_by(engine) == PRICE


async def test_the_tab_adds_up_what_is_charged_now(open_till: OpenTill, vendor: FileVendor) -> None:
    till = open_till()
    await till.once(FileCall(vendor, "old"))
    with till.tab("scene 1") as tab:
        await till.once(FileCall(vendor, "old"))
        await till.once(FileCall(vendor, "new"))
        await till.once(FileCall(vendor, "cheap", price=700))
    assert (tab.label, tab.cost) == ("scene 1", PRICE + 700)


async def test_two_that_want_the_same_at_once_are_charged_once(open_till: OpenTill, vendor: FileVendor) -> None:
    vendor.seconds = 0.1
    tills = [open_till("a"), open_till("b"), open_till("a")]  # two jobs in processes of their own, one of them twice
    found = await asyncio.gather(*(till.once(FileCall(vendor, "clip")) for till in tills))
    assert len(vendor.charges()) == 1
    assert sorted(bought.cost for bought in found) == [0, 0, PRICE]


@pytest.mark.parametrize("lag", [0, 1])
async def test_an_answer_that_was_lost_is_asked_for_and_adopted(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, lag: int
) -> None:
    vendor.lost, vendor.lag = 1, lag
    bought = await open_till().once(FileCall(vendor, "clip"))
    assert [charge["id"] for charge in vendor.charges()] == [bought.vendor_id]
    assert [row.sends for row in rows(engine)] == [1]


async def test_what_the_vendor_does_not_have_is_sent_again(open_till: OpenTill, vendor: FileVendor) -> None:
    vendor.refuse = [lost()]
    await open_till().once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 1


async def test_a_vendor_that_never_answers_is_given_up_after_two_sendings(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.refuse = [lost(), lost()]
    with pytest.raises(TransientProviderError, match="nothing was charged") as caught:
        await open_till().once(FileCall(vendor, "clip"))
    assert caught.value.reason == "network"
    assert vendor.charges() == []
    assert [(row.state, row.sends, row.reserved) for row in rows(engine)] == [("failed", 2, 0)]
    assert held_by(engine) == 0


async def test_the_id_of_another_receipt_is_never_adopted(open_till: OpenTill, vendor: FileVendor) -> None:
    mine = await open_till().once(FileCall(vendor, "clip", owner="me"))
    vendor.refuse = [lost()]
    yours = await open_till().once(FileCall(vendor, "clip", owner="you"))
    assert mine.vendor_id != yours.vendor_id
    assert len(vendor.charges()) == 2


async def test_a_cheap_call_that_cannot_be_looked_up_is_repeated_once_and_booked(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.lost = 1
    bought = await open_till().once(FileCall(vendor, "script", dedupe=Dedupe.NONE, price=20_000, at_once=True))
    assert bought.cost == 20_000
    assert len(vendor.charges()) == 2
    assert [(row.settled, row.possibly_charged, row.sends) for row in rows(engine)] == [(20_000, 20_000, 2)]


async def test_a_cheap_call_is_repeated_only_once(open_till: OpenTill, vendor: FileVendor, engine: Engine) -> None:
    vendor.lost = 5
    with pytest.raises(OutcomeUnknownError, match="may have been charged"):
        await open_till().once(FileCall(vendor, "script", dedupe=Dedupe.NONE, price=20_000, at_once=True))
    assert len(vendor.charges()) == 2
    assert rows(engine)[0].state == CallState.UNKNOWN


async def test_a_dear_call_that_cannot_be_looked_up_stops_and_a_person_decides(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    def call() -> FileCall:
        return FileCall(vendor, "film", dedupe=Dedupe.NONE, price=20_001)

    vendor.lost = 1
    with pytest.raises(OutcomeUnknownError, match=r"up to \$0.02") as caught:
        await open_till().once(call())
    (row,) = rows(engine)
    assert f"badapple calls retry {row.id[:8]}" in caught.value.hint
    assert f"badapple calls accept {row.id[:8]}" in caught.value.hint
    assert (row.state, row.reserved, row.possibly_charged) == ("unknown", 20_001, 20_001)
    with pytest.raises(OutcomeUnknownError):
        await open_till().once(call())
    assert len(vendor.charges()) == 1
    decisions.retry(engine, row.id[:8])
    assert (await open_till().once(call())).cost == 20_001
    assert [(row.state, row.settled, row.possibly_charged) for row in rows(engine)] == [
        ("failed", 20_001, 0),
        ("collected", 20_001, 0),
    ]
    assert held_by(engine) == 40_002


@pytest.mark.parametrize("booked", [PRICE, 0])
async def test_what_is_accepted_is_booked_and_never_sent_again(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, booked: int
) -> None:
    vendor.lost = 1
    call = FileCall(vendor, "film", dedupe=Dedupe.NONE)
    with pytest.raises(OutcomeUnknownError):
        await open_till().once(call)
    decisions.accept(engine, rows(engine)[0].id, charged=booked > 0)
    with pytest.raises(PermanentProviderError, match="given up"):
        await open_till().once(call)
    assert len(vendor.charges()) == 1
    assert [row.settled for row in rows(engine)] == [booked]
    assert held_by(engine) == booked


async def test_a_cap_is_asked_before_anything_is_sent(open_till: OpenTill, vendor: FileVendor, engine: Engine) -> None:
    till = open_till(cap=2 * PRICE)
    await till.once(FileCall(vendor, "a"))
    await till.once(FileCall(vendor, "b"))
    with pytest.raises(BudgetError):
        await till.once(FileCall(vendor, "c", price=1))
    assert len(vendor.charges()) == 2
    assert len(rows(engine)) == 2
    assert held_by(engine) == 2 * PRICE


async def test_a_refusal_costs_nothing_and_may_be_tried_again(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.refuse = [PermanentProviderError("not that picture", provider="replicate", reason="refused")]
    with pytest.raises(PermanentProviderError, match="not that picture"):
        await open_till().once(FileCall(vendor, "clip"))
    assert held_by(engine) == 0
    await open_till().once(FileCall(vendor, "clip"))
    assert [(row.attempt, row.state, row.reason) for row in rows(engine)] == [
        (1, "failed", "refused"),
        (2, "collected", None),
    ]


async def test_what_was_paid_and_lost_is_bought_again_only_on_a_word(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.breaks = PermanentProviderError("its files are gone", provider="replicate", reason="lost", charged=PRICE)
    with pytest.raises(PermanentProviderError, match="files are gone"):
        await open_till().once(FileCall(vendor, "clip"))
    vendor.breaks = None
    with pytest.raises(PermanentProviderError, match=r"was charged \$0.19 and brought nothing") as caught:
        await open_till().once(FileCall(vendor, "clip"))
    assert caught.value.charged == PRICE
    assert len(vendor.charges()) == 1
    decisions.retry(engine, rows(engine)[0].id)
    await open_till().once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 2
    assert held_by(engine) == 2 * PRICE


async def test_petty_losses_need_no_word(open_till: OpenTill, vendor: FileVendor) -> None:
    vendor.breaks = PermanentProviderError("refused", provider="replicate", reason="refused", charged=20_000)
    with pytest.raises(PermanentProviderError):
        await open_till().once(FileCall(vendor, "clip", price=20_000))
    vendor.breaks = None
    await open_till().once(FileCall(vendor, "clip", price=20_000))
    assert len(vendor.charges()) == 2


async def test_goods_that_cannot_be_had_now_wait_for_the_next_run(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.breaks = TransientProviderError("busy", provider="replicate", reason="server")
    with pytest.raises(TransientProviderError):
        await open_till().once(FileCall(vendor, "clip"))
    assert [(row.state, row.holder) for row in rows(engine)] == [("submitted", None)]
    vendor.breaks = None
    assert (await open_till("later").once(FileCall(vendor, "clip"))).cost == 0
    assert len(vendor.charges()) == 1
    assert (held_by(engine), held_by(engine, "later")) == (PRICE, 0)  # it stays on the account that it was sent on


async def test_a_vendor_that_cannot_be_asked_is_not_sent_anything(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    class Deaf(FileCall):
        async def find(self, ticket: object) -> None:
            raise TransientProviderError("no network", provider="replicate", reason="network")

    vendor.lost = 1
    with pytest.raises(TransientProviderError, match="cannot be told now"):
        await open_till().once(Deaf(vendor, "clip"))
    assert [(row.state, row.sends) for row in rows(engine)] == [("intent", 1)]
    await open_till().once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 1


async def test_goods_gone_from_the_cache_are_fetched_again_while_the_vendor_has_them(
    open_till: OpenTill, vendor: FileVendor, cache: Cache, engine: Engine
) -> None:
    await open_till().once(FileCall(vendor, "clip"))
    cache.clear()
    again = await open_till().once(FileCall(vendor, "clip"))
    assert (again.files["goods"].read_text(), again.cost) == ("clip", 0)
    assert len(vendor.charges()) == 1
    assert held_by(engine) == PRICE


async def test_goods_gone_everywhere_are_bought_anew(open_till: OpenTill, vendor: FileVendor, cache: Cache) -> None:
    await open_till().once(FileCall(vendor, "clip", lasting=0))
    cache.clear()
    await open_till().once(FileCall(vendor, "clip", lasting=0))
    assert len(vendor.charges()) == 2


async def test_an_intent_too_old_to_be_asked_for_is_unknown(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.lost, vendor.lag = 1, 100
    with pytest.raises(TransientProviderError):
        await open_till().once(_silent(FileCall(vendor, "clip")))
    with Session(engine) as session, session.begin():
        session.execute(update(Call).values(uptime=Call.uptime - 3700))
    with pytest.raises(OutcomeUnknownError):
        await open_till().once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 1


def _silent(call: FileCall) -> FileCall:
    async def find(_ticket: object) -> None:
        raise TransientProviderError("no network", provider="replicate", reason="network")

    call.find = find  # type: ignore[method-assign, assignment]
    return call


async def test_a_moved_clock_does_not_make_an_intent_old(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.lost = 1
    with pytest.raises(TransientProviderError):
        await open_till().once(_silent(FileCall(vendor, "clip")))
    with Session(engine) as session, session.begin():
        row = session.scalars(select(Call)).one()
        row.created_at = row.created_at.replace(year=2031)
    await open_till().once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 1


async def test_draining_collects_what_is_paid_and_sends_nothing_new(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.seconds = 0.2
    till = open_till()
    asking = asyncio.ensure_future(till.once(FileCall(vendor, "clip")))
    while not vendor.charges():
        await asyncio.sleep(0.01)
    asking.cancel()
    await till.drain()
    with pytest.raises(asyncio.CancelledError):
        await till.once(FileCall(vendor, "another"))
    assert [(row.label, row.state) for row in rows(engine)] == [("clip", "collected")]


async def test_pausing_leaves_the_vendor_at_work_and_the_next_run_goes_on(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.seconds = 30
    till = open_till()
    asking = asyncio.ensure_future(till.once(FileCall(vendor, "clip")))
    await submitted(engine)
    asking.cancel()
    await till.pause()
    (row,) = rows(engine)
    assert (row.state, row.holder, vendor.cancelled) == ("submitted", None, [])
    assert decisions.expires(engine, "job") is not None
    vendor.seconds = 0
    await open_till("later").once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 1


async def test_cancelling_a_job_tells_the_vendor(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, processes: Callable[[], Claims]
) -> None:
    vendor.seconds = 30
    till = open_till()
    asking = asyncio.ensure_future(till.once(FileCall(vendor, "clip")))
    await submitted(engine)
    call = FileCall(vendor, "clip")
    (row,), told = await decisions.cancel_job(engine, processes(), "job", {"replicate": call.cancel})
    assert told == 1
    assert vendor.cancelled == [row.vendor_id]
    assert (row.state, row.reason, row.possibly_charged) == ("failed", "cancelled", PRICE)
    assert held_by(engine) == 0
    asking.cancel()
    await till.pause()


async def test_a_cancelled_job_stops_waiting_and_sends_nothing_more(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.seconds = 30
    till = open_till()
    asking = asyncio.ensure_future(till.once(FileCall(vendor, "clip")))
    await submitted(engine)
    with Session(engine) as session, session.begin():
        session.add(Job(id="job", product_name="a", style="b", status="cancelled", error_message=words.BY_A_PERSON))
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(asyncio.CancelledError):
        await till.once(FileCall(vendor, "another"))
    assert len(vendor.charges()) == 1


async def test_a_cancelled_payer_hands_over_to_whoever_waits(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, processes: Callable[[], Claims]
) -> None:
    vendor.seconds = 0.6
    first = open_till("first")
    asking = asyncio.ensure_future(first.once(FileCall(vendor, "clip")))
    while not vendor.charges():
        await asyncio.sleep(0.01)
    waiting = asyncio.ensure_future(open_till("second").once(FileCall(vendor, "clip")))
    while not rows(engine)[0].heir:
        await asyncio.sleep(0.01)
    assert await decisions.cancel_job(engine, processes(), "first", {"replicate": FileCall(vendor, "clip").cancel}) == (
        [],
        0,
    )
    asking.cancel()
    bought = await waiting
    await first.pause()
    assert (bought.cost, len(vendor.charges()), vendor.cancelled) == (PRICE, 1, [])
    assert (held_by(engine, "first"), held_by(engine, "second")) == (0, PRICE)
    assert rows(engine)[0].job == "second"


async def test_a_call_whose_holder_died_is_taken_over_at_once(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.seconds = 30
    till = open_till()
    asking = asyncio.ensure_future(till.once(FileCall(vendor, "clip")))
    await submitted(engine)
    with Session(engine) as session, session.begin():
        session.execute(update(Call).values(holder=f"{'0' * 32}/gone"))
    vendor.seconds = 0
    bought = await open_till("second").once(FileCall(vendor, "clip"))
    assert (bought.cost, len(vendor.charges())) == (0, 1)
    asking.cancel()
    await till.pause()


async def test_goods_that_come_under_a_lost_claim_are_not_counted_twice(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    """A process that was stopped for long wakes up after another one took its call over."""
    slow = FileCall(vendor, "clip")
    vendor.seconds = 0.5
    till = open_till()
    asking = asyncio.ensure_future(till.once(slow))
    await submitted(engine)
    with Session(engine) as session, session.begin():
        session.execute(update(Call).values(holder=f"{'0' * 32}/gone"))
    other = await open_till("second").once(FileCall(vendor, "clip"))
    bought = await asking
    assert bought.files == other.files
    assert (bought.cost, other.cost, held_by(engine)) == (0, 0, PRICE)
    assert len(vendor.charges()) == 1
    with contextlib.suppress(asyncio.CancelledError):
        await till.pause()


class Queued(FileCall):
    """A call that stands in a vendor's line before it is sent."""

    async def submit(self, ticket: Ticket, folder: Path) -> Submission:
        async def send() -> Submission:
            return Submission(vendor_id=self.vendor.take(self, ticket))

        return await Line("replicate", limiter=self.limiter).call(send)

    limiter: Limiter


async def queued(engine: Engine, tmp_path: Path, vendor: FileVendor) -> tuple[Queued, Limiter]:
    holder = Holder(engine, tmp_path)
    one = {"replicate": Allowance(concurrency=1)}
    limiter = Limiter(engine, holder, Watcher(engine, tmp_path), allowances=one)
    call = Queued(vendor, "clip", dedupe=Dedupe.NONE)
    call.limiter = limiter
    return call, limiter


@pytest.mark.parametrize("how", ["cancel", "drain", "pause"])
async def test_what_stands_in_line_is_not_sent_any_more(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, tmp_path: Path, how: str
) -> None:
    call, limiter = await queued(engine, tmp_path, vendor)
    till = open_till()
    async with limiter.slot("replicate"):
        asking = asyncio.ensure_future(till.once(call))
        while not rows(engine):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        asking.cancel()
        if how != "cancel":
            await (till.drain() if how == "drain" else till.pause())
        await asyncio.sleep(0.05)
    await till.drain()
    assert vendor.charges() == []
    (row,) = rows(engine)
    assert (row.state, row.sends, row.holder, row.possibly_charged) == ("failed", 0, None, 0)
    assert held_by(engine) == 0
    assert (await open_till().once(FileCall(vendor, "clip", dedupe=Dedupe.NONE))).cost == PRICE
    assert len(vendor.charges()) == 1


async def test_what_is_being_sent_is_sent_to_its_end(open_till: OpenTill, vendor: FileVendor, engine: Engine) -> None:
    class Slow(FileCall):
        async def submit(self, ticket: Ticket, folder: Path) -> Submission:
            async def send() -> Submission:
                await asyncio.sleep(0.2)
                return Submission(vendor_id=self.vendor.take(self, ticket), goods=self.goods(folder))

            return await Line("replicate").call(send)

    till = open_till()
    asking = asyncio.ensure_future(till.once(Slow(vendor, "clip", at_once=True)))
    while not rows(engine) or rows(engine)[0].sends != 1:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    asking.cancel()
    await till.pause()
    assert len(vendor.charges()) == 1
    assert rows(engine)[0].state == CallState.COLLECTED


async def test_a_call_stopped_while_its_sending_is_written_down_is_not_unknown(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    asking: list[asyncio.Future[object]] = []

    def step(name: str) -> None:
        if name == "intent":
            asyncio.get_running_loop().call_later(0.001, asking[0].cancel)

    till = open_till(point=step)
    asking.append(asyncio.ensure_future(till.once(FileCall(vendor, "film", dedupe=Dedupe.NONE))))
    with contextlib.suppress(asyncio.CancelledError):
        await asking[0]
    await till.drain()
    assert len(vendor.charges()) <= 1
    await open_till().once(FileCall(vendor, "film", dedupe=Dedupe.NONE))
    assert len(vendor.charges()) == 1
    assert held_by(engine) == PRICE


async def test_a_call_stopped_while_its_sending_is_refused_holds_no_money(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    """Its job closes in the moment in which it is cancelled: the refusal is lost in the cancelling."""
    prepared, may_leave = asyncio.Event(), asyncio.Event()

    class Prepared(FileCall):
        async def submit(self, ticket: Ticket, folder: Path) -> Submission:
            async def send() -> Submission:
                return Submission(vendor_id=self.vendor.take(self, ticket))

            prepared.set()
            await may_leave.wait()
            return await Line("replicate").call(send)

    till = open_till()
    asking = asyncio.ensure_future(till.once(Prepared(vendor, "clip", dedupe=Dedupe.LOOKUP)))
    await prepared.wait()
    with Session(engine) as session:
        session.add(Job(id="job", product_name="a", style="b", closing=True))
        session.flush()
        session.scalars(select(Call).with_for_update()).all()  # from here on nobody else writes in the books
        may_leave.set()
        await asyncio.sleep(0.2)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        session.commit()
    await till.drain()
    (row,) = rows(engine)
    assert (row.state, row.sends, row.reserved, row.holder) == ("failed", 0, 0, None)
    assert (vendor.charges(), held_by(engine)) == ([], 0)

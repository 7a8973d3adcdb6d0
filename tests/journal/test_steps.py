"""The steps of a till: in which order they are taken, and how it waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.database import Call, Job
from badapple.errors import OutcomeUnknownError, PermanentProviderError, TransientProviderError
from badapple.journal import JournalTill, words
from badapple.journal.gate import current
from badapple.models import Dedupe, Goods, Submission, Ticket
from badapple.testing.vendor import FileCall, FileVendor

OpenTill = Callable[..., JournalTill]
GONE = f"{'0' * 32}/gone"


class Waits(list[float]):
    """Waits that are written down and hardly waited."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


def only(engine: Engine) -> Call:
    with Session(engine) as session:
        return session.scalars(select(Call)).one()


def change(engine: Engine, **values: object) -> None:
    with Session(engine) as session, session.begin():
        session.execute(update(Call).values(**values))


def cancel_job(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(Job(id="job", product_name="a", style="b", status="cancelled", error_message=words.BY_A_PERSON))


def lost() -> OutcomeUnknownError:
    return OutcomeUnknownError("no reply", provider="replicate", reason="network")


async def passed(open_till: OpenTill, call: FileCall) -> list[str]:
    steps: list[str] = []
    await open_till(point=steps.append).once(call)
    return steps


async def test_goods_that_are_waited_for_take_six_steps(open_till: OpenTill, vendor: FileVendor) -> None:
    steps = ["intent", "sending", "sent", "submitted", "goods", "collected"]
    assert await passed(open_till, FileCall(vendor, "clip")) == steps
    assert await passed(open_till, FileCall(vendor, "clip")) == []


async def test_goods_that_come_at_once_take_five(open_till: OpenTill, vendor: FileVendor) -> None:
    call = FileCall(vendor, "voice", at_once=True)
    assert await passed(open_till, call) == ["intent", "sending", "sent", "goods", "collected"]


async def test_a_lost_answer_is_looked_for_before_anything_is_sent_again(
    open_till: OpenTill, vendor: FileVendor
) -> None:
    vendor.lost, vendor.lag = 1, 1
    steps = await passed(open_till, FileCall(vendor, "clip"))
    assert steps == ["intent", "sending", "not found", "found", "submitted", "goods", "collected"]


async def test_looks_are_as_far_apart_as_the_vendor_needs(open_till: OpenTill, vendor: FileVendor) -> None:
    vendor.refuse = [lost()]
    waits, call = Waits(), FileCall(vendor, "clip")
    await open_till(sleep=waits).once(call)
    assert waits == [0, 0]


async def test_an_intent_of_the_dead_that_was_never_sent_is_sent_without_a_look(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    with pytest.raises(asyncio.CancelledError):
        await dying(open_till, vendor, engine, "intent")
    assert (only(engine).state, only(engine).sends) == ("intent", 0)
    steps = await passed(open_till, FileCall(vendor, "clip"))
    assert steps == ["intent", "sending", "sent", "submitted", "goods", "collected"]


async def dying(open_till: OpenTill, vendor: FileVendor, engine: Engine, at: str, **call: object) -> None:
    """Buy as a process that ends at a step: what it held is held by nobody alive."""

    def die(step: str) -> None:
        if step == at:
            change(engine, holder=GONE)
            raise asyncio.CancelledError

    await open_till("first", point=die).once(FileCall(vendor, "clip", **call))  # type: ignore[arg-type]


async def test_an_intent_of_the_dead_that_was_sent_is_looked_for_first(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    with pytest.raises(asyncio.CancelledError):
        await dying(open_till, vendor, engine, "sent")
    assert (only(engine).state, only(engine).sends) == ("intent", 1)
    assert await passed(open_till, FileCall(vendor, "clip")) == ["intent", "found", "submitted", "goods", "collected"]
    assert len(vendor.charges()) == 1


async def test_a_call_with_an_idempotency_key_is_sent_again_without_a_look(
    open_till: OpenTill, vendor: FileVendor
) -> None:
    vendor.refuse = [lost()]
    steps = await passed(open_till, FileCall(vendor, "clip", dedupe=Dedupe.KEY))
    assert steps == ["intent", "sending", "sending", "sent", "submitted", "goods", "collected"]


async def test_a_call_with_an_idempotency_key_that_never_answers_is_unknown(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.refuse = [lost(), lost(), lost()]
    with pytest.raises(OutcomeUnknownError, match="may have been charged"):
        await open_till().once(FileCall(vendor, "clip", dedupe=Dedupe.KEY))
    assert (only(engine).state, only(engine).sends, len(vendor.refuse)) == ("unknown", 2, 1)


async def test_a_vendor_that_does_not_answer_is_said_to_have_nothing(open_till: OpenTill, vendor: FileVendor) -> None:
    vendor.refuse = [lost(), lost()]
    with pytest.raises(TransientProviderError) as caught:
        await open_till().once(FileCall(vendor, "clip"))
    assert str(caught.value) == "replicate does not answer, and has no such order: no reply; nothing was charged"
    assert (caught.value.provider, caught.value.reason, caught.value.hint) == (
        "replicate", "network", "try again later",
    )  # fmt: skip


async def test_ids_on_other_receipts_are_not_looked_for(open_till: OpenTill, vendor: FileVendor) -> None:
    taken: list[frozenset[str]] = []

    class Telling(FileCall):
        async def find(self, ticket: Ticket) -> Submission | None:
            taken.append(ticket.taken)
            return await super().find(ticket)

    other = await open_till().once(FileCall(vendor, "other"))
    vendor.refuse = [lost()]
    await open_till().once(Telling(vendor, "clip"))
    assert taken == [{other.vendor_id}] * 2


async def test_where_the_account_may_not_ask_the_outcome_is_unknown(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    class Mute(FileCall):
        async def find(self, ticket: Ticket) -> Submission | None:
            raise lost()

    vendor.lost = 1
    with pytest.raises(OutcomeUnknownError, match="may have been charged") as caught:
        await open_till().once(Mute(vendor, "clip"))
    assert str(caught.value.__cause__) == "no reply"
    assert only(engine).state == "unknown"


async def test_whoever_waits_for_another_looks_ever_less_often(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.seconds = 30
    working = open_till("first")
    asking = asyncio.ensure_future(working.once(FileCall(vendor, "clip")))
    while not vendor.charges():
        await asyncio.sleep(0.01)
    waits = Waits()
    waiting = asyncio.ensure_future(open_till("second", sleep=waits, poll=0.1).once(FileCall(vendor, "clip")))
    while len(waits) < 9:
        await asyncio.sleep(0.01)
    waiting.cancel()
    asking.cancel()
    await working.pause()
    expected = [0.1, 0.15, 0.225, 0.3375, 0.50625, 0.759375, 0.8, 0.8, 0.8]
    assert waits[:9] == pytest.approx(expected)
    with contextlib.suppress(asyncio.CancelledError):
        await waiting


async def test_an_id_that_stands_on_another_receipt_is_refused(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    class Confused(FileCall):
        async def submit(self, ticket: Ticket, folder: Path) -> Submission:
            async with current().passing():
                return Submission(vendor_id="same")

    await open_till().once(Confused(vendor, "one"))
    with pytest.raises(PermanentProviderError) as caught:
        await open_till().once(Confused(vendor, "two"))
    assert str(caught.value) == "replicate answered with an id that another receipt has"
    assert caught.value.provider == "replicate"
    with Session(engine) as session:
        assert sorted(session.scalars(select(Call.state))) == ["collected", "failed"]


@pytest.mark.parametrize("also", [False, True])
async def test_an_order_placed_under_a_lost_claim_is_booked_and_a_second_one_stopped(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, caplog: pytest.LogCaptureFixture, *, also: bool
) -> None:
    """A process that was stopped for long while it sent: meanwhile another one took its call over, and sent too."""

    class Slept(FileCall):
        async def submit(self, ticket: Ticket, folder: Path) -> Submission:
            done = await super().submit(ticket, folder)
            change(engine, holder=GONE, **({"vendor_id": "another", "state": "submitted"} if also else {}))
            return done

    steps: list[str] = []
    bought = await open_till(point=steps.append).once(Slept(vendor, "clip"))
    assert steps == ["intent", "sending", "sent", "intent", "goods", "collected"]
    (charge,) = vendor.charges()
    assert bought.vendor_id == ("another" if also else charge["id"])
    assert vendor.cancelled == ([charge["id"]] if also else [])
    assert only(engine).possibly_charged == (190_000 if also else 0)
    (record,) = (record for record in caplog.records if record.name == "badapple.journal")
    facts = record.__dict__
    assert (facts["message"], facts["vendor"], facts["call"]) == ("claim_lost", "replicate", only(engine).id)


async def test_goods_that_came_at_once_under_a_lost_claim_are_booked(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    class Slept(FileCall):
        slept = False

        async def submit(self, ticket: Ticket, folder: Path) -> Submission:
            done = await super().submit(ticket, folder)
            if not self.slept:
                self.slept = True
                change(engine, holder=GONE, vendor_id="another", state="submitted")
            return done

    await open_till().once(Slept(vendor, "voice", at_once=True))
    assert (only(engine).vendor_id, only(engine).possibly_charged) == ("another", 190_000)


async def test_a_job_cancelled_while_goods_are_made_tells_the_vendor(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.seconds = 30
    asking = asyncio.ensure_future(open_till().once(FileCall(vendor, "clip")))
    while not vendor.charges():
        await asyncio.sleep(0.01)
    cancel_job(engine)
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert vendor.cancelled == [vendor.charges()[0]["id"]]
    assert (only(engine).state, only(engine).reason, only(engine).possibly_charged) == ("failed", "cancelled", 190_000)


async def test_a_job_cancelled_before_the_sending_sends_nothing(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    def step(name: str) -> None:
        if name == "intent":
            cancel_job(engine)

    with pytest.raises(asyncio.CancelledError):
        await open_till(point=step).once(FileCall(vendor, "clip"))
    assert (vendor.charges(), vendor.cancelled) == ([], [])
    assert (only(engine).state, only(engine).possibly_charged) == ("failed", 0)


async def test_goods_that_break_for_good_are_charged_what_the_vendor_says(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    vendor.breaks = PermanentProviderError("it broke", provider="replicate", reason="server", charged=7)
    with pytest.raises(PermanentProviderError):
        await open_till().once(FileCall(vendor, "clip"))
    assert (only(engine).state, only(engine).error, only(engine).settled) == ("failed", "it broke", 7)


async def test_a_bug_in_a_call_gives_the_claim_up(open_till: OpenTill, vendor: FileVendor, engine: Engine) -> None:
    vendor.breaks = KeyError("bug")
    with pytest.raises(KeyError):
        await open_till().once(FileCall(vendor, "clip"))
    assert (only(engine).state, only(engine).holder) == ("submitted", None)


async def test_goods_are_made_in_a_folder_of_their_own_that_is_gone_afterwards(
    open_till: OpenTill, vendor: FileVendor, cache: Cache
) -> None:
    folders: list[Path] = []

    class Seeing(FileCall):
        async def collect(self, submission: Submission, folder: Path) -> Goods:
            folders.append(folder)
            assert list(folder.iterdir()) == []
            return await super().collect(submission, folder)

    await open_till().once(Seeing(vendor, "clip"))
    assert [folder.parent for folder in folders] == [cache.root / "tmp"]
    assert not folders[0].exists()


async def test_a_till_knows_whose_it_is_and_what_it_has(open_till: OpenTill, vendor: FileVendor) -> None:
    till, call = open_till(), FileCall(vendor, "clip")
    assert till.owner == "local"
    assert await till.has(call.order) is False
    await till.once(call)
    assert await till.has(call.order) is True


async def test_tabs_stand_inside_each_other(open_till: OpenTill, vendor: FileVendor) -> None:
    till = open_till()
    with till.tab("outer") as outer:
        with till.tab("inner") as inner:
            await till.once(FileCall(vendor, "a", price=3))
        await till.once(FileCall(vendor, "b", price=5))
    await till.once(FileCall(vendor, "c", price=7))
    assert [(tab.label, tab.cost) for tab in (outer, inner)] == [("outer", 5), ("inner", 3)]


@pytest.mark.parametrize("threaded", [True, False])
async def test_the_books_are_kept_off_the_event_loop_where_wanted(
    open_till: OpenTill, vendor: FileVendor, engine: Engine, *, threaded: bool
) -> None:
    till, threads = open_till(threaded=threaded), set[int]()
    event.listen(engine, "before_cursor_execute", lambda *_: threads.add(threading.get_ident()))
    await till.once(FileCall(vendor, "clip"))
    assert (threading.get_ident() in threads) is not threaded
    default = JournalTill(till._books, till._cache)
    threads.clear()
    await default.has(FileCall(vendor, "clip").order)
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("end", ["drain", "pause"])
async def test_a_till_that_is_closed_sends_nothing(open_till: OpenTill, vendor: FileVendor, end: str) -> None:
    till = open_till()
    await getattr(till, end)()
    with pytest.raises(asyncio.CancelledError):
        await till.once(FileCall(vendor, "clip"))
    assert vendor.charges() == []


async def test_an_error_whose_caller_is_gone_is_no_noise(
    open_till: OpenTill, vendor: FileVendor, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.seconds, vendor.breaks = 0.1, PermanentProviderError("it broke", provider="replicate")
    caplog.set_level(logging.ERROR, "asyncio")
    till = open_till()
    asking = asyncio.ensure_future(till.once(FileCall(vendor, "clip")))
    while not vendor.charges():
        await asyncio.sleep(0.01)
    asking.cancel()
    await till.drain()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert caplog.records == []


async def test_what_nobody_wants_any_more_is_not_sent_and_may_be_bought_later(
    open_till: OpenTill, vendor: FileVendor, engine: Engine
) -> None:
    asking: list[asyncio.Future[object]] = []
    till = open_till(point=lambda step: asking[0].cancel() if step == "intent" else None)
    asking.append(asyncio.ensure_future(till.once(FileCall(vendor, "clip"))))
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    await till.drain()
    assert (vendor.charges(), only(engine).holder, only(engine).possibly_charged) == ([], None, 0)
    await open_till().once(FileCall(vendor, "clip"))
    assert len(vendor.charges()) == 1


async def test_what_is_opened_for_nobody_any_more_ends(open_till: OpenTill, vendor: FileVendor, engine: Engine) -> None:
    loop, asking = asyncio.get_running_loop(), list[asyncio.Future[object]]()

    def slowly(_c: object, _k: object, sql: str, *_: object) -> None:
        if sql.startswith("INSERT INTO calls"):
            loop.call_soon_threadsafe(asking[0].cancel)
            time.sleep(0.05)

    event.listen(engine, "before_cursor_execute", slowly)
    till = open_till()
    asking.append(asyncio.ensure_future(till.once(FileCall(vendor, "clip"))))
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    await till.drain()
    assert vendor.charges() == []
    assert (only(engine).state, only(engine).reason, only(engine).holder) == ("failed", "cancelled", None)

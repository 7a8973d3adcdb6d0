"""What comes late: goods under a lost claim, heirs, a till that opens again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.costs.budget import held
from badapple.database import Call, Job
from badapple.errors import TransientProviderError
from badapple.journal import Books, Claims, JournalTill, words
from badapple.journal.books import Claim, ClaimLostError, JobCancelledError, Taken
from badapple.journal.rows import hand_over
from badapple.models import Bought, Dedupe, Goods, Order, Submission, Ticket
from badapple.testing.vendor import FileCall, FileVendor

FILM = Order(
    key="k", vendor="replicate", model="a/film", label="scene 1", dedupe=Dedupe.LOOKUP, estimate=150, reserve=190
)  # fmt: skip


@pytest.fixture
def claims(processes: Callable[[], Claims]) -> Claims:
    return processes()


@pytest.fixture
def of(engine: Engine, cache: Cache, claims: Claims) -> Callable[[str], Books]:
    return lambda job: Books(engine, cache, claims, job=job, owner="me", caps={f"job:{job}": None})


@pytest.fixture
def books(of: Callable[[str], Books]) -> Books:
    return of("job")


@pytest.fixture
def claim(books: Books) -> Claim:
    opened = books.open(FILM)
    assert isinstance(opened, Claim)
    return opened


def only(engine: Engine) -> Call:
    with Session(engine) as session:
        return session.scalars(select(Call)).one()


def change(engine: Engine, **values: object) -> None:
    with Session(engine) as session, session.begin():
        row = session.scalars(select(Call)).one()
        for name, value in values.items():
            setattr(row, name, value)


def spent(engine: Engine, job: str = "job") -> int:
    with Session(engine) as session:
        return held(session, f"job:{job}")


def goods(folder: Path, *, cost: int | None = None, gone: bool = False) -> Goods:
    files = {"film": folder / "film.mp4", "reply": folder / "reply.json"}
    for path in files.values():
        path.write_text("film")
    if gone:
        files["reply"].unlink()
    return Goods(files=files, facts={"frames": 9}, cost=cost)


@pytest.mark.parametrize(("cost", "paid"), [(None, 150), (0, 0), (120, 120)])
def test_late_goods_of_a_call_that_ended_for_nothing_are_kept_and_paid(
    books: Books, claim: Claim, engine: Engine, claims: Claims, tmp_path: Path, *, cost: int | None, paid: int
) -> None:
    change(engine, state="failed", reason="cancelled", error="it was cancelled", possibly_charged=190, holder=None)
    books.late(claim, FILM, "v1", goods(tmp_path, cost=cost))
    row = only(engine)
    assert (row.state, row.vendor_id, row.facts) == ("collected", "v1", {"frames": 9})
    assert (row.reserved, row.settled, row.possibly_charged, row.error, row.reason) == (0, paid, 0, None, None)
    assert row.files["film"] == {"sha256": hashlib.sha256(b"film").hexdigest(), "size": 4, "suffix": ".mp4"}
    assert spent(engine) == paid
    assert not claims.alive(claim.claim)
    found = books.open(FILM)
    assert isinstance(found, Bought)
    assert {name: path.read_text() for name, path in found.files.items()} == {"film": "film", "reply": "film"}


@pytest.mark.parametrize(("state", "gone"), [("submitted", False), ("collected", False), ("failed", True)])
def test_late_goods_that_another_buys_too_or_that_are_not_whole_may_have_been_charged(
    books: Books, claim: Claim, engine: Engine, claims: Claims, tmp_path: Path, *, state: str, gone: bool
) -> None:
    change(engine, state=state, possibly_charged=7)
    books.late(claim, FILM, "v1", goods(tmp_path, cost=120, gone=gone))
    row = only(engine)
    assert (row.state, row.vendor_id, row.possibly_charged, row.settled, row.reserved) == (state, None, 157, 0, 190)
    assert spent(engine) == 190
    assert not claims.alive(claim.claim)


def test_before_a_sending_is_repeated_the_call_must_still_be_ours(books: Books, claim: Claim, engine: Engine) -> None:
    books.check(claim)
    change(engine, holder="somebody/else")
    with pytest.raises(ClaimLostError):
        books.check(claim)


def test_before_a_sending_is_repeated_its_job_must_go_on(books: Books, claim: Claim, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(Job(id="job", product_name="a", style="b", status="cancelled", error_message=words.BY_A_PERSON))
    with pytest.raises(JobCancelledError):
        books.check(claim)


def test_whoever_waits_no_longer_inherits_nothing(of: Callable[[str], Books], claim: Claim, claims: Claims) -> None:
    taken = of("second").open(FILM)
    assert isinstance(taken, Taken)
    assert taken.heir is not None
    assert claims.alive(taken.heir)
    assert of("second").open(FILM) == Taken(id=claim.id)
    of("second").forget(taken.heir)
    assert not claims.alive(taken.heir)


def test_a_cancelled_call_goes_to_whoever_waits_for_it(
    of: Callable[[str], Books], books: Books, claim: Claim, engine: Engine
) -> None:
    of("second").open(FILM)
    assert books.submitted(claim, "v1")
    assert books.cancelled(claim) is None
    row = only(engine)
    assert (row.state, row.job, row.heir, row.heir_holder, row.holder) == ("submitted", "second", None, None, None)
    again = of("second").open(FILM)
    assert isinstance(again, Claim)
    assert again.vendor_id == "v1"
    assert (only(engine).scopes, spent(engine), spent(engine, "second")) == (["job:second"], 0, 190)


def test_without_an_heir_nothing_is_handed_over(claim: Claim, engine: Engine) -> None:
    with Session(engine) as session:
        row = session.get_one(Call, claim.id)
        assert hand_over(row) is False
        assert (row.job, row.holder) == ("job", claim.claim)
        row.heir, row.heir_holder = "second", "me/1"
        assert hand_over(row) is True
        assert row.job == "second"
        assert {row.heir, row.heir_holder, row.holder} == {None}


@pytest.mark.parametrize("end", ["drain", "pause"])
async def test_a_till_that_was_closed_may_open_again(
    open_till: Callable[..., JournalTill], vendor: FileVendor, end: str
) -> None:
    till = open_till()
    await getattr(till, end)()
    till.reopen()
    assert (await till.once(FileCall(vendor, "clip"))).files["goods"].read_text() == "clip"


async def test_an_order_that_cannot_be_asked_for_now_says_nothing_of_charges(
    open_till: Callable[..., JournalTill], vendor: FileVendor
) -> None:
    class Deaf(FileCall):
        async def find(self, ticket: Ticket) -> Submission | None:
            raise TransientProviderError("nothing was charged", provider="x", status_code=503, reason="server")

    vendor.lost = 1
    with pytest.raises(TransientProviderError) as caught:
        await open_till().once(Deaf(vendor, "clip"))
    error = caught.value
    assert str(error) == (
        "it cannot be told now whether replicate has the order (clip): server; it is asked again before anything is "
        "sent again"
    )
    assert (error.provider, error.status_code, error.reason) == ("replicate", 503, "server")
    assert error.hint == "run the same command again later"


async def test_what_stands_in_line_when_a_till_drains_is_not_sent(
    open_till: Callable[..., JournalTill], vendor: FileVendor, engine: Engine
) -> None:
    stands, go = asyncio.Event(), asyncio.Event()

    class Queued(FileCall):
        async def submit(self, ticket: Ticket, folder: Path) -> Submission:
            stands.set()
            await go.wait()
            return await super().submit(ticket, folder)

    till = open_till()
    asking = asyncio.ensure_future(till.once(Queued(vendor, "clip")))
    await stands.wait()
    draining = asyncio.ensure_future(till.drain())
    await asyncio.sleep(0.01)
    go.set()
    await draining
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert vendor.charges() == []
    assert (only(engine).state, only(engine).holder, spent(engine)) == ("failed", None, 0)

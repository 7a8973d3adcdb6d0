"""The books of paid calls, one entry after the other."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.costs.budget import held
from badapple.database import Call, Job
from badapple.database.holders import Watcher
from badapple.errors import BudgetError, OutcomeUnknownError, PermanentProviderError
from badapple.journal import Books, Claims, words
from badapple.journal.books import Claim, ClaimLostError, JobCancelledError, Taken
from badapple.journal.rows import claim_of
from badapple.models import Bought, Dedupe, Goods, Order

Open = Callable[..., Books]
GONE = f"{'0' * 32}/gone"
FILM = Order(
    key="k", vendor="replicate", model="a/film", label="scene 1", dedupe=Dedupe.LOOKUP, estimate=150, reserve=190,
    request={"z": 1, "prompt": "é"},
)  # fmt: skip
SCRIPT = replace(FILM, vendor="anthropic", dedupe=Dedupe.NONE)


@pytest.fixture
def claims(processes: Callable[[], Claims]) -> Claims:
    return processes()


@pytest.fixture
def of(engine: Engine, cache: Cache, claims: Claims) -> Open:
    """Return a maker of a job's books; two jobs are of two processes only where `by` says so."""

    def build(job: str = "job", *, by: Claims | None = None, cap: int | None = None, cache: Cache = cache) -> Books:
        return Books(engine, cache, by or claims, job=job, owner="me", caps={f"job:{job}": cap, "day": None})

    return build


def begun(of_job: Books, order: Order = FILM) -> Claim:
    claim = of_job.open(order)
    assert isinstance(claim, Claim)
    return claim


def sent(of_job: Books, order: Order = FILM, vendor_id: str = "v1") -> Claim:
    claim = begun(of_job, order)
    of_job.sending(claim, order)
    assert of_job.submitted(claim, vendor_id)
    return claim


def goods(cache: Cache, *, cost: int | None = None, words: str = "film") -> Goods:
    folder = cache.root / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "film.mp4").write_text(words)
    return Goods(files={"film": folder / "film.mp4"}, facts={"frames": 9}, cost=cost)


def bought(of_job: Books, cache: Cache, order: Order = FILM, *, cost: int | None = None) -> Bought:
    return of_job.collected(sent(of_job, order), order, "v1", goods(cache, cost=cost))


def row_of(engine: Engine, claim: Claim | None = None) -> Call:
    with Session(engine) as session:
        return session.get_one(Call, claim.id) if claim else session.scalars(select(Call)).one()


def change(engine: Engine, claim: Claim | Taken, **values: object) -> None:
    with Session(engine) as session, session.begin():
        row = session.get_one(Call, claim.id)
        for name, value in values.items():
            setattr(row, name, value)


def spent(engine: Engine, *scopes: str) -> list[int]:
    with Session(engine) as session:
        return [held(session, scope) for scope in scopes]


def is_now(moment: datetime | None) -> bool:
    return moment is not None and abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def cancel(engine: Engine, job: str) -> None:
    with Session(engine) as session, session.begin():
        session.add(Job(id=job, product_name="a", style="b", status="cancelled", error_message=words.BY_A_PERSON))


def test_an_intent_is_written_down_in_full(of: Open, engine: Engine, claims: Claims) -> None:
    claim = begun(of())
    row = row_of(engine, claim)
    assert re.fullmatch("[0-9a-f]{32}", row.id)
    assert (row.key, row.attempt, row.owner, row.vendor, row.model, row.label) == (
        "k", 1, "me", "replicate", "a/film", "scene 1",
    )  # fmt: skip
    assert (row.dedupe, row.state, row.job, row.holder, row.vendor_id) == ("lookup", "intent", "job", claim.claim, None)
    assert (row.sends, row.reserved, row.settled, row.possibly_charged) == (0, 190, 0, 0)
    assert (row.scopes, row.request, row.files, row.facts) == (["job:job", "day"], {"z": 1, "prompt": "é"}, {}, {})
    body = json.dumps({"prompt": "é", "z": 1}, ensure_ascii=False)
    assert row.request_hash == hashlib.sha256(body.encode()).hexdigest()
    assert is_now(row.created_at)
    assert claims.alive(claim.claim)
    assert spent(engine, "job:job", "day") == [190, 190]


def test_a_new_call_is_ours_and_its_ticket_is_unique(of: Open, engine: Engine) -> None:
    claim = begun(of())
    assert (claim.vendor_id, claim.recovered, claim.sends) == (None, False, 0)
    assert claim.age is not None
    assert 0 <= claim.age < 60
    ticket = claim.ticket
    assert (ticket.op_id, ticket.taken) == (claim.id, frozenset())
    assert ticket.intent_at == row_of(engine).created_at
    other = begun(of(), replace(FILM, key="other"))
    assert other.id != claim.id
    assert other.ticket.seed != ticket.seed


def test_a_seed_is_the_ids_and_fits_into_31_bits(of: Open, engine: Engine) -> None:
    begun(of(), replace(FILM, key="low"))
    for start, seed in (("ffffffff", 0x7FFFFFFF), ("80000001", 1), ("0000001f", 31)):
        with Session(engine) as session:
            row = session.scalars(select(Call).where(Call.key == "low")).one()
            session.expunge(row)
        row.id, row.holder = start + "9" * 24, "me/1"
        assert claim_of(row, recovered=True).ticket.seed == seed


def test_who_works_on_a_call_is_left_alone(of: Open, engine: Engine) -> None:
    claim = begun(of())
    assert of().open(FILM) == Taken(id=claim.id)
    row = row_of(engine)
    assert (row.holder, row.heir, row.heir_holder) == (claim.claim, None, None)


def test_another_job_that_wants_the_same_becomes_its_heir(of: Open, engine: Engine, claims: Claims) -> None:
    claim = begun(of())
    taken = of("second").open(FILM)
    row = row_of(engine)
    assert taken == Taken(id=claim.id, heir=row.heir_holder)
    assert (row.job, row.heir) == ("job", "second")
    assert claims.alive(row.heir_holder)
    assert row.heir_holder != claim.claim
    of("third").open(FILM)
    assert row_of(engine).heir == "second"
    assert row.heir_holder is not None
    claims.drop(row.heir_holder)
    of("third").open(FILM)
    assert row_of(engine).heir == "third"


def test_a_call_whose_holder_is_gone_is_taken_over(of: Open, engine: Engine, claims: Claims) -> None:
    first = sent(of(), vendor_id="v9")
    change(engine, first, holder=GONE)
    second = begun(of())
    assert (second.id, second.recovered, second.sends, second.vendor_id) == (first.id, True, 1, "v9")
    assert second.claim not in {first.claim, GONE}
    assert claims.alive(second.claim)
    assert row_of(engine).holder == second.claim
    assert spent(engine, "job:job", "day") == [190, 190]


def test_a_call_that_nobody_holds_is_taken_over(of: Open, engine: Engine) -> None:
    first = begun(of())
    change(engine, first, holder=None)
    assert begun(of()).recovered


def test_whoever_takes_a_call_over_pays_for_it(of: Open, engine: Engine) -> None:
    change(engine, begun(of("first")), holder=GONE)
    begun(of("second"))
    row = row_of(engine)
    assert (row.job, row.scopes) == ("second", ["job:second", "day"])
    assert spent(engine, "job:first", "job:second", "day") == [0, 190, 190]


@pytest.mark.parametrize("heir", ["second", "third"])
def test_an_heir_who_takes_over_is_no_heir_any_more(of: Open, engine: Engine, heir: str) -> None:
    change(engine, begun(of("first")), holder=GONE, heir=heir, heir_holder="you/1")
    begun(of("second"))
    row = row_of(engine)
    assert (row.heir, row.heir_holder) == (None, None)


def test_an_heir_stays_one_where_the_account_stays(of: Open, engine: Engine) -> None:
    change(engine, sent(of("first")), holder=GONE, heir="third", heir_holder="you/1")
    begun(of("second", cap=189))
    row = row_of(engine)
    assert (row.job, row.heir, row.heir_holder) == ("first", "third", "you/1")


@pytest.mark.parametrize(("state", "sends"), [("submitted", 0), ("submitted", 1), ("intent", 1)])
def test_what_may_be_on_its_way_is_taken_over_even_over_the_cap(
    of: Open, engine: Engine, state: str, sends: int
) -> None:
    change(engine, begun(of("first")), holder=GONE, state=state, sends=sends)
    assert begun(of("second", cap=189)).recovered
    row = row_of(engine)
    assert (row.job, row.scopes) == ("first", ["job:first", "day"])
    assert spent(engine, "job:first", "job:second", "day") == [190, 0, 190]


def test_what_was_never_sent_is_not_taken_over_above_the_cap(of: Open, engine: Engine) -> None:
    change(engine, begun(of("first")), holder=GONE)
    with pytest.raises(BudgetError):
        of("second", cap=189).open(FILM)
    row = row_of(engine)
    assert (row.job, row.holder, row.scopes) == ("first", GONE, ["job:first", "day"])
    assert spent(engine, "job:first", "job:second", "day") == [190, 0, 190]


def test_what_is_settled_is_taken_over_without_new_money(of: Open, engine: Engine) -> None:
    change(engine, sent(of("first")), holder=GONE, reserved=0, settled=190)
    begun(of("second", cap=0))
    assert row_of(engine).job == "first"


def test_a_call_that_changes_hands_while_it_is_looked_at_is_left_alone(
    engine: Engine, cache: Cache, of: Open, processes: Callable[[], Claims], tmp_path: Path
) -> None:
    first = begun(of())
    change(engine, first, holder=GONE)

    class Quick:
        id = "f" * 32

    def alive(holder: str) -> bool:
        change(engine, first, holder="somebody/else")
        return Watcher(engine, tmp_path).alive(holder)

    late = Books(engine, cache, Claims(Quick(), alive), job="job", owner="me", caps={})
    assert late.open(FILM) == Taken(id=first.id)
    assert row_of(engine).holder == "somebody/else"
    assert row_of(engine).heir is None


def test_a_failed_call_is_begun_anew_and_counted(of: Open, engine: Engine) -> None:
    for attempt in (1, 2, 3):
        claim = begun(of())
        assert row_of(engine, claim).attempt == attempt
        of().failed(claim, PermanentProviderError("no", provider="replicate", reason="input"))


def test_a_failure_is_written_down_with_what_it_cost(of: Open, engine: Engine, claims: Claims) -> None:
    claim = sent(of())
    of().failed(claim, PermanentProviderError("no such picture", provider="replicate", reason="input", charged=40))
    row = row_of(engine)
    assert (row.state, row.error, row.reason, row.holder) == ("failed", "no such picture", "input", None)
    assert (row.reserved, row.settled) == (0, 40)
    assert is_now(row.ended_at)
    assert not claims.alive(claim.claim)
    assert spent(engine, "job:job", "day") == [40, 40]


def test_goods_are_kept_and_paid(of: Open, engine: Engine, cache: Cache, claims: Claims) -> None:
    claim = sent(of())
    change(engine, claim, error="was busy", reason="server")
    got = of().collected(claim, FILM, "v1", goods(cache, cost=120))
    assert (got.cost, got.vendor_id, got.facts) == (120, "v1", {"frames": 9})
    assert got.files["film"].read_text() == "film"
    row = row_of(engine)
    assert (row.state, row.vendor_id, row.holder, row.error, row.reason) == ("collected", "v1", None, None, None)
    assert (row.reserved, row.settled, row.facts) == (0, 120, {"frames": 9})
    assert row.files == {"film": {"sha256": hashlib.sha256(b"film").hexdigest(), "size": 4, "suffix": ".mp4"}}
    assert is_now(row.ended_at)
    assert not claims.alive(claim.claim)
    assert spent(engine, "job:job", "day") == [120, 120]
    again = of("other").open(FILM)
    assert again == replace(got, cost=0)


@pytest.mark.parametrize(("said", "paid"), [(None, 150), (0, 0), (300, 300)])
def test_what_the_vendor_says_it_costs_holds_else_the_estimate(
    of: Open, engine: Engine, cache: Cache, said: int | None, paid: int
) -> None:
    assert bought(of(), cache, cost=said).cost == paid
    assert spent(engine, "job:job") == [paid]


def test_goods_brought_home_for_another_job_cost_this_one_nothing(of: Open, engine: Engine, cache: Cache) -> None:
    change(engine, sent(of("first")), holder=GONE)
    second = of("second", cap=189)
    claim = begun(second)
    assert second.collected(claim, FILM, "v1", goods(cache)).cost == 0
    assert spent(engine, "job:first", "job:second") == [150, 0]


def test_goods_gone_from_the_cache_are_fetched_once_more_for_nothing(of: Open, engine: Engine, cache: Cache) -> None:
    bought(of(), cache)
    cache.clear()
    claim = begun(of("second"))
    assert (claim.recovered, claim.vendor_id, row_of(engine).state) == (True, "v1", "submitted")
    assert row_of(engine).holder == claim.claim
    assert of("second").collected(claim, FILM, "v1", goods(cache)).cost == 0
    assert spent(engine, "job:job", "job:second") == [150, 0]
    assert row_of(engine).settled == 150


@pytest.mark.parametrize("why", ["cannot be looked up", "too old", "nobody knows how old"])
def test_goods_gone_from_the_cache_and_the_vendor_are_bought_anew(
    of: Open, engine: Engine, cache: Cache, why: str
) -> None:
    order = SCRIPT if why == "cannot be looked up" else FILM
    bought(of(), cache, order)
    cache.clear()
    first = row_of(engine)
    with Session(engine) as session, session.begin():
        row = session.get_one(Call, first.id)
        if why == "too old":
            row.uptime, row.created_at = row.uptime - 3601, row.created_at - timedelta(seconds=3601)
        elif why == "nobody knows how old":
            row.boot, row.created_at = "another", row.created_at + timedelta(days=1)
    claim = begun(of(), order)
    assert claim.id != first.id
    assert (claim.recovered, row_of(engine, claim).attempt) == (False, 2)


def test_files_that_vanish_at_once_are_an_error(of: Open, engine: Engine, cache: Cache) -> None:
    claim, things = sent(of()), goods(cache)
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, *_: sql.startswith("UPDATE") and cache.clear())
    with pytest.raises(FileNotFoundError, match=f"goods of scene 1 vanished from the cache at {cache.root}"):
        of().collected(claim, FILM, "v1", things)


def test_nothing_is_begun_or_sent_for_a_cancelled_job(of: Open, engine: Engine) -> None:
    claim = begun(of())
    assert not of().is_cancelled()
    cancel(engine, "job")
    assert of().is_cancelled()
    assert not of("other").is_cancelled()
    with pytest.raises(JobCancelledError):
        of().open(replace(FILM, key="new"))
    with pytest.raises(JobCancelledError):
        of().sending(claim, FILM)
    assert row_of(engine).sends == 0


def test_a_repetition_that_cannot_be_looked_up_is_booked_as_possible(of: Open, engine: Engine) -> None:
    claim = begun(of(), SCRIPT)
    booked = []
    for _ in range(3):
        of().sending(claim, SCRIPT)
        booked.append((row_of(engine).sends, row_of(engine).possibly_charged))
    for _ in range(3):
        of().unsent(claim)
        booked.append((row_of(engine).sends, row_of(engine).possibly_charged))
    assert booked == [(1, 0), (2, 190), (3, 380), (2, 190), (1, 0), (0, 0)]


@pytest.mark.parametrize("dedupe", [Dedupe.LOOKUP, Dedupe.KEY])
def test_a_repetition_that_cannot_be_charged_is_not(of: Open, engine: Engine, dedupe: Dedupe) -> None:
    order = replace(FILM, dedupe=dedupe)
    claim = begun(of(), order)
    for _ in range(2):
        of().sending(claim, order)
    assert (row_of(engine).sends, row_of(engine).possibly_charged) == (2, 0)
    of().unsent(claim)
    assert (row_of(engine).sends, row_of(engine).possibly_charged) == (1, 0)


def test_the_vendors_id_is_written_down_once(of: Open, engine: Engine) -> None:
    first = sent(of())
    row = row_of(engine, first)
    assert (row.state, row.vendor_id) == ("submitted", "v1")
    assert is_now(row.submitted_at)
    second = begun(of(), replace(FILM, key="other"))
    assert of().submitted(second, "v1") is False
    assert (row_of(engine, second).state, row_of(engine, second).vendor_id) == ("intent", None)
    assert of().submitted(second, "v2") is True


def test_without_the_claim_nothing_is_written(of: Open, engine: Engine, cache: Cache) -> None:
    claim = sent(of())
    change(engine, claim, holder="somebody/else")
    error = PermanentProviderError("no", provider="replicate")
    writes: list[Callable[[], object]] = [
        lambda: of().sending(claim, FILM),
        lambda: of().unsent(claim),
        lambda: of().submitted(claim, "v2"),
        lambda: of().collected(claim, FILM, "v2", goods(cache)),
        lambda: of().failed(claim, error),
        lambda: of().unknown(claim),
    ]
    for write in writes:
        with pytest.raises(ClaimLostError):
            write()
    of().release(claim)
    assert of().cancelled(claim) is None
    row = row_of(engine)
    assert (row.state, row.holder, row.vendor_id, row.sends, row.reserved) == (
        "submitted", "somebody/else", "v1", 1, 190,
    )  # fmt: skip


def test_what_nobody_can_tell_keeps_its_reservation_and_waits_for_a_person(
    of: Open, engine: Engine, claims: Claims
) -> None:
    claim = begun(of(), SCRIPT)
    for _ in range(3):
        of().sending(claim, SCRIPT)
    error = of().unknown(claim)
    assert isinstance(error, OutcomeUnknownError)
    row = row_of(engine)
    assert (row.state, row.holder, row.reserved, row.possibly_charged) == ("unknown", None, 190, 570)
    assert is_now(row.ended_at)
    assert not claims.alive(claim.claim)
    with pytest.raises(OutcomeUnknownError, match=re.escape("scene 1 may have been charged (up to $0.00057)")):
        of().open(SCRIPT)


def test_a_call_sent_once_whose_outcome_is_unknown_may_have_cost_its_reservation(of: Open, engine: Engine) -> None:
    of().unknown(begun(of(), SCRIPT))
    assert row_of(engine).possibly_charged == 190


def test_a_cancelled_call_is_stopped_at_the_vendor_if_that_has_it(of: Open, engine: Engine, claims: Claims) -> None:
    there, here = sent(of()), begun(of(), replace(FILM, key="other"))
    assert of().cancelled(there) == "v1"
    assert of().cancelled(here) is None
    assert [(row_of(engine, one).state, row_of(engine, one).possibly_charged) for one in (there, here)] == [
        ("failed", 190), ("failed", 0),
    ]  # fmt: skip
    assert not claims.alive(there.claim)
    assert spent(engine, "job:job", "day") == [0, 0]


def test_what_has_ended_is_not_cancelled(of: Open, engine: Engine, claims: Claims) -> None:
    claim = sent(of())
    change(engine, claim, state="unknown")
    assert of().cancelled(claim) is None
    assert row_of(engine).state == "unknown"
    assert not claims.alive(claim.claim)


def test_a_released_call_that_was_never_sent_ends(of: Open, engine: Engine, claims: Claims) -> None:
    claim = begun(of())
    of().release(claim)
    row = row_of(engine)
    assert (row.state, row.reason, row.holder, row.possibly_charged) == ("failed", "cancelled", None, 0)
    assert spent(engine, "job:job", "day") == [0, 0]
    assert not claims.alive(claim.claim)


@pytest.mark.parametrize(("state", "sends"), [("intent", 1), ("submitted", 0), ("submitted", 1), ("unknown", 0)])
def test_a_released_call_that_may_be_on_its_way_stays_for_the_next(
    of: Open, engine: Engine, claims: Claims, state: str, sends: int
) -> None:
    claim = begun(of())
    change(engine, claim, state=state, sends=sends)
    of().release(claim)
    row = row_of(engine)
    assert (row.state, row.holder, row.reserved) == (state, None, 190)
    assert not claims.alive(claim.claim)


def test_what_is_not_there_is_released_and_cancelled_in_peace(of: Open, engine: Engine, claims: Claims) -> None:
    claim = begun(of())
    with Session(engine) as session, session.begin():
        session.delete(session.get_one(Call, claim.id))
    of().release(claim)
    assert not claims.alive(claim.claim)
    assert of().cancelled(claim) is None


def test_an_order_placed_under_a_lost_claim_is_booked(of: Open, engine: Engine, claims: Claims) -> None:
    claim = begun(of())
    change(engine, claim, holder=None)
    assert of().orphan(claim, "v7") is False
    row = row_of(engine)
    assert (row.state, row.vendor_id, row.possibly_charged) == ("submitted", "v7", 0)
    assert not claims.alive(claim.claim)
    assert of().orphan(claim, "v7") is False
    assert row_of(engine).possibly_charged == 0


def test_an_order_placed_under_a_lost_claim_opens_nothing_that_has_ended(of: Open, engine: Engine) -> None:
    claim = begun(of())
    change(engine, claim, state="failed")
    assert of().orphan(claim, "v7") is True  # its job was cancelled while it was on its way: the vendor must stop
    assert (row_of(engine).state, row_of(engine).vendor_id) == ("failed", "v7")


@pytest.mark.parametrize(("reserved", "settled", "possibly"), [(190, 0, 192), (0, 150, 152), (0, 0, 2)])
def test_a_second_order_of_the_same_is_to_be_stopped_and_may_be_charged(
    of: Open, engine: Engine, reserved: int, settled: int, possibly: int
) -> None:
    claim = sent(of())
    change(engine, claim, reserved=reserved, settled=settled, possibly_charged=2)
    assert of().orphan(claim, "v2") is True
    row = row_of(engine)
    assert (row.vendor_id, row.state, row.possibly_charged) == ("v1", "submitted", possibly)


def test_ids_on_other_receipts_of_the_vendor_are_taken(of: Open) -> None:
    mine = sent(of())
    sent(of(), replace(FILM, key="b"), "v2")
    sent(of(), replace(FILM, key="c"), "v3")
    begun(of(), replace(FILM, key="d"))
    sent(of(), replace(SCRIPT, key="e"), "v4")
    assert of().taken("replicate", mine.id) == {"v2", "v3"}
    assert of().taken("anthropic", mine.id) == {"v4"}


def test_what_is_here_or_on_its_way_is_had(of: Open, engine: Engine, cache: Cache) -> None:
    assert of().has("k") is False
    claim = begun(of())
    assert of().has("k") is False
    of().submitted(claim, "v1")
    assert of().has("k") is True
    of().collected(claim, FILM, "v1", goods(cache))
    assert of().has("k") is True
    cache.clear()
    assert of().has("k") is False
    change(engine, claim, state="failed")
    assert of().has("k") is False


def test_the_caps_are_those_of_the_beginning(engine: Engine, cache: Cache, claims: Claims) -> None:
    caps: dict[str, int | None] = {"job:a": 190}
    of_job = Books(engine, cache, claims, job="a", owner="me", caps=caps)
    caps["job:a"] = None
    begun(of_job)
    with pytest.raises(BudgetError):
        of_job.open(replace(FILM, key="other"))


def test_an_order_that_a_newer_attempt_has_adopted_is_left_to_it(of: Open, engine: Engine) -> None:
    one = begun(of())
    change(engine, one, state="failed", reason="cancelled")
    two = begun(of())
    assert of().submitted(two, "v1") is True
    assert of().orphan(one, "v1") is False

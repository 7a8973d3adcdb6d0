"""The books of paid calls: one row an attempt, each change of it one short transaction.

A row's life: `intent` (committed before anything is sent) -> `submitted` (the vendor's own id is known) ->
`collected` (the goods are in the cache) or `failed` or `unknown` (nobody can tell whether it was charged).
Whoever works on a row holds its claim; a row whose claim is dead is taken over by whoever needs it next.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from badapple.costs.budget import reserve, settle
from badapple.database import Call, Job, again, once
from badapple.database.tables import now
from badapple.errors import BudgetError
from badapple.journal import words
from badapple.journal.claims import Claim, ClaimLostError, JobCancelledError, Taken
from badapple.journal.goods import Stock
from badapple.journal.rows import (
    OPEN,
    age_of,
    claim_of,
    hand_over,
    intent,
    latest,
    refuse_dear,
    refuse_hidden,
    stands_elsewhere,
    stop,
    worked_on,
)
from badapple.models import Bought, CallState, Dedupe, JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badapple.cache import Cache
    from badapple.errors import ProviderError
    from badapple.journal.claims import Claims
    from badapple.journal.goods import Looked
    from badapple.models import Goods, Order

    Held = tuple[str, str | None, bool]  # a call, who works on it, whether that lives

__all__ = ["Books", "Claim", "ClaimLostError", "JobCancelledError", "Taken"]

_log = logging.getLogger("badapple.journal")


class Books:
    """The calls that one job makes.

    Args:
        engine: the database.
        cache: where goods are kept.
        claims: of this process.
        job: who pays.
        owner: whose money it is; calls are shared between the jobs of one owner.
        caps: budget scope -> micro-dollars that may be held at most, or None.
    """

    def __init__(
        self, engine: Engine, cache: Cache, claims: Claims, *, job: str, owner: str, caps: Mapping[str, int | None]
    ) -> None:
        self._engine = engine
        self._stock = Stock(engine, cache)
        self._claims = claims
        self._caps = dict(caps)
        self.job = job
        self.owner = owner

    def open(self, order: Order) -> Bought | Claim | Taken:
        """Return the goods, or the call as ours to work on, or that somebody else works on it.

        Raises:
            BudgetError: a new purchase would go over a cap.
            OutcomeUnknownError: it may have been charged, and nobody decided yet what to do.
            PermanentProviderError: it was charged and brought nothing; only a person may buy it again.
            JobCancelledError: the job that pays was cancelled.
            StorageError: it is paid for, and the storage cannot be asked for its goods now, or has not got them yet.
            TransientProviderError: it is paid for, and its goods are on another machine that is away.
        """
        seen = again(self._engine, lambda session: worked_on(session, order.key))
        held = None if seen is None else (*seen, self._claims.alive(seen[1]))
        looked = self._stock.bring(order.key)  # before any lock is held: a storage may take its time
        try:
            opened = once(self._engine, lambda session: self._open(session, order, held, looked))
        except IntegrityError:  # on Postgres another process began the same attempt in this very moment
            return Taken(id="")
        if looked is not None and isinstance(opened, Claim) and opened.id != looked.call:
            _log.warning("goods_are_gone_and_bought_again", extra={"vendor": order.vendor, "call": looked.call})
        return opened

    def _open(self, session: Session, order: Order, held: Held | None, looked: Looked | None) -> Bought | Claim | Taken:
        if self._is_cancelled(session):
            raise JobCancelledError
        row = latest(session, order.key, lock=True)
        if row is None or row.state == CallState.FAILED:
            if self._is_closing(session):
                raise JobCancelledError
            if row is not None:
                refuse_dear(row)
            return self._begin(session, order, attempt=1 if row is None else row.attempt + 1)
        if row.state == CallState.UNKNOWN:
            raise words.unknown(row)
        if row.state == CallState.COLLECTED:
            return self._found(session, order, row, held, looked)
        if held is None or held[:2] != (row.id, row.holder):
            return Taken(id=row.id)  # it changed hands just now
        if held[2]:
            return Taken(id=row.id, heir=self._inherit(row))
        return self._take_over(session, row)

    def sending(self, claim: Claim, order: Order) -> None:
        """Write down that the order is about to be sent.

        Raises:
            ClaimLostError: somebody else took the call over.
            JobCancelledError: the job that pays was cancelled.
        """

        def work(session: Session) -> None:
            row = self._to_send(session, claim)
            row.sends += 1
            if row.sends > 1 and order.dedupe is Dedupe.NONE:
                row.possibly_charged += row.reserved

        once(self._engine, work)

    def check(self, claim: Claim) -> None:
        """Make sure that a call is still ours to send.

        Raises:
            ClaimLostError: somebody else took it over.
            JobCancelledError: the job that pays was cancelled.
        """
        again(self._engine, lambda session: self._to_send(session, claim))

    def forget(self, claim: str) -> None:
        """Give up a claim to inherit."""
        self._claims.drop(claim)

    def unsent(self, claim: Claim) -> None:
        """Take back `sending`: the order was stopped before it left."""

        def work(session: Session) -> None:
            row = self._mine(session, claim)
            if row.sends > 1 and row.dedupe == Dedupe.NONE:
                row.possibly_charged -= row.reserved
            row.sends -= 1

        once(self._engine, work)

    def submitted(self, claim: Claim, vendor_id: str) -> bool:
        """Write down the vendor's own id; False where another receipt has it.

        Raises:
            ClaimLostError: somebody else took the call over.
        """

        def work(session: Session) -> None:
            row = self._mine(session, claim)
            row.state, row.vendor_id, row.submitted_at = CallState.SUBMITTED.value, vendor_id, now()

        try:
            once(self._engine, work)
        except IntegrityError:
            return False
        return True

    def collected(self, claim: Claim, order: Order, vendor_id: str, goods: Goods) -> Bought:
        """Keep the goods on this machine, and write down that they are here, and what they cost; `share` comes next.

        A storage that is down must not make it look as if nothing was bought.

        Raises:
            ClaimLostError: somebody else took the call over.
        """
        files, facts = self._stock.keep(goods.files), dict(goods.facts)
        cost = order.estimate if goods.cost is None else goods.cost

        def work(session: Session) -> int:
            row = self._mine(session, claim)
            paid = self._settle(session, row, cost)
            row.ended_at, row.vendor_id, row.facts = now(), vendor_id, facts
            self._stock.book(row, files, claim.claim)
            return paid

        paid = once(self._engine, work)
        self._claims.drop(claim.claim)
        paths = self._stock.here(files)
        if paths is None:
            raise FileNotFoundError(f"goods of {order.label} vanished from the cache at {self._stock.root}")
        return Bought(files=paths, facts=facts, vendor_id=vendor_id, cost=paid)

    def share(self, claim: Claim) -> None:
        """Let every machine have the goods that were collected under a claim.

        Raises:
            StorageError: it cannot be done now; the next `open` of them on this machine does it.
        """
        self._stock.share(claim.id)

    def failed(self, claim: Claim, error: ProviderError) -> None:
        """Write down that a call ended without goods, and what it cost all the same."""

        def work(session: Session) -> None:
            row = self._mine(session, claim)
            row.state, row.error, row.reason, row.ended_at = CallState.FAILED.value, str(error), error.reason, now()
            self._settle(session, row, error.charged)
            self._let_go(row, claim)

        once(self._engine, work)

    def unknown(self, claim: Claim) -> ProviderError:
        """Write down that nobody can tell whether the call was charged; return the error that says so."""

        def work(session: Session) -> ProviderError:
            row = self._mine(session, claim)
            row.state, row.ended_at = CallState.UNKNOWN.value, now()
            row.possibly_charged += row.reserved
            self._let_go(row, claim)
            return words.unknown(row)

        return once(self._engine, work)

    def cancelled(self, claim: Claim) -> str | None:
        """Write down that a call ended with its job; return the vendor's id where the vendor is to be told so."""
        self._claims.drop(claim.claim)

        def work(session: Session) -> str | None:
            row = session.get(Call, claim.id, with_for_update=True)
            if row is None or row.holder != claim.claim or row.state not in OPEN:
                return None  # whoever cancelled the job has seen to it
            if self._claims.alive(row.heir_holder) and hand_over(row):
                return None
            stop(session, row)
            return row.vendor_id

        return once(self._engine, work)

    def release(self, claim: Claim) -> None:
        """Give the claim up: what was never sent ends, anything else stays as it is for the next who needs it."""

        def work(session: Session) -> None:
            row = session.get(Call, claim.id, with_for_update=True)
            if row is not None and row.holder == claim.claim and row.state != CallState.COLLECTED:
                row.holder = None
                if row.state == CallState.INTENT and row.sends == 0:
                    stop(session, row)

        once(self._engine, work)
        self._claims.drop(claim.claim)

    def orphan(self, claim: Claim, vendor_id: str) -> bool:
        """Book what was sent under a claim that is lost; True where the vendor should be told to stop."""
        self._claims.drop(claim.claim)

        def work(session: Session) -> bool:
            row = session.get_one(Call, claim.id, with_for_update=True)
            if stands_elsewhere(session, row, vendor_id):
                return False  # a newer attempt found it and has it
            if row.state == CallState.FAILED:  # its job was cancelled while the order was on its way
                row.vendor_id = row.vendor_id or vendor_id
                return True
            if row.vendor_id in (None, vendor_id):
                row.vendor_id = vendor_id
                row.state = CallState.SUBMITTED.value if row.state == CallState.INTENT else row.state
                return False
            row.possibly_charged += row.reserved or row.settled
            return True

        return once(self._engine, work)

    def late(self, claim: Claim, order: Order, vendor_id: str, goods: Goods) -> None:
        """Keep goods that came under a lost claim, where the call would else have ended for nothing."""
        self._claims.drop(claim.claim)
        files = self._stock.keep({name: path for name, path in goods.files.items() if path.exists()})

        def work(session: Session) -> None:
            row = session.get_one(Call, claim.id, with_for_update=True)
            if row.state != CallState.FAILED or len(files) != len(goods.files):
                row.possibly_charged += order.estimate  # another holder buys it, or has bought it
                return
            cost = order.estimate if goods.cost is None else goods.cost
            row.vendor_id, row.facts = vendor_id, dict(goods.facts)
            settle(session, row.scopes, reserved=row.reserved, settled=cost)
            row.reserved, row.settled, row.possibly_charged = 0, cost, 0
            self._stock.book(row, files, claim.claim)  # whoever opens it next shares it

        once(self._engine, work)

    def taken(self, vendor: str, but: str) -> frozenset[str]:
        """Return the vendor's ids that stand on receipts other than this one."""
        others = select(Call.vendor_id).where(Call.vendor == vendor, Call.vendor_id.is_not(None), Call.id != but)
        return again(self._engine, lambda session: frozenset(filter(None, session.scalars(others))))

    def is_cancelled(self) -> bool:
        """Say whether the job that pays was cancelled."""
        return again(self._engine, self._is_cancelled)

    def has(self, key: str) -> bool:
        """Say whether the goods of a key can be had, or are paid for and on their way.

        Raises:
            StorageError: they are not here, and the storage cannot be asked.
        """
        return self._stock.has(key)

    def _is_cancelled(self, session: Session) -> bool:
        # A pause ends a job as cancelled too, without a word: it must not stop another run of the same job.
        said = select(Job.error_message).where(Job.id == self.job, Job.status == JobStatus.CANCELLED.value)
        return session.scalar(said) == words.BY_A_PERSON

    def _is_closing(self, session: Session) -> bool:
        return bool(session.scalar(select(Job.closing).where(Job.id == self.job)))

    def _begin(self, session: Session, order: Order, *, attempt: int) -> Claim:
        reserve(session, self._caps, order.reserve)
        row = intent(
            order, attempt=attempt, owner=self.owner, job=self.job, holder=self._claims.new(), scopes=list(self._caps)
        )  # fmt: skip
        session.add(row)
        session.flush()
        return claim_of(row, recovered=False)

    def _found(
        self, session: Session, order: Order, row: Call, held: Held | None, looked: Looked | None
    ) -> Bought | Claim | Taken:
        """Return the goods; where they are gone, ask the vendor for them or buy them anew."""
        if looked is None or (looked.call, looked.files) != (row.id, row.files):
            return Taken(id=row.id)  # it was collected just now
        if looked.paths is not None:
            return Bought(files=looked.paths, facts=row.facts, vendor_id=row.vendor_id or "", cost=0)
        age = age_of(row)
        if row.dedupe == Dedupe.LOOKUP and age is not None and age < order.lasting:
            row.state, row.holder = CallState.SUBMITTED.value, self._claims.new()
            return claim_of(row, recovered=True)
        if self._stock.hidden(row):
            if held is None or held[:2] != (row.id, row.holder):
                return Taken(id=row.id)  # it was shared just now
            refuse_hidden(row, alive=held[2])
        return self._begin(session, order, attempt=row.attempt + 1)

    def _take_over(self, session: Session, row: Call) -> Claim:
        fresh = row.state == CallState.INTENT and row.sends == 0
        if (fresh or row.job == self.job) and set(row.scopes) != set(self._caps):
            # What was never sent is paid by whoever sends it, what was handed over by the heir. Anything else stays on
            # the account that it was sent on.
            try:
                with session.begin_nested():
                    settle(session, row.scopes, reserved=row.reserved, settled=0)
                    reserve(session, self._caps, row.reserved)
                    row.job, row.scopes = self.job, list(self._caps)
            except BudgetError:
                if fresh:
                    raise
        row.holder = self._claims.new()
        if self.job in {row.job, row.heir}:
            row.heir = row.heir_holder = None
        return claim_of(row, recovered=True)

    def _inherit(self, row: Call) -> str | None:
        """Stand in line: should the job that pays be cancelled, the call goes to us."""
        if row.job == self.job or self._claims.alive(row.heir_holder):
            return None
        row.heir, row.heir_holder = self.job, self._claims.new()
        return row.heir_holder

    def _mine(self, session: Session, claim: Claim) -> Call:
        row = session.get_one(Call, claim.id, with_for_update=True)
        if row.holder != claim.claim or row.state == CallState.COLLECTED:
            raise ClaimLostError
        return row

    def _to_send(self, session: Session, claim: Claim) -> Call:
        row = self._mine(session, claim)
        if self._is_cancelled(session) or self._is_closing(session):
            raise JobCancelledError
        return row

    def _let_go(self, row: Call, claim: Claim) -> None:
        row.holder = None
        self._claims.drop(claim.claim)

    def _settle(self, session: Session, row: Call, cost: int) -> int:
        """Turn what is reserved into what was charged; return what was charged just now."""
        if not row.reserved and row.settled:  # collected once more: it was settled the first time
            return 0
        settle(session, row.scopes, reserved=row.reserved, settled=cost)
        row.reserved, row.settled = 0, cost
        return cost if row.job == self.job else 0

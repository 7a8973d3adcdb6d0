"""The till: runs a paid call so that it is paid once, whatever dies in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from badapple.errors import OutcomeUnknownError, PermanentProviderError, ProviderError, TransientProviderError
from badapple.journal import words
from badapple.journal.books import Claim, ClaimLostError, JobCancelledError, Taken
from badapple.journal.gate import Gate, standing
from badapple.journal.rows import PETTY
from badapple.models import Bought, Dedupe, Submission
from badapple.process import Aside, with_room
from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from badapple.cache import Cache
    from badapple.journal.books import Books
    from badapple.models import Goods, Order
    from badapple.ports import PaidCall

__all__ = ["JournalTill", "Tab"]

_SENDS = 2  #: how often an order is sent in one go, where the vendor says that it has none
_log = logging.getLogger("badapple.journal")
_tab: ContextVar[Tab | None] = ContextVar("badapple_tab", default=None)


@dataclass(slots=True)
class Tab:
    """What the making of one part cost so far.

    Attributes:
        label: the part.
        cost: micro-dollars charged now.
    """

    label: str
    cost: int = 0


@dataclass(slots=True, eq=False)
class _Work:
    """One call being worked on."""

    gate: Gate
    task: asyncio.Task[Bought] | None = None
    begun: bool = False  # the vendor has it, or may have
    placing: bool = False  # from the preparing of an order until it is known that the vendor has it
    holding: bool = False  # goods are here and not kept yet
    sends: int = 0
    noted: bool = False  # the present sending is written down
    heirs: list[str] = field(default_factory=list)

    @property
    def sent(self) -> bool:
        """Whether money may hang on it."""
        return self.begun and not self.gate.waiting

    @property
    def must_finish(self) -> bool:
        """Whether stopping it now would lose what is paid."""
        return self.holding or (self.placing and not self.gate.waiting)


class JournalTill:
    """Buys for one job.

    Intent, submission and collection are written down one by one, each in its own short transaction. What was begun
    and not finished is asked of the vendor before anything is sent again.

    Args:
        books: where it is written down.
        cache: whose folders goods are collected in.
        threaded: keep database work off the event loop.
        point: called with the name of every step as it is passed, so that a test can end the process there.
        sleep: waits; tests pass a quicker one.
        poll: seconds between two looks at a call that somebody else works on.
        not_now: says that this process may send nothing at the moment; what is to be sent waits.
    """

    def __init__(
        self,
        books: Books,
        cache: Cache,
        *,
        threaded: bool = True,
        point: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        poll: float = 0.25,
        not_now: Callable[[], bool] = lambda: False,
    ) -> None:
        self._books = books
        self._cache = cache
        self._db = Aside(threaded)
        self._point = point
        self._sleep = sleep
        self._poll = poll
        self._working: set[_Work] = set()
        self._not_now = not_now
        self._closed = self._pausing = False

    @property
    def owner(self) -> str:
        """Whose money it is."""
        return self._books.owner

    @property
    def busy(self) -> bool:
        """Whether a call is under way that money may hang on."""
        return any(work.sent for work in self._working)

    @contextlib.contextmanager
    def tab(self, label: str) -> Iterator[Tab]:
        """Add up what the calls inside the block cost."""
        tab = Tab(label)
        token = _tab.set(tab)
        try:
            yield tab
        finally:
            _tab.reset(token)

    async def has(self, order: Order) -> bool:
        """Say whether an order is bought already, or on its way."""
        return await self._db(self._books.has, order.key)

    async def once(self, call: PaidCall) -> Bought:
        """Return the goods of a call, bought now, waited for or found.

        When the caller is cancelled, a call that was not sent yet ends with it; one that was goes on by itself until
        its goods are here, or `pause` is called.

        Raises:
            BudgetError: it would go over a cap; nothing was sent.
            OutcomeUnknownError: it may have been charged, and the vendor cannot be asked.
            ProviderError: as the call raises.
        """
        work = _Work(Gate(lambda: self._closed, self._not_now))
        task = work.task = asyncio.ensure_future(self._once(call, work))
        self._working.add(work)
        task.add_done_callback(lambda _: self._ended(work))
        try:
            bought = await asyncio.shield(task)
        except asyncio.CancelledError:
            if not work.sent:
                task.cancel()
            raise
        if (tab := _tab.get()) is not None:
            tab.cost += bought.cost
        return bought

    def reopen(self) -> None:
        """Buy again after `drain` or `pause`."""
        self._closed = self._pausing = False

    async def drain(self) -> None:
        """Send nothing new, and wait until everything that is paid for is collected or has failed."""
        self._closed = True
        await self._finish()

    async def pause(self) -> None:
        """Send nothing new, wait for no goods; what is at a vendor stays there, for whoever goes on."""
        self._closed = self._pausing = True
        for work in list(self._working):
            if work.task is not None and not work.must_finish:
                work.task.cancel()
        await self._finish()

    async def _finish(self) -> None:
        while self._working:
            await asyncio.wait([work.task for work in self._working if work.task is not None])
            await asyncio.sleep(0)

    def _ended(self, work: _Work) -> None:
        self._working.discard(work)
        if work.task is not None and not work.task.cancelled():
            work.task.exception()  # marks it as seen: whoever asked may be gone

    async def _once(self, call: PaidCall, work: _Work) -> Bought:
        wait = self._poll
        try:
            while True:
                if self._closed:
                    raise asyncio.CancelledError
                opened = await self._open(call.order)
                if isinstance(opened, Bought):
                    return opened
                if isinstance(opened, Claim):
                    self._point("intent")
                    try:
                        return await self._fulfil(call, opened, work)
                    except ClaimLostError:
                        _log.warning("claim_lost", extra={"vendor": call.order.vendor, "call": opened.id})
                        continue
                work.heirs += [opened.heir] if opened.heir is not None else []
                await self._sleep(wait)
                wait = min(wait * 1.5, 8 * self._poll)
        finally:
            for heir in work.heirs:  # who waits no longer inherits nothing
                self._books.forget(heir)

    async def _open(self, order: Order) -> Bought | Claim | Taken:
        opening = asyncio.ensure_future(self._db(self._books.open, order))
        try:
            return await asyncio.shield(opening)
        except JobCancelledError:
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            while not opening.done():
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await asyncio.shield(opening)
            opened = None if opening.cancelled() or opening.exception() else opening.result()
            if isinstance(opened, Claim):
                await self._db(self._books.release, opened)
            elif isinstance(opened, Taken) and opened.heir is not None:
                self._books.forget(opened.heir)
            raise

    async def _fulfil(self, call: PaidCall, claim: Claim, work: _Work) -> Bought:
        work.begun, work.sends = claim.recovered, claim.sends
        try:
            with self._cache.workplace() as folder:
                submission = Submission(vendor_id=claim.vendor_id) if claim.vendor_id else None
                if submission is None:
                    submission = await self._submit(call, claim, folder, work)
                goods = submission.goods or await self._collect(call, claim, submission, folder)
                work.holding = True
                self._point("goods")
                return await self._keep(call, claim, submission, goods)
        except JobCancelledError:
            vendor_id = await self._db(self._books.cancelled, claim)
            if vendor_id is not None:
                await call.cancel(vendor_id)
            raise asyncio.CancelledError from None
        except ClaimLostError:
            raise
        except BaseException:
            await self._db(self._books.release, claim)  # does nothing to what has ended
            raise
        finally:
            work.holding = False

    async def _keep(self, call: PaidCall, claim: Claim, submission: Submission, goods: Goods) -> Bought:
        order, vendor_id = call.order, submission.vendor_id
        try:
            bought = await with_room(lambda: self._db(self._books.collected, claim, order, vendor_id, goods))
        except ClaimLostError:
            if submission.goods is not None:  # bought under a claim that was lost: maybe somebody bought it again
                await self._db(self._books.late, claim, order, vendor_id, goods)
            raise
        self._point("collected")
        metrics.charged(order.vendor, bought.cost)
        await self._db(self._books.share, claim)
        return bought

    async def _submit(self, call: PaidCall, claim: Claim, folder: Path, work: _Work) -> Submission:
        if claim.recovered and (found := await self._look(call, claim, sends=claim.sends)) is not None:
            return found
        last = None
        for _ in range(_SENDS):
            if self._closed:
                raise asyncio.CancelledError
            try:
                return await self._send(call, claim, folder, work)
            except OutcomeUnknownError as error:
                last = error
                if (found := await self._look(call, claim, sends=work.sends)) is not None:
                    return found
        raise await self._gave_up(call, claim, last)

    async def _send(self, call: PaidCall, claim: Claim, folder: Path, work: _Work) -> Submission:
        def write_down() -> None:  # whoever is cancelled meanwhile hears no error, so the note is made where it is true
            self._books.sending(claim, call.order)
            work.noted = True

        async def note(*, first: bool) -> None:
            if not first:
                await self._db(self._books.check, claim)
                return
            work.sends += 1
            await self._db(write_down)
            self._point("sending")

        self._cache.require_room()  # what is bought must find a place
        work.begun = work.placing = True
        work.noted = False
        work.gate.begin(note)
        try:
            with standing(work.gate):
                sent = await call.submit(claim.ticket, folder)
            if not work.gate.passed:
                raise RuntimeError(f"{call.order.label} was sent to {call.order.vendor} without being written down")
            work.holding = sent.goods is not None
            self._point("sent")
            if sent.goods is None:
                await self._write_down(call, claim, sent)
                self._point("submitted")
        except (TransientProviderError, PermanentProviderError) as error:
            await self._db(self._books.failed, claim, error)
            raise
        except asyncio.CancelledError:
            if work.gate.waiting and work.noted:
                await self._db(self._books.unsent, claim)
            raise
        finally:
            work.placing = False
        if self._pausing and sent.goods is None:
            raise asyncio.CancelledError
        return sent

    async def _write_down(self, call: PaidCall, claim: Claim, sent: Submission) -> None:
        try:
            if not await self._db(self._books.submitted, claim, sent.vendor_id):
                raise PermanentProviderError(
                    f"{call.order.vendor} answered with an id that another receipt has", provider=call.order.vendor
                )
        except ClaimLostError:
            if await self._db(self._books.orphan, claim, sent.vendor_id):
                await call.cancel(sent.vendor_id)
            raise

    async def _look(self, call: PaidCall, claim: Claim, *, sends: int) -> Submission | None:
        """Ask the vendor for an order that may have reached it; None where it surely has none, or may be sent again.

        Raises:
            OutcomeUnknownError: nobody can tell, and it is too dear to be repeated.
            TransientProviderError: the vendor cannot be asked now; nothing is sent again before it was.
        """
        if call.order.dedupe is Dedupe.KEY or (sends == 0 and claim.recovered):
            return None
        if call.order.dedupe is Dedupe.NONE:
            if call.order.reserve <= PETTY and sends < _SENDS:
                return None
            raise await self._db(self._books.unknown, claim)
        for wait in call.order.look_again:
            await self._sleep(wait)
            taken = await self._db(self._books.taken, call.order.vendor, claim.id)
            try:
                found = await call.find(replace(claim.ticket, taken=taken))
            except OutcomeUnknownError as error:  # this account may not ask
                raise await self._db(self._books.unknown, claim) from error
            except TransientProviderError as error:
                raise words.cannot_be_told(call.order, error) from error
            self._point("found" if found else "not found")
            if found is not None and await self._db(self._books.submitted, claim, found.vendor_id):
                self._point("submitted")
                return found
        if claim.recovered and (claim.age is None or claim.age > call.order.lasting):
            raise await self._db(self._books.unknown, claim)  # what it had would be gone from its lists by now
        return None

    async def _gave_up(self, call: PaidCall, claim: Claim, last: OutcomeUnknownError | None) -> ProviderError:
        if call.order.dedupe is not Dedupe.LOOKUP:
            return await self._db(self._books.unknown, claim)
        error = TransientProviderError(
            f"{call.order.vendor} does not answer, and has no such order: {last}; nothing was charged",
            provider=call.order.vendor,
            reason="network",
            hint="try again later",
        )
        await self._db(self._books.failed, claim, error)
        return error

    async def _collect(self, call: PaidCall, claim: Claim, submission: Submission, folder: Path) -> Goods:
        collecting = asyncio.ensure_future(call.collect(submission, folder))
        try:
            while True:
                done, _ = await asyncio.wait([collecting], timeout=8 * self._poll)
                if done:
                    return collecting.result()
                if await self._db(self._books.is_cancelled):
                    raise JobCancelledError
        except PermanentProviderError as error:
            await self._db(self._books.failed, claim, error)
            metrics.charged(call.order.vendor, error.charged)
            raise
        finally:
            collecting.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await collecting

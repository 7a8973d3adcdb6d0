"""The sending of deliveries: whoever runs this claims what is due, sends it, and writes down what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from badapple.access.signing import signer_of
from badapple.database import Delivery, Webhook
from badapple.database.tables import now
from badapple.database.transactions import once
from badapple.errors import BadappleError
from badapple.fetching import send
from badapple.jobs.deliveries import announce, forget, unannounced, wanted
from badapple.jobs.postponing import PAUSES, asked, hopeless, let_go, switch_off
from badapple.jobs.webhooks import rules, sign
from badapple.process import in_thread
from badapple.secrets import plain, scrub
from badapple.telemetry import metrics

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from badapple.config import Settings
    from badapple.jobs.doorbells import Doorbell

__all__ = ["Deliverer", "Measure"]

_TRIES = 10  #: tries whose outcome is kept
_LEAST = 0.2  #: seconds between two looks, however often it rings
_REPLY = 200
_log = logging.getLogger("badapple.webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How much is sent at once, and how often the rows are looked at.

    Attributes:
        at_once: messages under way in this process.
        per_host: of these, to one host.
        per_owner: of these, of one owner.
        poll: seconds between two looks.
        sweep: seconds between two looks at everything.
        pauses: seconds between tries.
        lease: seconds after which what somebody claimed and did not finish is free again.
    """

    at_once: int = 32
    per_host: int = 4
    per_owner: int = 8
    poll: float = 1.0
    sweep: float = 600.0
    pauses: Sequence[float] = PAUSES
    lease: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A delivery that this process sends now."""

    id: str
    owner: str
    host: str
    url: str
    attempt: int
    body: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class _Outcome:
    """What came of one try."""

    status: int | None = None
    error: str = ""
    reply: str = ""
    after: float | None = None
    ms: int = 0
    at: datetime = field(default_factory=now)

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def to_json(self) -> dict[str, Any]:
        """Return it as the log keeps it."""
        return {
            "at": self.at.isoformat(timespec="milliseconds"), "status": self.status, "ms": self.ms,
            "error": self.error, "reply": self.reply,
        }  # fmt: skip


class Deliverer:
    """Sends what is due. Any number of processes may run one: each message is sent by one of them at a time.

    A process that dies while it sends leaves its claim behind, which ends after a minute. Its message may have come by
    then, so receivers have to know messages by their id.

    Args:
        settings: the server's secret, its public address, and which private hosts may be told.
        engine: the database.
        bell: rings when there may be news of some job, or None.
        measure: how much is sent at once.
        lookup: returns a host's addresses; None asks the system.
        trust: whose certificates are believed; None believes the usual authorities.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        *,
        bell: Doorbell | None = None,
        measure: Measure | None = None,
        lookup: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._engine = engine
        self._public_url = settings.doors.public_url
        self._signer = signer_of(settings)
        self._rules = rules(settings.doors)
        self._bell = bell
        self._measure = measure or Measure()
        self._lookup, self._trust = lookup, trust
        self._me = uuid.uuid4().hex
        self._sending: dict[asyncio.Task[None], _Claim] = {}
        self._kick = asyncio.Event()
        self._swept = 0.0
        self._idle = False  # nobody wants to be told: rings are not worth a look

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Deliverer]:
        """Send for as long as the block runs; what is under way at its end is left for later, or for others."""
        tasks = [asyncio.ensure_future(self._run())]
        if self._bell is not None:
            tasks.append(asyncio.ensure_future(self._listen(self._bell)))
        try:
            yield self
        finally:
            under_way = list(self._sending)
            for task in (*tasks, *under_way):
                task.cancel()
            await asyncio.gather(*tasks, *under_way, return_exceptions=True)
            with contextlib.suppress(SQLAlchemyError):
                await in_thread(let_go, self._engine, self._me)

    def wake(self) -> None:
        """Look at once."""
        self._kick.set()

    async def _listen(self, bell: Doorbell) -> None:
        while True:
            await bell.rung()
            if not self._idle:
                self._kick.set()

    async def _run(self) -> None:
        failed = False
        while True:
            self._kick.clear()
            try:
                more = await self._look()
                failed = False
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may go well
                if not failed:
                    _log.warning("deliveries_not_read", extra={"reason": str(error) or type(error).__name__})
                failed, more = True, False
            if more and len(self._sending) < self._measure.at_once:
                continue
            await self._rest(5.0 if failed else self._measure.poll)

    async def _rest(self, seconds: float) -> None:
        """Wait for the next look: a ring, a message that is done, or time. Rings come in crowds: one look for them."""
        await asyncio.sleep(min(_LEAST, seconds))
        kick = asyncio.ensure_future(self._kick.wait())
        try:
            await asyncio.wait({kick, *self._sending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            kick.cancel()

    async def _look(self) -> bool:
        """Announce what is new, and begin to send what is due; say whether there may be more."""
        for task in [task for task in self._sending if task.done()]:  # else `_rest` would not wait
            del self._sending[task]
        self._idle = not await in_thread(wanted, self._engine)
        if self._idle:
            metrics.deliveries_wait(0, 0.0)
            return False
        sweep = time.monotonic() - self._swept >= self._measure.sweep or not self._swept
        await in_thread(self._announce, everything=sweep)
        if sweep:
            await in_thread(forget, self._engine)
            self._swept = time.monotonic()
        claims = await in_thread(self._claim)
        for claim in claims:
            self._sending[asyncio.ensure_future(self._deliver(claim))] = claim
        return bool(claims)

    def _announce(self, *, everything: bool) -> None:
        for job_id in unannounced(self._engine, everything=everything):
            announce(self._engine, job_id, public_url=self._public_url, signer=self._signer)

    def _claim(self) -> list[_Claim]:
        """Claim what is due and fits; nobody else sends it for a minute."""
        due = (Delivery.state == "pending", Delivery.next_at <= now())
        claims: list[_Claim] = []
        with Session(self._engine) as session:
            if not _waiting(session):
                return []
            hooks = {hook.id: hook for hook in session.scalars(select(Webhook).where(Webhook.enabled))}
            busy = _Busy(self._measure, self._sending.values())
            fit = [hook.id for hook in hooks.values() if busy.fits(hook)]
            free = self._measure.at_once - len(self._sending)
            if not fit or free <= 0:
                return []
            first = select(Delivery.id, Delivery.webhook_id).where(*due, Delivery.webhook_id.in_(fit))
            found = session.execute(first.order_by(Delivery.next_at).limit(4 * free)).all()
        for delivery_id, webhook_id in found:
            if len(claims) < free and busy.fits(hooks[webhook_id]):
                claim = once(self._engine, partial(self._take, delivery_id=delivery_id))
                if claim is not None:
                    busy.add(claim)
                    claims.append(claim)
        return claims

    def _take(self, session: Session, *, delivery_id: str) -> _Claim | None:
        moment = now()
        mine = (
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.state == "pending", Delivery.next_at <= moment)
            .values(
                holder=self._me, next_at=moment + timedelta(seconds=self._measure.lease), attempts=Delivery.attempts + 1
            )
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        if session.scalar(mine) is None:
            return None  # another process was quicker
        row = session.get_one(Delivery, delivery_id, populate_existing=True)
        hook = session.get(Webhook, row.webhook_id)
        if hook is None or not hook.enabled:
            return None
        body = json.dumps(row.payload, ensure_ascii=False, separators=(",", ":")).encode()
        headers = sign(hook, self._signer, delivery_id=row.id, moment=moment, body=body)
        return _Claim(
            id=row.id, owner=row.owner, host=_host(hook.url), url=hook.url, attempt=row.attempts, body=body,
            headers={"Content-Type": "application/json", **headers},
        )  # fmt: skip

    async def _deliver(self, claim: _Claim) -> None:
        outcome = await self._try(claim)
        while True:
            try:
                state = await in_thread(self._write, claim, outcome)
                break
            except SQLAlchemyError:
                await asyncio.sleep(2.0)
        if state == "lost":
            return
        metrics.delivery_ended(state)
        facts = {"delivery": claim.id, "status": outcome.status, "attempt": claim.attempt, "reason": outcome.error}
        _log.log(logging.INFO if outcome.taken else logging.WARNING, f"webhook_{state}", extra=facts)

    async def _try(self, claim: _Claim) -> _Outcome:
        outcome, began = _Outcome(), time.monotonic()
        try:
            reply = await send(
                claim.url, claim.body, headers=claim.headers, rules=self._rules, lookup=self._lookup, trust=self._trust
            )
        except BadappleError as error:
            outcome.error = str(error)
        except Exception as error:  # noqa: BLE001 - one message that cannot be sent is no reason to send no other
            _log.exception("delivery_broke")
            outcome.error = type(error).__name__
        else:
            outcome.status = reply.status
            outcome.reply = plain(scrub(reply.body[:_REPLY].decode("utf-8", "replace")))
            outcome.after = asked(reply.headers.get("retry-after", ""))
            outcome.error = "" if outcome.taken else f"the receiver answered {reply.status}"
        outcome.ms = round((time.monotonic() - began) * 1000)
        return outcome

    def _write(self, claim: _Claim, outcome: _Outcome) -> str:
        return once(self._engine, lambda session: self._note(session, claim, outcome))

    def _note(self, session: Session, claim: _Claim, outcome: _Outcome) -> str:
        row = session.get(Delivery, claim.id, with_for_update=True)
        if row is None or row.holder != self._me:
            return "lost"  # it was removed, or our claim had ended
        row.holder, row.log = None, [*row.log, outcome.to_json()][-_TRIES:]
        pauses = self._measure.pauses
        if outcome.taken:
            row.state, row.ended_at = "delivered", now()
        elif outcome.status == 410 or row.attempts > len(pauses):
            row.state, row.ended_at = "failed", now()
        else:
            pause = pauses[row.attempts - 1] * random.uniform(0.8, 1.2)
            row.next_at = now() + timedelta(seconds=max(pause, outcome.after or 0.0))
        session.flush()
        why = "" if outcome.taken else hopeless(session, row, status=outcome.status)
        if why:
            switch_off(session, row.webhook_id, why)
        return row.state if row.state != "pending" else "retried"


class _Busy:
    """Counts what is under way, so that no host and no owner takes all there is."""

    def __init__(self, measure: Measure, claims: Any) -> None:
        self._measure = measure
        self._hosts: Counter[str] = Counter()
        self._owners: Counter[str] = Counter()
        for claim in claims:
            self.add(claim)

    def add(self, claim: _Claim) -> None:
        self._hosts[claim.host] += 1
        self._owners[claim.owner] += 1

    def fits(self, hook: Webhook) -> bool:
        hosts, owners = self._hosts[_host(hook.url)], self._owners[hook.owner]
        return hosts < self._measure.per_host and owners < self._measure.per_owner


def _waiting(session: Session) -> int:
    """Return how many messages wait, and show it."""
    pending = Delivery.state == "pending"
    waits = session.scalar(select(func.count()).select_from(Delivery).where(pending)) or 0
    since = session.scalar(select(func.min(Delivery.created_at)).where(pending)) if waits else None
    metrics.deliveries_wait(waits, (now() - since).total_seconds() if since is not None else 0.0)
    return waits


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()

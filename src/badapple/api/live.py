"""Live connections: whoever follows jobs over a WebSocket or an event stream, and how long they may."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect

from badapple.access import READ, Principal
from badapple.api.deps import doors
from badapple.api.wire import CUT
from badapple.errors import AccessError, ForbiddenError, InputError, LimitExceededError, NotFoundError
from badapple.jobs.feed import lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import HTTPConnection

    from badapple.api.deps import House

__all__ = ["Live", "Seat", "follow_on_socket", "position"]

NORMAL, FOREIGN, AGAIN, BAD = 1000, 1008, 1013, 4400
STRANGER, UNKNOWN, STUCK, FULL = 4401, 4404, 4008, 4429
_PATIENCE = 60.0  #: seconds that a connection may take nothing of what is sent
_ROUND = 1.0  #: seconds between two looks at all connections
_ASKED = 200  #: callers that are asked about in one look: each is a question to the database
_MOST = 2**53  #: no `seq` is larger
_STEP = 500  #: connections after which the garbage collector is told of them
_log = logging.getLogger("badapple.api")


class Seat:
    """One live connection.

    Args:
        principal: whose it is.
        end: ends it; takes the code to close with.

    Attributes:
        since: when what is being sent was begun, by the event loop's clock; None where nothing waits to be taken.
    """

    __slots__ = ("end", "principal", "since")

    def __init__(self, principal: Principal, end: Callable[[int], None]) -> None:
        self.principal = principal
        self.end = end
        self.since: float | None = None


class Attic:
    """Keeps the garbage collector from looking, again and again, through all that connections consist of.

    Ten thousand of them are three million objects, which it looks through for a second while nobody is served. They are
    put where it does not look, some at a time, each time when it has just looked through what is new. What many that
    left may have left there is brought back for it.

    Args:
        step: connections that are put there at once.
    """

    def __init__(self, step: int = _STEP) -> None:
        self._step = step
        self._kept = self._gone = 0

    def joined(self, count: int) -> None:
        """Take note that there are so many now."""
        if count >= self._kept + self._step:
            gc.collect()
            gc.freeze()
            self._kept = count

    def left(self) -> None:
        """Take note that one is gone."""
        self._gone += 1
        if self._kept and self._gone > self._kept // 2 + self._step:
            gc.unfreeze()
            self._kept = self._gone = 0


class Live:
    """All live connections of an application: counts them, and ends those that may not stay.

    Args:
        house: what requests share.
        patience: seconds that a connection may take nothing of what is sent.
        every: seconds between two looks at all connections.
    """

    def __init__(self, house: House, *, patience: float = _PATIENCE, every: float = _ROUND) -> None:
        self._house = house
        self._patience = patience
        self._every = every
        self._seats: set[Seat] = set()
        self._owners: Counter[str] = Counter()
        self._attic = Attic()
        self._asked: dict[Principal, float] = {}
        self._minder: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, connection: HTTPConnection) -> Live:
        """Return those of the application that a connection belongs to."""
        state = connection.app.state
        if not hasattr(state, "live"):
            state.live = cls(doors(connection))
        found: Live = state.live
        return found

    def __len__(self) -> int:
        return len(self._seats)

    def take(self, principal: Principal, end: Callable[[int], None]) -> Seat:
        """Return a seat, which `leave` gives back.

        Raises:
            LimitExceededError: its owner has as many as one may have.
        """
        if self._owners[principal.owner] >= self._house.settings.doors.sockets:
            raise LimitExceededError(
                "too many live connections are open", code="too_many_sockets", retry_after=30.0,
                hint="follow several jobs on one stream: GET /api/v1/events?jobs=ID,ID",
            )  # fmt: skip
        seat = Seat(principal, end)
        self._owners[principal.owner] += 1
        self._seats.add(seat)
        self._attic.joined(len(self._seats))
        if self._minder is None:
            self._minder = asyncio.ensure_future(self._mind())
        return seat

    def leave(self, seat: Seat) -> None:
        """Give a seat back."""
        self._seats.discard(seat)
        self._attic.left()
        self._owners[seat.principal.owner] -= 1
        if not self._owners[seat.principal.owner]:
            del self._owners[seat.principal.owner]
        if not self._seats and self._minder is not None:
            self._minder.cancel()
            self._minder = None

    async def _mind(self) -> None:
        """End, again and again, whoever reads nothing, and whoever may be here no longer."""
        while True:
            await asyncio.sleep(self._every)
            late = asyncio.get_running_loop().time() - self._patience
            for seat in [seat for seat in self._seats if seat.since is not None and seat.since < late]:
                _log.info("live_reader_cut", extra={"owner": seat.principal.owner})
                seat.end(STUCK)
            await self._show_out()

    async def _show_out(self) -> None:
        """End the connections of whoever is not let in any more, as of those who were not asked about the longest."""
        present = {seat.principal for seat in self._seats}
        self._asked = {who: when for who, when in self._asked.items() if who in present}
        clock, gone = asyncio.get_running_loop().time, set[Principal]()
        for who in sorted(present, key=lambda who: self._asked.get(who, 0.0))[:_ASKED]:
            try:
                if not await self._house.gate.stands(who):
                    gone.add(who)
            except Exception as error:  # noqa: BLE001 - nobody can tell now: they stay until somebody can
                _log.warning("live_check_failed", extra={"error": type(error).__name__})
                break
            self._asked[who] = clock()
        for seat in [seat for seat in self._seats if seat.principal in gone]:
            seat.end(STRANGER)


def position(text: str | None) -> int:
    """Return the `seq` that somebody has seen already, 0 for none.

    Raises:
        InputError: it is none.
    """
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 16 or int(text) > _MOST:
        raise InputError(f"{text[:40]!r} is no place in a job's events", hint="it is the `seq` of the last one seen")
    return int(text)


async def follow_on_socket(websocket: WebSocket, job_id: str) -> None:
    """Send a job's messages, from those after `?after=` to its last, and close.

    Closes with 1000 after the last, 4404 where there is no such job of the caller's, 4400 where `after` is no number,
    4401 where nobody knows the caller, 1013 where the database is away, 4429 where they have too many connections, 4008
    where they read nothing for a minute. A page of an origin that is not allowed is refused before, with 403.
    """
    house, live, reader = doors(websocket), Live.of(websocket), asyncio.current_task()
    writer: asyncio.Task[None] | None = None

    def end(code: int) -> None:
        cut = websocket.scope.get("extensions", {}).get(CUT)
        if cut is not None:
            cut(code)
        elif reader is not None:  # another server than ours: it closes what is not looked after any more
            reader.cancel()
        if writer is not None:
            writer.cancel()

    try:
        principal = await house.gate.admit(websocket, ticket=True, job=job_id)
        principal.need(READ)
        after = position(websocket.query_params.get("after"))
        seat = live.take(principal, end)
    except ForbiddenError:
        await websocket.close(FOREIGN)
        return
    except (AccessError, InputError, LimitExceededError, SQLAlchemyError) as error:
        # Only a socket that was accepted tells a browser why it closes.
        await websocket.accept()
        await websocket.close(_code(error), "" if isinstance(error, SQLAlchemyError) else str(error)[:100])
        return
    try:
        await websocket.accept()
        writer = asyncio.ensure_future(_write(websocket, job_id, after, house, seat))
        with contextlib.suppress(WebSocketDisconnect):
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass  # nobody has to say anything here
    finally:
        live.leave(seat)
        if writer is not None:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer


async def _write(websocket: WebSocket, job_id: str, after: int, house: House, seat: Seat) -> None:
    clock, code = asyncio.get_running_loop().time, NORMAL
    feed = lines(house.engine, {job_id: after}, owner=seat.principal.owner, bell=house.bell)
    try:
        async with contextlib.aclosing(feed):
            async for some in feed:
                for line in some:
                    seat.since = clock()
                    await websocket.send_text(line.text)
                seat.since = None
    except NotFoundError:
        code = UNKNOWN
    except (WebSocketDisconnect, OSError, RuntimeError):  # whoever it was is gone
        return
    with contextlib.suppress(WebSocketDisconnect, OSError, RuntimeError):
        await websocket.close(code)


def _code(error: Exception) -> int:
    if isinstance(error, SQLAlchemyError):  # nobody can be asked now
        return AGAIN
    if isinstance(error, LimitExceededError):
        return FULL
    return STRANGER if isinstance(error, AccessError) else BAD

"""Live progress: the WebSocket of a job, and event streams of one job or many."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket

from badapple.api.deps import DoorsDep, House, Watcher
from badapple.api.documented import problems
from badapple.api.live import Live, follow_on_socket, position
from badapple.errors import InputError, NotFoundError
from badapple.jobs.feed import lines, standing
from badapple.jobs.views import unknown
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from badapple.access import Principal
    from badapple.jobs.feed import Line, State

__all__ = ["router", "sockets"]

_QUIET = 15.0  #: seconds without an event after which a comment says that the stream is alive
_AGAIN = 2000  #: milliseconds after which a browser whose stream broke comes again
_MANY = 100  #: jobs on one stream
_TEXT = "text/event-stream"
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, as they happen", "content": {_TEXT: {}}},
    204: {"description": "All was told already: do not come again"},
    **problems(404),
}

router = APIRouter(tags=["live"])
#: Sockets have addresses of their own, beside those of the API.
sockets = APIRouter()

_JobId = Annotated[str, Path(min_length=1, max_length=255, description="The job.")]


def _last_seen(
    after: Annotated[str, Query(description="`seq` of the last event seen; of each job, with dots between them.")] = "",
    last_event_id: Annotated[str, Header(alias="Last-Event-ID", description="As browsers say it on return.")] = "",
) -> str:
    return last_event_id or after


_Seen = Annotated[str, Depends(_last_seen)]


async def _socket(websocket: WebSocket) -> None:
    await follow_on_socket(websocket, str(websocket.path_params["job_id"]))


for _path in ("/ws/job/{job_id:path}", "/ws/jobs/{job_id:path}"):
    sockets.add_websocket_route(_path, _socket)


@router.get(
    "/jobs/{job_id}/events",
    operation_id="followJob",
    summary="Follow a job",
    responses=_STREAM,
    response_class=Response,
)
async def job_events(request: Request, who: Watcher, house: DoorsDep, job_id: _JobId, seen: _Seen) -> Response:
    """Stream a job's events (Server-Sent Events): those after `after`, then each as it happens, to the last.

    The data of each is the same JSON as on the WebSocket, its `id` is `seq`. An event `end` follows the last one.
    """
    return await _stream(request, who, house, {job_id: position(seen)})


@router.get(
    "/events", operation_id="followJobs", summary="Follow several jobs", responses=_STREAM, response_class=Response
)
async def many_events(
    request: Request,
    who: Watcher,
    house: DoorsDep,
    jobs: Annotated[str, Query(description="Ids of jobs, with commas between them; at most 100.")],
    seen: _Seen,
) -> Response:
    """Stream the events of several jobs on one connection.

    The `id` of each event holds the `seq` of every job, in the order of `jobs`, with dots between them. An event `end`
    follows the last one of all.
    """
    ids = list(dict.fromkeys(job_id for job_id in jobs.split(",") if job_id))
    if not 0 < len(ids) <= _MANY:
        raise InputError(f"one stream follows 1 to {_MANY} jobs, not {len(ids)}", hint="?jobs=ID,ID")
    places = [position(text) for text in seen.split(".")] if seen else [0] * len(ids)
    if len(places) != len(ids):
        raise InputError("`after` does not say of each job what was seen", hint="pass on the last `id`, unchanged")
    return await _stream(request, who, house, dict(zip(ids, places, strict=True)))


async def _stream(request: Request, who: Principal, house: House, wanted: Mapping[str, int]) -> Response:
    states = await in_thread(standing, house.engine, tuple(wanted))
    for job_id in wanted:
        if job_id not in states or states[job_id].owner != who.owner:
            raise unknown(job_id)
    if all(_is_told(states[job_id], seen) for job_id, seen in wanted.items()):
        return Response(status_code=204)
    return _EventStream(Live.of(request), house, who, wanted)


def _is_told(state: State, seen: int) -> bool:
    return state.ended and state.told and 0 < state.seq <= seen


class _EventStream(StreamingResponse):
    """A stream that holds a seat for as long as it runs."""

    def __init__(self, live: Live, house: House, who: Principal, wanted: Mapping[str, int]) -> None:
        self._stop = asyncio.Event()
        self._frames = _frames(house, who, wanted, self._stop)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(self._frames, media_type=_TEXT, headers=headers)
        self._live = live
        self._task: asyncio.Task[object] | None = None
        self._cut = False
        self._seat = live.take(who, self._end)

    def _end(self, _code: int) -> None:
        self._stop.set()
        if self._seat.since is not None and self._task is not None:  # it waits for somebody who does not read
            self._cut = True
            self._task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        clock, seat = asyncio.get_running_loop().time, self._seat

        async def timed(message: dict[str, object]) -> None:
            seat.since = clock()
            await send(message)
            seat.since = None

        self._task = asyncio.current_task()
        try:
            async with contextlib.aclosing(self._frames):
                await super().__call__(scope, receive, timed)  # type: ignore[arg-type]  # a message is a dict
        except asyncio.CancelledError:
            if not self._cut:
                raise
        finally:
            self._live.leave(seat)


async def _frames(
    house: House, who: Principal, wanted: Mapping[str, int], stop: asyncio.Event
) -> AsyncGenerator[bytes, None]:
    """Yield what goes over the stream, until all is told or it shall stop."""
    yield f"retry: {_AGAIN}\n\n".encode()
    seen = dict(wanted)
    stopping = asyncio.ensure_future(stop.wait())
    feed = lines(house.engine, wanted, owner=who.owner, bell=house.bell)
    async with contextlib.aclosing(feed):
        coming: asyncio.Future[Sequence[Line]] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(feed))
                either: set[asyncio.Future[Any]] = {coming, stopping}
                done, _ = await asyncio.wait(either, timeout=_QUIET, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    return
                if not done:
                    yield b": nothing new\n\n"
                    continue
                try:
                    some = coming.result()
                except (StopAsyncIteration, NotFoundError):  # all is told, or a job is none any more
                    break
                coming = None
                yield "".join(_frame(line, seen) for line in some).encode()
        finally:
            stopping.cancel()
            if coming is not None:
                coming.cancel()
                await asyncio.wait({coming})
                _ = coming.cancelled() or coming.exception()  # whatever it was, nobody waits for it any more
    yield f"event: end\ndata: {json.dumps({'jobs': list(wanted)})}\n\n".encode()


def _frame(line: Line, seen: dict[str, int]) -> str:
    seen[line.job_id] = line.seq
    return f"id: {'.'.join(map(str, seen.values()))}\ndata: {line.text}\n\n"

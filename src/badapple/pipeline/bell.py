"""Rings for watchers: progress messages go out beside the jobs, and never delay or fail one.

What a message says is in the rows already. So messages may be late, and while Redis is away all but the newest of each
job are dropped: a watcher who sees a gap reads the rows.
"""

from __future__ import annotations

import asyncio
import atexit
import inspect
import logging
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from badapple.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CHANNEL", "AwaitedBell", "Bell", "bell_for"]

CHANNEL = "job_progress_updates"
_MOST = 1000  #: messages that wait, and jobs that are remembered while Redis is away
_PATIENCE = 1.0  #: seconds for connecting, and for an answer
_AGAIN = 0.5  #: seconds between two tries: with a connect that times out, Redis' return is noticed within 2 s
_SKIPPED = 5.0  #: seconds for which nobody waits again for an asyncio client that failed
_IDLE = 10.0  #: seconds after which a thread with nothing to do ends
_log = logging.getLogger("badapple.pipeline")


class _Outage:
    """Tells once that messages do not get through, and once that they do again."""

    def __init__(self) -> None:
        self.since: float | None = None

    def begin(self, job: str, error: Exception) -> None:
        metrics.publish_failed()
        if self.since is None:
            self.since = time.monotonic()
            _log.warning("progress_publish_failed", extra={"job_id": job, "error": type(error).__name__})

    def end(self) -> None:
        if self.since is not None:
            _log.info("progress_publish_resumed", extra={"seconds": round(time.monotonic() - self.since, 1)})
            self.since = None


class Bell:
    """Publishes messages in a thread of its own, in their order; shared by all jobs, used from any thread.

    Where too many wait, a job's newest message takes the place of its older ones. While Redis is away, whether it
    refuses or keeps silent, only the newest message of each job is kept; it goes out when Redis is back.

    Args:
        client: has a synchronous `publish`. Of a client of redis-py the address and the password are used, with a
            connection and time-outs of our own.
        channel: where it publishes.
        again: seconds between two tries while Redis is away.
    """

    def __init__(self, client: Any, *, channel: str = CHANNEL, again: float = _AGAIN) -> None:
        self.client = client
        self._line = _line(client)
        self._channel = channel
        self._again = again
        self._changed = threading.Condition()
        self._queue: deque[tuple[str, str]] = deque()
        self._missed: dict[str, str] = {}  # job -> its newest message that did not get through
        self._outage = _Outage()
        self._sending = self._closing = False
        self._thread: threading.Thread | None = None

    def ring(self, job: str, body: str) -> None:
        """Hand over a message; it is sent soon, and the caller does not wait.

        Args:
            job: whose it is.
            body: JSON.
        """
        with self._changed:
            if self._outage.since is not None:
                self._missed = _newest([*self._missed.items(), (job, body)])
            else:
                if len(self._queue) >= _MOST:
                    self._make_room(job)
                self._queue.append((job, body))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="badapple-bell", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    async def tell(self, job: str, body: str) -> None:
        """Hand over a message, as `ring` does."""
        self.ring(job, body)

    @property
    def quiet(self) -> bool:
        """Whether all messages are out."""
        return not (self._sending or self._queue or self._missed)

    def flush(self, timeout: float) -> bool:
        """Wait until all messages are out; False where some are not after as many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.quiet, timeout)

    def close(self, timeout: float = 1.0) -> None:
        """Send what waits, for as many seconds at most, and end the thread; a later message starts it again."""
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout)
        with self._changed:
            self._closing = False
            if self._line is not self.client and self._thread is None:
                self._line.close()

    def _make_room(self, job: str) -> None:
        others = [message for message in self._queue if message[0] != job]
        if len(others) == len(self._queue):  # it has none there: the others' older ones go
            others = list(_newest(self._queue).items())[-_MOST + 1 :]
        self._queue = deque(others)

    def _work(self) -> None:
        while (message := self._next()) is not None:
            try:
                self._line.publish(self._channel, message[1])
            except Exception as error:  # noqa: BLE001 - whatever the client raises: the row is the truth
                self._failed(message, error)
            else:
                self._went()

    def _next(self) -> tuple[str, str] | None:
        """Wait for a message; None where the thread shall end."""
        with self._changed:
            if self._outage.since is not None:
                self._changed.wait_for(lambda: self._closing, self._again)
            elif self.quiet:
                self._changed.wait_for(lambda: self._closing or not self.quiet, _IDLE)
            if self.quiet:
                self._thread = None
                return None
            self._sending = True
            if self._missed:
                job = next(iter(self._missed))
                return job, self._missed.pop(job)
            return self._queue.popleft()

    def _went(self) -> None:
        with self._changed:
            self._sending = False
            self._outage.end()
            self._changed.notify_all()

    def _failed(self, message: tuple[str, str], error: Exception) -> None:
        with self._changed:
            self._sending = False
            self._outage.begin(message[0], error)
            self._missed = {} if self._closing else _newest([message, *self._missed.items(), *self._queue])
            self._queue.clear()
            self._changed.notify_all()


class AwaitedBell:
    """Publishes through an asyncio client, which works in the caller's event loop only: the caller waits a little.

    Args:
        client: its `publish` is awaited.
        channel: where it publishes.
    """

    def __init__(self, client: Any, *, channel: str = CHANNEL) -> None:
        self.client = client
        self._channel = channel
        self._outage = _Outage()
        self._skip_until = 0.0

    async def tell(self, job: str, body: str) -> None:
        """Send a message, within a second; after a failure none is sent for some seconds."""
        if time.monotonic() < self._skip_until:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.client.publish(self._channel, body)
        except Exception as error:  # noqa: BLE001 - whatever the client raises: the row is the truth
            self._skip_until = time.monotonic() + _SKIPPED
            self._outage.begin(job, error)
        else:
            self._outage.end()


_bells: WeakValueDictionary[int, Bell | AwaitedBell] = WeakValueDictionary()
_finding = threading.Lock()


def bell_for(client: Any) -> Bell | AwaitedBell | None:
    """Return the bell that all jobs of this process share which publish through a client; None without one."""
    if client is None:
        return None
    with _finding:
        found = _bells.get(id(client))
        if found is None:  # a bell keeps its client, so that no other client can have its id
            # redis.asyncio's `publish` is a plain function; only its `execute_command` tells that it must be awaited.
            awaited = inspect.iscoroutinefunction(getattr(client, "execute_command", client.publish))
            found = _bells[id(client)] = AwaitedBell(client) if awaited else Bell(client)
        return found


@atexit.register
def _close_all() -> None:
    """Give the last messages of this process a moment."""
    until = time.monotonic() + _PATIENCE
    for bell in list(_bells.values()):
        if isinstance(bell, Bell) and not bell.quiet:
            bell.close(max(0.0, until - time.monotonic()))


def _newest(messages: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the newest message of each job, in their order; at most as many as are kept."""
    found: dict[str, str] = {}
    for job, body in messages:
        found.pop(job, None)
        found[job] = body
    return dict(list(found.items())[-_MOST:])


def _line(client: Any) -> Any:
    """Return a client for the same server with a connection and time-outs of its own; any other client as it is.

    The caller's client may wait for ever, and its pool may be busy.
    """
    redis = sys.modules.get("redis")
    if redis is None or type(client) is not redis.Redis:
        return client
    pool = client.connection_pool
    if type(pool) not in {redis.ConnectionPool, redis.BlockingConnectionPool}:
        return client
    from redis.backoff import NoBackoff  # noqa: PLC0415 - redis is there, as the client is one
    from redis.retry import Retry  # noqa: PLC0415 - likewise

    # What belongs to the other pool stays with it: `maint_...`, `orig_...` and `oss_...` come with protocol 3.
    own = {
        name: value
        for name, value in pool.connection_kwargs.items()
        if not name.startswith(("maint_", "orig_", "oss_")) and name not in {"protocol", "event_dispatcher"}
    }
    own |= {"socket_timeout": _PATIENCE, "retry_on_timeout": False, "retry_on_error": [], "health_check_interval": 0}
    if "path" not in own:
        own["socket_connect_timeout"] = _PATIENCE
    # A connection that the server closed since fails at once, and is no outage; a time-out is one.
    own["retry"] = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_pool(redis.ConnectionPool(connection_class=pool.connection_class, **own))

"""Rings of Replicate's webhooks, brought to whichever process waits for the prediction.

The process that a webhook comes to is seldom the one that waits. Where they are the same, the ring is heard at once;
else it goes through Redis. Without Redis it is not heard elsewhere, and whoever waits there looks at its usual pace.
"""

from __future__ import annotations

import logging
import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from badapple.providers.replicate.webhook import Doorbells

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["CHANNEL", "SharedDoorbells", "doorbells"]

CHANNEL = "badapple_replicate_webhooks"
_FIRST, _MOST = 0.5, 10.0  #: seconds between two tries to reach Redis
_TICK = 1.0  #: seconds after which it is looked whether to go on
_PATIENCE = 2.0  #: seconds for connecting, and for an answer
_log = logging.getLogger("badapple.replicate")


class SharedDoorbells(Doorbells):
    """Doorbells that several processes ring and hear through Redis, from the first wait on.

    Args:
        url: of Redis; None rings within this process only.
    """

    def __init__(self, url: str | None) -> None:
        super().__init__()
        self._url = url
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.listening = threading.Event()  #: set while others are heard

    async def wait(self, prediction_id: str, seconds: float) -> bool:
        """Wait for a ring of any process, but no longer than so many seconds; return whether it rang."""
        if self._url is not None:
            self._start(self._url)
        return await super().wait(prediction_id, seconds)

    def ring_everywhere(self, prediction_id: str) -> None:
        """Wake who waits, in whichever process; blocks for a moment. A ring that is lost costs only time."""
        self.ring(prediction_id)
        if self._url is None:
            return
        try:
            with _connected(self._url) as client:
                client.publish(CHANNEL, prediction_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits looks by itself before long
            _log.warning("ring_not_published", extra={"reason": type(error).__name__})

    def close(self) -> None:
        """Hear others no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * _TICK + _PATIENCE)

    def _start(self, url: str) -> None:
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                # A thread, not a task: those who wait come from several event loops, which end before the process.
                self._thread = threading.Thread(target=self._stay, args=(url,), name="replicate-rings", daemon=True)
                self._thread.start()

    def _stay(self, url: str) -> None:
        pause = _FIRST
        while not self._stop.is_set():
            try:
                self._hear(url)
            except Exception as error:  # noqa: BLE001 - whatever it is, Redis is asked again
                if self.listening.is_set():
                    pause = _FIRST
                    _log.warning("rings_lost", extra={"reason": type(error).__name__})
            self.listening.clear()
            self._stop.wait(pause)
            pause = min(_MOST, pause * 2)

    def _hear(self, url: str) -> None:
        with _connected(url) as client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe(CHANNEL)
            self.listening.set()
            while not self._stop.is_set():
                heard = pubsub.get_message(timeout=_TICK)
                if heard is not None and isinstance(heard.get("data"), bytes):
                    self.ring(heard["data"].decode("utf-8", "replace"))


@lru_cache(maxsize=4)
def doorbells(redis_url: str | None) -> SharedDoorbells:
    """Return the doorbells of this process."""
    return SharedDoorbells(redis_url)


os.register_at_fork(after_in_child=doorbells.cache_clear)  # a child has no thread that listens


def _connected(url: str) -> Redis:
    from redis import Redis  # noqa: PLC0415 - only where Redis is used

    return Redis.from_url(url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE, socket_keepalive=True)

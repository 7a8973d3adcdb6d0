"""How things stand in the database, read when somebody scrapes; a database that hangs costs a scrape 50 ms."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, TypedDict

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Standing", "StandingCollector"]

_FRESH = 5.0  #: seconds that an answer is used again
_STALE = 60.0  #: seconds after which an answer is not shown any more
_PATIENCE = 0.05  #: seconds that a scrape waits for a new answer
_log = logging.getLogger("badapple.telemetry")


class Standing(TypedDict, total=False):
    """What the database says; what is left out is not shown.

    Attributes:
        jobs: status -> jobs that have it now.
        queue_oldest_seconds: queue -> how long its oldest item waits.
        queue_depth: queue -> items that wait.
        workers_alive: workers whose lease is fresh.
        calls_unknown: paid calls that wait for a person's decision.
    """

    jobs: Mapping[str, int]
    queue_oldest_seconds: Mapping[str, float]
    queue_depth: Mapping[str, int]
    workers_alive: int
    calls_unknown: int


class StandingCollector(Collector):
    """Shows what `read` returns.

    Attributes:
        read: asks the database, or None; called in a thread of its own, never twice at once.
    """

    def __init__(self) -> None:
        self.read: Callable[[], Standing] | None = None
        self._lock = threading.Lock()
        self._found: Standing = {}
        self._at = -_STALE
        self._asking: threading.Thread | None = None
        self._failed = False

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the metrics, at most 60 s old."""
        found = self._newest()
        # Not `badapple_jobs`: that is the family of the counter `badapple_jobs_total`, and OpenMetrics allows one only.
        yield from _labelled("badapple_jobs_now", "Jobs by status", "status", found.get("jobs"))
        yield from _labelled(
            "badapple_queue_oldest_seconds", "How long the oldest waits", "queue", found.get("queue_oldest_seconds")
        )
        yield from _labelled("badapple_queue_depth", "What waits in a queue", "queue", found.get("queue_depth"))
        yield from _single("badapple_workers_alive", "Workers whose lease is fresh", found.get("workers_alive"))
        yield from _single("badapple_calls_unknown", "Paid calls that wait for a person", found.get("calls_unknown"))

    def _newest(self) -> Standing:
        if self.read is None:
            return {}
        with self._lock:
            asking = self._asking
            if time.monotonic() - self._at >= _FRESH and (asking is None or not asking.is_alive()):
                asking = self._asking = threading.Thread(
                    target=self._ask, args=(self.read,), name="standing", daemon=True
                )
                asking.start()
        if asking is not None:
            asking.join(_PATIENCE)
        with self._lock:
            return self._found if time.monotonic() - self._at < _STALE else {}

    def _ask(self, read: Callable[[], Standing]) -> None:
        try:
            found = read()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other metrics are shown
            if not self._failed:
                self._failed = True
                _log.warning("standing_not_read", extra={"reason": str(error) or type(error).__name__})
            return
        with self._lock:
            self._found, self._at, self._failed = found, time.monotonic(), False


def _labelled(name: str, text: str, label: str, values: Mapping[str, float] | None) -> Iterator[GaugeMetricFamily]:
    if values is not None:
        family = GaugeMetricFamily(name, text, labels=[label])
        for key, value in sorted(values.items()):
            family.add_metric([key], value)
        yield family


def _single(name: str, text: str, value: float | None) -> Iterator[GaugeMetricFamily]:
    if value is not None:
        yield GaugeMetricFamily(name, text, value=value)

"""What is told of each call of a vendor: a span, a count, a time."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from badapple.telemetry import metrics, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["vendor_call"]


@contextlib.contextmanager
def vendor_call(vendor: str, *, paid: bool) -> Iterator[None]:
    """Enclose one call, each try by itself.

    Args:
        vendor: who is called.
        paid: it is to buy something; only such calls are timed.
    """
    begun, error = time.monotonic(), None
    try:
        with traces.span("vendor.call" if paid else "vendor.ask", provider=vendor):
            yield
    except BaseException as found:
        error = found
        raise
    finally:
        metrics.call_ended(vendor, metrics.outcome_of(error), time.monotonic() - begun, paid=paid)
        del error  # it holds this frame

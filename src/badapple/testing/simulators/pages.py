"""Pages of the list of predictions."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from badapple.testing.simulators.predictions import Prediction

__all__ = ["Page", "page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, and the addresses of those beside it."""

    items: tuple[Prediction, ...]
    following: str | None
    previous: str | None


def page(items: Sequence[Prediction], query: Mapping[str, str], *, size: int, address: str) -> Page:
    """Return the page that a query asks for.

    A cursor carries the query it began with; as with the vendor, it does not hold still what is created meanwhile.

    Raises:
        ValueError: a time or the cursor makes no sense.
    """
    if "cursor" in query:
        asked = json.loads(base64.urlsafe_b64decode(query["cursor"]))
    else:
        asked = {"after": query.get("created_after"), "before": query.get("created_before"), "start": 0}
    after, before = _seconds(asked["after"], 0.0), _seconds(asked["before"], float("inf"))
    found = [one for one in items if after <= one.created < before]
    start = int(asked["start"])

    def link(number: int) -> str:
        cursor = base64.urlsafe_b64encode(json.dumps(asked | {"start": number}).encode()).decode("ascii")
        return f"{address}?cursor={cursor}"

    return Page(
        items=tuple(found[start : start + size]),
        following=link(start + size) if start + size < len(found) else None,
        previous=link(max(0, start - size)) if start else None,
    )


def _seconds(text: str | None, default: float) -> float:
    return datetime.fromisoformat(text).timestamp() if text else default

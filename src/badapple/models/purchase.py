"""Purchases: what is asked of a vendor, what it answers, what it hands out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

__all__ = ["Bought", "CallState", "Dedupe", "Goods", "Order", "Submission", "Ticket", "call_key"]


class Dedupe(StrEnum):
    """How a vendor keeps a call from being made twice."""

    KEY = "key"  #: the vendor takes an idempotency key: sending again is safe
    LOOKUP = "lookup"  #: the vendor can be asked what it has
    NONE = "none"  #: nobody can tell; a cheap call is repeated once, a dear one stops as unknown


class CallState(StrEnum):
    """Where a paid call stands."""

    INTENT = "intent"  #: committed before anything is sent
    SUBMITTED = "submitted"  #: the vendor has it; its own id is known
    COLLECTED = "collected"  #: the goods are in the cache
    FAILED = "failed"  #: ended without goods; `settled` says what it cost
    UNKNOWN = "unknown"  #: may have been charged; a person decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one paid call is, for the books.

    Attributes:
        key: SHA-256 in hex over what was wanted (`call_key`); the same key is bought once.
        vendor: `anthropic`, `elevenlabs` or `replicate`.
        model: the vendor's name of what is bought.
        label: few words for people, e.g. `clip`.
        dedupe: how a repetition is kept from being charged.
        estimate: micro-dollars it will probably cost.
        reserve: micro-dollars it can cost at most.
        request: JSON values that are sent, without secrets and without large data; their hash is kept.
        look_again: seconds to wait before each look when asking whether the vendor has an unanswered call.
        lasting: seconds for which the vendor keeps the goods after they are done.
    """

    key: str
    vendor: str
    model: str
    label: str
    dedupe: Dedupe
    estimate: int
    reserve: int
    request: Mapping[str, Any] = field(default_factory=dict)
    look_again: tuple[float, ...] = (0.0, 10.0)
    lasting: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One attempt to place an order.

    Attributes:
        op_id: unique to this attempt, 32 hex letters; a marker for vendors that echo something back.
        intent_at: when the intent was committed, UTC.
        taken: vendor ids that stand on other receipts and must not be adopted.
        seed: 0 to 2**31 - 1, unique to this attempt as far as chance goes; a marker for models with a seed.
    """

    op_id: str
    intent_at: datetime
    taken: frozenset[str]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What a paid call brought.

    Attributes:
        files: name -> path below the folder that was handed in; the raw reply among them.
        facts: JSON values.
        cost: micro-dollars that the vendor charges, or None where it does not say (then the estimate holds).
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The vendor has the order.

    Attributes:
        vendor_id: the vendor's own id of it.
        goods: what it brought, where the reply holds it already; None where it must be waited for.
    """

    vendor_id: str
    goods: Goods | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What a paid call brought, kept for good.

    Attributes:
        files: name -> path in the cache.
        facts: JSON values.
        vendor_id: the vendor's own id of it.
        cost: micro-dollars that were charged for it now; 0 where it was paid for before.
    """

    files: Mapping[str, Path]
    facts: Mapping[str, Any]
    vendor_id: str
    cost: int


def call_key(*, owner: str, vendor: str, model: str, **what: object) -> str:
    """Return the key of a paid call: who wants what of which model, and nothing that changes with a release."""
    body = {"owner": owner, "vendor": vendor, "model": model, "what": what}
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

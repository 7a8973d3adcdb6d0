"""What a call costs, in micro-dollars, by dated prices."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from badapple.costs.money import dollars
from badapple.costs.price_rows import PerToken, PerUnit, Row, read
from badapple.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

__all__ = ["Listed", "cost", "describe"]

_OURS = Path(__file__).with_name("prices.toml")
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_UNITS = frozenset({"characters", "seconds", "outputs", *_TOKENS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One price as people read it, e.g. `$0.19 a video of up to 6 s, 768p`."""

    vendor: str
    model: str
    price: str
    as_of: date
    source: str
    confidence: Literal["high", "medium", "low"]


def cost(
    vendor: str,
    model: str,
    *,
    on: date | None = None,
    own: Path | None = None,
    resolution: str | None = None,
    **units: int | Decimal | Fraction,
) -> int:
    """Return what a call costs in micro-dollars, rounded up.

    Args:
        vendor: `anthropic`, `elevenlabs` or `replicate`.
        model: the vendor's name of it; a version or date at its end makes no difference.
        on: the day whose prices hold; today (UTC) when None.
        own: a price list of the user's own; a model that stands there is priced there alone.
        resolution: of a video, e.g. `1080p`.
        units: `characters`; `seconds` and `outputs` (1 when left out); or `input_tokens` (those of the cache not among
            them, as the vendor counts), `output_tokens`, `cache_read_tokens`, `cache_write_tokens`. Never floats.

    Raises:
        ConfigError: the model has no price; says where to write one down.
    """
    amounts = _checked(units)
    day = on or datetime.now(UTC).date()
    rows = _rows(vendor, model, read(own) if own else ())
    if not rows and vendor == "anthropic" and (micros := _by_genai_prices(model, day, amounts)) is not None:
        return math.ceil(micros)
    rows = _current(rows or _rows(vendor, model, read(_OURS)), day)
    for row in rows:
        if isinstance(row, PerToken):
            return math.ceil(_for_tokens(row, amounts))
    fitting = _fitting([row for row in rows if isinstance(row, PerUnit)], amounts.get("seconds"), resolution)
    if fitting is None:
        raise _unpriced(vendor, model, amounts.get("seconds") if rows else None, resolution if rows else None, own)
    return math.ceil(_for_units(fitting, amounts))


def describe(*, on: date | None = None, own: Path | None = None) -> tuple[Listed, ...]:
    """Return the prices that hold on a day (today when None), the user's own first."""
    day = on or datetime.now(UTC).date()
    mine = read(own) if own else ()
    priced = {(row.vendor, row.model) for row in mine}
    rows = (*mine, *(row for row in read(_OURS) if (row.vendor, row.model) not in priced))
    return tuple(
        Listed(
            vendor=row.vendor, model=row.model, price=_in_words(row), as_of=row.as_of, source=row.source,
            confidence=row.confidence,
        )
        for row in _current(rows, day)
    )  # fmt: skip


def _checked(units: Mapping[str, int | Decimal | Fraction]) -> dict[str, Fraction]:
    for name, amount in units.items():
        if name not in _UNITS:
            raise TypeError(f"nothing is priced by {name}")
        if isinstance(amount, float):
            raise TypeError(f"{name} must be exact, not the float {amount}")
        if amount < 0:
            raise ValueError(f"{name} cannot be {amount}")
    return {name: Fraction(amount) for name, amount in units.items()}


def _rows(vendor: str, model: str, rows: Iterable[Row]) -> list[Row]:
    names = {model, re.sub(r":.*$|-20\d{6}$", "", model)}
    return [row for row in rows if row.vendor == vendor and row.model in names]


def _current(rows: Iterable[Row], day: date) -> list[Row]:
    """Return the newest row for each thing that is not in the future, or its oldest where all are."""
    held: dict[tuple[object, ...], Row] = {}
    for row in rows:
        what = (row.vendor, row.model, getattr(row, "seconds", None), getattr(row, "resolution", None))
        best = held.get(what)
        if best is None or _rank(row, day) >= _rank(best, day):
            held[what] = row
    return list(held.values())


def _rank(row: Row, day: date) -> tuple[bool, int]:
    past = row.as_of <= day
    return past, row.as_of.toordinal() if past else -row.as_of.toordinal()


def _fitting(rows: list[PerUnit], seconds: Fraction | None, resolution: str | None) -> PerUnit | None:
    """Return the row for a resolution, of those long enough the shortest; the first where several are left."""
    fitting = [
        row
        for row in rows
        if (row.seconds is None or seconds is None or seconds <= row.seconds)
        and (row.resolution is None or resolution is None or row.resolution == resolution)
    ]
    return min(fitting, key=lambda row: (row.resolution != resolution, row.seconds or math.inf), default=None)


def _for_units(row: PerUnit, amounts: Mapping[str, Fraction]) -> Fraction:
    outputs = amounts.get("outputs", Fraction(1))
    counted = {"character": "characters", "second": "seconds"}.get(row.unit)
    if counted is not None and counted not in amounts:
        raise ValueError(f"{row.model} is priced by the {row.unit}: say {counted}=")
    count = amounts[counted] if counted is not None else Fraction(1)
    return Fraction(row.micros) * Fraction(row.multiplier) * count * outputs


def _for_tokens(row: PerToken, amounts: Mapping[str, Fraction]) -> Fraction:
    read_in, written, cached, kept = (amounts.get(name, Fraction(0)) for name in _TOKENS)
    each = row.micros
    total = (
        read_in * Fraction(each.input)
        + written * Fraction(each.output)
        + cached * Fraction(each.cache_read)
        + kept * Fraction(each.cache_write)
    )
    if row.long is not None and read_in + cached + kept > row.long.over:
        total *= Fraction(row.long.times)
    return total


def _by_genai_prices(model: str, day: date, amounts: Mapping[str, Fraction]) -> Fraction | None:
    """Return micro-dollars by the price list of the package genai-prices, None where that cannot tell.

    Only the data inside the package is used: it fetches newer data only where a program starts its `UpdatePrices`.
    """
    try:
        from genai_prices import Usage, calc_price  # noqa: PLC0415 - an extra, and 3 MB of data
    except ImportError:
        return None
    read_in, written, cached, kept = (int(amounts.get(name, 0)) for name in _TOKENS)
    usage = Usage(
        input_tokens=read_in + cached + kept, output_tokens=written, cache_read_tokens=cached, cache_write_tokens=kept
    )
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    try:
        found = calc_price(usage, model, provider_id="anthropic", genai_request_timestamp=noon)
    except (LookupError, ValueError):
        return None
    return Fraction(found.total_price) * 1_000_000


def _unpriced(
    vendor: str, model: str, seconds: Fraction | None, resolution: str | None, own: Path | None
) -> ConfigError:
    what = [f"{math.ceil(seconds)} s" if seconds is not None else "", resolution or ""]
    of_what = " in ".join(word for word in what if word)
    return ConfigError(
        f"there is no price for {of_what + ' of ' if of_what else ''}{model} of {vendor}",
        hint=f"add a [[price]] with vendor, model, unit, micros and as_of to {own or 'prices.toml in the data folder'}",
    )


def _in_words(row: Row) -> str:
    if isinstance(row, PerToken):
        read_in, written = (dollars(math.ceil(each * 1_000_000)) for each in (row.micros.input, row.micros.output))
        return f"{read_in} in, {written} out a million tokens"
    each = row.micros * row.multiplier
    if row.unit == "character":
        return f"{dollars(math.ceil(each * 1000))} a thousand characters"
    longest = f" of up to {row.seconds} s" if row.seconds else ""
    article = "an" if row.unit == "output" else "a"
    return f"{dollars(math.ceil(each))} {article} {row.unit}{longest}" + (
        f", {row.resolution}" if row.resolution else ""
    )

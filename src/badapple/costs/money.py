"""Amounts of money as people read them."""

from __future__ import annotations

__all__ = ["dollars"]

_CENT = 10_000  #: micro-dollars
_SHOWN = 100  #: micro-dollars that the fourth digit stands for


def dollars(micros: int) -> str:
    """Return micro-dollars as dollars: `$0.81`, `$0.0425`, and exact below a cent: `$0.000741`.

    Two to four digits follow the point, as many as are needed; what four cannot show is rounded to the nearest.
    """
    amount = abs(micros)
    if amount >= _CENT:
        amount = (amount + _SHOWN // 2) // _SHOWN * _SHOWN
    whole, rest = divmod(amount, 1_000_000)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}${whole}.{digits}"

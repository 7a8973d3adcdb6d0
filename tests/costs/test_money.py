"""Amounts as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.costs.money import dollars


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (0, "$0.00"),
        (810_000, "$0.81"),
        (1_500_000, "$1.50"),
        (12_000_000, "$12.00"),
        (45_000, "$0.045"),
        (42_500, "$0.0425"),
        (10_000, "$0.01"),
        (10_049, "$0.01"),
        (10_050, "$0.0101"),
        (9_999, "$0.009999"),
        (3_000, "$0.003"),
        (741, "$0.000741"),
        (1, "$0.000001"),
        (999_949, "$0.9999"),
        (999_950, "$1.00"),
        (-50_000, "-$0.05"),
        (-1, "-$0.000001"),
    ],
)
def test_an_amount_has_as_many_digits_as_it_needs(micros: int, shown: str) -> None:
    assert dollars(micros) == shown


@given(st.integers(0, 9_999))
def test_below_a_cent_nothing_is_rounded(micros: int) -> None:
    assert Decimal(dollars(micros).removeprefix("$")) * 1_000_000 == micros


@given(st.integers(10_000, 10**15))
def test_what_is_shown_is_off_by_half_a_hundredth_of_a_cent_at_most(micros: int) -> None:
    digits = dollars(micros).removeprefix("$")
    assert abs(Decimal(digits) * 1_000_000 - micros) <= 50
    assert 2 <= len(digits.partition(".")[2]) <= 4


@given(st.integers(1, 10**15))
def test_a_refund_looks_like_its_charge(micros: int) -> None:
    assert dollars(-micros) == f"-{dollars(micros)}"

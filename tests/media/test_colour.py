"""Contrast as the guidelines define it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badapple.media.colour import contrast, mix, readable, rgb

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


def test_contrast_is_the_published_ratio() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@given(COLOURS, COLOURS)
def test_something_readable_is_found_on_every_ground(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    assert contrast(readable(ink, ground), ground) >= 4.2


def test_an_ink_that_can_be_read_is_kept() -> None:
    assert readable(rgb("#34204f"), (255, 255, 255)) == (52, 32, 79)
    assert mix((0, 0, 0), (200, 100, 50), 0.5) == (100, 50, 25)

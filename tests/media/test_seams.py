"""Transitions between two scenes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest

from badapple.media.planes import blank, split
from badapple.media.seams import Kind, seam
from badapple.models import DRAFT, OVERLAP

KINDS = get_args(Kind)
pytestmark = pytest.mark.parametrize("kind", KINDS)


def drawn(scene: Any, index: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    frame = blank(DRAFT.width, DRAFT.height)
    scene.draw(index, frame)
    return frame


def apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_it_begins_like_the_left_scene_and_ends_like_the_right(kind: Kind, drifting: Any) -> None:
    left, right = drifting(40, shade=50, step=1), drifting(30, shade=190, chroma=150, step=1)

    frames = [frame.copy() for frame in seam(kind, left, right, canvas=DRAFT)]

    assert len(frames) == OVERLAP
    whole = apart(drawn(left, 30), drawn(right, 5))
    assert apart(frames[0], drawn(left, 25)) < 0.06 * whole
    assert apart(frames[-1], drawn(right, 14)) < 0.06 * whole


def test_it_moves_on_with_every_frame(kind: Kind, drifting: Any) -> None:
    left, right = drifting(15, shade=50), drifting(15, shade=190)

    shades = [float(split(frame)[0].mean()) for frame in seam(kind, left, right, canvas=DRAFT)]

    assert all(later > sooner for sooner, later in pairwise(shades))
    assert max(np.diff(shades)) < 0.3 * (shades[-1] - shades[0])  # no jump


def test_between_two_equal_scenes_nothing_is_seen(kind: Kind, drifting: Any) -> None:
    left, right = drifting(15, shade=100, chroma=140), drifting(15, shade=100, chroma=140)
    left.step = right.step = 0

    for frame in seam(kind, left, right, canvas=DRAFT):
        y, u, v = split(frame)
        assert np.abs(u.astype(int) - 140).max() <= 1
        assert np.abs(v.astype(int) - 140).max() <= 1
        assert np.abs(y[300:].astype(int) - 100).max() <= 1


def test_it_may_be_shorter(kind: Kind, drifting: Any) -> None:
    assert sum(1 for _ in seam(kind, drifting(9), drifting(9), canvas=DRAFT, count=6)) == 6

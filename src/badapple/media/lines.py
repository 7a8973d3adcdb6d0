"""Line breaks that leave lines as narrow and as even as can be."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Span = Callable[[int, int], float]  # width of the line that holds the units from start up to end

__all__ = ["divide"]

_NEVER = float("inf")
_SPACE = 0.25  # em, advance of the space between two units of a line
_ORPHAN = 0.35  # a last line narrower than this share of the widest looks lost
_SAME = 1.0001  # sums of floats differ in their last digits


def divide(units: Sequence[str], widths: Sequence[float], count: int) -> tuple[list[str], float]:
    """Divide units into `count` lines: the widest as narrow as can be, then the others as even as can be.

    Args:
        units: parts of a text between which a line may end, each with its trailing space.
        widths: em of each unit without its trailing space.
        count: lines wanted, 1 to the number of units.

    Returns:
        The lines without outer spaces, and the width of the widest in em.
    """
    spaces = [_SPACE if unit.endswith(" ") else 0.0 for unit in units]
    sums = list(accumulate((width + space for width, space in zip(widths, spaces, strict=True)), initial=0.0))

    def span(start: int, end: int) -> float:
        return sums[end] - sums[start] - spaces[end - 1]

    widest = _narrowest(span, len(units), count)
    cuts = _evenest(span, len(units), count, widest=widest)
    return ["".join(units[start:end]).strip(" ") for start, end in pairwise(cuts)], widest


def _narrowest(span: Span, total: int, count: int) -> float:
    """Return the smallest width into which `count` lines can be divided."""
    best = [0.0, *[_NEVER] * total]
    for _ in range(count):
        best = [
            min((max(best[start], span(start, end)) for start in range(end)), default=_NEVER)
            for end in range(total + 1)
        ]
    return best[total]


def _evenest(span: Span, total: int, count: int, *, widest: float) -> list[int]:
    """Return where lines start and end so that their lengths differ least and none passes `widest`."""
    costs = [0.0, *[_NEVER] * total]
    origins: list[list[int]] = []
    for _ in range(count):
        choices = [
            min(
                ((costs[start] + _raggedness(wide, widest, last=end == total), start)
                 for start in range(end) if (wide := span(start, end)) <= widest * _SAME),
                default=(_NEVER, 0),
            )
            for end in range(total + 1)
        ]  # fmt: skip
        costs = [cost for cost, _ in choices]
        origins.append([start for _, start in choices])
    cuts = [total]
    for starts in reversed(origins):
        cuts.append(starts[cuts[-1]])
    return cuts[::-1]


def _raggedness(wide: float, widest: float, *, last: bool) -> float:
    slack = 1.0 - wide / max(widest, 1e-6)
    return slack * slack + (1.0 if last and 1.0 - slack < _ORPHAN else 0.0)

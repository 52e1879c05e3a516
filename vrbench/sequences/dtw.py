"""``dtw``: dynamic time warping of captions and clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrbench.sequences.base import Float, sequences
from vrbench.sequences.distance import WarpingAlignment


@sequences.register("dtw")
@dataclass(frozen=True)
class DynamicTimeWarping(WarpingAlignment):
    """Minus the cost of the cheapest path from the first pair to the last.

    ``D[i, j] = d[i, j] + min(D[i-1, j-1], D[i, j-1], D[i-1, j])``, d = offset - S, cost = D[n, m].

    The released padding (``variant=tempclr|norton``) sets the entries right of the matrix, from its
    last row down, to zero and all others outside to infinity. A diagonal step into the zeros skips
    the last match: cost = min(D[n, m], D[n-1, m]). In a video of the greatest number of clips
    nothing is on the right, and the release zeroes the last caption's row instead: the cost is
    min_j D[n-1, j], or 0 for a single caption.

    Source: TempCLR; Norton Tables 1 and 2. Where steps tie, ``per_step`` and ``path`` prefer the
    diagonal, then the clip before.
    """

    source = "TempCLR; Norton Tables 1 and 2"

    def exact(self, distance: Float) -> Float:
        """(n, m, pairs) -> (pairs,) cost of the cheapest path."""
        return np.asarray(_rows(distance)[1][-1])

    def released(self, distance: Float, missing: tuple[int, int]) -> Float:
        """Cost with the released padding, which skips the last match or caption."""
        before, last = _rows(distance)
        if missing[1]:
            return np.asarray(last[-1] if before is None else np.minimum(last[-1], before[-1]))
        return np.zeros(distance.shape[2]) if before is None else before.min(axis=0)

    def per_step(self, distance: Float) -> Float:
        """(n, m, pairs) -> (pairs,) cost of the cheapest path divided by its steps."""
        cost, steps = cumulated(distance)
        return np.asarray(cost[-1, -1] / steps[-1, -1])

    def trace(self, distance: Float) -> list[tuple[int, int]]:
        """(n, m) -> the cheapest path, [(caption, clip), ...] in order."""
        cost = cumulated(distance[..., None])[0][..., 0]
        i, j = (side - 1 for side in distance.shape)
        path = [(i, j)]
        while i or j:
            from_ = [(i - 1, j - 1), (i, j - 1), (i - 1, j)]
            i, j = min((at for at in from_ if min(at) >= 0), key=lambda at: cost[at])
            path.append((i, j))
        return path[::-1]


def _rows(distance: Float) -> tuple[Float | None, Float]:
    """(n, m, pairs) -> the last two rows of D, (m, pairs) each."""
    before: Float | None = None
    last = np.cumsum(distance[0], axis=0)
    for row in distance[1:]:
        before, last = last, np.empty_like(last)
        np.add(before[0], row[0], out=last[0])
        for j in range(1, len(row)):
            np.minimum(before[j - 1], before[j], out=last[j])
            np.minimum(last[j], last[j - 1], out=last[j])
            last[j] += row[j]
    return before, last


def cumulated(distance: Float) -> tuple[Float, Float]:
    """(n, m, pairs) -> (n, m, pairs) D, and the steps of the path that gives it."""
    cost, steps = np.cumsum(distance, axis=1), np.empty_like(distance)
    steps[0] = np.arange(1, distance.shape[1] + 1)[:, None]
    for i in range(1, len(distance)):
        cost[i, 0], steps[i, 0] = cost[i - 1, 0] + distance[i, 0], i + 1
        for j in range(1, distance.shape[1]):
            # the order is that of preference where costs are equal
            from_ = ((i - 1, j - 1), (i, j - 1), (i - 1, j))
            least = cheapest([(cost[at], steps[at]) for at in from_])
            cost[i, j], steps[i, j] = least[0] + distance[i, j], least[1] + 1
    return cost, steps


def cheapest(candidates: list[tuple[Float, Float]]) -> tuple[Float, Float]:
    """(cost, steps) of the cheapest candidate of each pair, the first of equal ones."""
    cost, steps = candidates[0]
    for other_cost, other_steps in candidates[1:]:
        better = other_cost < cost
        cost, steps = np.where(better, other_cost, cost), np.where(better, other_steps, steps)
    return cost, steps

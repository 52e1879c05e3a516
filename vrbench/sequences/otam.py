"""``otam``: ordered temporal alignment, whose path may begin and end at any caption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vrbench.sequences.base import Float, sequences
from vrbench.sequences.distance import WarpingAlignment
from vrbench.sequences.dtw import cheapest


@sequences.register("otam")
@dataclass(frozen=True)
class OrderedTemporalAlignment(WarpingAlignment):
    """Minus the cost of the cheapest ordered alignment, captions to clips plus clips to captions.

    With a column of zeros before (j = 0) and after (j = m + 1) the distances d = offset - S:
    ``C[0, j] = C[0, j-1] + d[0, j]``, ``C[i, 0] = 0``,
    ``C[i, j] = d[i, j] + min(C[i-1, j-1], C[i, j-1])``, where the first column of distances and the
    last column of zeros also take C[i-1, j]. The cost is C[n-1, m+1], and that of the transposed
    matrix added to it.

    The released evaluation (``variant=tempclr|norton``) subtracts the minimum in the first column,
    ``C[i, 1] = d[i, 1] - min(...)``, and pads as for ``dtw``: a step into the zeros skips the last
    caption, ``min(C[n-1, m+1], C[n-2, m+1])``; where the other side has its greatest length the
    last row is zeroed, which with distances >= 0 makes the cost of that orientation 0.

    Source: Cao et al., CVPR 2020; TempCLR; Norton Tables 1 and 2. The training code has a soft
    minimum. Deviation: the transposed matrix is padded to the transposed size, where Norton's
    evaluation with background pads both alike.
    """

    source = "Cao et al., CVPR 2020; Norton Tables 1 and 2"

    def exact(self, distance: Float) -> Float:
        """(n, m, pairs) -> (pairs,) cost of both orientations."""
        first, second = _both(distance)
        return _last(_rows(first, 1)) + _last(_rows(second, 1))

    def per_step(self, distance: Float) -> Float:
        """(n, m, pairs) -> (pairs,) sum of both orientations' cost divided by real steps."""
        first, second = _both(distance)
        return _mean_step(first) + _mean_step(second)

    def released(self, distance: Float, missing: tuple[int, int]) -> Float:
        """Cost of both orientations with the released first column and padding."""
        first, second = _both(distance)
        return _released(first, *missing) + _released(second, *missing[::-1])

    def trace(self, distance: Float) -> list[tuple[int, int]]:
        """(n, m) -> the cheapest path of captions to clips, the columns of zeros left out."""
        cost = cumulated(distance[..., None])[0][..., 0]
        i = min(_ends(len(distance)), key=lambda row: cost[row, -1])
        j = distance.shape[1] - 1
        path = [(i, j)]
        while j or (i and cost[i - 1, 0] < 0):
            from_ = [(i - 1, j - 1), (i, j - 1)] if j else [(i - 1, j)]
            i, j = min((at for at in from_ if min(at) >= 0), key=lambda at: cost[at])
            path.append((i, j))
        return path[::-1]


def _both(distance: Float) -> tuple[Float, Float]:
    return distance, distance.transpose(1, 0, 2)


def _rows(distance: Float, sign: int) -> Iterator[Float]:
    """Yield the rows of C at j = 1 to m, (m, pairs) each; ``sign`` is that of the first minimum."""
    row = np.cumsum(distance[0], axis=0)
    yield row
    for d in distance[1:]:
        above, row = row, np.empty_like(row)
        row[0] = d[0] + sign * np.minimum(above[0], 0)
        for j in range(1, len(d)):
            np.minimum(above[j - 1], row[j - 1], out=row[j])
            row[j] += d[j]
        yield row


def _last(rows: Iterator[Float]) -> Float:
    """(pairs,) C[n-1, m+1]: the least C[i, m] of all rows."""
    return np.asarray(np.minimum.reduce([row[-1] for row in rows]))


def _released(distance: Float, missing_rows: int, missing_columns: int) -> Float:
    if missing_columns:
        # the column of zeros is not the last one any more: nothing comes from above, and a path
        # that steps sideways there or one row earlier may end too
        return _last(iter(list(_rows(distance, -1))[-3:]))
    zeroed = np.zeros((len(distance) + missing_rows, *distance.shape[1:]))
    zeroed[: len(distance) - 1] = distance[:-1]
    return _last(_rows(zeroed, -1))


def _mean_step(distance: Float) -> Float:
    """(n, m, pairs) -> (pairs,) cost of one orientation's cheapest path by its real steps."""
    cost, steps = cumulated(distance)
    end = cheapest([(cost[i, -1], steps[i, -1]) for i in _ends(len(distance))])
    return end[0] / end[1]


def _ends(n: int) -> list[int]:
    """Rows at which a path may leave the last clip, in the order of preference."""
    # diagonal steps come before those to the side; a step down the zeros is the last choice
    order: list[int] = []
    for i in range(n - 1, 0, -1):
        order += [i - 1, i]
    return list(dict.fromkeys([*order, 0]))


def cumulated(distance: Float) -> tuple[Float, Float]:
    """(n, m, pairs) -> (n, m, pairs) C at the real columns, and the steps that give it."""
    cost, steps = np.cumsum(distance, axis=1), np.empty_like(distance)
    steps[0] = np.arange(1, distance.shape[1] + 1)[:, None]
    start = np.zeros(distance.shape[2])
    for i in range(1, len(distance)):
        for j in range(distance.shape[1]):
            from_ = [(i - 1, j - 1), (i, j - 1)] if j else [(i - 1, j)]
            begin = [] if j else [(start, start)]
            least = cheapest([*begin, *((cost[at], steps[at]) for at in from_)])
            cost[i, j], steps[i, j] = least[0] + distance[i, j], least[1] + 1
    return cost, steps

"""Sinkhorn's plans of many small problems, as machine code; imported only where numba is.

A few pairs at a time stay in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.sequences.engine.instructions import (
    LANES,
    MOST,
    exponentials,
    fetch,
    finish,
    update,
)


def solve(
    sim: Any, reg: Any, prompt: Any, row: Any, column: Any, iterations: Any, work: Any, plan: Any,
    score: Any, spread: Any,
) -> None:  # fmt: skip
    """Set the plans of pairs, or their scores; see ``sinkhorn.plans``.

    Args:
        sim: (n, m, pairs), contiguous.
        reg: weight of the entropy.
        prompt: value of the bucket, where there are n + 1 rows and m + 1 columns.
        row: (n,) or (n + 1,) masses.
        column: (m,) or (m + 1,).
        iterations: to make.
        work: (``room``,) to work in.
        plan: (n, m, pairs) to fill, or one without pairs.
        score: (pairs,) to fill, or none.
        spread: (pairs,) to fill: between the largest and the smallest logit. Where it is above
            ``RANGE``, plan and score are not said.
    """
    n, m, pairs = sim.shape
    rows, columns = len(row), len(column)
    line, ends = columns * LANES, (rows * columns * LANES, (rows * columns + rows) * LANES)
    k, us, vs = work[: ends[0]], work[ends[0] : ends[1]], work[ends[1] : ends[1] + line]
    held, flat = k.reshape((rows, columns, LANES)), sim.reshape(-1)
    apart, total = np.empty(LANES), np.empty(LANES)
    for start in range(0, pairs, LANES):
        some = min(LANES, pairs - start)
        k[:] = prompt
        for i in range(n):
            fetch(flat, i * m * pairs + start, pairs, some, k, i * line, m)  # type: ignore[call-arg]
        exponentials(k, rows * columns, reg, apart)  # type: ignore[call-arg]
        vs[:] = 1.0
        for _ in range(iterations):
            at = 0  # in place: a function of its own would not know that one distance is a constant
            for left in range((rows + MOST - 1) // MOST, 0, -1):
                count = (rows - at + left - 1) // left
                update(k, at * line, line, LANES, columns, vs, row, at, count, us)
                at += count
            at = 0
            for left in range((columns + MOST - 1) // MOST, 0, -1):
                count = (columns - at + left - 1) // left
                update(k, at * LANES, LANES, line, rows, us, column, at, count, vs)
                at += count
        total[:] = 0.0
        for i in range(n):
            factor, first = us[i * LANES : (i + 1) * LANES], i * m * pairs + start
            finish(k, i * line, factor, vs, m, flat, first, pairs, some, total)
            if plan.size:
                for j in range(m):
                    for pair in range(some):
                        plan[i, j, start + pair] = held[i, j, pair]
        for pair in range(some):
            spread[start + pair] = apart[pair]
            if score.size:
                score[start + pair] = total[pair]


def room(rows: int, columns: int) -> int:
    """Return how many float64 ``solve`` works in."""
    return (rows * columns + rows + columns) * LANES

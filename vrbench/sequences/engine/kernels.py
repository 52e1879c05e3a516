"""Sinkhorn's scalings, compiled by numba: a few pairs at a time, so that they stay in the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from vrbench.sequences.base import Float

Scalings = Callable[[Float, Float, Float, int], tuple[Float, Float]]

LANES = 64
"""Pairs that are worked on together."""


@cache
def compiled() -> Scalings:
    """Return ``scalings`` as machine code, which is kept for the next process."""
    import numba

    # no fastmath: the same bits as without numba
    try:
        function: Scalings = numba.njit(error_model="numpy", cache=True)(scalings)
    except RuntimeError:  # there is no folder to keep it in
        function = numba.njit(error_model="numpy")(scalings)
    return function


def scalings(kernel: Float, row: Float, column: Float, iterations: int) -> tuple[Float, Float]:
    """(n, m, pairs) kernel -> u (n, pairs), v (m, pairs)."""
    n, m, pairs = kernel.shape
    us, vs = np.empty((n, pairs)), np.empty((m, pairs))
    k, u, v = np.empty((n, m, LANES)), np.empty((n, LANES)), np.empty((m, LANES))
    total = np.empty(LANES)
    for start in range(0, pairs, LANES):
        stop = min(start + LANES, pairs)
        k[:] = 1.0
        k[:, :, : stop - start] = kernel[:, :, start:stop]
        v[:] = 1.0
        for _ in range(iterations):
            for i in range(n):
                for lane in range(LANES):
                    total[lane] = k[i, 0, lane] * v[0, lane]
                for j in range(1, m):
                    for lane in range(LANES):
                        total[lane] += k[i, j, lane] * v[j, lane]
                for lane in range(LANES):
                    u[i, lane] = row[i] / total[lane]
            for j in range(m):
                for lane in range(LANES):
                    total[lane] = k[0, j, lane] * u[0, lane]
                for i in range(1, n):
                    for lane in range(LANES):
                        total[lane] += k[i, j, lane] * u[i, lane]
                for lane in range(LANES):
                    v[j, lane] = column[j] / total[lane]
        us[:, start:stop] = u[:, : stop - start]
        vs[:, start:stop] = v[:, : stop - start]
    return us, vs

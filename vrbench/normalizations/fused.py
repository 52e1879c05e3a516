"""Both products of a Sinkhorn step in one pass over the matrix, compiled (extra ``fast``)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from vrbench.runtime.sums import LEAF

SUMMED = 128
"""Rows whose columns are summed in the matrix's own type before they are added in float64."""


@cache
def compiled() -> Any:
    """Return ``(kept (n, m), beta (m,), r (n,), alpha (n,), columns (m,)) -> None``.

    It sets ``alpha = r / (kept beta)`` and adds ``alpha^T kept`` to ``columns``. A row is summed in
    leaves of ``LEAF`` columns, and these along a ``Tree``. Four rows go together, so that beta and
    the columns' sums are read once for all of them. The first call compiles; what it made is kept
    in a cache on disk.
    """
    from numba import njit

    @njit(fastmath={"reassoc", "contract"}, cache=True)
    def products(a: Any, b: Any, c: Any, d: Any, beta: Any, start: Any, stop: Any) -> Any:
        kind = beta.dtype.type
        sum_a = sum_b = sum_c = sum_d = kind(0)
        for j in range(start, stop):
            sum_a += a[j] * beta[j]
            sum_b += b[j] * beta[j]
            sum_c += c[j] * beta[j]
            sum_d += d[j] * beta[j]
        return sum_a, sum_b, sum_c, sum_d

    # no "reassoc" here: equal columns are to have equal sums wherever they stand
    @njit(fastmath={"contract"}, cache=True)
    def add(a: Any, b: Any, c: Any, d: Any, alpha: Any, sums: Any) -> None:
        for j in range(len(sums)):
            sums[j] = (((sums[j] + alpha[0] * a[j]) + alpha[1] * b[j]) + alpha[2] * c[j]) + alpha[
                3
            ] * d[j]

    @njit(cache=True)
    def total(leaves: Any) -> None:
        """Join (n, 4) leaves as ``Tree`` does, in their place: the total becomes the first."""
        n = len(leaves)
        while n > 1:
            for k in range(n // 2):
                for row in range(4):
                    leaves[k, row] = leaves[2 * k, row] + leaves[2 * k + 1, row]
            if n % 2:
                for row in range(4):
                    leaves[n // 2, row] = leaves[n - 1, row]
            n = (n + 1) // 2

    @njit(error_model="numpy", cache=True)
    def both_sides(kept: Any, beta: Any, r: Any, alpha: Any, columns: Any) -> None:
        n, m = kept.shape
        sums, some = np.zeros(m, kept.dtype), np.zeros(4, kept.dtype)
        leaves = np.zeros(((m + LEAF - 1) // LEAF, 4))
        for i in range(0, n, 4):
            # the last rows stand in for those that are missing, with the weight 0
            rows = min(4, n - i)
            a, b = kept[i], kept[min(i + 1, n - 1)]
            c, d = kept[min(i + 2, n - 1)], kept[min(i + 3, n - 1)]
            for k in range(len(leaves)):
                # an index without a sign is not looked at from the end, and the loop is vectors
                start, stop = np.uint64(k * LEAF), np.uint64(min((k + 1) * LEAF, m))
                found = products(a, b, c, d, beta, start, stop)
                leaves[k, 0], leaves[k, 1], leaves[k, 2], leaves[k, 3] = found
            total(leaves)
            some[:] = 0
            for k in range(rows):
                alpha[i + k] = r[i + k] / leaves[0, k]
                some[k] = alpha[i + k]
            add(a, b, c, d, some, sums)
            if i % SUMMED == 0 or i + 4 >= n:
                columns += sums
                sums[:] = 0

    return both_sides

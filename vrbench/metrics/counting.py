"""Counting the items above a query's best positive, in one read of a matrix in either order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime.compiling import available, compiled
from vrbench.sims.sim import Rows, is_finite

CHUNK = 32
"""Rows compared at once: the results stay in the cache, and counts of them fit into a byte."""

GROUPS = 255
"""Groups of eight results that are added before a byte of the sum might overflow."""


def count(rows: Rows, best: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Count the entries above and equal to one number for each row.

    Args:
        rows: (n, m), or the transpose of an (m, n) matrix, which is read in its stored order.
        best: (n,) of the same type.

    Returns:
        (n,) entries above ``best``, (n,) entries equal to it, and whether all are finite.
    """
    source, flipped = rows.as_stored()
    above = np.zeros(len(rows), dtype=np.int64)
    equal, finite = above.copy(), True
    for part in source.slices():
        block = source.block(part)
        if flipped:
            more, same, fine = _columns(block, best)
            above, equal = above + more, equal + same
        else:
            above[part], equal[part], fine = _rows(block, best[part])
        finite = finite and fine
    return above, equal, finite


Counted = tuple[NDArray[Any], NDArray[Any], bool]


def _rows(block: NDArray[Any], best: NDArray[Any]) -> Counted:
    if available():
        return _run(compiled(_row_kernel), block, best)
    width = block.shape[1]
    hits = np.zeros((CHUNK, width + -width % (8 * GROUPS)), dtype=bool)
    counts = np.empty((2, len(block)), dtype=np.int64)
    finite = True
    for start in range(0, len(block), CHUNK):
        part, level = block[start : start + CHUNK], best[start : start + CHUNK, None]
        finite = finite and is_finite(part)
        for total, compare in zip(counts, (np.greater, np.equal), strict=True):
            compare(part, level, out=hits[: len(part), :width])
            total[start : start + CHUNK] = _true(hits[: len(part)])
    return counts[0], counts[1], finite


def _true(hits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(n,) True in each row, eight added at a time; rows are multiples of 8 GROUPS long."""
    sums = hits.view(np.uint64).reshape(len(hits), -1, GROUPS).sum(axis=2)
    return np.asarray(sums.view(np.uint8).sum(axis=1))


def _columns(block: NDArray[Any], best: NDArray[Any]) -> Counted:
    if available():
        return _run(compiled(_column_kernel), block, best)
    hits = np.empty((CHUNK, block.shape[1]), dtype=bool)
    counts = np.zeros((2, block.shape[1]), dtype=np.int64)
    finite = True
    for start in range(0, len(block), CHUNK):
        part = block[start : start + CHUNK]
        finite = finite and is_finite(part)
        for total, compare in zip(counts, (np.greater, np.equal), strict=True):
            found = compare(part, best, out=hits[: len(part)]).view(np.uint8)
            total += np.add.reduce(found, axis=0, dtype=np.uint8)
    return counts[0], counts[1], finite


def _run(kernel: Any, block: NDArray[Any], best: NDArray[Any]) -> Counted:
    above = np.zeros(len(best), dtype=np.int32)
    equal = above.copy()
    return above, equal, kernel(block, best, above, equal)


def _row_kernel(block: Any, best: Any, above: Any, equal: Any) -> Any:
    bad, zero = np.int32(0), block.dtype.type(0)
    for i in range(len(block)):
        row, level, more, same = block[i], best[i], np.int32(0), np.int32(0)
        for j in range(len(row)):
            more += np.int32(row[j] > level)
            same += np.int32(row[j] == level)
            bad += np.int32(row[j] - row[j] != zero)
        above[i], equal[i] = more, same
    return bad == 0


def _column_kernel(block: Any, best: Any, above: Any, equal: Any) -> Any:
    """Count four rows together, so that the counts are read and written once for all of them."""
    bad, zero, last = np.int32(0), block.dtype.type(0), len(block) - 1
    for i in range(0, len(block), 4):
        p, q = block[i], block[min(i + 1, last)]
        r, s = block[min(i + 2, last)], block[min(i + 3, last)]
        two, three, four = np.int32(i < last), np.int32(i + 1 < last), np.int32(i + 2 < last)
        for j in range(len(p)):
            level = best[j]
            above[j] += np.int32(p[j] > level) + two * np.int32(q[j] > level)
            above[j] += three * np.int32(r[j] > level) + four * np.int32(s[j] > level)
            equal[j] += np.int32(p[j] == level) + two * np.int32(q[j] == level)
            equal[j] += three * np.int32(r[j] == level) + four * np.int32(s[j] == level)
            nothing = ((p[j] - p[j]) + (q[j] - q[j])) + ((r[j] - r[j]) + (s[j] - s[j]))
            bad += np.int32(nothing != zero)
    return bad == 0

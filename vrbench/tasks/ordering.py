"""Ordering: put shuffled captions into the order of a video's clips."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy
from vrbench.sequences.base import PairAlignment, Pairs, sequences

MOST = 8
"""Captions up to which all orders are tried (8! = 40,320)."""


def ordering(sim: Any, how: str = "assignment") -> NDArray[np.int64]:
    """Assign a clip to each caption of a video.

    Args:
        sim: (n, n) similarities of captions (in any order) and clips (in their order).
        how: ``assignment``: the one-to-one assignment with the largest sum. ``greedy``: the largest
            similarity first, then the largest of the captions and clips that are left. ``argmax``:
            each caption's best clip, which two may share. A sequence alignment's spec, such as
            ``dtw`` or ``otam``: the order of captions with the largest score, all orders tried.
            ``transport`` alone does not depend on the order: there the assignment with the largest
            sum of the plan.

    Returns:
        (n,) the clip of each caption. Of equal answers the first in the order of captions; of
        equal assignments one, always the same.

    Raises:
        InputError: ``sim`` is not square or not finite, or has too many captions for all orders.
    """
    matrix = to_numpy(sim).astype(np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise InputError(f"ordering needs as many captions as clips, not {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise InputError("ordering needs finite similarities.")
    if how in PLAIN:
        return PLAIN[how](matrix)
    method = sequences.parse(how)
    if how.partition(":")[0] == "transport":
        return _assignment(_plan(matrix, method))
    if not isinstance(method, PairAlignment):
        raise InputError(f"'{how}' scores every order alike: give dtw, otam or drop-dtw.")
    return _best_order(matrix, method)


def _assignment(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(matrix, maximize=True)[1])


def _greedy(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    left, clips = matrix.copy(), np.empty(len(matrix), dtype=np.int64)
    for _ in clips:
        caption, clip = np.unravel_index(int(left.argmax()), left.shape)
        clips[caption] = clip
        left[caption], left[:, clip] = -np.inf, -np.inf
    return clips


def _argmax(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(matrix.argmax(axis=1))


PLAIN: dict[str, Callable[[NDArray[np.float64]], NDArray[np.int64]]] = {
    "assignment": _assignment,
    "greedy": _greedy,
    "argmax": _argmax,
}


def _plan(matrix: NDArray[np.float64], method: Any) -> NDArray[np.float64]:
    from vrbench.sequences.plan import transport_plan

    if method.bucket is not None:
        raise InputError("ordering takes the bucket as a value: give bucket_value.")
    return transport_plan(
        matrix, method.reg, method.bucket_value, method.iterations, method.variant
    )


def _best_order(matrix: NDArray[np.float64], method: PairAlignment) -> NDArray[np.int64]:
    n = len(matrix)
    if n > MOST:
        raise InputError(f"All orders are tried of at most {MOST} captions, here are {n}.")
    orders = np.array(list(permutations(range(n))))
    lanes = np.ascontiguousarray(matrix[orders].transpose(1, 2, 0))
    best = orders[int(np.argmax(method.score(Pairs(lanes, (n, n)))))]
    return np.argsort(best)

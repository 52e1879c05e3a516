"""Exact optimal transport of a tile for numba, pair by pair.

The kernels are called as those of ``kernels.py`` and read the same products.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.engine.simplex import transport

F32 = np.float32
DROPPED = float(np.finfo(np.float32).min)
"""Stands for the similarity of a pair that no rank depends on."""
LEAST, MOST = 1e-30, 1e30
"""Masses of an item between which float32 has all digits of means by mass; else it has no bound."""


def emd(c: Any, d: Any, e: Any, at: Any, how: Any, t2v: Any, v2t: Any) -> None:
    """One minus the least cost; minus infinity where the solver gave up; ``how`` is (eps,)."""
    _, _, _, _, w, f = at
    (eps,) = how
    cost, a, b = np.empty((w, f)), np.empty(w), np.empty(f)
    tree, number = np.empty((6, w + f), np.int32), np.empty((2, w + f))
    for t in range(t2v.shape[0]):
        for v in range(t2v.shape[1]):
            read(c, d, e, at, eps, t, v, t2v.shape[1], cost, a, b)
            t2v[t, v] = 1 - transport(cost, a, b, tree, number)
        v2t[t] = t2v[t]


def plans(c: Any, d: Any, e: Any, at: Any, eps: Any, plan: Any) -> None:
    """Optimal plans (T, w, f, V), which come as zeros; NaN where the solver gave up."""
    _, _, _, _, w, f = at
    cost, a, b = np.empty((w, f)), np.empty(w), np.empty(f)
    tree, number = np.empty((6, w + f), np.int32), np.empty((2, w + f))
    for t in range(plan.shape[0]):
        for v in range(plan.shape[3]):
            read(c, d, e, at, eps, t, v, plan.shape[3], cost, a, b)
            if not np.isfinite(transport(cost, a, b, tree, number)):
                plan[t, 0, 0, v] = np.nan
            for x in range(w + f - 1):  # each token but the root has an arc to its parent
                y = tree[0, x]
                i, s = (x, y - w) if x < w else (y, x - w)
                plan[t, i, s, v] += number[0, x]


def read(
    c: Any, d: Any, e: Any, at: Any, eps: Any, t: Any, v: Any, n: Any, cost: Any, a: Any, b: Any
) -> None:
    """Copy a pair's costs (w, f) and masses (w,) and (f,) out of a tile of n videos."""
    row, text, column, video, w, f = at
    row, column = row + t * w, column + v
    for i in range(w):
        for s in range(f):
            cost[i, s] = F32(1) - c[row + i, column + s * n]
        a[i] = max(e[row + i, video + v], F32(0)) + eps
    for s in range(f):
        b[s] = max(d[text + t, column + s * n], F32(0)) + eps
    share(a)
    share(b)


def share(mass: Any) -> None:
    """Scale masses to sum 1; uniform where all are zero."""
    whole = 0.0
    for i in range(len(mass)):
        whole += mass[i]
    for i in range(len(mass)):
        mass[i] = mass[i] / whole if whole > 0 else 1 / len(mass)

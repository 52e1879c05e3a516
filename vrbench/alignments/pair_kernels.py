"""Bounds of ``emd`` for numba, pair by pair; ``emd_bounds.py`` has them for all pairs at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.kernels import exp

F32 = np.float32


def reach(
    cost: Any, frames: Any, words: Any, by_text: Any, by_video: Any, need: Any, how: Any, keep: Any
) -> None:
    """Say of k pairs whether every upper bound reaches what is needed.

    Args:
        cost: (k, f, w).
        frames: (k, f) masses.
        words: (k, w) masses.
        by_text: (k, w) duals of the words.
        by_video: (k, f) duals of the frames.
        need: (k,).
        how: (1 / reg, steps) of the Sinkhorn bound.
        keep: (k,) the answer.
    """
    sharp, steps = how
    for p in range(len(cost)):
        c, d, e = cost[p], frames[p], words[p]
        keep[p] = of_words(c, d, e, by_text[p]) >= need[p]
        if keep[p]:
            keep[p] = of_words(c.T, e, d, by_video[p]) >= need[p]
        if keep[p]:
            keep[p] = of_words(c, d, e, sinkhorn(c, d, e, sharp, steps)) >= need[p]


def of_words(c: Any, d: Any, e: Any, dual: Any) -> Any:
    """Bound from any duals (w,) of the words."""
    f, w = c.shape
    value = F32(1)
    for t in range(w):
        value -= e[t] * dual[t]
    for s in range(f):
        least = c[s, 0] - dual[0]
        for t in range(1, w):
            least = min(least, c[s, t] - dual[t])
        value -= d[s] * least
    return value


def sinkhorn(c: Any, d: Any, e: Any, sharp: Any, steps: int) -> Any:
    """(w,) duals of the words after a few steps."""
    f, w = c.shape
    k = np.empty((f, w), F32)
    v, under = np.ones(w, F32), np.empty(w, F32)
    for s in range(f):
        for t in range(w):
            k[s, t] = exp(max(-sharp * c[s, t], F32(-80)))
    for _ in range(steps):
        under[:] = 0
        for s in range(f):
            over = F32(0)
            for t in range(w):
                over += k[s, t] * v[t]
            u = d[s] / over
            for t in range(w):
                under[t] += k[s, t] * u
        for t in range(w):
            v[t] = e[t] / under[t]
    for t in range(w):
        v[t] = max(np.log(v[t]), F32(-1e4)) / sharp
    return v

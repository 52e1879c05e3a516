"""Reductions of a tile for numba: one pass over the products serves both directions.

Each kernel is called with

* ``c`` (words, frames), ``d`` (texts, frames), ``e`` (words, videos): the products of two panels,
  c and e those of some of the words where ``streaming.py`` calls it;
* ``at``: row of the tile's first word, of its first text, column of its first frame, of its first
  video, and its words w and frames f;
* ``scale``: the method's number; and fills ``t2v`` and ``v2t`` (T, V), float32 like all arrays.

The innermost loop runs over videos, which lie side by side; words and frames are added in order.
A similarity has therefore the same bits in any tile, though not those of the torch path. They are
plain functions: ``fused.py`` has them compiled. ``reductions.py`` has those in vector registers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

F32 = np.float32
_ROUND = F32(1.5 * 2**23)
"""Added to a small float32 it leaves the nearest whole number in the lowest bits."""
_LOG2_E = F32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = F32(0.693145751953125), F32(1.4286068203094172e-6)
_P0, _P1, _P2 = F32(1.9875691500e-4), F32(1.3981999507e-3), F32(8.3334519e-3)
_P3, _P4, _P5 = F32(4.1665795894e-2), F32(1.6666665459e-1), F32(0.5)


def exp(x: Any) -> Any:
    """Exponential of a float32 between -80 and 80, relative error 1.2e-7; becomes vector code.

    ``exp(x) = 2^n exp(x - n ln 2)``, a polynomial for the second factor (Cephes, expf).
    """
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = ((((_P0 * r + _P1) * r + _P2) * r + _P3) * r + _P4) * r + _P5
    p = p * (r * r) + (r + F32(1))
    power = np.int32(F32(shifted).view(np.int32) << 23)
    return np.int32(F32(p).view(np.int32) + power).view(F32)


def transport(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """Entropic transport; ``scale`` is (1 / reg, eps, iterations), the same for both directions."""
    row, text, column, video, w, f = at
    sharp, eps, iterations = scale
    n = t2v.shape[1]
    near, whole = np.empty((w, f, n), F32), np.empty(n, F32)
    frames, a, old_a = np.empty((f, n), F32), np.empty((f, n), F32), np.empty((f, n), F32)
    words, b, old_b = np.empty((w, n), F32), np.empty((w, n), F32), np.empty((w, n), F32)
    over, under = np.zeros((f, n), F32), np.zeros((w, n), F32)
    for t in range(len(t2v)):
        first = row + t * w
        for i in range(w):
            for v in range(n):
                words[i, v] = max(e[first + i, video + v], F32(0)) + eps
                b[i, v] = F32(1)
            for s in range(f):
                start = column + s * n
                for v in range(n):
                    near[i, s, v] = exp(sharp * c[first + i, start + v])
        for s in range(f):
            start = column + s * n
            for v in range(n):
                frames[s, v] = max(d[text + t, start + v], F32(0)) + eps
                a[s, v] = F32(1)
        share(frames, whole)
        share(words, whole)
        for _ in range(iterations):
            for i in range(w):
                for s in range(f):
                    for v in range(n):
                        over[s, v] += near[i, s, v] * b[i, v]
                        under[i, v] += near[i, s, v] * a[s, v]
            divide(frames, over, a, old_a)
            divide(words, under, b, old_b)
        for v in range(n):
            t2v[t, v] = F32(0)
        for i in range(w):
            for s in range(f):
                start = column + s * n
                for v in range(n):
                    both = a[s, v] * old_b[i, v] + old_a[s, v] * b[i, v]
                    t2v[t, v] += near[i, s, v] * c[first + i, start + v] * both
        for v in range(n):
            t2v[t, v] /= F32(2)
            v2t[t, v] = t2v[t, v]


def share(mass: Any, whole: Any) -> None:
    """Scale masses (l, n) to sum 1 along the first axis; whole (n,) is to work in."""
    for v in range(len(whole)):
        whole[v] = mass[0, v]
    for i in range(1, len(mass)):
        for v in range(len(whole)):
            whole[v] += mass[i, v]
    for i in range(len(mass)):
        for v in range(len(whole)):
            mass[i, v] /= whole[v]


def divide(mass: Any, sums: Any, scaling: Any, old: Any) -> None:
    """Set a scaling (l, n) to masses over sums, after it is kept; the sums are zero then."""
    for i in range(len(mass)):
        for v in range(mass.shape[1]):
            old[i, v] = scaling[i, v]
            scaling[i, v] = mass[i, v] / sums[i, v]
            sums[i, v] = F32(0)

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
    near, frames, words = np.empty((w, f, n), F32), np.empty((f, n), F32), np.empty((w, n), F32)
    for t in range(len(t2v)):
        first = row + t * w
        for i in range(w):
            words[i] = np.maximum(e[first + i, video : video + n], F32(0)) + eps
            for s in range(f):
                start = column + s * n
                for v in range(n):
                    near[i, s, v] = exp(sharp * c[first + i, start + v])
        for s in range(f):
            start = column + s * n
            frames[s] = np.maximum(d[text + t, start : start + n], F32(0)) + eps
        share(frames)
        share(words)
        a, b = np.ones((f, n), F32), np.ones((w, n), F32)
        old_a, old_b, over, under = a.copy(), b.copy(), a.copy(), b.copy()
        for _ in range(iterations):
            over[:], under[:] = 0, 0
            for i in range(w):
                for s in range(f):
                    k, x, y, o, u = near[i, s], a[s], b[i], over[s], under[i]
                    for v in range(n):
                        o[v] += k[v] * y[v]
                        u[v] += k[v] * x[v]
            old_a[:], old_b[:] = a, b
            a[:], b[:] = frames / over, words / under
        t2v[t] = 0
        for i in range(w):
            for s in range(f):
                start = column + s * n
                k, values = near[i, s], c[first + i, start : start + n]
                t2v[t] += k * values * (a[s] * old_b[i] + old_a[s] * b[i])
        t2v[t] /= F32(2)
        v2t[t] = t2v[t]


def share(mass: Any) -> None:
    """Scale masses (l, n) to sum 1 along the first axis."""
    whole = mass[0].copy()
    for i in range(1, len(mass)):
        whole += mass[i]
    for i in range(len(mass)):
        mass[i] /= whole

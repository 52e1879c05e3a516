"""Reductions by best matches, for numba; called as the kernels of ``kernels.py`` are."""

from __future__ import annotations

from typing import Any

import numpy as np

F32 = np.float32


def matches(c: Any, row: int, column: int, by_word: Any, by_frame: Any) -> None:
    """Fill the best match of each of a text's words, (w + 1, V), and of each frame, (f + 1, V).

    Two words by two frames at a time: where they are odd, the last one is taken twice, and the
    last row is used. A number is never stored as the outcome of its comparison with one other: of
    that a compiler makes a masked store, which takes several times as long on some processors.
    """
    w, f, n = len(by_word) - 1, len(by_frame) - 1, by_word.shape[1]
    by_word[:], by_frame[:] = -np.inf, -np.inf
    for i in range(0, w, 2):
        j = min(i + 1, w - 1)
        one, two, p, q = c[row + i], c[row + j], by_word[i], by_word[i + 1]
        for s in range(0, f, 2):
            r = min(s + 1, f - 1)
            a, b = column + s * n, column + r * n
            one_a, one_b, two_a, two_b = (
                one[a : a + n],
                one[b : b + n],
                two[a : a + n],
                two[b : b + n],
            )
            x, y = by_frame[s], by_frame[s + 1]
            for v in range(n):
                c11, c12, c21, c22 = one_a[v], one_b[v], two_a[v], two_b[v]
                most = c11 if c11 > p[v] else p[v]
                p[v] = c12 if c12 > most else most
                most = c21 if c21 > q[v] else q[v]
                q[v] = c22 if c22 > most else most
                most = c11 if c11 > x[v] else x[v]
                x[v] = c21 if c21 > most else most
                most = c12 if c12 > y[v] else y[v]
                y[v] = c22 if c22 > most else most


def best(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """``mean_t max_s c`` and ``mean_s max_t c``."""
    row, _, column, _, w, f = at
    n = t2v.shape[1]
    by_word, by_frame = np.empty((w + 1, n), F32), np.empty((f + 1, n), F32)
    for t in range(len(t2v)):
        matches(c, row + t * w, column, by_word, by_frame)
        t2v[t], v2t[t] = 0, 0
        for i in range(w):
            t2v[t] += by_word[i]
        for s in range(f):
            v2t[t] += by_frame[s]
        t2v[t] /= F32(w)
        v2t[t] /= F32(f)


def relaxed(c: Any, d: Any, e: Any, at: Any, eps: Any, t2v: Any, v2t: Any) -> None:
    """Upper bound of ``emd``: one side's tokens all take their best match; the lower of both."""
    row, text, column, video, w, f = at
    n = t2v.shape[1]
    by_word, by_frame = np.empty((w + 1, n), F32), np.empty((f + 1, n), F32)
    for t in range(len(t2v)):
        first = row + t * w
        matches(c, first, column, by_word, by_frame)
        weighted(e[first : first + w, video : video + n], by_word, eps, t2v[t])
        weighted(d[text + t, column : column + f * n].reshape(f, n), by_frame, eps, v2t[t])
        t2v[t] = np.minimum(t2v[t], v2t[t])


def weighted(weight: Any, best: Any, eps: Any, mean: Any) -> None:
    """Mean of the first best matches by weights (k, V), of any sign; uniform where all are zero."""
    k, n = weight.shape
    mass, plain = np.zeros(n, F32), np.zeros(n, F32)
    mean[:] = 0
    for i in range(k):
        by, values = weight[i], best[i]
        for v in range(n):
            one = (F32(0) if by[v] < F32(0) else by[v]) + eps
            mean[v] += one * values[v]
            mass[v] += one
            plain[v] += values[v]
    for v in range(n):
        mean[v] = mean[v] / mass[v] if mass[v] > F32(0) else plain[v] / F32(k)

"""Reductions by best matches, for numba; called as the kernels of ``kernels.py`` are."""

from __future__ import annotations

from typing import Any

import numpy as np

F32 = np.float32


def matches(c: Any, row: int, column: int, by_word: Any, by_frame: Any) -> None:
    """Fill the best match of each of a text's words, (w + 1, V), and of each frame, (f + 1, V).

    Four words at a time, all frames and videos of one in a row; then, while they are in the cache,
    four frames of each word. Where fewer are left, the last one is taken again. A number is never
    stored as the outcome of its comparison with one other: of that a compiler makes a masked store,
    which takes several times as long on some processors.
    """
    w, f, n = len(by_word) - 1, len(by_frame) - 1, by_word.shape[1]
    wide = by_frame.reshape(-1)[: f * n]
    by_word[:], wide[:] = -np.inf, -np.inf
    for i in range(0, w, 4):
        keep_largest(
            wide,
            c[row + i, column : column + f * n],
            c[row + min(i + 1, w - 1), column : column + f * n],
            c[row + min(i + 2, w - 1), column : column + f * n],
            c[row + min(i + 3, w - 1), column : column + f * n],
        )
        for j in range(i, min(i + 4, w)):
            word = c[row + j, column : column + f * n].reshape(f, n)
            for s in range(0, f, 4):
                keep_largest(
                    by_word[j],
                    word[s],
                    word[min(s + 1, f - 1)],
                    word[min(s + 2, f - 1)],
                    word[min(s + 3, f - 1)],
                )


def keep_largest(most: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    """Put into ``most`` the largest of each of its numbers and those of four other arrays."""
    for v in range(len(most)):
        top = a[v] if a[v] > most[v] else most[v]
        top = b[v] if b[v] > top else top
        top = c[v] if c[v] > top else top
        most[v] = d[v] if d[v] > top else top


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

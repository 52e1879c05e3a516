"""Exact transport of single pairs, for numba; imported only where numba is.

``emd_bounds.py`` has the bounds for those without numba, for all pairs at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.engine.emd_kernels import DROPPED, F32, of_frames, read, sinkhorn
from vrbench.alignments.engine.mean_products import fill
from vrbench.alignments.engine.microkernel import ROWS, multiply
from vrbench.alignments.engine.reductions import relaxed
from vrbench.alignments.engine.simplex import transport


def contend(c: Any, d: Any, e: Any, at: Any, how: Any, t2v: Any, v2t: Any) -> None:
    """``emd`` of the pairs whose every upper bound reaches what is needed, else ``DROPPED``.

    ``how`` is eps, 1 / reg and steps of each Sinkhorn bound, and what the panel's texts and videos
    need: a pair needs the lower one.
    """
    _, text, _, video, w, f = at
    eps, bounds, texts, videos = how
    cost, a, b = np.empty((w, f)), np.empty(w), np.empty(f)
    tree, number = np.empty((6, w + f), np.int32), np.empty((2, w + f))
    near, low = np.empty((w, f), F32), np.empty(f)
    relaxed(c, d, e, at, F32(eps), t2v, v2t)
    for t in range(t2v.shape[0]):
        for v in range(t2v.shape[1]):
            need, bound = min(texts[text + t], videos[video + v]), min(t2v[t, v], v2t[t, v])
            # of products of masses that overflowed nothing is known
            keep = not (np.isfinite(bound) and bound < need)
            if keep:
                read(c, d, e, at, eps, t, v, t2v.shape[1], cost, a, b)
            for sharp, steps in bounds:
                if keep:
                    sinkhorn(cost, a, b, sharp, steps, near, low)
                    keep = not of_frames(cost, a, b, low) < need
            t2v[t, v] = 1 - transport(cost, a, b, tree, number) if keep else DROPPED
        v2t[t] = t2v[t]


def chosen(
    a: Any, b: Any, texts: Any, videos: Any, of_texts: Any, of_videos: Any, pairs: Any, eps: Any,
    c: Any, out: Any,
) -> None:  # fmt: skip
    """Similarities of pairs of a text and a video; minus infinity where the solver gave up.

    Args:
        a: the texts as an operand (units, width, ROWS), see ``product.py``: of each the words, its
            global vector, and zeros up to whole units.
        b: the videos alike (units, width, size).
        texts: (n, 2) first unit and words of each.
        videos: (m, 2) first unit and frames of each.
        of_texts: (n,) ``Items.shares``.
        of_videos: (m,) alike.
        pairs: (k, 2) texts and videos.
        eps: mass added to every token.
        c: room for the products of a pair.
        out: (k,).
    """
    _, width, size = b.shape
    rows, columns, one = a.reshape(-1), b.reshape(-1), np.empty((1, 1), F32)
    for pair in range(len(pairs)):
        text, video = pairs[pair]
        x, w = texts[text]
        y, f = videos[video]
        n, m = (w // ROWS + 1) * ROWS, (f // size + 1) * size
        multiply(rows[x * width * ROWS :], columns[y * width * size :], c, n, m, width, size, m)
        found = c[: n * m].reshape(n, m)
        at = (0, w, 0, f, w, f)
        share, other_share = np.empty((1, w + 1), F32), np.empty((1, f + 1), F32)
        share[0, w], other_share[0, f] = of_texts[text], of_videos[video]
        fill(found, found, found, at, share, other_share, one)
        cost, tree, number = np.empty((w, f)), np.empty((6, w + f), np.int32), np.empty((2, w + f))
        mass, other = np.empty(w), np.empty(f)
        read(found, found, found, at, eps, 0, 0, 1, cost, mass, other)
        out[pair] = 1 - transport(cost, mass, other, tree, number)

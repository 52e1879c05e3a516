"""Exact transport where ranks are wanted: bounds, and single pairs; imported only where numba is.

``emd_bounds.py`` has the bounds for those without numba, for all pairs at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.engine.emd_kernels import DROPPED, F32, read
from vrbench.alignments.engine.kernels import exp
from vrbench.alignments.engine.mean_products import fill
from vrbench.alignments.engine.microkernel import ROWS, multiply
from vrbench.alignments.engine.reductions import relaxed
from vrbench.alignments.engine.simplex import transport

TOGETHER, ROOM = 32, 1 << 17
"""Pairs whose bounds are made side by side, as far as they have no more products together."""


def contend(c: Any, d: Any, e: Any, at: Any, how: Any, t2v: Any, v2t: Any) -> None:
    """``emd`` of the pairs whose every upper bound reaches what is needed, else ``DROPPED``.

    ``how`` is eps, 1 / reg and steps of the Sinkhorn bound, and what the panel's texts and videos
    need: a pair needs the lower one.
    """
    _, text, _, video, w, f = at
    eps, sharp, steps, texts, videos = how
    n = t2v.shape[1]
    pairs, needs = np.empty((t2v.size, 2), np.int64), np.empty(t2v.size)
    relaxed(c, d, e, at, F32(eps), t2v, v2t)
    some = 0
    for t in range(t2v.shape[0]):
        for v in range(n):
            need, bound = min(texts[text + t], videos[video + v]), min(t2v[t, v], v2t[t, v])
            t2v[t, v] = DROPPED
            # of products of masses that overflowed nothing is known
            if not (np.isfinite(bound) and bound < need):
                pairs[some, 0], pairs[some, 1], needs[some] = t, v, need
                some += 1
    left, step = 0, max(min(TOGETHER, ROOM // (w * f)), 1)
    for first in range(0, some, step):
        few = min(step, some - first)
        value = bounded(c, d, e, at, eps, n, pairs[first : first + few], F32(sharp), steps)
        for k in range(few):
            if not value[k] < needs[first + k]:
                pairs[left] = pairs[first + k]
                left += 1
    cost, a, b = np.empty((w, f)), np.empty(w), np.empty(f)
    tree, number = np.empty((6, w + f), np.int32), np.empty((2, w + f))
    for k in range(left):
        t, v = pairs[k]
        read(c, d, e, at, eps, t, v, n, cost, a, b)
        t2v[t, v] = 1 - transport(cost, a, b, tree, number)
    v2t[:] = t2v


def bounded(
    c: Any, d: Any, e: Any, at: Any, eps: Any, n: Any, pairs: Any, sharp: Any, steps: Any
) -> Any:
    """(k,) upper bounds of pairs' similarities, by the duals after some Sinkhorn steps.

    Args:
        c: as of kernels, see ``kernels.py``.
        d: likewise.
        e: likewise.
        at: likewise.
        eps: mass added to every token.
        n: the tile's videos.
        pairs: (k, 2) texts and videos of the tile.
        sharp: 1 / reg.
        steps: how many.
    """
    _, _, _, _, w, f = at
    count = len(pairs)
    cost, a, b = np.empty((w, f, count), F32), np.empty((w, count)), np.empty((f, count))
    for k in range(count):
        read(c, d, e, at, eps, pairs[k, 0], pairs[k, 1], n, cost[:, :, k], a[:, k], b[:, k])
    low = sinkhorn(cost, a, b, sharp, steps)
    value, best = np.ones(count), np.empty(count, F32)
    for s in range(f):
        for k in range(count):
            value[k] -= b[s, k] * low[s, k]
    for i in range(w):
        for k in range(count):
            best[k] = cost[i, 0, k] - low[0, k]
        for s in range(1, f):
            for k in range(count):
                best[k] = min(best[k], cost[i, s, k] - low[s, k])
        for k in range(count):
            value[k] -= a[i, k] * best[k]
    return value


def sinkhorn(cost: Any, a: Any, b: Any, sharp: Any, steps: Any) -> Any:
    """(f, k) duals of the frames of k pairs that fit those of the words after some steps.

    Any steps, however rounded, give duals, and any duals a bound.
    """
    w, f, count = cost.shape
    near, low = np.empty((w, f, count), F32), np.full((f, count), np.inf, F32)
    over, under, v = np.empty((f, count), F32), np.empty(count, F32), np.ones((w, count), F32)
    for i in range(w):
        for s in range(f):
            for k in range(count):
                low[s, k] = min(low[s, k], cost[i, s, k])
    for i in range(w):
        for s in range(f):
            for k in range(count):
                near[i, s, k] = exp(max((low[s, k] - cost[i, s, k]) * sharp, F32(-80)))
    for _ in range(steps):
        over[:] = 0
        for i in range(w):
            for s in range(f):
                for k in range(count):
                    over[s, k] += near[i, s, k] * v[i, k]
        for s in range(f):
            for k in range(count):
                over[s, k] = F32(b[s, k]) / over[s, k]
        for i in range(w):
            under[:] = 0
            for s in range(f):
                for k in range(count):
                    under[k] += near[i, s, k] * over[s, k]
            for k in range(count):
                v[i, k] = F32(a[i, k]) / under[k]
    low[:] = np.inf
    for i in range(w):
        for k in range(count):
            under[k] = np.log(v[i, k]) / sharp
        for s in range(f):
            for k in range(count):
                low[s, k] = min(low[s, k], cost[i, s, k] - under[k])
    return low


def chosen(
    a: Any, b: Any, texts: Any, videos: Any, of_texts: Any, of_videos: Any, pairs: Any, eps: Any,
    c: Any, out: Any,
) -> None:  # fmt: skip
    """Similarities of pairs of a text and a video; minus infinity where the solver gave up.

    Args:
        a: the texts as an operand (units, width, ROWS), see ``product.py``: of each the words, its
            global vector, or anything where a share is known, and anything up to whole units.
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

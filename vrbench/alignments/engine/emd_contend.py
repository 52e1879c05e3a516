"""Exact transport of the pairs that bounds leave, for numba; imported only where numba is.

``emd_bounds.py`` has the bounds for those without numba, for all pairs at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vrbench.alignments.engine.emd_kernels import DROPPED, F32, of_frames, read, sinkhorn
from vrbench.alignments.engine.reductions import relaxed
from vrbench.alignments.engine.simplex import transport


def contend(c: Any, d: Any, e: Any, at: Any, how: Any, t2v: Any, v2t: Any) -> None:
    """``emd`` of the pairs whose every upper bound reaches what is needed, else ``DROPPED``.

    ``how`` is eps, 1 / reg and steps of the Sinkhorn bound, and what the panel's texts and videos
    need: a pair needs the lower one.
    """
    _, text, _, video, w, f = at
    eps, sharp, steps, texts, videos = how
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
                sinkhorn(cost, a, b, sharp, steps, near, low)
                keep = not of_frames(cost, a, b, low) < need
            t2v[t, v] = 1 - transport(cost, a, b, tree, number) if keep else DROPPED
        v2t[t] = t2v[t]

"""Slow float64 references of late interaction and of query scoring."""

from __future__ import annotations

import math
from typing import Literal

from oracles import AnyFloat, Pair, dot, similarities, softmax


def maxsim(
    mu: AnyFloat,
    omega: AnyFloat,
    gv: AnyFloat,
    gt: AnyFloat,
    *,
    side: Literal["text", "video"] = "text",
    mean: bool = False,
    whole: bool = False,
) -> Pair:
    """ColBERT's sum of best matches; with whole the video's global vector as another level."""
    c = similarities(mu, omega)
    l1, l2 = c.shape
    levels = [[[float(c[s, t]) for s in range(l1)] for t in range(l2)]]
    if whole:
        levels.append([[dot(gv, omega[t])] for t in range(l2)])
    value = 0.0
    for level in levels:  # words x tokens of the video
        rows = level if side == "text" else [list(column) for column in zip(*level, strict=True)]
        best = [max(row) for row in rows]
        value += sum(best) / (len(best) if mean else 1)
    return value, value


def query_scoring(
    mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, tau: float = 0.1
) -> Pair:
    """Cosine with the frames' mean, weighted by a softmax of cosines (arXiv:2205.08508)."""

    def cosine(a: AnyFloat, b: AnyFloat) -> float:
        return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))

    shares = softmax(cosine(gt, frame) / tau for frame in mu)
    vector = sum(share * frame for share, frame in zip(shares, mu, strict=True))
    value = cosine(gt, vector)
    return value, value

"""Slow float64 references of X-CLIP and UCoFiA: the papers' formulas, one loop a sum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from oracles import AnyFloat, Array, Pair, dot, similarities, softmax

Weights = Mapping[str, AnyFloat]
TAU = 0.01


def weighed(values: Sequence[float], weight: AnyFloat | None, *, twice: bool) -> float:
    """AOSM (X-CLIP), or ``twice`` ISA (UCoFiA 3.2.2), of some similarities."""
    shares = softmax([value / TAU for value in values])
    if weight is not None:
        n = len(values)
        shares = [sum(shares[i] * float(weight[i, j]) for i in range(n)) for j in range(n)]
    if twice:
        shares = softmax([share / TAU for share in shares])
    return sum(share * value for share, value in zip(shares, values, strict=True))


def isa(values: Sequence[float], weight: AnyFloat | None = None) -> float:
    """UCoFiA's interactive similarity aggregation."""
    return weighed(values, weight, twice=True)


def both_ways(c: AnyFloat, weights: Weights, names: Sequence[str], *, twice: bool) -> list[float]:
    """Both orders of attention over c[frame, word]: words first, frames first."""
    word, frame_2, frame, word_2 = (weights.get(name) for name in names)
    frames, words = c.shape
    over_words = [weighed(list(c[f]), word, twice=twice) for f in range(frames)]
    over_frames = [weighed(list(c[:, w]), frame, twice=twice) for w in range(words)]
    return [weighed(over_words, frame_2, twice=twice), weighed(over_frames, word_2, twice=twice)]


def times(vector: AnyFloat, matrix: AnyFloat | None) -> Array:
    """A row times a matrix."""
    if matrix is None:
        return np.asarray(vector, dtype=np.float64)
    n = len(matrix)
    return np.array([sum(vector[i] * matrix[i, j] for i in range(n)) for j in range(n)])


def xclip(
    mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, weights: Weights | None = None
) -> Pair:
    """A quarter of video-sentence, video-word, frame-sentence and frame-word (X-CLIP eq. 6-16)."""
    w = weights or {}
    whole = dot(times(gt, w.get("global_mat_weight")), gv)
    words = weighed([dot(o, gv) for o in omega], w.get("word_logit_weight"), twice=False)
    frames = weighed([dot(m, gt) for m in mu], w.get("frame_logit_weight"), twice=False)
    c = similarities(mu, np.array([times(o, w.get("local_mat_weight")) for o in omega]))
    names = ("word_mat_weight", "frame_mat_weight2", "frame_mat_weight", "word_mat_weight2")
    fine = both_ways(c, w, names, twice=False)
    value = (whole + words + frames + (fine[0] + fine[1]) / 2) / 4
    return value, value


def ucofia_levels(
    mu: AnyFloat,
    omega: AnyFloat,
    gv: AnyFloat,
    gt: AnyFloat,
    patches: AnyFloat | None = None,
    *,
    weights: Weights | None = None,
    bi: str = "both",
) -> list[float]:
    """The levels video, frame and (with patches, chosen already) patch."""
    w = weights or {}
    whole = dot(times(gt, w.get("global_mat_weight")), times(gv, w.get("global_mat_weight_1")))
    found = [whole, isa([dot(m, gt) for m in mu], w.get("frame_logit_weight"))]
    if patches is not None:
        words = np.array([times(o, w.get("local_mat_weight")) for o in omega])
        seen = np.array([times(p, w.get("local_mat_weight1")) for p in patches])
        c = similarities(seen, words)
        names = ("word_mat_weight", "pixel_mat_weight2", "pixel_mat_weight", "word_mat_weight2")
        ways = both_ways(c, w, names, twice=True)
        wanted = {"word-patch": [0], "patch-word": [1], "both": [0, 1]}[bi]
        found.append(sum(ways[i] for i in wanted) / len(wanted))
    return found


def ucofia(
    mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, levels: str, **other: Any
) -> Pair:
    """Mean of the levels video and frame, as far as they are asked for."""
    known = dict(zip(("video", "frame"), ucofia_levels(mu, omega, gv, gt), strict=True))
    value = float(np.mean([known[level] for level in levels.split("+")]))
    return value, value


def gelu(x: float) -> float:
    """x times the normal distribution function."""
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def layer_norm(x: AnyFloat, gain: AnyFloat, shift: AnyFloat) -> Array:
    """Zero mean and unit variance, then gain and shift."""
    x = np.asarray(x, dtype=np.float64)
    return np.asarray((x - x.mean()) / math.sqrt(x.var() + 1e-5) * gain + shift)


def saliency(patches: Sequence[AnyFloat], weights: Weights) -> list[Array]:
    """Frames (l, d), [CLS] first -> (l,) each, of the supplementary's eq. 1, v as released."""
    gain, shift = weights["in_conv.0.weight"], weights["in_conv.0.bias"]
    first, second = weights["in_conv.1.weight"], weights["out_conv.0.weight"]
    last = weights["out_conv.2.weight"]

    def a(token: AnyFloat, frame: AnyFloat) -> Array:
        seen = layer_norm(np.concatenate([token, frame]), gain, shift)
        return np.array([gelu(float(row @ seen)) for row in first])

    def b(own: Array, v: Array) -> float:
        hidden = second @ np.concatenate([own, v])
        return math.tanh(sum(last[0, k] * gelu(h) for k, h in enumerate(hidden)))

    v = np.zeros(len(first))
    for frame in patches:
        v = v + a(frame[0], frame[0])
    return [np.array([b(a(token, frame[0]), v) for token in frame]) for frame in patches]


def narrow_saliency(patches: Sequence[AnyFloat], weights: Weights) -> list[Array]:
    """The same of the network of the release's folder train: nothing of the video."""
    gain, shift = weights["in_conv.0.weight"], weights["in_conv.0.bias"]
    first, second = weights["in_conv.1.weight"], weights["out_conv.0.weight"]

    def a(token: AnyFloat) -> Array:
        return np.array([gelu(float(row @ layer_norm(token, gain, shift))) for row in first])

    def b(token: AnyFloat, frame: AnyFloat) -> float:
        hidden, row = second @ np.concatenate([a(token), a(frame)]), weights["out_conv.2.weight"][0]
        return math.tanh(sum(w * gelu(h) for w, h in zip(row, hidden, strict=True)))

    return [np.array([b(token, frame[0]) for token in frame]) for frame in patches]

"""Slow float64 references of the token alignments: the papers' formulas, one loop a sum.

Every alignment takes one pair: ``mu`` (l1, d) video tokens, ``omega`` (l2, d) text tokens, ``gv``
and ``gt`` (d,) the global vectors of video and text. It returns ``(s_t, s_v)``: s^T ranks videos
for a text, s^V ranks texts for a video.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
AnyFloat = NDArray[np.floating[Any]]
Pair = tuple[float, float]
Alignment = Callable[..., Pair]


def l2(x: AnyFloat) -> Array:
    """Vectors along the last axis divided by their length (TokenFlow section 3.1)."""
    x = np.asarray(x, dtype=np.float64)
    length = np.sqrt(np.sum(x * x, axis=-1, keepdims=True))
    if np.any(length == 0):
        raise ValueError("a vector of length 0 has no direction")
    return np.asarray(x / length, dtype=np.float64)


def global_vector(tokens: AnyFloat) -> Array:
    """l2(mean(l2(tokens))): CLIP4Clip's meanP (arXiv:2104.08860), where no global is stored."""
    unit = l2(tokens)
    total = np.zeros(unit.shape[1])
    for token in unit:
        total = total + token
    return l2(total / len(unit))


def dot(a: AnyFloat, b: AnyFloat) -> float:
    """Inner product of two vectors (TokenFlow eq. 7)."""
    return float(np.asarray(a, dtype=np.float64) @ np.asarray(b, dtype=np.float64))


def similarities(mu: AnyFloat, omega: AnyFloat) -> Array:
    """c[s, t] = mu_s . omega_t (TokenFlow eq. 7)."""
    c = np.zeros((len(mu), len(omega)))
    for s in range(len(mu)):
        for t in range(len(omega)):
            c[s, t] = dot(mu[s], omega[t])
    return c


def logsumexp(values: Iterable[float]) -> float:
    """log(sum(exp(values))), shifted by the maximum (Norton eq. 5)."""
    listed = [float(value) for value in values]
    top = max(listed)
    if math.isinf(top):
        return top
    return top + math.log(sum(math.exp(value - top) for value in listed))


def softmax(values: Iterable[float]) -> list[float]:
    """exp(values) divided by its sum (TokenFlow eq. 18 with lambda inside the values)."""
    listed = [float(value) for value in values]
    total = logsumexp(listed)
    return [math.exp(value - total) for value in listed]


def global_(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat) -> Pair:
    """Dot product of the global vectors, both directions (TokenFlow eq. 6)."""
    value = dot(gv, gt)
    return value, value


def uniform(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat) -> Pair:
    """Every token pair weighs 1 / (l1 l2), both directions (TokenFlow eq. 8-10)."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    value = sum(c[s, t] / (l1 * l2_) for s in range(l1) for t in range(l2_))
    return float(value), float(value)


def max_sum(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat) -> Pair:
    """Sum over one side's tokens of the maximum over the other's (TokenFlow eq. 12, 1)."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    s_v = sum(max(c[s, t] for t in range(l2_)) for s in range(l1))
    s_t = sum(max(c[s, t] for s in range(l1)) for t in range(l2_))
    return float(s_t), float(s_v)


def max_avg(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat) -> Pair:
    """Mean over one side's tokens of the maximum over the other's (TokenFlow eq. 12, 1/l)."""
    s_t, s_v = max_sum(mu, omega, gv, gt)
    return s_t / len(omega), s_v / len(mu)


def token_mean(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat) -> Pair:
    """Mean of both directions of max-avg (DRL's token-wise interaction, arXiv:2203.07111)."""
    s_t, s_v = max_avg(mu, omega, gv, gt)
    value = (s_t + s_v) / 2
    return value, value


def learnable(
    mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, weight: AnyFloat | None = None
) -> Pair:
    """Softmax over W[:l1, :l2], both directions (TokenFlow 3.2.2, formula vrbench's); W 0: none."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    w = np.zeros(c.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    under = logsumexp(w[s, t] for s in range(l1) for t in range(l2_))
    value = sum(math.exp(w[s, t] - under) * c[s, t] for s in range(l1) for t in range(l2_))
    return float(value), float(value)


def wti(
    mu: AnyFloat,
    omega: AnyFloat,
    gv: AnyFloat,
    gt: AnyFloat,
    *,
    frames: Sequence[float] | None = None,
    words: Sequence[float] | None = None,
) -> Pair:
    """DRL's weighted token-wise interaction; ``frames`` and ``words`` weigh, or all the same."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    a = [1 / l2_] * l2_ if words is None else words
    b = [1 / l1] * l1 if frames is None else frames
    of_words = sum(a[t] * max(c[s, t] for s in range(l1)) for t in range(l2_))
    of_frames = sum(b[s] * max(c[s, t] for t in range(l2_)) for s in range(l1))
    return (of_words + of_frames) / 2, (of_words + of_frames) / 2


def scan(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, lam: float = 9.0) -> Pair:
    """Softmax attention without normalisation; s^V: over text tokens (TokenFlow eq. 11, 17-22)."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    s_v = 0.0
    for s in range(l1):
        beta = softmax(lam * c[s, t] for t in range(l2_))
        s_v += sum(c[s, t] * beta[t] / l1 for t in range(l2_))
    s_t = 0.0
    for t in range(l2_):
        beta = softmax(lam * c[s, t] for s in range(l1))
        s_t += sum(c[s, t] * beta[s] / l2_ for s in range(l1))
    return float(s_t), float(s_v)


def attend(query: AnyFloat, context: AnyFloat, *, lam: float, agg: Literal["mean", "lse"]) -> float:
    """Query tokens attend to context tokens; cosine with what they saw (SCAN, arXiv:1803.08024)."""
    eps, slope, lambda_lse = 1e-8, 0.1, 6.0
    n_source, n_query = len(context), len(query)
    attention = np.zeros((n_source, n_query))
    for k in range(n_source):
        clipped = []
        for q in range(n_query):
            value = dot(context[k], query[q])
            clipped.append(value if value >= 0 else slope * value)
        norm = math.sqrt(sum(value * value for value in clipped)) + eps
        for q in range(n_query):
            attention[k, q] = clipped[q] / norm
    relevance = []
    for q in range(n_query):
        weights = softmax(lam * attention[k, q] for k in range(n_source))
        attended = np.zeros(np.shape(context)[1])
        for k in range(n_source):
            attended = attended + weights[k] * np.asarray(context[k], dtype=np.float64)
        lengths = math.sqrt(dot(query[q], query[q])) * math.sqrt(dot(attended, attended))
        relevance.append(dot(query[q], attended) / max(lengths, eps))
    if agg == "mean":
        return sum(relevance) / n_query
    return math.log(sum(math.exp(lambda_lse * value) for value in relevance)) / lambda_lse


def scan_original(
    mu: AnyFloat,
    omega: AnyFloat,
    gv: AnyFloat,
    gt: AnyFloat,
    *,
    lam: float = 9.0,
    agg: Literal["mean", "lse"] = "mean",
) -> Pair:
    """s^T: words attend to frames; s^V: frames attend to words (SCAN t-i and i-t, 1803.08024)."""
    return attend(omega, mu, lam=lam, agg=agg), attend(mu, omega, lam=lam, agg=agg)


def tokenflow(
    mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, lam: float = 10.0
) -> Pair:
    """Sum of c T, T^V of eq. 15 and T^T of eq. 16, d and e unclamped (TokenFlow eq. 8-9, 14-16)."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    d = [dot(mu[s], gt) for s in range(l1)]
    e = [dot(gv, omega[t]) for t in range(l2_)]
    s_v = 0.0
    for s in range(l1):
        weights = softmax(lam * e[t] * c[s, t] for t in range(l2_))
        for t in range(l2_):
            s_v += c[s, t] * (d[s] / l1 * weights[t])
    s_t = 0.0
    for t in range(l2_):
        weights = softmax(lam * d[s] * c[s, t] for s in range(l1))
        for s in range(l1):
            s_t += c[s, t] * (e[t] / l2_ * weights[s])
    return float(s_t), float(s_v)


def lse(
    mu: AnyFloat,
    omega: AnyFloat,
    gv: AnyFloat,
    gt: AnyFloat,
    *,
    alpha: float = 1.0,
    length_norm: bool = False,
) -> Pair:
    """Mean of both sides' mean log-sum-exp; length_norm: minus alpha log(length) (Norton eq. 5)."""
    c = similarities(mu, omega)
    f, w = c.shape
    frames = words = 0.0
    for i in range(f):
        soft_max = alpha * logsumexp(c[i, j] / alpha for j in range(w))
        frames += soft_max - (alpha * math.log(w) if length_norm else 0.0)
    for i in range(w):
        soft_max = alpha * logsumexp(c[j, i] / alpha for j in range(f))
        words += soft_max - (alpha * math.log(f) if length_norm else 0.0)
    value = (frames / f + words / w) / 2
    return value, value


def pairwise(
    fn: Alignment,
    texts: Sequence[AnyFloat],
    videos: Sequence[AnyFloat],
    text_globals: Sequence[AnyFloat] | AnyFloat | None = None,
    video_globals: Sequence[AnyFloat] | AnyFloat | None = None,
    **kw: Any,
) -> tuple[Array, Array]:
    """t2v from s^T and v2t from s^V of every pair, both texts x videos (TokenFlow eq. 8-9)."""
    gts = [global_vector(x) for x in texts] if text_globals is None else text_globals
    gvs = [global_vector(x) for x in videos] if video_globals is None else video_globals
    t2v = np.zeros((len(texts), len(videos)))
    v2t = np.zeros((len(texts), len(videos)))
    for i in range(len(texts)):
        for j in range(len(videos)):
            t2v[i, j], v2t[i, j] = fn(videos[j], texts[i], gvs[j], gts[i], **kw)
    return t2v, v2t

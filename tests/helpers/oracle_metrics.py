"""Slow float64 references of normalizations, ranks and diagnostics: one loop a sum, no sorting.

Matrices are texts x videos, or queries x gallery where the roles are named. A query's positives
never compete with each other: rank = 1 + strictly better negatives + a share of the tied ones.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from oracles import AnyFloat, Array, logsumexp, softmax

Ties = Literal["mean", "optimistic", "pessimistic"]
Protocol = Literal["group-max", "best-caption", "each-caption"]
Index = Sequence[int] | NDArray[np.integer[Any]]
Positives = NDArray[np.bool_]
Weights = Sequence[float] | NDArray[Any] | None
Beaten = tuple[int, int] | None


def ncl_bias(
    bank: AnyFloat,
    gamma: float,
    iterations: int,
    counts: Weights = None,
    query_weights: Weights = None,
) -> Array:
    """Gallery biases of bank (n_query, n_gallery), exp as printed (NCL Figure 4, eq. 7-11)."""
    m, n = bank.shape
    c = [1.0] * n if counts is None else [float(x) for x in counts]
    r = [1.0] * m if query_weights is None else [float(x) for x in query_weights]
    M = [[math.exp(float(bank[i, j]) / gamma) for j in range(n)] for i in range(m)]
    beta = [c[j] / sum(M[i][j] for i in range(m)) for j in range(n)]
    for _ in range(iterations):
        alpha = [r[i] / sum(M[i][j] * beta[j] for j in range(n)) for i in range(m)]
        beta = [c[j] / sum(alpha[i] * M[i][j] for i in range(m)) for j in range(n)]
    total = sum(beta)
    return np.array([gamma * _log(beta[j] / total) for j in range(n)])


def ncl_bias_log(
    bank: AnyFloat,
    gamma: float,
    iterations: int,
    counts: Weights = None,
    query_weights: Weights = None,
) -> Array:
    """Gallery biases as in ``ncl_bias``, in logs, for any range (NCL Figure 4, eq. 7-11)."""
    m, n = bank.shape
    log_c = [0.0] * n if counts is None else [_log(float(x)) for x in counts]
    log_r = [0.0] * m if query_weights is None else [_log(float(x)) for x in query_weights]
    S = [[float(bank[i, j]) / gamma for j in range(n)] for i in range(m)]
    log_beta = [log_c[j] - logsumexp(S[i][j] for i in range(m)) for j in range(n)]
    for _ in range(iterations):
        log_alpha = [
            log_r[i] - logsumexp(S[i][j] + log_beta[j] for j in range(n)) for i in range(m)
        ]
        log_beta = [
            log_c[j] - logsumexp(log_alpha[i] + S[i][j] for i in range(m)) for j in range(n)
        ]
    total = logsumexp(log_beta)
    return np.array([gamma * (log_beta[j] - total) for j in range(n)])


def _log(x: float) -> float:
    """log(x), minus infinity at 0 (NCL eq. 10-11 with an item of marginal weight 0)."""
    return math.log(x) if x > 0 else -math.inf


def dsl(sim: AnyFloat, bank: AnyFloat, tau: float = 0.01, log: bool = False) -> Array:
    """sim times its softmax over bank queries, or sim + tau log of it (CAMoE, arXiv:2109.04290)."""
    out = np.zeros(sim.shape)
    for g in range(sim.shape[1]):
        total = logsumexp(float(bank[b, g]) / tau for b in range(bank.shape[0]))
        for q in range(sim.shape[0]):
            value = float(sim[q, g])
            log_prior = value / tau - total
            out[q, g] = value + tau * log_prior if log else value * math.exp(log_prior)
    return out


def normalization_error_t2v(sim: AnyFloat, text_video: Index, gamma: float) -> float:
    """Mean over videos with c_j > 0 texts of |1 - sum_i P(v_j|t_i) / c_j| (NCL eq. 2, 5)."""
    n_text, n_video = sim.shape
    p = [softmax(float(sim[i, j]) / gamma for j in range(n_video)) for i in range(n_text)]
    errors = []
    for j in range(n_video):
        c = sum(1 for i in range(n_text) if text_video[i] == j)
        if c > 0:
            errors.append(abs(1 - sum(p[i][j] for i in range(n_text)) / c))
    return sum(errors) / len(errors)


def normalization_error_v2t(sim: AnyFloat, text_video: Index, gamma: float) -> float:
    """Mean over texts of |1 - c_v(i) sum_j P(t_i|v_j)|, j: videos with a text (NCL eq. 3, 5)."""
    n_text, n_video = sim.shape
    c = [sum(1 for i in range(n_text) if text_video[i] == j) for j in range(n_video)]
    queries = [j for j in range(n_video) if c[j] > 0]
    p = {j: softmax(float(sim[i, j]) / gamma for i in range(n_text)) for j in queries}
    errors = [abs(1 - c[int(text_video[i])] * sum(p[j][i] for j in queries)) for i in range(n_text)]
    return sum(errors) / len(errors)


def positives_of(text_video: Index, n_video: int) -> Positives:
    """(n_text, n_video) boolean, true at each text's video (TokenFlow section 3.1, y)."""
    positives = np.zeros((len(text_video), n_video), dtype=np.bool_)
    for i in range(len(text_video)):
        positives[i, text_video[i]] = True
    return positives


def _against(positive: Sequence[float], negative: Sequence[float]) -> Beaten:
    """Negatives above and level with the best positive (TokenFlow appendix D)."""
    if not positive:
        return None
    best = max(positive)
    return sum(1 for x in negative if x > best), sum(1 for x in negative if x == best)


def _beaten_t2v(sim: AnyFloat, positives: Positives) -> list[Beaten]:
    """For each text: negatives above and level with its best positive (TokenFlow appendix D)."""
    out = []
    for i in range(sim.shape[0]):
        positive = [float(sim[i, j]) for j in range(sim.shape[1]) if positives[i, j]]
        negative = [float(sim[i, j]) for j in range(sim.shape[1]) if not positives[i, j]]
        out.append(_against(positive, negative))
    return out


def _beaten_best_caption(sim: AnyFloat, positives: Positives) -> list[Beaten]:
    """For each video: negatives against its best positive (CE, arXiv:1907.13487)."""
    out = []
    for j in range(sim.shape[1]):
        positive = [float(sim[i, j]) for i in range(sim.shape[0]) if positives[i, j]]
        negative = [float(sim[i, j]) for i in range(sim.shape[0]) if not positives[i, j]]
        out.append(_against(positive, negative))
    return out


def _beaten_group_max(sim: AnyFloat, text_video: Index) -> list[Beaten]:
    """For each video: others' best texts against its best text (CLIP4Clip, arXiv:2104.08860)."""
    n_text, n_video = sim.shape
    out = []
    for j in range(n_video):
        best: dict[int, float] = {}
        for i in range(n_text):
            group = int(text_video[i])
            best[group] = max(best.get(group, -math.inf), float(sim[i, j]))
        positive = [value for group, value in best.items() if group == j]
        negative = [value for group, value in best.items() if group != j]
        out.append(_against(positive, negative))
    return out


def _beaten_each_caption(sim: AnyFloat, text_video: Index) -> list[Beaten]:
    """For each text: all other texts against it, for its video (TokenFlow appendix D)."""
    n_text = sim.shape[0]
    out = []
    for i in range(n_text):
        j = int(text_video[i])
        negative = [float(sim[k, j]) for k in range(n_text) if k != i]
        out.append(_against([float(sim[i, j])], negative))
    return out


def _beaten_v2t(sim: AnyFloat, text_video: Index, protocol: Protocol) -> list[Beaten]:
    """The counts of the named v2t protocol (TokenFlow appendix D)."""
    if protocol == "group-max":
        return _beaten_group_max(sim, text_video)
    if protocol == "each-caption":
        return _beaten_each_caption(sim, text_video)
    return _beaten_best_caption(sim, positives_of(text_video, sim.shape[1]))


def _ranks(beaten: Sequence[Beaten], ties: Ties) -> Array:
    """1 + better + none, half or all of the tied; NaN without a query (TokenFlow appendix D)."""
    share = {"optimistic": 0.0, "mean": 0.5, "pessimistic": 1.0}[ties]
    return np.array([math.nan if x is None else 1 + x[0] + share * x[1] for x in beaten])


def _tied(beaten: Sequence[Beaten]) -> float:
    """Share of the queries that have a tied negative (TokenFlow appendix D)."""
    queries = [x for x in beaten if x is not None]
    return sum(1 for x in queries if x[1] > 0) / len(queries)


def ranks_t2v(sim: AnyFloat, text_video: Index, ties: Ties = "mean") -> Array:
    """(n_text,) rank of each text's video among all videos (TokenFlow appendix D)."""
    return _ranks(_beaten_t2v(sim, positives_of(text_video, sim.shape[1])), ties)


def ranks_v2t(
    sim: AnyFloat, text_video: Index, ties: Ties = "mean", protocol: Protocol = "best-caption"
) -> Array:
    """(n_video,) ranks, NaN without a text; (n_text,) for each-caption (TokenFlow appendix D)."""
    return _ranks(_beaten_v2t(sim, text_video, protocol), ties)


def ranks_t2v_positives(sim: AnyFloat, positives: Positives, ties: Ties = "mean") -> Array:
    """(n_text,) rank of each text's best positive among negatives (TokenFlow appendix D)."""
    return _ranks(_beaten_t2v(sim, positives), ties)


def ranks_v2t_positives(sim: AnyFloat, positives: Positives, ties: Ties = "mean") -> Array:
    """(n_video,) rank of each video's best positive among negatives (TokenFlow appendix D)."""
    return _ranks(_beaten_best_caption(sim, positives), ties)


def tied_t2v(sim: AnyFloat, text_video: Index) -> float:
    """Share of texts whose video is level with a negative (TokenFlow appendix D)."""
    return _tied(_beaten_t2v(sim, positives_of(text_video, sim.shape[1])))


def tied_v2t(sim: AnyFloat, text_video: Index, protocol: Protocol = "best-caption") -> float:
    """Share of the protocol's v2t queries with a tied negative (TokenFlow appendix D)."""
    return _tied(_beaten_v2t(sim, text_video, protocol))


def tied_t2v_positives(sim: AnyFloat, positives: Positives) -> float:
    """Share of texts whose best positive is level with a negative (TokenFlow appendix D)."""
    return _tied(_beaten_t2v(sim, positives))


def tied_v2t_positives(sim: AnyFloat, positives: Positives) -> float:
    """Share of videos whose best positive is level with a negative (TokenFlow appendix D)."""
    return _tied(_beaten_best_caption(sim, positives))


def representation(sim: AnyFloat) -> tuple[float, float, float]:
    """Shares of gallery columns first for no, one, two or more query rows (UCoFiA Figure 5)."""
    n_query, n_gallery = sim.shape
    votes = [Fraction(0)] * n_gallery
    for q in range(n_query):
        row = [float(sim[q, g]) for g in range(n_gallery)]
        winners = [g for g in range(n_gallery) if row[g] == max(row)]
        for g in winners:
            votes[g] += Fraction(1, len(winners))
    never = sum(1 for vote in votes if vote == 0)
    over = sum(1 for vote in votes if vote >= 2)
    return never / n_gallery, (n_gallery - never - over) / n_gallery, over / n_gallery

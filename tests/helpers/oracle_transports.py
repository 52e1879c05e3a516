"""The alignments that move masses, transcribed as slowly as those of ``oracles``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from oracles import AnyFloat, Pair, dot, similarities
from scipy.optimize import linprog


def emd_masses(weights: Sequence[float], eps: float) -> list[float]:
    """max(w, 0) + eps divided by its sum, uniform where that is 0 (DeepEMD, arXiv:2003.06777)."""
    positive = [max(weight, 0.0) + eps for weight in weights]
    total = sum(positive)
    if total == 0:
        return [1.0 / len(weights)] * len(weights)
    return [weight / total for weight in positive]


def emd(mu: AnyFloat, omega: AnyFloat, gv: AnyFloat, gt: AnyFloat, *, eps: float = 0.001) -> Pair:
    """1 - least cost of a plan with cost 1 - c, as a linear program (TokenFlow eq. 13-14)."""
    c = similarities(mu, omega)
    l1, l2_ = c.shape
    d = emd_masses([dot(mu[s], gt) for s in range(l1)], eps)
    e = emd_masses([dot(gv, omega[t]) for t in range(l2_)], eps)
    cost = np.zeros(l1 * l2_)
    constraints = np.zeros((l1 + l2_, l1 * l2_))
    for s in range(l1):
        for t in range(l2_):
            cost[s * l2_ + t] = 1 - c[s, t]
            constraints[s, s * l2_ + t] = 1
            constraints[l1 + t, s * l2_ + t] = 1
    solved = linprog(
        cost,
        A_eq=constraints,
        b_eq=np.array(d + e),
        bounds=(0, None),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if solved.status != 0 or solved.fun is None:
        raise RuntimeError(f"the linear program was not solved: {solved.message}")
    value = 1 - float(solved.fun)
    return value, value


def transport(
    mu: AnyFloat,
    omega: AnyFloat,
    gv: AnyFloat,
    gt: AnyFloat,
    *,
    reg: float = 0.1,
    iterations: int = 50,
    eps: float = 0.001,
) -> Pair:
    """Both sides of Sinkhorn's scaling updated together; mean of the last two plans' sums."""
    c = similarities(mu, omega)
    d = np.array(emd_masses([dot(x, gt) for x in mu], eps))
    e = np.array(emd_masses([dot(gv, x) for x in omega], eps))
    log_u, log_v = np.zeros(len(d)), np.zeros(len(e))
    for _ in range(iterations):
        before = log_u, log_v
        next_u = np.log(d) - np.logaddexp.reduce(c / reg + log_v[None, :], axis=1)
        next_v = np.log(e) - np.logaddexp.reduce(c / reg + log_u[:, None], axis=0)
        log_u, log_v = next_u, next_v
    sums = [
        (np.exp(a[:, None] + c / reg + b[None, :]) * c).sum()
        for a, b in ((log_u, before[1]), (before[0], log_v))
    ]
    value = float(sum(sums)) / 2
    return value, value

"""Sinkhorn-Knopp on exp(similarity / gamma), in logs, blockwise and in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations.base import column_logsumexp
from vrbench.sim import Rows

Vector = NDArray[np.float64]

MOST_ITERATIONS = 100_000
SMALLEST = 1e-290
"""Column sums below this have lost precision to underflow and are taken again in logs."""


def sinkhorn(
    rows: Rows, gamma: float, r: Vector, c: Vector, iterations: int, tol: float = 1e-6
) -> tuple[Vector, dict[str, float]]:
    """Scale ``M = exp(rows / gamma)`` to the marginals r and c; columns are updated last.

    ``beta = c / column sums``, then ``alpha = r / (M beta)``, ``beta = c / (alpha^T M)`` in turn.

    Args:
        rows: (n, m) similarities, read ``iterations + 2`` times.
        gamma: temperature > 0.
        r: (n,) positive weights of the rows; only their proportions matter.
        c: (m,) positive weights of the columns.
        iterations: to make; 0: until the marginal residual is below ``tol``.
        tol: largest relative error of a row's marginal.

    Returns:
        (m,) log beta, and the ``iterations`` made with the marginal ``residual`` that is left.

    Raises:
        InputError: ``iterations`` is 0 and ``tol`` is out of reach.
    """
    # both marginals get the same total, so that beta does not drift
    log_r, log_c = np.log(r) - np.log(r.sum()), np.log(c) - np.log(c.sum())
    log_beta = log_c - column_logsumexp(_logits(rows, gamma))
    log_alpha, made = np.full(len(rows), np.nan), 0
    while made < (iterations or MOST_ITERATIONS):
        before = log_alpha
        log_alpha, log_beta = _step(rows, gamma, log_r, log_c, log_beta)
        made += 1
        if not iterations and _residual(log_alpha, before) < tol:
            break
    residual = _residual(_step(rows, gamma, log_r, log_c, log_beta)[0], log_alpha)
    if not iterations and residual > tol:
        raise InputError(
            f"Sinkhorn did not reach tol={tol} in {MOST_ITERATIONS} iterations: raise gamma or "
            "tol, or give iterations."
        )
    return log_beta, {"iterations": made, "residual": residual}


def _logits(rows: Rows, gamma: float) -> Iterator[Vector]:
    return (block.astype(np.float64) / gamma for block in rows)


def _step(
    rows: Rows, gamma: float, log_r: Vector, log_c: Vector, log_beta: Vector
) -> tuple[Vector, Vector]:
    """One read of the rows: alpha from beta, then beta from alpha.

    ``alpha_i M_ij`` is ``r_i`` times row i's softmax, divided by ``beta_j``; so one exp serves
    both updates.
    """
    log_alpha, columns = np.empty(len(rows)), np.zeros(rows.width)
    for part, logits in zip(rows.slices(), _logits(rows, gamma), strict=True):
        logits += log_beta
        top = logits.max(axis=1, keepdims=True)
        weight = np.exp(np.subtract(logits, top, out=logits), out=logits)
        sums = weight.sum(axis=1)
        log_alpha[part] = log_r[part] - np.log(sums) - top[:, 0]
        columns += (np.exp(log_r[part]) / sums) @ weight
    if columns.min() > SMALLEST:
        return log_alpha, log_c + log_beta - np.log(columns)
    joined = zip(rows.slices(), _logits(rows, gamma), strict=True)
    return log_alpha, log_c - column_logsumexp(z + log_alpha[part, None] for part, z in joined)


def _residual(new: Vector, old: Vector) -> float:
    """Largest relative error of a row's marginal: what the last update of alpha still changed."""
    change = float(np.abs(np.expm1(old - new)).max())
    return change if np.isfinite(change) else np.inf

"""Sinkhorn-Knopp on exp(similarity / gamma): fast where the range allows, else in logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.memory import spare
from vrbench.normalizations.base import column_logsumexp
from vrbench.sim import Rows

Vector = NDArray[np.float64]
Step = Callable[[Vector], tuple[Vector, Vector]]
"""Maps log beta to the log alpha and the next log beta that follow from it."""

MOST_ITERATIONS = 20_000
KEEP_BYTES = 1_000_000_000
"""Size up to which exp(similarity) is kept between the iterations, if memory is not bounded."""
CACHED = 128_000
"""Entries of a matrix that are multiplied from both sides while they are in the cache."""


def sinkhorn(
    rows: Rows, gamma: float, r: Vector, c: Vector, iterations: int, tol: float = 1e-6
) -> tuple[Vector, dict[str, float]]:
    """Scale ``M = exp(rows / gamma)`` to the marginals r and c; columns are updated last.

    ``beta = c / column sums``, then ``alpha = r / (M beta)``, ``beta = c / (alpha^T M)`` in turn.

    Args:
        rows: (n, m) similarities, in blocks.
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
    # what is to converge needs more digits than float32 has
    kind = rows.matrix.dtype if iterations else np.dtype(np.float64)
    step = keep(rows, gamma, log_r, log_c, log_beta, kind) or _in_logs(rows, gamma, log_r, log_c)
    log_alpha, made = np.full(len(rows), np.nan), 0
    while made < (iterations or MOST_ITERATIONS):
        before = log_alpha
        try:
            log_alpha, log_beta = step(log_beta)
        except FloatingPointError:  # the range is too wide for what is kept
            step = _in_logs(rows, gamma, log_r, log_c)
            continue
        made += 1
        if not iterations and _residual(log_alpha, before) < tol:
            break
    residual = _residual(_in_logs(rows, gamma, log_r, log_c)(log_beta)[0], log_alpha)
    if not iterations and residual > 2 * tol:
        raise InputError(
            f"Sinkhorn did not reach tol={tol} in {MOST_ITERATIONS} iterations: raise gamma or "
            "tol, or give iterations."
        )
    return log_beta, {"iterations": made, "residual": residual}


def _logits(rows: Rows, gamma: float) -> Iterator[Vector]:
    return (block.astype(np.float64) / gamma for block in rows)


def _in_logs(rows: Rows, gamma: float, log_r: Vector, log_c: Vector) -> Step:
    """Read all rows at each step; right whatever their range."""

    def step(log_beta: Vector) -> tuple[Vector, Vector]:
        log_alpha, columns = np.empty(len(rows)), np.full(rows.width, -np.inf)
        for part, logits in zip(rows.slices(), _logits(rows, gamma), strict=True):
            joint = logits + log_beta
            top = joint.max(axis=1, keepdims=True)
            sums = np.exp(joint - top).sum(axis=1)
            log_alpha[part] = log_r[part] - np.log(sums) - top[:, 0]
            block = column_logsumexp(iter([logits + log_alpha[part, None]]))
            columns = np.logaddexp(columns, block)
        return log_alpha, log_c - columns

    return step


def keep(
    rows: Rows, gamma: float, log_r: Vector, log_c: Vector, start: Vector, kind: np.dtype[Any]
) -> Step | None:
    """Keep ``K_ij = exp(s_ij / gamma + start_j - top_i)``; None where it would not fit.

    With beta of the start and each row's largest term divided out, K lies in [0, 1] and what is
    iterated stays near 1. An entry below the smallest normal number counts as 0; the step raises
    FloatingPointError if such entries could matter.
    """
    if len(rows) * rows.width * kind.itemsize > spare(KEEP_BYTES):
        return None
    kept, top = np.empty((len(rows), rows.width), dtype=kind), np.empty(len(rows))
    for part, logits in zip(rows.slices(), _logits(rows, gamma), strict=True):
        logits += start
        top[part] = logits.max(axis=1)
        np.exp((logits - top[part, None]).astype(kind), out=kept[part])
    lost = float(np.finfo(kind).tiny) / np.finfo(kind).eps
    r, c = np.exp(log_r), np.exp(log_c)

    def step(log_beta: Vector) -> tuple[Vector, Vector]:
        beta = np.exp(log_beta - start)
        alpha, columns = _both_sides(kept, beta, r)
        if not (
            np.isfinite(alpha).all()
            and lost * alpha.sum() < columns.min()
            and lost * beta.sum() * (alpha / r).max() < 1
        ):
            raise FloatingPointError
        return np.log(alpha) - top, start + np.log(c / columns)

    return step


def _both_sides(kept: NDArray[Any], beta: Vector, r: Vector) -> tuple[Vector, Vector]:
    """``alpha = r / (K beta)`` and ``alpha^T K``, each part of K read from memory once."""
    alpha, columns = np.empty(len(kept)), np.zeros(kept.shape[1])
    right = beta.astype(kept.dtype)
    size = max(1, CACHED // kept.shape[1])
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for start in range(0, len(kept), size):
            part = slice(start, start + size)
            alpha[part] = r[part] / (kept[part] @ right)
            columns += alpha[part].astype(kept.dtype) @ kept[part]
    return alpha, columns


def _residual(new: Vector, old: Vector) -> float:
    """Largest relative error of a row's marginal: what the last update of alpha still changed."""
    change = float(np.abs(np.expm1(old - new)).max())
    return change if np.isfinite(change) else np.inf

"""Sinkhorn-Knopp on exp(similarity / gamma): fast where the range allows, else in logs.

In one order: columns are summed row after row, rows in leaves of 256 columns along one tree. So the
biases have the same bits for any division of the gallery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from vrbench.errors import InputError
from vrbench.normalizations.base import column_logsumexp
from vrbench.normalizations.kept import Step, Vector, keep
from vrbench.runtime.sums import exp_sums
from vrbench.sims.sim import Rows

MOST_ITERATIONS = 20_000
ROWS = 16
"""Rows that are worked on at once in logs: few, since they may be wide."""


def sinkhorn(
    rows: Rows,
    gamma: float,
    r: Vector,
    c: Vector,
    iterations: int,
    tol: float = 1e-6,
    *,
    flat: bool = False,
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
        flat: start from ``beta = 1``: what the same iterations on the transposed matrix return for
            its rows, whose last update lies half a step before the last of its columns.

    Returns:
        (m,) log beta, and the ``iterations`` made with the marginal ``residual`` that is left.

    Raises:
        InputError: ``iterations`` is 0 and ``tol`` is out of reach.
        FloatingPointError: similarities divided by gamma leave the range of float64.
    """
    # both marginals get the same total, so that beta does not drift
    log_r, log_c = np.log(r) - np.log(r.sum()), np.log(c) - np.log(c.sum())
    # what is to converge needs more digits than float32 has
    kind = rows.matrix.dtype if iterations else np.dtype(np.float64)
    step = _SafeStep(rows, gamma, log_r, log_c, kind)
    log_beta, made = step.start, 0
    log_alpha: Callable[[], Vector] = partial(np.full, len(rows), np.nan)
    if flat:  # a constant of no effect; this one keeps exp within range
        log_beta = np.full(rows.width, -max(float(block.max()) for block in rows) / gamma)
    while made < (iterations or MOST_ITERATIONS):
        before = log_alpha
        log_alpha, log_beta = step(log_beta)
        if not np.isfinite(log_beta).all():
            raise FloatingPointError
        made += 1
        if not iterations and _residual(log_alpha(), before()) < tol:
            break
    residual = _residual(step(log_beta)[0](), log_alpha())
    if not iterations and residual > 2 * tol:
        raise InputError(
            f"Sinkhorn did not reach tol={tol} in {MOST_ITERATIONS} iterations: raise gamma or "
            "tol, or give iterations."
        )
    return log_beta, {"iterations": made, "residual": residual}


class _SafeStep:
    """A step on what is kept, as long as the range allows; from then on in logs.

    Attributes:
        start: (m,) log of ``c / column sums``.
    """

    def __init__(
        self, rows: Rows, gamma: float, log_r: Vector, log_c: Vector, kind: np.dtype[Any]
    ) -> None:
        self._logs = _in_logs(rows, gamma, log_r, log_c)
        kept = keep(rows, gamma, log_r, log_c, kind)
        if kept is None:
            logits = (block for _, block in _logits(rows, gamma))
            self.start, self._step = log_c - column_logsumexp(logits), self._logs
        else:
            self.start, self._step = kept

    def __call__(self, log_beta: Vector) -> tuple[Callable[[], Vector], Vector]:
        try:
            return self._step(log_beta)
        except FloatingPointError:
            self._step = self._logs
            return self._step(log_beta)


def _logits(rows: Rows, gamma: float) -> Iterator[tuple[slice, Vector]]:
    """Yield always as many rows: the sums of a column are the same whatever stands beside it."""
    for start in range(0, len(rows), ROWS):
        part = slice(start, min(start + ROWS, len(rows)))
        yield part, rows.block(part).astype(np.float64) / gamma


def _in_logs(rows: Rows, gamma: float, log_r: Vector, log_c: Vector) -> Step:
    """Read all rows at each step; correct for any range of similarities."""

    def step(log_beta: Vector) -> tuple[Callable[[], Vector], Vector]:
        log_alpha, columns = np.empty(len(rows)), np.full(rows.width, -np.inf)
        for part, logits in _logits(rows, gamma):
            top, sums = exp_sums(logits + log_beta, 0).total
            log_alpha[part] = log_r[part] - np.log(sums) - top
            block = column_logsumexp(iter([logits + log_alpha[part, None]]))
            columns = np.logaddexp(columns, block)
        return lambda: log_alpha, log_c - columns

    return step


def _residual(new: Vector, old: Vector) -> float:
    """Largest relative error of a row's marginal: what the last update of alpha still changed."""
    with np.errstate(over="ignore"):
        change = float(np.abs(np.expm1(old - new)).max())
    return change if np.isfinite(change) else float(np.finfo(np.float64).max)

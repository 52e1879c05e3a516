"""``ncl``: Sinkhorn-Knopp biases that make every gallery item's retrieval probability fair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization, column_logsumexp

MOST_ITERATIONS = 100_000
SMALLEST = 1e-290
"""Column sums below this have lost precision to underflow and are taken again in logs."""


@normalizations.register("ncl")
@dataclass(frozen=True)
class NCL(Normalization):
    """Add a bias to each gallery item, found by Sinkhorn-Knopp on the bank's similarities.

    With ``M = exp(bank / gamma)`` and ``beta = c / column sums``, repeat ``iterations`` times
    ``alpha = r / (M beta)``, ``beta = c / (alpha^T M)``; then ``b = gamma * log(beta / sum beta)``
    and ``out[q, g] = sim[q, g] + b[g]``. In logs and float64. The query side's bias is never
    added: the bank's queries are not the test queries, and it does not change a ranking.

    Source: NCL Figure 4 and eq. 10-12, Section 3.4 for the bank. Deviations: the paper's eq. 8-9
    have 1/m and 1/n exchanged; Figure 4's ``exp`` overflows float32 and is taken in logs here; in
    v2t the ranked side (texts) is updated last, as videos are in t2v.

    Attributes:
        gamma: temperature on the scale of the similarities, > 0 (the paper: 0.07 for SSB).
        iterations: of the fixed point; 0: until the marginal residual is below ``tol``.
        marginals: ``uniform``, or ``captions``: a video's share is its number of texts. The
            captions of test videos are hindsight, so that is transductive with any bank. A
            gallery video without a text counts as having one, which keeps its bias finite.
        tol: largest relative error of a query's marginal at which ``iterations=0`` stops.

    Raises:
        InputError: a parameter is out of range, or ``iterations=0`` does not converge.
    """

    gamma: float = 0.01
    iterations: int = 4
    marginals: Literal["uniform", "captions"] = "uniform"
    tol: float = 1e-6
    source = "NCL Figure 4, eq. 10-12"

    def __post_init__(self) -> None:
        if self.gamma <= 0:
            raise InputError(f"gamma must be positive, it is {self.gamma}.")
        if self.iterations < 0:
            raise InputError(f"iterations must not be negative, it is {self.iterations}.")
        if self.tol <= 0:
            raise InputError(f"tol must be positive, it is {self.tol}.")

    @property
    def counts_captions(self) -> bool:
        """With ``marginals=captions``."""
        return self.marginals == "captions"

    def fit(self, bank: Bank) -> Fitted:
        """Find the gallery's biases."""
        captions = self.marginals == "captions"
        queries = bank.query_weight if captions else np.ones(len(bank.rows))
        gallery = np.maximum(bank.gallery_weight, 1) if captions else np.ones(bank.rows.width)
        log_beta, info = self._sinkhorn(bank, np.log(queries), np.log(gallery))
        total = np.logaddexp.reduce(log_beta)
        bias = self.gamma * (log_beta - total)

        def transform(block: NDArray[Any]) -> NDArray[Any]:
            return np.asarray((block.astype(np.float64) + bias).astype(block.dtype))

        return Fitted(transform, info)

    def _sinkhorn(
        self, bank: Bank, log_r: NDArray[np.float64], log_c: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], dict[str, float]]:
        """(gallery,) log beta, with the iterations made and the marginal residual left."""
        # both marginals get the same total, so that beta does not drift
        log_r = log_r - np.logaddexp.reduce(log_r)
        log_c = log_c - np.logaddexp.reduce(log_c)
        log_beta = log_c - column_logsumexp(self._logits(bank))
        log_alpha = np.full(len(bank.rows), np.nan)
        made = 0
        while made < (self.iterations or MOST_ITERATIONS):
            before = log_alpha
            log_alpha, log_beta = self._step(bank, log_r, log_c, log_beta)
            made += 1
            if not self.iterations and _residual(log_alpha, before) < self.tol:
                break
        after, _ = self._step(bank, log_r, log_c, log_beta)
        residual = _residual(after, log_alpha)
        if not self.iterations and residual > self.tol:
            raise InputError(
                f"ncl did not reach tol={self.tol} in {MOST_ITERATIONS} iterations: raise gamma "
                "or tol, or give iterations."
            )
        return log_beta, {"iterations": made, "residual": residual}

    def _logits(self, bank: Bank) -> Any:
        return (block.astype(np.float64) / self.gamma for block in bank.rows)

    def _step(
        self,
        bank: Bank,
        log_r: NDArray[np.float64],
        log_c: NDArray[np.float64],
        log_beta: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One read of the bank: alpha from beta, then beta from alpha.

        ``alpha_i M_ij`` is ``r_i`` times row i's softmax, divided by ``beta_j``; so one exp serves
        both updates.
        """
        log_alpha = np.empty(len(bank.rows))
        columns = np.zeros(bank.rows.width)
        for rows, logits in zip(bank.rows.slices(), self._logits(bank), strict=True):
            logits += log_beta
            top = logits.max(axis=1, keepdims=True)
            weight = np.exp(np.subtract(logits, top, out=logits), out=logits)
            sums = weight.sum(axis=1)
            log_alpha[rows] = log_r[rows] - np.log(sums) - top[:, 0]
            columns += (np.exp(log_r[rows]) / sums) @ weight
        if columns.min() > SMALLEST:
            return log_alpha, log_c + log_beta - np.log(columns)
        joined = zip(bank.rows.slices(), self._logits(bank), strict=True)
        exact = column_logsumexp(logits + log_alpha[rows, None] for rows, logits in joined)
        return log_alpha, log_c - exact


def _residual(new: NDArray[np.float64], old: NDArray[np.float64]) -> float:
    """Largest relative error of a row's marginal: what the last update of alpha still changed."""
    change = float(np.abs(np.expm1(old - new)).max())
    return change if np.isfinite(change) else np.inf

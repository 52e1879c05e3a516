"""``dbsn``: Sinkhorn biases of the gallery, with a bank of further gallery items beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.side_by_side import side_by_side
from vrbench.normalizations.sinkhorn import sinkhorn


@normalizations.register("dbsn")
@dataclass(frozen=True)
class DualBankSinkhorn(Normalization):
    """Add Sinkhorn's bias of each gallery item, of the bank's queries on both galleries.

    ``M = exp([bank, inner] / tau)``, the bank's queries against the test gallery and, beside it,
    against the bank's own gallery; ``beta = 1 / column sums``, then ``iterations`` times
    ``alpha = 1 / (M beta)``, ``beta = 1 / (alpha^T M)``; then ``b = tau log(beta / sum beta)`` over
    the test gallery alone, and ``out[q, g] = sim[q, g] + b[g]``.

    In t2v ``inner`` is the bank's texts against the bank's videos, in v2t its videos against its
    texts. Without it, as with a bank of test queries, this is ``ncl:gamma=tau`` with as many
    iterations; ``bank_gallery`` in a result's ``norm_info`` says how many items were beside.

    Source: Pan et al., Dual Bank Sinkhorn Normalization, ACM MM 2025, arXiv:2508.02538; uniform
    marginals. The released code makes 10 iterations at tau 0.01.

    Attributes:
        tau: temperature on the scale of the similarities, > 0.
        iterations: of the fixed point, >= 1.

    Raises:
        InputError: a parameter is out of range.
    """

    tau: float = 0.01
    iterations: int = 10
    needs = "a bank of queries and of gallery items"
    source = "DBSN, arXiv:2508.02538"
    tunable = (("tau", (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)),)
    reads_inner = True

    def __post_init__(self) -> None:
        if self.tau <= 0:
            raise InputError(f"tau must be positive, it is {self.tau}.")
        if self.iterations < 1:
            raise InputError(f"iterations must be at least 1, it is {self.iterations}.")

    @property
    def gamma(self) -> float:
        """Its temperature, at which probabilities are balanced."""
        return self.tau

    def fit(self, bank: Bank) -> Fitted:
        """Find the gallery's biases."""
        width = bank.rows.width
        rows = bank.rows if bank.inner is None else side_by_side(bank.rows, bank.inner)
        marginals = np.ones(len(rows)), np.ones(rows.width)
        log_beta, info = sinkhorn(rows, self.tau, *marginals, self.iterations)
        own = log_beta[:width]
        bias = self.tau * (own - np.logaddexp.reduce(own))
        return Fitted(lambda block: block + bias, {**info, "bank_gallery": rows.width - width})

"""``dual-is``: the inverted softmax over a bank of queries, times one over a bank of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization, column_logsumexp, exponential


@normalizations.register("dual-is")
@dataclass(frozen=True)
class DualInvertedSoftmax(Normalization):
    """Divide by the sum over the bank's queries, and by the sum over the bank's gallery.

    ``out[q, g] = exp(sim[q, g] / tau) / sum_b exp(bank[b, g] / tau)
    * exp(sim[q, g] / beta) / sum_h exp(gallery[q, h] / beta)``

    ``gallery`` holds the query's similarities to the bank's gallery: for t2v the test texts against
    the bank's videos; without them it is the query's row of ``sim``.

    Source: Wang et al., Balance Act, EMNLP 2023, arXiv:2310.11612 (DBNorm, DualIS). Deviation:
    released code sums over the similarities of the item to the bank's gallery, within its side,
    which banks of similarities do not hold. Here the second sum is the query's: it makes the scores
    of queries comparable, and the order of a query's items depends on it through ``beta`` alone.

    Attributes:
        tau: temperature of the bank's queries, on the scale of the similarities, > 0.
        beta: temperature of the bank's gallery, > 0.

    Raises:
        InputError: a temperature is not positive.
    """

    tau: float = 0.01
    beta: float = 0.1
    needs = "a bank of queries and of gallery items, and the query's row"
    source = "Balance Act, arXiv:2310.11612"
    tunable = (("tau", (0.005, 0.01, 0.02, 0.05)), ("beta", (0.02, 0.1, 0.5)))
    reads_beyond = True

    def __post_init__(self) -> None:
        for name, value in (("tau", self.tau), ("beta", self.beta)):
            if value <= 0:
                raise InputError(f"{name} must be positive, it is {value}.")

    @property
    def keeps_scale(self) -> bool:
        """Ratios are on another scale."""
        return False

    def fit(self, bank: Bank) -> Fitted:
        """Take the log-sum of each gallery item's column of the bank."""
        items = column_logsumexp(block.astype(np.float64) / self.tau for block in bank.rows)

        def transform(block: NDArray[Any], gallery: NDArray[Any]) -> NDArray[Any]:
            logs = block.astype(np.float64) * (1 / self.tau + 1 / self.beta)
            logs -= items
            logs -= self._of_queries(gallery)[:, None]
            return exponential(logs, "raise tau or beta")

        return Fitted(lambda block: transform(block, block), beyond=transform)

    def _of_queries(self, gallery: NDArray[Any]) -> NDArray[np.float64]:
        """(queries,) log-sum of each query's row."""
        other = gallery.astype(np.float64)
        other /= self.beta
        top = other.max(axis=1)
        other -= top[:, None]
        return np.asarray(top + np.log(np.exp(other, out=other).sum(axis=1)))

"""``qb-norm``: the inverted softmax, for queries whose first item is a hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.inverted_softmax import bank_log_sums, inverted


@normalizations.register("qb-norm")
@dataclass(frozen=True)
class QueryBankNorm(Normalization):
    """Apply the inverted softmax to the queries whose first item is in the activation set.

    The activation set is the union of the k best items of each bank query. A query whose best
    item is in it gets ``exp(beta sim[q, g]) / sum_b exp(beta bank[b, g])``; the others stay raw,
    so scores of different queries are not on one scale. Items that tie for place k are all in the
    set; the first of a query's tied best items decides.

    Source: Bogolin et al., QB-Norm, CVPR 2022, dynamic inverted softmax. Deviation: the released
    code changes its input; this does not.

    Attributes:
        beta: multiplies the similarities, > 0; 20 on cosines (on logits it is another method).
        k: items of each bank query in the activation set, >= 1; clipped to the gallery.

    Raises:
        InputError: a parameter is out of range.
    """

    beta: float = 20.0
    k: int = 1
    needs = "a bank, and the query's row"
    source = "QB-Norm, CVPR 2022"
    tunable = (
        ("beta", (5, 10, 20, 50, 100, 200)),
        ("k", (1, 2, 5, 10)),
    )

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise InputError(f"beta must be positive, it is {self.beta}.")
        if self.k < 1:
            raise InputError(f"k must be at least 1, it is {self.k}.")

    @property
    def keeps_scale(self) -> bool:
        """Ratios are on another scale."""
        return False

    def fit(self, bank: Bank) -> Fitted:
        """Find the activation set and the log-sums of the bank's columns."""
        active = np.zeros(bank.rows.width, dtype=bool)
        k = min(self.k, bank.rows.width)
        for block in bank.rows:
            place_k = np.partition(block, -k, axis=1)[:, -k, None]
            active |= (block >= place_k).any(axis=0)
        log_sums = bank_log_sums(bank.rows, self.beta)

        def transform(block: NDArray[Any]) -> NDArray[Any]:
            out = block.astype(np.float64)
            meets_hub = active[block.argmax(axis=1)]
            out[meets_hub] = inverted(block[meets_hub], self.beta, log_sums)
            return out

        return Fitted(transform, {"active": float(active.mean())})

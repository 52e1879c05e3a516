"""``inverted-softmax``: an item's similarity relative to its similarities to the bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization, column_logsumexp, exponential
from vrbench.sims.sim import Rows


@normalizations.register("inverted-softmax")
@dataclass(frozen=True)
class InvertedSoftmax(Normalization):
    """Divide each exponentiated similarity by its sum over the bank's queries.

    ``out[q, g] = exp(beta sim[q, g]) / sum_b exp(beta bank[b, g])``

    Source: Smith et al., ICLR 2017; as IS in QB-Norm (Bogolin et al., CVPR 2022).

    Attributes:
        beta: multiplies the similarities, > 0; 20 on cosines (on logits it is another method).

    Raises:
        InputError: ``beta`` is not positive.
    """

    beta: float = 20.0
    source = "Smith et al., ICLR 2017; QB-Norm"
    tunable = (("beta", (5, 10, 20, 50, 100, 200)),)

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise InputError(f"beta must be positive, it is {self.beta}.")

    @property
    def keeps_scale(self) -> bool:
        """Ratios are on another scale."""
        return False

    def fit(self, bank: Bank) -> Fitted:
        """Take the log-sum of each gallery item's column of the bank."""
        log_sums = bank_log_sums(bank.rows, self.beta)
        return Fitted(lambda block: inverted(block, self.beta, log_sums))


def bank_log_sums(rows: Rows, beta: float) -> NDArray[np.float64]:
    """(gallery,) ``log sum_b exp(beta bank[b, g])``."""
    return column_logsumexp(beta * block.astype(np.float64) for block in rows)


def inverted(
    block: NDArray[Any], beta: float, log_sums: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(rows, gallery) ``exp(beta block - log_sums)``."""
    return exponential(beta * block.astype(np.float64) - log_sums, "lower beta")

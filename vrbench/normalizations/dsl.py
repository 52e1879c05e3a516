"""``dsl``: dual softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization, column_logsumexp, exponential


@normalizations.register("dsl")
@dataclass(frozen=True)
class DualSoftmax(Normalization):
    """Multiply each similarity by its softmax over the bank's queries.

    ``out[q, g] = sim[q, g] * exp(sim[q, g] / tau) / sum_b exp(bank[b, g] / tau)``, or with ``log``
    ``sim[q, g] + tau * log(exp(sim[q, g] / tau) / sum_b exp(bank[b, g] / tau))``.

    Source: Cheng et al., CAMoE, arXiv:2109.04290. Transductive: the bank is the test queries
    unless another one is given; the sum runs over the bank. A negative similarity times a prior
    inverts its order, which the log form avoids. Released code uses the softmax over texts for
    both directions; here v2t uses the videos, as in the formula.

    Attributes:
        tau: temperature on the scale of the similarities, > 0.
        log: add the log of the softmax instead; the result stays on the input's scale.

    Raises:
        InputError: ``tau`` is not positive.
    """

    tau: float = 0.01
    log: bool = False
    needs = "the test queries as bank, unless another is given"
    source = "CAMoE, arXiv:2109.04290"
    tunable = (("tau", (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)),)
    transductive = True

    def __post_init__(self) -> None:
        if self.tau <= 0:
            raise InputError(f"tau must be positive, it is {self.tau}.")

    @property
    def keeps_scale(self) -> bool:
        """Only the log form does."""
        return self.log

    def fit(self, bank: Bank) -> Fitted:
        """Take the log-sum of each gallery item's column of the bank."""
        total = column_logsumexp(block.astype(np.float64) / self.tau for block in bank.rows)

        def transform(block: NDArray[Any]) -> NDArray[Any]:
            wide = block.astype(np.float64)
            log_prior = wide / self.tau - total
            if self.log:
                return np.asarray(wide + self.tau * log_prior)
            return wide * exponential(log_prior, "raise tau, or use dsl:log=true")

        return Fitted(transform)

"""``sk``: UCoFiA's Sinkhorn-Knopp on each alignment level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.sinkhorn import sinkhorn


@normalizations.register("sk")
@dataclass(frozen=True)
class SinkhornKnopp(Normalization):
    """Add Sinkhorn-Knopp biases to each alignment level, then average the levels.

    On ``M = exp(scale * bank)``, queries x gallery: ``beta = 1 / column sums``, ``iterations``
    times ``alpha = 1 / (M beta)``, ``beta = 1 / (alpha^T M)``; ``b = log(beta / sum beta)`` and
    ``out[q, g] = sim[q, g] + b[g] / scale``. Methods with alignment levels (``ucofia``) and
    similarity files may hold several on a leading axis; on one this is ``ncl:gamma=1/scale``. Under
    ``exact`` the same runs on ``M^T``, gallery x queries, and ``b = log(alpha / sum alpha)``: its
    alpha is that of the last iteration, which another update of beta follows.

    Source: UCoFiA's released code, on which its published numbers rest; ``exact``: supplementary,
    Algorithm 1. Deviations: the algorithm returns ``log alpha``, not divided by the sum, a constant
    that changes no ranking; logs instead of exp.

    Attributes:
        scale: multiplies the similarities, > 0; the same for all levels (in the release levels 1
            and 2 come multiplied by about 100 and level 3 does not: scale the file's levels).
        iterations: of the fixed point, >= 1.
        variant: ``released``, the gallery's weights updated last; ``exact``, Algorithm 1 as
            printed. They agree at convergence.

    Raises:
        InputError: a parameter is out of range.
    """

    scale: float = 100.0
    iterations: int = 4
    variant: Literal["released", "exact"] = "released"
    source = "UCoFiA, released code; variant=exact: supplementary, Algorithm 1"
    tunable = (("scale", (10, 20, 50, 100, 200, 500)),)
    by_level = True

    def __post_init__(self) -> None:
        if self.scale <= 0:
            raise InputError(f"scale must be positive, it is {self.scale}.")
        if self.iterations < 1:
            raise InputError(f"iterations must be at least 1, it is {self.iterations}.")

    @property
    def gamma(self) -> float:
        """One over the scale."""
        return 1 / self.scale

    def fit(self, bank: Bank) -> Fitted:
        """Find the gallery's biases."""
        ones = np.ones(len(bank.rows)), np.ones(bank.rows.width)
        exact = self.variant == "exact"
        log_beta, info = sinkhorn(bank.rows, self.gamma, *ones, self.iterations, flat=exact)
        bias = (log_beta - np.logaddexp.reduce(log_beta)) / self.scale
        return Fitted(lambda block: block + bias, info)

"""``ncl``: Sinkhorn-Knopp biases that make every gallery item's retrieval probability fair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.sinkhorn import sinkhorn


@normalizations.register("ncl")
@dataclass(frozen=True)
class NCL(Normalization):
    """Add a bias to each gallery item, found by Sinkhorn-Knopp on the bank's similarities.

    With ``M = exp(bank / gamma)`` and ``beta = c / column sums``, repeat ``iterations`` times
    ``alpha = r / (M beta)``, ``beta = c / (alpha^T M)``; then ``b = gamma * log(beta / sum beta)``
    and ``out[q, g] = sim[q, g] + b[g]``. The query side's bias is never added: the bank's queries
    are not the test queries, and it does not change a ranking.

    Source: NCL Figure 4 and eq. 10-12, Section 3.4 for the bank. Deviations: the paper's eq. 8-9
    have 1/m and 1/n exchanged; Figure 4's ``exp`` overflows float32 and is shifted here, by row and
    column, and left for logs where the range is wider still; in v2t the ranked side (texts) is
    updated last, as videos are in t2v, unless ``side=first``.

    Attributes:
        gamma: temperature on the scale of the similarities, > 0 (the paper: 0.07 for SSB); in a
            spec ``gamma=scale`` is one over the encoder's logit scale, as the file says it.
        iterations: of the fixed point; 0: until the marginal residual is below ``tol``.
        marginals: ``uniform``, or ``captions``: a video's share is its number of texts. The
            captions of test videos are hindsight, so that is transductive with any bank. A
            video without a text, of the gallery or the bank, counts as having one, which keeps
            biases finite.
        tol: largest relative error of a query's marginal at which ``iterations=0`` stops.
        side: which output of Figure 4 v2t takes, whose "symmetrical manner" (Section 3.4) can mean
            two: ``last``, the side updated last of the transposed matrix, videos x texts; or
            ``first``, the row side ``a`` of texts x videos, half a step behind. t2v is the same
            under both, and so are both at convergence.

    Raises:
        InputError: a parameter is out of range, or ``iterations=0`` does not converge.
    """

    gamma: float = 0.01
    iterations: int = 4
    marginals: Literal["uniform", "captions"] = "uniform"
    tol: float = 1e-6
    side: Literal["last", "first"] = "last"
    source = "NCL Figure 4, eq. 10-12"
    tunable = (("gamma", (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)),)

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
        rows_of_figure_4 = self.side == "first" and bank.direction == "v2t"
        log_beta, info = sinkhorn(
            bank.rows,
            self.gamma,
            queries,
            gallery,
            self.iterations,
            self.tol,
            flat=rows_of_figure_4,
        )
        bias = self.gamma * (log_beta - np.logaddexp.reduce(log_beta))
        return Fitted(lambda block: block + bias, info)

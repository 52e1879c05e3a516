"""``center``: subtract an item's mean similarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization


@normalizations.register("center")
@dataclass(frozen=True)
class Center(Normalization):
    """Subtract each gallery item's mean similarity to the bank.

    ``out[q, g] = sim[q, g] - mean_b bank[b, g]``

    Source: NCL eq. 19-27 read as a method: it removes the implicit bias <mean text, video>, and
    shows how much of NCL's gain is due to that bias alone.
    """

    source = "NCL eq. 19-27"

    def fit(self, bank: Bank) -> Fitted:
        """Take the gallery's mean similarities."""
        total = np.zeros(bank.rows.width)
        for block in bank.rows:
            total += block.sum(axis=0, dtype=np.float64)
        mean = total / len(bank.rows)
        return Fitted(lambda block: block - mean)

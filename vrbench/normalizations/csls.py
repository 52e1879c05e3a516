"""``csls``: cross-domain similarity local scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.neighbours import mean_of_largest


@normalizations.register("csls")
@dataclass(frozen=True)
class CSLS(Normalization):
    """Subtract the mean similarity of both items' nearest neighbours.

    ``out[q, g] = 2 sim[q, g] - r_q - r_g``: r_q is the mean of the query's k largest gallery
    similarities, r_g the mean of the item's k largest bank similarities.

    Source: Conneau et al., ICLR 2018.

    Attributes:
        k: neighbours, >= 1; clipped to the gallery and to the bank.

    Raises:
        InputError: ``k`` is below 1.
    """

    k: int = 10
    needs = "a bank, and the query's row"
    source = "Conneau et al., ICLR 2018"
    tunable = (("k", (1, 2, 5, 10, 20, 50)),)

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k must be at least 1, it is {self.k}.")

    def fit(self, bank: Bank) -> Fitted:
        """Take the gallery's neighbourhoods."""
        gallery = mean_of_largest(bank.rows, self.k)

        def transform(block: NDArray[Any]) -> NDArray[Any]:
            wide = block.astype(np.float64)
            k = min(self.k, wide.shape[1])
            query = np.partition(wide, -k, axis=1)[:, -k:].mean(axis=1, keepdims=True)
            return np.asarray(2 * wide - query - gallery)

        return Fitted(transform)

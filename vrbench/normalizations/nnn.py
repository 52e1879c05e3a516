"""``nnn``: nearest neighbour normalization."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.neighbours import mean_of_largest


@normalizations.register("nnn")
@dataclass(frozen=True)
class NearestNeighbourNormalization(Normalization):
    """Subtract a share of each gallery item's mean similarity to its nearest bank queries.

    ``out[q, g] = sim[q, g] - alpha * (mean of the k largest bank[b, g])``

    Source: Chowdhury et al., NNN, EMNLP 2024; k and alpha are to be tuned on held-out data.

    Attributes:
        k: bank queries, >= 1; clipped to the bank.
        alpha: share.

    Raises:
        InputError: ``k`` is below 1.
    """

    k: int = 256
    alpha: float = 0.5
    source = "NNN, EMNLP 2024"
    tunable = (
        ("k", (16, 64, 128, 256, 512)),
        ("alpha", (0.25, 0.5, 0.75, 1.0)),
    )

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k must be at least 1, it is {self.k}.")

    def fit(self, bank: Bank) -> Fitted:
        """Take the gallery's neighbourhoods."""
        bias = self.alpha * mean_of_largest(bank.rows, self.k)
        return Fitted(lambda block: block - bias)

"""``none``: similarities as they are."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization


@normalizations.register("none")
@dataclass(frozen=True)
class NoNormalization(Normalization):
    """Leave the similarities as they are; no bank is read."""

    needs = "nothing"
    needs_bank = False

    def fit(self, bank: Bank) -> Fitted:
        """Return the identity."""
        return Fitted(lambda block: block)

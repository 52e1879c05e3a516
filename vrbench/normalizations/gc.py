"""``gc``: globally corrected retrieval, by the rank among the bank's queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.sorted_columns import SortedColumns


@normalizations.register("gc")
@dataclass(frozen=True)
class GloballyCorrected(Normalization):
    """Score an item by how many bank queries are more similar to it than the query is.

    ``out[q, g] = -#{b: bank[b, g] > sim[q, g]}``, ties broken by ``sim``: the place of ``sim``
    among the different ones of the query's row is added as a fraction in [0, 1/2), so that no
    difference is too small to count, and equal similarities stay tied.

    Source: Dinu et al., ICLR 2015 workshop; as GC in QB-Norm (Bogolin et al., CVPR 2022).
    """

    needs = "a bank, and the query's row for ties"
    source = "Dinu et al., 2015; QB-Norm"

    @property
    def keeps_scale(self) -> bool:
        """Counts are on another scale."""
        return False

    def fit(self, bank: Bank) -> Fitted:
        """Sort each gallery item's column of the bank; on disk where they do not fit in memory."""
        columns, n = SortedColumns.of(bank.rows), len(bank.rows)

        def transform(block: NDArray[Any]) -> NDArray[Any]:
            above = n - columns.count(block, "right")
            return np.asarray(_places(block) / (2 * block.shape[1]) - above)

        return Fitted(transform)


def _places(block: NDArray[Any]) -> NDArray[np.float64]:
    """(n, m) for each entry, the number of different smaller numbers in its row."""
    order = np.argsort(block, axis=1)
    ascending = np.take_along_axis(block, order, axis=1)
    new = np.diff(ascending, axis=1, prepend=ascending[:, :1]) > 0
    places = np.empty(block.shape)
    np.put_along_axis(places, order, np.cumsum(new, axis=1), axis=1)
    return places

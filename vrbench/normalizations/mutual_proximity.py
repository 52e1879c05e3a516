"""``mutual-proximity``: how unusual a similarity is for the item, and for the query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization
from vrbench.normalizations.sorted_columns import SortedColumns
from vrbench.sims.sim import Rows


@normalizations.register("mutual-proximity")
@dataclass(frozen=True)
class MutualProximity(Normalization):
    """Multiply the shares of what both items are less similar to.

    ``out[q, g] = #{b: bank[b, g] < sim[q, g]} / #bank queries
    * #{h: gallery[q, h] < sim[q, g]} / #bank gallery``

    ``gallery`` holds the query's similarities to the bank's gallery: for t2v the test texts against
    the bank's videos. Without them (a bank of test queries, or one of which only queries against
    the test gallery are known) it is the query's row of ``sim``. Equal shares tie; a large bank has
    fewer of them.

    Source: Schnitzer et al., JMLR 2012, mutual proximity with empirical distributions that count as
    independent. Deviation: distances of one set there, similarities between two sides here.
    """

    needs = "a bank of queries and of gallery items, and the query's row"
    source = "Schnitzer et al., JMLR 2012"
    reads_beyond = True

    @property
    def keeps_scale(self) -> bool:
        """Shares are on another scale."""
        return False

    def fit(self, bank: Bank) -> Fitted:
        """Sort each gallery item's column of the bank."""
        columns, n = SortedColumns.of(bank.rows), len(bank.rows)

        def transform(block: NDArray[Any], gallery: NDArray[Any]) -> NDArray[Any]:
            of_item = columns.count(block, "left") / n
            # each query's similarities to the gallery are a column of a bank
            of_query = SortedColumns.of(Rows(gallery.T)).count(block.T, "left").T
            return np.asarray(of_item * of_query / gallery.shape[1])

        return Fitted(lambda block: transform(block, block), beyond=transform)

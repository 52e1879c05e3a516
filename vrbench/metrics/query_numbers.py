"""Metrics that are means of a number of each query, from what was read of a direction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics import each_query
from vrbench.metrics.metric import Read

SUMMED = (1, 5, 10)
"""K of the recalls in rsum."""


def of_places(measure: Any) -> Any:
    """Return a function of what was read, in percent, that is None where places are unknown."""

    def each(read: Read, **k: int) -> NDArray[np.float64] | None:
        return None if read.places is None else 100 * measure(read.places, read.ties, **k)

    return each


def true_recall(read: Read, k: int) -> NDArray[np.float64] | None:
    """Return nothing where each query has one positive: then it is the hit rate."""
    if read.places is None or (read.places.total <= 1).all():
        return None
    return 100 * each_query.recall(read.places, read.ties, k)


def rsum(read: Read) -> NDArray[np.float64]:
    """Return 100 for each K of ``SUMMED`` within which a query hits."""
    ranks = read.counts.ranks(read.ties)
    if read.counts.missed is not None:
        ranks = np.where(read.counts.missed, np.inf, ranks)
    hits = np.sum([ranks <= k for k in SUMMED], axis=0)
    return np.where(read.counts.has_positive, 100.0 * hits, np.nan)

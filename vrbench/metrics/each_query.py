"""MRR, mAP, nDCG@K and the true recall of each query, under the tie rules.

An item's place among those at its score is unknown. ``mean`` takes the expected value over all
orders of them, ``optimistic`` puts the positives first, the most relevant before the others,
``pessimistic`` puts them last. All are shares from 0 to 1, (n,), NaN where a row has no positive.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.places import Groups, Places, Vector


def reciprocal_rank(places: Places, ties: str) -> Vector:
    """Return ``1 / place of the first positive``; 0 where none competes."""
    groups = places.groups
    if ties == "mean":
        found = _expected_first(groups)
    else:
        worse = groups.level - groups.positives if ties == "pessimistic" else 0
        found = 1 / (groups.above + worse + 1)
    return places.mean_over(np.where(groups.first, found, 0.0))


def average_precision(places: Places, ties: str) -> Vector:
    """Return ``1/P sum over the P positives of (positives down to it) / (its place)``."""
    groups = places.groups
    p, n, a, r = groups.positives, groups.level, groups.above, groups.before
    table = _sums(1 / np.arange(1, places.width + 1))
    if ties == "mean":
        # at place j of n a positive stands with chance p/n, (j-1)(p-1)/(n-1) others before it
        inverse = np.where(n == 1, 1 / (a + 1), table[a + n] - table[a])
        others = (p - 1) / np.maximum(n - 1, 1) * (n - (a + 1) * inverse)
        found = p / n * ((r + 1) * inverse + others)
    else:
        start = a + (n - p if ties == "pessimistic" else 0)
        found = p + (r - start) * (table[start + p] - table[start])
    return places.mean_over(found) / np.maximum(places.total, 1)


def ndcg(places: Places, ties: str, k: int) -> Vector:
    """Return DCG@K over that of the ideal order: ``sum gain / log2(1 + place)`` over places to K.

    The ideal order holds all positives, whether they compete or not.
    """
    groups = places.groups
    n, a, top = groups.level, groups.above, min(k, places.width)
    table = _sums(1 / np.log2(1 + np.arange(1, top + 1)))
    if ties == "mean":
        inside = table[np.minimum(a + n, top)] - table[np.minimum(a, top)]
        found = groups.gains / n * inside
    else:
        at = a[groups.group] + groups.place
        if ties == "pessimistic":
            at = (a + n)[groups.group] - groups.place + 1
        inside = np.where(at <= top, 1 / np.log2(1 + at), 0.0)
        gains = places.gain[groups.pair] * inside
        found = np.bincount(groups.group, weights=gains, minlength=len(a))
    return places.mean_over(found) / _ideal(places, top)


def recall(places: Places, ties: str, k: int) -> Vector:
    """Return the share of a query's positives at places to K: the true recall, not the hit rate."""
    groups = places.groups
    p, n, a = groups.positives, groups.level, groups.above
    if ties == "mean":
        found = p * np.clip(k - a, 0, n) / n
    else:
        start = a + (n - p if ties == "pessimistic" else 0)
        found = np.clip(k - start, 0, p).astype(np.float64)
    return places.mean_over(found) / np.maximum(places.total, 1)


def _sums(values: Vector) -> Vector:
    """(m + 1,) sums of the first 0, 1, ..., m values."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _ideal(places: Places, top: int) -> Vector:
    """(n,) the DCG of the positives in descending order of gain."""
    order = np.lexsort((-places.gain, places.query))
    query = places.query[order]
    at = np.arange(len(query)) - np.searchsorted(query, query) + 1
    gains = np.where(at <= top, places.gain[order] / np.log2(1 + at), 0.0)
    ideal = np.bincount(query, weights=gains, minlength=places.n)
    return np.where(places.total > 0, ideal, 1.0)


def _expected_first(groups: Groups) -> Vector:
    """(g,) expected ``1 / place`` of the first of p positives among n items, a items above."""
    cases = np.stack([groups.above, groups.level, groups.positives], axis=1)
    different, which = np.unique(cases, axis=0, return_inverse=True)
    found = np.fromiter(_expected(different), np.float64, len(different))
    return np.asarray(found[which.reshape(-1)])


def _expected(cases: NDArray[np.int64]) -> Iterator[float]:
    for a, n, p in cases.tolist():
        if n == 1:
            yield 1 / (a + 1)
            continue
        j = np.arange(1, n - p + 1)
        # the chance that the first positive is at j + 1, over that at j
        chance = p / n * np.cumprod(np.append(1.0, (n - j - p + 1) / (n - j)))
        yield float((chance / (a + np.arange(1, n - p + 2))).sum())

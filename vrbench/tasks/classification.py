"""Classification without labels: clusters, matched one to one with classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy
from vrbench.runtime.seeds import seeded

MOST_STEPS = 100
"""Most Lloyd steps of a k-means run; it ends earlier if no item changes its cluster."""
RESTARTS = 10
"""k-means runs of a seed; the one with the least inertia is taken."""


def cluster_accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Percent of items in the cluster of their class, under the best assignment of clusters.

    Each cluster is given to at most one class and each class has at most one cluster (Hungarian
    algorithm on the contingency table); items of clusters without a class are wrong.

    Args:
        labels: (n,) the class of each item: names or numbers.
        clusters: (n,) its cluster.

    Raises:
        InputError: there are no items, or not as many clusters as labels.

    Source: Multi-SK Table 1; the released code has no k-means and no matching.
    """
    from scipy.optimize import linear_sum_assignment

    left, right = np.asarray(labels), np.asarray(clusters)
    if left.shape != right.shape or left.ndim != 1 or not len(left):
        raise InputError(f"labels {left.shape} and clusters {right.shape} must be (n,) both.")
    classes, row = np.unique(left, return_inverse=True)
    found, column = np.unique(right, return_inverse=True)
    table = np.zeros((len(classes), len(found)), dtype=np.int64)
    np.add.at(table, (row, column), 1)
    return 100 * float(table[linear_sum_assignment(table, maximize=True)].sum()) / len(left)


def cluster(vectors: Any, k: int, seed: int = 0, restarts: int = RESTARTS) -> NDArray[np.int64]:
    """(n, d) -> (n,) clusters of k-means, started by k-means++; the best of some restarts.

    Args:
        vectors: (n, d), taken as they are.
        k: clusters, 1 to n.
        seed: of the starts.
        restarts: runs; the one with the least sum of squared distances is taken.

    Raises:
        InputError: ``k`` is out of range, or a value is not finite.
    """
    import warnings

    from scipy.cluster.vq import kmeans2

    x = to_numpy(vectors).astype(np.float64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise InputError(f"k-means needs finite vectors (n, d), not {x.shape}.")
    if not 1 <= k <= len(x):
        raise InputError(f"k must lie between 1 and {len(x)} items, it is {k}.")
    best, least = np.zeros(len(x), dtype=np.int64), np.inf
    for rng in seeded(seed).spawn(max(1, restarts)):
        with warnings.catch_warnings():
            # an empty cluster keeps its centre; the inertia decides between restarts
            warnings.simplefilter("ignore", UserWarning)
            centres, chosen = kmeans2(x, k, iter=1, minit="++", missing="warn", seed=rng)
            for _ in range(MOST_STEPS):
                before = chosen
                centres, chosen = kmeans2(x, centres, iter=1, minit="matrix", missing="warn")
                if np.array_equal(chosen, before):
                    break
        inertia = float(((x - centres[chosen]) ** 2).sum())
        if inertia < least:
            best, least = chosen.astype(np.int64), inertia
    return best

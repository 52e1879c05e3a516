"""Paired tests over rank vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.seeds import seeded

Statistic = Callable[[NDArray[Any]], Any]
"""A metric of ranks along the last axis."""

BLOCK = 2_000_000
"""Ranks that are resampled at once."""


@dataclass(frozen=True)
class McNemar:
    """Which queries hit within K before and after, and how likely that is by chance.

    Attributes:
        gained: queries that hit only after.
        lost: queries that hit only before.
        p: two-sided exact p-value of as uneven a split, were both equally good.
    """

    gained: int
    lost: int
    p: float


def mcnemar(before: NDArray[np.float64], after: NDArray[np.float64], k: int = 1) -> McNemar:
    """Exact McNemar test of R@K between two runs over the same queries.

    ``p = min(1, 2 P(X <= min(gained, lost)))`` with X binomial over the discordant queries at 1/2.

    Args:
        before: (n,) ranks; a query with NaN in either is left out.
        after: (n,) ranks of the same queries.
        k: a query hits if its rank is at most this.
    """
    from scipy.special import bdtr

    asked = ~(np.isnan(before) | np.isnan(after))
    was, now = before[asked] <= k, after[asked] <= k
    gained, lost = int((now & ~was).sum()), int((was & ~now).sum())
    p = min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))
    return McNemar(gained, lost, p)


def permutation(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    statistic: Statistic,
    n: int = 9999,
    seed: int = 0,
) -> float:
    """Two-sided p-value of a sign-flip permutation test of any metric.

    Each query's two ranks are swapped or not, with equal chance; ``p = (c + 1) / (n + 1)`` with c
    the permutations whose absolute difference is at least the one observed. Queries are taken as
    independent, which several captions of one video are not quite.

    Args:
        before: (m,) ranks, without NaN.
        after: (m,) ranks of the same queries.
        statistic: metric of (rows, m) ranks along the last axis.
        n: permutations.
        seed: of the swaps.

    Raises:
        InputError: the seed is negative.
    """
    rng = seeded(seed)
    observed = abs(float(statistic(after) - statistic(before))) * (1 - 1e-12)
    beyond = 0
    for rows in _blocks(n, len(before)):
        swap = rng.integers(0, 2, (rows, len(before)), dtype=np.int8).astype(bool)
        first, second = np.where(swap, after, before), np.where(swap, before, after)
        beyond += int((np.abs(statistic(second) - statistic(first)) >= observed).sum())
    return (beyond + 1) / (n + 1)


def bootstrap(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    statistic: Statistic,
    n: int = 9999,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of ``statistic(after) - statistic(before)``, queries drawn in pairs.

    Args:
        before: (m,) ranks, without NaN.
        after: (m,) ranks of the same queries.
        statistic: metric of (rows, m) ranks along the last axis.
        n: draws of m queries with replacement.
        seed: of the draws.
        level: share of the draws inside the interval.

    Raises:
        InputError: the seed is negative.
    """
    rng = seeded(seed)
    differences = []
    for rows in _blocks(n, len(before)):
        drawn = rng.integers(0, len(before), (rows, len(before)))
        differences.append(statistic(after[drawn]) - statistic(before[drawn]))
    low, high = np.quantile(np.concatenate(differences), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def statistic_of(metric: str) -> Statistic:
    """Return the metric ``R@K`` (percent), ``MdR`` or ``MnR`` as a function of ranks."""
    if metric == "MdR":
        return lambda ranks: np.median(ranks, axis=-1)
    if metric == "MnR":
        return lambda ranks: np.mean(ranks, axis=-1)
    k = int(metric.removeprefix("R@"))
    return lambda ranks: 100 * np.mean(ranks <= k, axis=-1)


def _blocks(n: int, width: int) -> Iterator[int]:
    """Yield how many of n rows to work on at once."""
    step = max(1, BLOCK // width)
    for start in range(0, n, step):
        yield min(step, n - start)
